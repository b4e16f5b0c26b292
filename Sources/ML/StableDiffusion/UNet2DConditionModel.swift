/// The UNet of Stable Diffusion 1.x and 2.x, from the weights of a diffusers folder. It computes in f32 and keeps no history.
///
/// Shapes: latents [B, C, H, W], times B, context [B, M, D] → [B, C, H, W].
///
/// Rombach et al. 2022, arXiv:2112.10752, section 3.3; diffusers' `UNet2DConditionModel`.
public final class UNet2DConditionModel {
  public let configuration: UNet2DConditionConfiguration
  private let inputConvolution: Conv2d
  private let timeEmbedding: ConditionEmbedding
  private let down: [UNetLevel]
  private let middle: UNetLevel
  private let up: [UNetLevel]
  private let outputNorm: GroupNorm
  private let outputConvolution: Conv2d

  /// Loads `config.json` and the weights of a folder.
  ///
  /// - Parameter variant: the word in the file names of another precision, such as "fp16"; nil for none.
  /// - Throws: `FormatError` for options or files that cannot be used, ``ModuleLoadError`` for tensors that do not fit.
  public init(folder: String, variant: String? = nil) throws {
    let configuration = try UNet2DConditionConfiguration(path: folder + "/config.json")
    let weights = try ComponentWeights(folder: folder, stem: "diffusion_pytorch_model", variant: variant)
    let root = WeightScope(weights), widths = configuration.widths, groups = configuration.groups
    self.configuration = configuration
    inputConvolution = try root["conv_in"].convolution(configuration.inputChannels, widths[0], kernel: configuration.inputKernel)
    timeEmbedding = ConditionEmbedding(
      first: try root["time_embedding"]["linear_1"].linear(widths[0], configuration.timeWidth),
      second: try root["time_embedding"]["linear_2"].linear(configuration.timeWidth, configuration.timeWidth), activation: configuration.activation)
    let norm = NormOptions(groups: groups, epsilon: configuration.epsilon, activation: configuration.activation)
    func residual(_ scope: WeightScope, _ input: Int, _ output: Int) throws -> ResidualBlock {
      try scope.residualBlock(input, output, norm: norm, timeWidth: configuration.timeWidth, conditioning: configuration.timeConditioning)
    }
    func transformer(_ scope: WeightScope, _ level: Int, onlyAcross: Bool? = nil) throws -> SpatialTransformer {
      try scope.spatialTransformer(widths[level], TransformerOptions(
        heads: configuration.heads[level], layers: configuration.transformerLayers[level], contextWidth: configuration.contextWidths[level],
        isLinear: configuration.usesLinearProjection, looksOnlyAcross: onlyAcross ?? configuration.looksOnlyAcross[level]), groups: groups)
    }

    // The widths of the maps that the way down hands to the way up.
    var skips = [widths[0]]
    var channels = widths[0]
    down = try widths.indices.map { level in
      let scope = root["down_blocks"][level], part = UNetLevel(resizeName: "downsamplers.0")
      for index in 0..<configuration.layers[level] {
        part.residuals.append(try residual(scope["resnets"][index], channels, widths[level]))
        channels = widths[level]
        if configuration.downAttends[level] { part.transformers.append(try transformer(scope["attentions"][index], level)) }
        skips.append(channels)
      }
      if level + 1 < widths.count {
        part.resize = try scope["downsamplers"][0]["conv"].convolution(channels, channels, stride: 2, padding: configuration.downsamplePadding)
        skips.append(channels)
      }
      return part
    }
    middle = UNetLevel(resizeName: "")
    middle.residuals = try (0..<2).map { try residual(root["mid_block"]["resnets"][$0], channels, channels) }
    middle.transformers = [try transformer(root["mid_block"]["attentions"][0], widths.count - 1, onlyAcross: false)]
    up = try widths.indices.map { index in
      let level = widths.count - 1 - index
      let scope = root["up_blocks"][index], part = UNetLevel(resizeName: "upsamplers.0")
      for layer in 0...configuration.layers[level] {
        guard let skip = skips.popLast() else { throw ModelError("\(folder): the levels' 'layers_per_block' do not fit together") }
        part.residuals.append(try residual(scope["resnets"][layer], channels + skip, widths[level]))
        channels = widths[level]
        if configuration.upAttends[index] { part.transformers.append(try transformer(scope["attentions"][layer], level)) }
      }
      if level > 0 { part.resize = try scope["upsamplers"][0]["conv"].convolution(channels, channels) }
      return part
    }
    outputNorm = try root["conv_norm_out"].groupNorm(channels, groups: groups, epsilon: configuration.epsilon)
    outputConvolution = try root["conv_out"].convolution(channels, configuration.outputChannels, kernel: configuration.outputKernel)
    try weights.finish()
  }

