/// One level of a UNet: residual blocks, each followed by attention if the level has it, then a change of size.
final class UNetLevel: Module {
  var residuals: [ResidualBlock] = []
  var transformers: [SpatialTransformer] = []
  var resize: Conv2d?
  /// "downsamplers.0" or "upsamplers.0".
  let resizeName: String

  init(resizeName: String) { self.resizeName = resizeName }

  var parts: [(name: String, module: any Module)] {
    var all: [(name: String, module: any Module)] = []
    if !transformers.isEmpty { all.append(("attentions", ModuleList(transformers))) }
    all.append(("resnets", ModuleList(residuals)))
    if let resize { all.append(("\(resizeName).conv", resize)) }
    return all
  }

  func apply(_ index: Int, _ map: Tensor, condition: Tensor, context: Tensor, lengths: [Int]? = nil) throws -> Tensor {
    var hidden = try residuals[index](map, condition: condition)
    if index < transformers.count { hidden = try transformers[index](hidden, context: context, lengths: lengths) }
    return hidden
  }
}

/// A text-conditional UNet, named as diffusers' `UNet2DConditionModel`.
///
/// Shapes: pictures [B, C, S, S] in [-1, 1] with noise, times B, context [B, M, D], pooled [B, P] → [B, C, S, S].
///
/// Ho et al. 2020, arXiv:2006.11239, appendix B; Rombach et al. 2022, arXiv:2112.10752, section 3.3.
public final class UNet: Module {
  public let configuration: UNetConfiguration
  let inputConvolution: Conv2d
  let timeEmbedding: ConditionEmbedding
  let pooledEmbedding: ConditionEmbedding?
  let down: [UNetLevel]
  let middle: UNetLevel
  let up: [UNetLevel]
  let outputNorm: GroupNorm
  let outputConvolution: Conv2d

  /// Makes the network with random weights, drawn in a fixed order from the stream.
  ///
  /// - Throws: `ModelError` if the sizes do not fit together.
  public init(_ configuration: UNetConfiguration, stream: inout RandomStream) throws {
    try configuration.validate()
    self.configuration = configuration
    let widths = configuration.widths
    let levels = widths.count
    let packed = configuration.channels * configuration.pixelUnshuffle * configuration.pixelUnshuffle
    let everyStage = configuration.skips == .everyStage
    inputConvolution = try Conv2d(packed, widths[0], stream: &stream)
    timeEmbedding = try ConditionEmbedding(widths[0], configuration.timeWidth, stream: &stream)
    pooledEmbedding = try configuration.pooledWidth.map { try ConditionEmbedding($0, configuration.timeWidth, stream: &stream) }

    var skips = everyStage ? [widths[0]] : []
    var channels = widths[0]
    var down: [UNetLevel] = []
    for level in 0..<levels {
      let part = UNetLevel(resizeName: "downsamplers.0")
      for _ in 0..<configuration.layersPerBlock {
        part.residuals.append(try ResidualBlock(channels, widths[level], configuration, stream: &stream))
        channels = widths[level]
        if configuration.attention[level] {
          part.transformers.append(try SpatialTransformer(width: channels, cross: configuration.crossAttention[level], configuration, stream: &stream))
        }
        skips.append(channels)
      }
      if level + 1 < levels {
        part.resize = try Conv2d(channels, channels, stride: 2, stream: &stream)
        if everyStage { skips.append(channels) }
      }
      down.append(part)
    }
    self.down = down

    middle = UNetLevel(resizeName: "")
    for index in 0..<configuration.middleBlocks {
      middle.residuals.append(try ResidualBlock(channels, channels, configuration, stream: &stream))
      if index == 0, configuration.middleAttention {
        middle.transformers.append(try SpatialTransformer(width: channels, cross: true, configuration, stream: &stream))
      }
    }

    var up: [UNetLevel] = []
    for level in (0..<levels).reversed() {
      let part = UNetLevel(resizeName: "upsamplers.0")
      for _ in 0..<configuration.layersPerBlock + (everyStage ? 1 : 0) {
        part.residuals.append(try ResidualBlock(channels + skips.removeLast(), widths[level], configuration, stream: &stream))
        channels = widths[level]
        if configuration.attention[level] {
          part.transformers.append(try SpatialTransformer(width: channels, cross: configuration.crossAttention[level], configuration, stream: &stream))
        }
      }
      if level > 0 { part.resize = try Conv2d(channels, channels, stream: &stream) }
      up.append(part)
    }
    self.up = up
    outputNorm = try GroupNorm(groups: configuration.groups, channels: channels)
    outputConvolution = try Conv2d(channels, packed, initialization: configuration.startsAtZero ? .zeros : .uniformByFan, stream: &stream)
  }

