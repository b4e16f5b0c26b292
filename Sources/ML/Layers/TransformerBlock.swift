/// Names that a transformer block's parameters carry.
public enum BlockNaming: Sendable {
  /// norm1, attn.qkv, attn.proj, norm2, mlp.fc1, mlp.fc2
  case timm
  /// ln_1, attn.in_proj_weight, attn.in_proj_bias, attn.out_proj, ln_2, mlp.c_fc, mlp.c_proj
  case openCLIP
}

/// Start values of a transformer block's weights.
public struct BlockInitialization: Sendable {
  public var queryKeyValue: Initialization
  public var output: Initialization
  public var first: Initialization
  public var second: Initialization

  /// timm's: truncated normal 0.02 everywhere.
  public static let timm = BlockInitialization(queryKeyValue: .truncatedNormal(0.02), output: .truncatedNormal(0.02),
                                               first: .truncatedNormal(0.02), second: .truncatedNormal(0.02))

  /// OpenAI CLIP's: width^-1/2 for attention, (2 width)^-1/2 for the first layer, and (2 depth width)^-1/2 for what is
  /// added to the residual stream.
  public static func clip(width: Int, depth: Int) -> BlockInitialization {
    let attention = 1 / Double(width).squareRoot()
    let residual = attention / Double(2 * depth).squareRoot()
    return BlockInitialization(queryKeyValue: .normal(attention), output: .normal(residual),
                               first: .normal(1 / Double(2 * width).squareRoot()), second: .normal(residual))
  }
}

/// Multi-head self-attention with packed query, key and value.
///
/// Shapes: [B, N, D] → [B, N, D].
public final class SelfAttention: Module {
  public let queryKeyValue: Linear
  public let output: Linear
  public let heads: Int
  public let naming: BlockNaming

  public init(width: Int, heads: Int, naming: BlockNaming = .timm, initialization: BlockInitialization = .timm,
              stream: inout RandomStream) throws {
    guard heads > 0, width % heads == 0 else {
      throw ModelError("attention: width \(width) cannot be cut into \(heads) equal heads")
    }
    queryKeyValue = try Linear(width, 3 * width, initialization: initialization.queryKeyValue, stream: &stream)
    output = try Linear(width, width, initialization: initialization.output, stream: &stream)
    self.heads = heads
    self.naming = naming
  }

  /// The attention of given layers.
  public init(queryKeyValue: Linear, output: Linear, heads: Int, naming: BlockNaming) {
    self.queryKeyValue = queryKeyValue
    self.output = output
    self.heads = heads
    self.naming = naming
  }

  public var ownParameters: [(name: String, parameter: Parameter)] {
    guard naming == .openCLIP, let bias = queryKeyValue.bias else { return [] }
    return [("in_proj_weight", queryKeyValue.weight), ("in_proj_bias", bias)]
  }

  public var parts: [(name: String, module: any Module)] {
    naming == .openCLIP ? [("out_proj", output)] : [("qkv", queryKeyValue), ("proj", output)]
  }

  /// Attention of each token to the others.
  ///
  /// - Parameters:
  ///   - causal: whether a token sees only itself and earlier ones.
  ///   - lengths: how many tokens of each sample are real; later ones are never attended to. nil means all.
  public func callAsFunction(_ input: Tensor, causal: Bool = false, lengths: [Int]? = nil) throws -> Tensor {
    // Packed, [B, N, 3D]: gradients of three slices would each be a whole tensor of zeros but for the slice.
    try output(try queryKeyValue(input).selfAttention(heads: heads, causal: causal, keyLengths: lengths))
  }
}

/// A pre-norm transformer block: x + attention(norm(x)), then x + mlp(norm(x)).
public final class TransformerBlock: Module {
  public let norm1: LayerNorm
  public let attention: SelfAttention
  public let norm2: LayerNorm
  public let mlp: MLP
  public let naming: BlockNaming

  public init(width: Int, heads: Int, hidden: Int, gelu: GeluKind = .exact, epsilon: Double = 1e-6, naming: BlockNaming = .timm,
              initialization: BlockInitialization = .timm, stream: inout RandomStream) throws {
    norm1 = try LayerNorm(width, epsilon: epsilon)
    attention = try SelfAttention(width: width, heads: heads, naming: naming, initialization: initialization, stream: &stream)
    norm2 = try LayerNorm(width, epsilon: epsilon)
    mlp = try MLP(width: width, hidden: hidden, activation: gelu.activation ?? .gelu, usesTanhGelu: gelu == .tanh, naming: naming, initialization: initialization, stream: &stream)
    self.naming = naming
  }

  /// The block of given layers.
  public init(norm1: LayerNorm, attention: SelfAttention, norm2: LayerNorm, mlp: MLP, naming: BlockNaming) {
    self.norm1 = norm1
    self.attention = attention
    self.norm2 = norm2
    self.mlp = mlp
    self.naming = naming
  }

  public var parts: [(name: String, module: any Module)] {
    naming == .openCLIP ? [("ln_1", norm1), ("attn", attention), ("ln_2", norm2), ("mlp", mlp)]
      : [("norm1", norm1), ("attn", attention), ("norm2", norm2), ("mlp", mlp)]
  }

  /// - Parameter branches: factors [B, 1, 1] of the two branches, from ``DropPath``; nil for 1.
  public func callAsFunction(_ input: Tensor, causal: Bool = false, lengths: [Int]? = nil, branches: (attention: Tensor, mlp: Tensor)? = nil) throws -> Tensor {
    var branch = try attention(norm1(input), causal: causal, lengths: lengths)
    if let branches { branch = try branch * branches.attention }
    let mixed = try input + branch
    branch = try mlp(norm2(mixed))
    if let branches { branch = try branch * branches.mlp }
    return try mixed + branch
  }
}
