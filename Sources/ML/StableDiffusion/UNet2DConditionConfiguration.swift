/// What `unet/config.json` says, as far as Stable Diffusion 1.x and 2.x use it.
public struct UNet2DConditionConfiguration: Sendable, Equatable {
  public let inputChannels: Int
  public let outputChannels: Int
  /// Channels of each level; every level has half the side of the one before.
  public let widths: [Int]
  /// Whether each level on the way down, and on the way up, has spatial transformers.
  public let downAttends: [Bool]
  public let upAttends: [Bool]
  /// Residual blocks of each level on the way down; the way up has one more.
  public let layers: [Int]
  /// Number of heads of each level. The file calls it `attention_head_dim`: diffusers once took the one for the other, and the published
  /// files keep that meaning.
  public let heads: [Int]
  public let transformerLayers: [Int]
  public let contextWidths: [Int]
  public let looksOnlyAcross: [Bool]
  public let usesLinearProjection: Bool
  public let groups: Int
  public let epsilon: Double
  public let activation: Activation
  public let timeWidth: Int
  public let timeConditioning: TimeConditioning
  /// Sines before cosines in the time code (`flip_sin_to_cos` false), and the shift of its frequencies.
  public let sinesFirst: Bool
  public let frequencyShift: Double
  /// Whether the input is mapped from [0, 1] to [-1, 1] first.
  public let centersInput: Bool
  public let downsamplePadding: Int
  public let inputKernel: Int
  public let outputKernel: Int
  /// Side of the latents that the model was made for.
  public let sampleSize: Int

  /// Reads the file.
  ///
  /// - Throws: `FormatError` that names an option that is missing, of the wrong kind, or not supported.
  public init(path: String) throws {
    let file = try ComponentConfiguration(path: path)
    let className = try file.string("_class_name", default: "UNet2DConditionModel")
    guard className == "UNet2DConditionModel" else { throw file.failure("this is a \(className); expected a UNet2DConditionModel") }
    inputChannels = try file.size("in_channels", default: 4)
    outputChannels = try file.size("out_channels", default: 4)
    widths = try file.sizes("block_out_channels", default: [320, 640, 1280, 1280])
    let count = widths.count
    func attends(_ option: String, _ plain: String, _ attending: String) throws -> [Bool] {
      let fallback = [attending, attending, attending, plain]
      let names = try file.strings(option, default: option == "up_block_types" ? fallback.reversed() : fallback)
      guard names.count == count else { throw file.failure("'\(option)' names \(names.count) blocks, 'block_out_channels' has \(count)") }
      return try names.map { name in
        guard name == plain || name == attending else {
          throw file.failure("the block '\(name)' of '\(option)' is not supported; supported are \(attending) and \(plain)")
        }
        return name == attending
      }
    }
    downAttends = try attends("down_block_types", "DownBlock2D", "CrossAttnDownBlock2D")
    upAttends = try attends("up_block_types", "UpBlock2D", "CrossAttnUpBlock2D")
    layers = try file.sizes("layers_per_block", count: count, default: 2)
    heads = try file.sizes("attention_head_dim", count: count, default: 8)
    transformerLayers = try file.sizes("transformer_layers_per_block", count: count, default: 1)
    contextWidths = try file.sizes("cross_attention_dim", count: count, default: 1280)
    looksOnlyAcross = try file.booleans("only_cross_attention", count: count, default: false)
    usesLinearProjection = try file.boolean("use_linear_projection", default: false)
    groups = try file.size("norm_num_groups", default: 32)
    epsilon = try file.number("norm_eps", default: 1e-5)
    activation = try file.activation("act_fn", default: "silu")
    timeWidth = try file.size("time_embedding_dim", default: 4 * widths[0])
    switch try file.string("resnet_time_scale_shift", default: "default") {
    case "default": timeConditioning = .add
    case "scale_shift": timeConditioning = .scaleShift
    case let other: throw file.failure("'resnet_time_scale_shift' is \"\(other)\"; supported are default and scale_shift")
    }
    sinesFirst = !(try file.boolean("flip_sin_to_cos", default: true))
    frequencyShift = try file.number("freq_shift", default: 0)
    centersInput = try file.boolean("center_input_sample", default: false)
    downsamplePadding = try file.integer("downsample_padding", default: 1)
    inputKernel = try file.size("conv_in_kernel", default: 3)
    outputKernel = try file.size("conv_out_kernel", default: 3)
    sampleSize = try file.size("sample_size", default: 64)
    guard widths[0] % 2 == 0, inputKernel % 2 == 1, outputKernel % 2 == 1, (0...1).contains(downsamplePadding) else {
      throw file.failure("expected an even first width, odd kernels, and 'downsample_padding' 0 or 1; got \(widths[0]), \(inputKernel), \(outputKernel), \(downsamplePadding)")
    }
    try file.refuseOthers(honoured: UNet2DConditionConfiguration.honoured, ignored: UNet2DConditionConfiguration.ignored,
                          neutral: UNet2DConditionConfiguration.neutral)
  }

  private static let honoured: Set<String> = [
    "in_channels", "out_channels", "block_out_channels", "down_block_types", "up_block_types", "layers_per_block", "attention_head_dim",
    "transformer_layers_per_block", "cross_attention_dim", "only_cross_attention", "use_linear_projection", "norm_num_groups", "norm_eps", "act_fn",
    "time_embedding_dim", "resnet_time_scale_shift", "flip_sin_to_cos", "freq_shift", "center_input_sample", "downsample_padding", "conv_in_kernel",
    "conv_out_kernel", "sample_size",
  ]

  /// Attention is computed in f32 whatever `upcast_attention` says; dropout is for training; the others size parts that `neutral` rules out.
  private static let ignored: Set<String> = ["upcast_attention", "dropout", "addition_embed_type_num_heads", "mid_block_only_cross_attention", "addition_time_embed_dim"]

  private static let neutral: [String: [JSONValue]] = [
    "mid_block_type": [.string("UNetMidBlock2DCrossAttn")], "mid_block_scale_factor": [.integer(1)], "dual_cross_attention": [.boolean(false)],
    "num_attention_heads": [], "class_embed_type": [], "num_class_embeds": [], "addition_embed_type": [], "encoder_hid_dim": [],
    "encoder_hid_dim_type": [], "resnet_skip_time_act": [.boolean(false)], "resnet_out_scale_factor": [.integer(1)],
    "time_embedding_type": [.string("positional")], "time_embedding_act_fn": [], "timestep_post_act": [], "time_cond_proj_dim": [],
    "projection_class_embeddings_input_dim": [], "attention_type": [.string("default")], "class_embeddings_concat": [.boolean(false)],
    "cross_attention_norm": [], "reverse_transformer_layers_per_block": [],
  ]
}
