/// What `vae/config.json` says.
public struct AutoencoderConfiguration: Sendable, Equatable {
  public let inputChannels: Int
  public let outputChannels: Int
  public let latentChannels: Int
  /// Channels of each level, from pixels to latents; between levels the sides are halved.
  public let widths: [Int]
  /// Residual blocks of a level on the way to latents; the way back has one more.
  public let layers: Int
  public let groups: Int
  public let activation: Activation
  /// What latents are multiplied with to have about unit variance.
  public let scalingFactor: Double
  public let attendsInTheMiddle: Bool
  public let hasQuantConvolution: Bool
  public let hasPostQuantConvolution: Bool

  /// Pixels of a picture's side for each of its latents'.
  public var scale: Int { 1 << (widths.count - 1) }

  /// Reads the file.
  ///
  /// - Throws: `FormatError` that names an option that is missing, of the wrong kind, or not supported.
  public init(path: String) throws {
    let file = try ComponentConfiguration(path: path)
    let className = try file.string("_class_name", default: "AutoencoderKL")
    guard className == "AutoencoderKL" else { throw file.failure("this is a \(className); expected an AutoencoderKL") }
    inputChannels = try file.size("in_channels", default: 3)
    outputChannels = try file.size("out_channels", default: 3)
    latentChannels = try file.size("latent_channels", default: 4)
    widths = try file.sizes("block_out_channels", default: [64])
    layers = try file.size("layers_per_block", default: 1)
    groups = try file.size("norm_num_groups", default: 32)
    activation = try file.activation("act_fn", default: "silu")
    scalingFactor = try file.number("scaling_factor", default: 0.18215)
    attendsInTheMiddle = try file.boolean("mid_block_add_attention", default: true)
    hasQuantConvolution = try file.boolean("use_quant_conv", default: true)
    hasPostQuantConvolution = try file.boolean("use_post_quant_conv", default: true)
    for (option, block) in [("down_block_types", "DownEncoderBlock2D"), ("up_block_types", "UpDecoderBlock2D")] {
      let names = try file.strings(option, default: [block])
      guard names.count == widths.count else { throw file.failure("'\(option)' names \(names.count) blocks, 'block_out_channels' has \(widths.count)") }
      if let other = names.first(where: { $0 != block }) { throw file.failure("the block '\(other)' of '\(option)' is not supported; supported is \(block)") }
    }
    // Everything is computed in f32, so `force_upcast` holds anyway; `sample_size` only sizes diffusers' tiles.
    try file.refuseOthers(
      honoured: ["in_channels", "out_channels", "latent_channels", "block_out_channels", "layers_per_block", "norm_num_groups", "act_fn", "scaling_factor",
                 "mid_block_add_attention", "use_quant_conv", "use_post_quant_conv", "down_block_types", "up_block_types"],
      ignored: ["force_upcast", "sample_size"], neutral: ["shift_factor": [], "latents_mean": [], "latents_std": []])
  }
}

/// The autoencoder of Stable Diffusion: pictures to latents and back, from the weights of a diffusers folder. It computes in f32 and keeps no
/// history.
///
/// Rombach et al. 2022, arXiv:2112.10752, section 3.1; diffusers' `AutoencoderKL`.
public final class AutoencoderKL {
  public let configuration: AutoencoderConfiguration
  private let encoder: AutoencoderHalf
  private let decoder: AutoencoderHalf
  private let quantConvolution: Conv2d?
  private let postQuantConvolution: Conv2d?

  /// Loads `config.json` and the weights of a folder; the names that attention layers had in older files are understood.
  ///
  /// - Throws: `FormatError` for options or files that cannot be used, ``ModuleLoadError`` for tensors that do not fit.
  public init(folder: String, variant: String? = nil) throws {
    let configuration = try AutoencoderConfiguration(path: folder + "/config.json")
    let weights = try ComponentWeights(folder: folder, stem: "diffusion_pytorch_model", variant: variant)
    let oldNames = ["query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"]
    weights.rename { name in
      name.split(separator: ".").map { oldNames[String($0)] ?? String($0) }.joined(separator: ".")
    }
    let root = WeightScope(weights), latent = configuration.latentChannels
    self.configuration = configuration
    encoder = try AutoencoderHalf(encoder: root["encoder"], configuration)
    decoder = try AutoencoderHalf(decoder: root["decoder"], configuration)
    quantConvolution = configuration.hasQuantConvolution ? try root["quant_conv"].convolution(2 * latent, 2 * latent, kernel: 1) : nil
    postQuantConvolution = configuration.hasPostQuantConvolution ? try root["post_quant_conv"].convolution(latent, latent, kernel: 1) : nil
    try weights.finish()
  }

  /// The normal distribution of a picture's latents, before scaling.
  ///
  /// Shapes: `pictures` [B, 3, H, W] in [-1, 1] → both [B, C, H / scale, W / scale].
  ///
  /// - Returns: `mean`, and `deviation` = exp(l / 2) with the logarithm of the variance l cut to [-30, 20].
  public func encode(_ pictures: Tensor) throws -> (mean: Tensor, deviation: Tensor) {
    let scale = configuration.scale
    guard pictures.rank == 4, pictures.shape[1] == configuration.inputChannels, pictures.shape[2] % scale == 0, pictures.shape[3] % scale == 0, pictures.count > 0 else {
      throw ModelError("autoencoder: expected pictures [B, \(configuration.inputChannels), H, W] with sides that \(scale) divides, got \(Layout.describe(pictures.shape))")
    }
    return try withoutTracking {
      var moments = try encoder(pictures)
      if let quantConvolution { moments = try quantConvolution(moments) }
      let channels = configuration.latentChannels
      let logarithm = try moments.narrow(axis: 1, start: channels, count: channels).clamp(lower: -30, upper: 20)
      return (try moments.narrow(axis: 1, start: 0, count: channels).contiguous(), try (logarithm * 0.5).exp())
    }
  }

  /// Pictures of latents, before scaling. One picture is computed at a time, so that memory does not grow with their number.
  ///
  /// Shapes: `latents` [B, C, H, W] → [B, 3, scale H, scale W], about [-1, 1].
  public func decode(_ latents: Tensor) throws -> Tensor {
    guard latents.rank == 4, latents.shape[1] == configuration.latentChannels, latents.count > 0 else {
      throw ModelError("autoencoder: expected latents [B, \(configuration.latentChannels), H, W], got \(Layout.describe(latents.shape))")
    }
    return try withoutTracking {
      let pictures = try (0..<latents.shape[0]).map { index -> Tensor in
        let latent = try latents.narrow(axis: 0, start: index, count: 1)
        return try decoder(postQuantConvolution.map { try $0(latent) } ?? latent)
      }
      return try Tensor.concatenate(pictures, axis: 0)
    }
  }
}
