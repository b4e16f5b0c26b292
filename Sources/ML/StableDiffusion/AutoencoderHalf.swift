/// Attention of each position of a map to all others by one head, with a residual around it. Named as diffusers' `Attention` with a group norm.
struct PositionAttention {
  let norm: GroupNorm
  let attention: ContextAttention

  init(_ scope: WeightScope, width: Int, groups: Int) throws {
    norm = try scope["group_norm"].groupNorm(width, groups: groups, epsilon: 1e-6)
    attention = try scope.attention(width: width, contextWidth: width, heads: 1, bias: true)
  }

  func callAsFunction(_ map: Tensor) throws -> Tensor {
    let (batch, channels) = (map.shape[0], map.shape[1])
    let tokens = try norm(map).reshape([batch, channels, -1]).transpose(1, 2).contiguous()
    return try map + attention(tokens, context: tokens).transpose(1, 2).reshape(map.shape)
  }
}

/// One direction of the autoencoder: pictures to the moments of latents, or latents to pictures.
struct AutoencoderHalf {
  private let input: Conv2d
  private let levels: [[ResidualBlock]]
  /// What changes the size after each level but the last.
  private let resizes: [Conv2d]
  private let middle: [ResidualBlock]
  private let attention: PositionAttention?
  private let norm: GroupNorm
  private let output: Conv2d
  private let activation: Activation
  private let isEncoder: Bool

  init(encoder scope: WeightScope, _ configuration: AutoencoderConfiguration) throws {
    try self.init(scope, configuration, isEncoder: true, from: configuration.inputChannels, to: 2 * configuration.latentChannels)
  }

  init(decoder scope: WeightScope, _ configuration: AutoencoderConfiguration) throws {
    try self.init(scope, configuration, isEncoder: false, from: configuration.latentChannels, to: configuration.outputChannels)
  }

  private init(_ scope: WeightScope, _ configuration: AutoencoderConfiguration, isEncoder: Bool, from inputs: Int, to outputs: Int) throws {
    let widths = isEncoder ? configuration.widths : configuration.widths.reversed()
    let deepest = configuration.widths[configuration.widths.count - 1]
    let options = NormOptions(groups: configuration.groups, epsilon: 1e-6, activation: configuration.activation)
    self.isEncoder = isEncoder
    activation = configuration.activation
    input = try scope["conv_in"].convolution(inputs, widths[0])
    var levels: [[ResidualBlock]] = [], resizes: [Conv2d] = []
    var channels = widths[0]
    for (level, width) in widths.enumerated() {
      let part = scope[isEncoder ? "down_blocks" : "up_blocks"][level]
      levels.append(try (0..<configuration.layers + (isEncoder ? 0 : 1)).map { index in
        defer { channels = width }
        return try part["resnets"][index].residualBlock(channels, width, norm: options, timeWidth: nil)
      })
      if level + 1 < widths.count {
        let resize = part[isEncoder ? "downsamplers" : "upsamplers"][0]["conv"]
        resizes.append(try resize.convolution(width, width, stride: isEncoder ? 2 : 1, padding: isEncoder ? 0 : 1))
      }
    }
    self.levels = levels
    self.resizes = resizes
    let middle = scope["mid_block"]
    self.middle = try (0..<2).map { try middle["resnets"][$0].residualBlock(deepest, deepest, norm: options, timeWidth: nil) }
    attention = configuration.attendsInTheMiddle
      ? try PositionAttention(middle["attentions"][0], width: deepest, groups: configuration.groups) : nil
    norm = try scope["conv_norm_out"].groupNorm(channels, groups: configuration.groups, epsilon: 1e-6)
    output = try scope["conv_out"].convolution(channels, outputs)
  }

  func callAsFunction(_ map: Tensor) throws -> Tensor {
    var hidden = try input(map)
    if !isEncoder { hidden = try throughMiddle(hidden) }
    for (level, blocks) in levels.enumerated() {
      for block in blocks { hidden = try block(hidden) }
      guard level < resizes.count else { continue }
      hidden = try resizes[level](isEncoder ? hidden.paddedBehind() : hidden.upsampleNearest(2))
      // The next level's maps have another size: kept blocks of this one would double the memory.
      MemoryPool.releaseCache()
    }
    if isEncoder { hidden = try throughMiddle(hidden) }
    return try output(norm(hidden, activation: activation))
  }

  private func throughMiddle(_ map: Tensor) throws -> Tensor {
    let first = try middle[0](map)
    return try middle[1](attention.map { try $0(first) } ?? first)
  }
}