  public var parts: [(name: String, module: any Module)] {
    var all: [(name: String, module: any Module)] = [("conv_in", inputConvolution), ("time_embedding", timeEmbedding)]
    if let pooledEmbedding { all.append(("class_embedding", pooledEmbedding)) }
    return all + [("down_blocks", ModuleList(down)), ("up_blocks", ModuleList(up)), ("mid_block", middle),
                  ("conv_norm_out", outputNorm), ("conv_out", outputConvolution)]
  }

  /// Predicts noise, velocity or clean picture, whichever it was trained for.
  ///
  /// - Parameters:
  ///   - images: [B, C, S, S] with noise.
  ///   - times: training step of each picture; samplers may ask between two steps.
  ///   - context: the captions' tokens, [B, M, D].
  ///   - lengths: real tokens of each caption; nil means all.
  ///   - pooled: the captions' pooled features, [B, P]; nil if the network takes none.
  /// - Throws: `ModelError` for pictures of another size or a missing pooled feature.
  public func callAsFunction(_ images: Tensor, times: [Double], context: Tensor, lengths: [Int]? = nil, pooled: Tensor? = nil) throws -> Tensor {
    let size = configuration.imageSize
    guard images.rank == 4, Array(images.shape[1...]) == [configuration.channels, size, size], times.count == images.shape[0] else {
      throw ModelError("UNet: expected images [\(times.count), \(configuration.channels), \(size), \(size)] for \(times.count) times, got \(images.shape)")
    }
    var embedded = try timeEmbedding(timeCode(times, width: configuration.widths[0]))
    if let pooledEmbedding {
      guard let pooled else { throw ModelError("UNet: this network needs the captions' pooled features; pass `pooled`") }
      embedded = try embedded + pooledEmbedding(pooled)
    }
    let condition = try embedded.silu()
    let everyStage = configuration.skips == .everyStage
    let unshuffle = configuration.pixelUnshuffle

    var hidden = try inputConvolution(unshuffle > 1 ? images.pixelUnshuffle(unshuffle) : images)
    var skips: [Tensor] = everyStage ? [hidden] : []
    for level in down {
      for index in level.residuals.indices {
        hidden = try level.apply(index, hidden, condition: condition, context: context, lengths: lengths)
        skips.append(hidden)
      }
      if let resize = level.resize {
        hidden = try resize(hidden)
        if everyStage { skips.append(hidden) }
      }
    }
    for index in middle.residuals.indices {
      hidden = try middle.apply(index, hidden, condition: condition, context: context, lengths: lengths)
    }
    for level in up {
      for index in level.residuals.indices {
        hidden = try Tensor.concatenate([hidden, skips.removeLast()], axis: 1)
        hidden = try level.apply(index, hidden, condition: condition, context: context, lengths: lengths)
      }
      if let resize = level.resize { hidden = try resize(hidden.upsampleNearest(2)) }
    }
    hidden = try outputConvolution(outputNorm(hidden, activation: .silu))
    return unshuffle > 1 ? try hidden.pixelShuffle(unshuffle) : hidden
  }
}