  /// What the network says about noisy latents.
  ///
  /// - Parameters:
  ///   - latents: [B, C, H, W], any sides of 1 or more.
  ///   - times: the time of each, on the scale of the training steps.
  ///   - context: the states of the prompts' tokens, [B, M, D]; all M of them are attended to, padding too, as in training.
  /// - Throws: `ModelError` for latents or contexts of other sizes.
  public func callAsFunction(_ latents: Tensor, times: [Double], context: Tensor) throws -> Tensor {
    let channels = configuration.inputChannels
    guard latents.rank == 4, latents.shape[1] == channels, latents.shape[0] == times.count, latents.count > 0 else {
      throw ModelError("UNet: expected latents [\(times.count), \(channels), H, W] for \(times.count) times, got \(Layout.describe(latents.shape))")
    }
    guard context.rank == 3, context.shape[0] == times.count, context.shape[1] > 0, configuration.contextWidths.contains(context.shape[2]) else {
      throw ModelError("UNet: expected token states [\(times.count), M, \(configuration.contextWidths[0])], got \(Layout.describe(context.shape))")
    }
    return try withoutTracking { try forward(latents, times, context) }
  }

  private func forward(_ latents: Tensor, _ times: [Double], _ context: Tensor) throws -> Tensor {
    let code = try timeCode(times, width: configuration.widths[0], sinesFirst: configuration.sinesFirst, shift: configuration.frequencyShift)
    let condition = try timeEmbedding(code).applying(configuration.activation)
    var hidden = try inputConvolution(configuration.centersInput ? latents * 2 - 1 : latents)
    var skips = [hidden]
    for level in down {
      for index in level.residuals.indices {
        hidden = try level.apply(index, hidden, condition: condition, context: context)
        skips.append(hidden)
      }
      if let resize = level.resize {
        hidden = try resize(configuration.downsamplePadding == 0 ? hidden.paddedBehind() : hidden)
        skips.append(hidden)
      }
    }
    hidden = try middle.apply(0, hidden, condition: condition, context: context)
    hidden = try middle.residuals[1](hidden, condition: condition)
    for level in up {
      for index in level.residuals.indices {
        hidden = try Tensor.concatenate([hidden, skips.removeLast()], axis: 1)
        hidden = try level.apply(index, hidden, condition: condition, context: context)
      }
      guard let resize = level.resize, let next = skips.last else { continue }
      // Odd sides were rounded up on the way down: the next skip says which side is met.
      let size = Array(next.shape[2...])
      hidden = try resize(size == hidden.shape[2...].map { 2 * $0 } ? hidden.upsampleNearest(2) : hidden.interpolate(to: size, filter: .nearest))
    }
    return try outputConvolution(outputNorm(hidden, activation: configuration.activation))
  }
}

extension Tensor {
  /// One row and one column of zeros below and to the right, which downsampling without padding on the other sides needs.
  func paddedBehind() throws -> Tensor { try pad(axis: 2, before: 0, after: 1).pad(axis: 3, before: 0, after: 1) }
}
