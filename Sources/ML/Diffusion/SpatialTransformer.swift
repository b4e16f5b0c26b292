/// Attention with separate projections for query, key and value, to the map itself or to the caption.
///
/// Shapes: [B, N, D], context [B, M, C] → [B, N, D]. Named as diffusers' `Attention`.
public final class ContextAttention: Module {
  let query: Linear
  let key: Linear
  let value: Linear
  let output: Linear
  let heads: Int

  init(width: Int, contextWidth: Int, heads: Int, stream: inout RandomStream) throws {
    query = try Linear(width, width, bias: false, stream: &stream)
    key = try Linear(contextWidth, width, bias: false, stream: &stream)
    value = try Linear(contextWidth, width, bias: false, stream: &stream)
    output = try Linear(width, width, stream: &stream)
    self.heads = heads
  }

  /// The attention of given layers.
  init(query: Linear, key: Linear, value: Linear, output: Linear, heads: Int) {
    self.query = query
    self.key = key
    self.value = value
    self.output = output
    self.heads = heads
  }

  public var parts: [(name: String, module: any Module)] {
    [("to_q", query), ("to_k", key), ("to_v", value), ("to_out.0", output)]
  }

  func callAsFunction(_ input: Tensor, context: Tensor, lengths: [Int]? = nil) throws -> Tensor {
    try output(Tensor.attention(query(input), key(context), value(context), heads: heads, keyLengths: lengths))
  }
}

/// A gated MLP: (x W + b) · gelu(x V + c), then a linear layer. Shazeer 2020, arXiv:2002.05202 (GEGLU).
public final class GatedMLP: Module {
  let gate: Linear
  let output: Linear
  let hidden: Int

  init(width: Int, hidden: Int, stream: inout RandomStream) throws {
    gate = try Linear(width, 2 * hidden, stream: &stream)
    output = try Linear(hidden, width, stream: &stream)
    self.hidden = hidden
  }

  /// The MLP of given layers.
  init(gate: Linear, output: Linear) {
    self.gate = gate
    self.output = output
    hidden = output.weight.shape[1]
  }

  public var parts: [(name: String, module: any Module)] { [("net.0.proj", gate), ("net.2", output)] }

  func callAsFunction(_ input: Tensor) throws -> Tensor {
    if !records(input, gate.weight.value), let bias = gate.bias?.value {
      // Each half by itself: GELU then runs inside the product, on contiguous rows.
      func half(_ start: Int, _ activation: Activation) throws -> Tensor {
        try input.linear(weight: gate.weight.value.narrow(axis: 0, start: start, count: hidden), bias: bias.narrow(axis: 0, start: start, count: hidden), activation: activation)
      }
      return try output(half(0, .none) * half(hidden, .gelu))
    }
    let both = try gate(input)
    let axis = both.rank - 1
    let open = try both.narrow(axis: axis, start: hidden, count: hidden).gelu()
    return try output(both.narrow(axis: axis, start: 0, count: hidden) * open)
  }
}

/// Self-attention, attention to the caption and a gated MLP, each with a norm before it and a residual around it.
final class ContextBlock: Module {
  let norm1: LayerNorm
  let selfAttention: ContextAttention
  let norm2: LayerNorm?
  let crossAttention: ContextAttention?
  let norm3: LayerNorm
  let feedForward: GatedMLP
  /// Whether the first attention looks at the caption too.
  let looksOnlyAcross: Bool

  init(width: Int, heads: Int, cross: Bool, _ configuration: UNetConfiguration, stream: inout RandomStream) throws {
    norm1 = try LayerNorm(width)
    selfAttention = try ContextAttention(width: width, contextWidth: width, heads: heads, stream: &stream)
    norm2 = cross ? try LayerNorm(width) : nil
    crossAttention = cross
      ? try ContextAttention(width: width, contextWidth: configuration.contextWidth, heads: heads, stream: &stream) : nil
    norm3 = try LayerNorm(width)
    feedForward = try GatedMLP(width: width, hidden: Int(Double(width) * configuration.feedForward), stream: &stream)
    looksOnlyAcross = false
  }

  /// The block of given layers.
  init(norm1: LayerNorm, selfAttention: ContextAttention, norm2: LayerNorm, crossAttention: ContextAttention, norm3: LayerNorm, feedForward: GatedMLP,
       looksOnlyAcross: Bool) {
    self.norm1 = norm1
    self.selfAttention = selfAttention
    self.norm2 = norm2
    self.crossAttention = crossAttention
    self.norm3 = norm3
    self.feedForward = feedForward
    self.looksOnlyAcross = looksOnlyAcross
  }

  var parts: [(name: String, module: any Module)] {
    var all: [(name: String, module: any Module)] = [("norm1", norm1), ("attn1", selfAttention)]
    if let norm2, let crossAttention { all += [("norm2", norm2), ("attn2", crossAttention)] }
    return all + [("norm3", norm3), ("ff", feedForward)]
  }

  func callAsFunction(_ input: Tensor, context: Tensor, lengths: [Int]?) throws -> Tensor {
    let normed = try norm1(input)
    var hidden = try input + selfAttention(normed, context: looksOnlyAcross ? context : normed)
    if let norm2, let crossAttention {
      hidden = try hidden + crossAttention(norm2(hidden), context: context, lengths: lengths)
    }
    return try hidden + feedForward(norm3(hidden))
  }
}

/// Transformer blocks over the positions of a map, with a residual around them.
///
/// Shapes: [B, C, H, W], context [B, M, D] → [B, C, H, W]. Named as diffusers' `Transformer2DModel`.
public final class SpatialTransformer: Module {
  let norm: GroupNorm
  let input: Conv2d
  let blocks: [ContextBlock]
  let output: Conv2d

  init(width: Int, cross: Bool, _ configuration: UNetConfiguration, stream: inout RandomStream) throws {
    norm = try GroupNorm(groups: configuration.groups, channels: width, epsilon: 1e-6)
    input = try Conv2d(width, width, kernel: 1, stream: &stream)
    blocks = [try ContextBlock(width: width, heads: width / configuration.headWidth, cross: cross, configuration, stream: &stream)]
    output = try Conv2d(width, width, kernel: 1, initialization: configuration.startsAtZero ? .zeros : .uniformByFan, stream: &stream)
  }

  /// The transformer of given layers; linear projections come as 1x1 convolutions.
  init(norm: GroupNorm, input: Conv2d, blocks: [ContextBlock], output: Conv2d) {
    self.norm = norm
    self.input = input
    self.blocks = blocks
    self.output = output
  }

  public var parts: [(name: String, module: any Module)] {
    [("norm", norm), ("proj_in", input), ("transformer_blocks", ModuleList(blocks)), ("proj_out", output)]
  }

  func callAsFunction(_ map: Tensor, context: Tensor, lengths: [Int]?) throws -> Tensor {
    let (batch, channels, height, width) = (map.shape[0], map.shape[1], map.shape[2], map.shape[3])
    // 1x1 convolutions are linear maps of each position, so both run on tokens.
    let tokens = try norm(map).reshape([batch, channels, height * width]).transpose(1, 2)
    var hidden = try tokens.linear(weight: input.weight.value.reshape([channels, channels]), bias: input.bias?.value)
    for block in blocks { hidden = try block(hidden, context: context, lengths: lengths) }
    hidden = try hidden.linear(weight: output.weight.value.reshape([channels, channels]), bias: output.bias?.value)
    return try map + hidden.transpose(1, 2).reshape([batch, channels, height, width])
  }
}
