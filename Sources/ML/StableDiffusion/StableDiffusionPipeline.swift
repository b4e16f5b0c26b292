/// A text-to-image model from a folder that diffusers saved: text encoder, UNet, autoencoder, tokeniser and scheduler.
///
/// Weights are mapped into memory and keep the precision in which they are stored; everything is computed in f32. There is no safety checker.
public final class StableDiffusionPipeline {
  public let folder: String
  public let tokenizer: PromptTokenizer
  public let textEncoder: CLIPTextEncoder
  public let unet: UNet2DConditionModel
  public let autoencoder: AutoencoderKL
  /// What the folder says of its scheduler.
  private let schedulerText: String

  /// Opens a folder.
  ///
  /// - Parameter variant: the word in the names of weight files of another precision, such as "fp16"; nil for none.
  /// - Throws: `FormatError` for a folder that is no such model, for pickles and broken files; ``ModuleLoadError`` for tensors that do not fit;
  ///   `ModelError` for parts that do not fit each other.
  public init(folder: String, variant: String? = nil) throws {
    try StableDiffusionPipeline.checkFolder(folder)
    self.folder = folder
    tokenizer = try PromptTokenizer(folder: folder + "/tokenizer")
    textEncoder = try CLIPTextEncoder(folder: folder + "/text_encoder", variant: variant)
    unet = try UNet2DConditionModel(folder: folder + "/unet", variant: variant)
    autoencoder = try AutoencoderKL(folder: folder + "/vae", variant: variant)
    schedulerText = String(decoding: try MappedFile.read(folder + "/scheduler/scheduler_config.json"), as: UTF8.self)
    let latents = autoencoder.configuration.latentChannels, width = textEncoder.configuration.width
    guard unet.configuration.inputChannels == latents, unet.configuration.outputChannels == latents else {
      throw ModelError("\(folder): the UNet has \(unet.configuration.inputChannels) channels in and \(unet.configuration.outputChannels) out, the autoencoder's latents \(latents); models for inpainting, depth or upscaling are not supported")
    }
    guard unet.configuration.contextWidths.allSatisfy({ $0 == width }) else {
      throw ModelError("\(folder): the UNet attends to token states of width \(unet.configuration.contextWidths), the text encoder makes \(width)")
    }
    guard tokenizer.length <= textEncoder.configuration.contextLength, tokenizer.tokenizer.vocabularySize <= textEncoder.configuration.vocabulary else {
      throw ModelError("\(folder): the tokenizer makes rows of \(tokenizer.length) of \(tokenizer.tokenizer.vocabularySize) ids, the text encoder reads \(textEncoder.configuration.contextLength) of \(textEncoder.configuration.vocabulary)")
    }
  }

  private static func checkFolder(_ folder: String) throws {
    func failure(_ problem: String) -> FormatError { FormatError(format: "diffusers folder", source: folder, problem: problem) }
    if Folder.isFile(folder) {
      if PickleRefusal.suffixes.contains(where: folder.hasSuffix) { throw PickleRefusal.error(folder) }
      throw failure("this is a file; expected a folder with model_index.json. A single .safetensors file is turned into one by diffusers: StableDiffusionPipeline.from_single_file(file).save_pretrained(folder)")
    }
    guard Folder.isFolder(folder) else { throw failure("there is no such folder") }
    guard Folder.isFile(folder + "/model_index.json") else {
      let names = try Folder.names(folder)
      if let pickle = names.first(where: { name in PickleRefusal.suffixes.contains(where: name.hasSuffix) }) { throw PickleRefusal.error(folder + "/" + pickle) }
      throw failure("this is no model: model_index.json is missing; the folder holds \(names.isEmpty ? "nothing" : names.prefix(8).joined(separator: ", "))")
    }
    let index = try ComponentConfiguration(path: folder + "/model_index.json")
    let className = try index.string("_class_name")
    guard ["StableDiffusionPipeline", "StableDiffusionImg2ImgPipeline"].contains(className) else {
      throw index.failure("this is a \(className); expected a StableDiffusionPipeline (Stable Diffusion 1.x or 2.x)")
    }
    for (part, expected) in [("text_encoder", "CLIPTextModel"), ("unet", "UNet2DConditionModel"), ("vae", "AutoencoderKL")] {
      let name = index[part]?.array?.last?.string
      guard name == expected else { throw index.failure("the part '\(part)' is \(name ?? "missing"); expected \(expected)") }
    }
  }

  /// The folder's scheduler, or another one with the folder's noise schedule.
  ///
  /// - Parameter kind: nil for the folder's own.
  /// - Throws: `ModelError` for options that are not built.
  public func schedulerConfiguration(as kind: SchedulerKind? = nil) throws -> SchedulerConfiguration {
    try SchedulerConfiguration(json: schedulerText, as: kind, source: folder + "/scheduler/scheduler_config.json")
  }

  /// The states of prompts' tokens.
  ///
  /// Shapes: B prompts → [B, L, D].
  ///
  /// - Parameter clipSkip: how many of the text encoder's last blocks are left out, default 0.
  /// - Throws: `ModelError` if a state is not finite: the weights are damaged.
  public func encode(_ prompts: [String], clipSkip: Int = 0) throws -> Tensor {
    let states = try textEncoder(prompts.map { tokenizer.encode($0).ids }, clipSkip: clipSkip)
    guard try states.firstNotFinite(size: states.count) == nil else {
      throw ModelError("\(folder)/text_encoder: the states of a prompt are NaN or infinite; the weights are damaged")
    }
    return states
  }

  /// Pictures of scaled latents, one picture at a time.
  ///
  /// Shapes: [B, C, h, w] → [B, 3, H, W] in [-1, 1].
  ///
  /// - Throws: `ModelError` if a picture is not finite.
  public func decode(_ latents: Tensor) throws -> Tensor {
    let pictures = try autoencoder.decode(latents * (1 / autoencoder.configuration.scalingFactor))
    if let spoilt = try pictures.firstNotFinite(size: pictures.count / max(1, pictures.shape[0])) {
      throw ModelError("\(folder)/vae: picture \(spoilt) of the batch became NaN or infinite while it was decoded; the weights are damaged")
    }
    return try pictures.clamp(lower: -1, upper: 1)
  }

  /// Sides of the latents of a picture.
  ///
  /// - Throws: `ModelError` for sides that are no positive multiples of 8.
  func latentSize(width: Int, height: Int) throws -> (height: Int, width: Int) {
    let scale = autoencoder.configuration.scale, step = max(8, scale)
    guard width > 0, height > 0, width % step == 0, height % step == 0 else {
      throw ModelError("picture size: width and height must be positive multiples of \(step), got \(width) x \(height)")
    }
    return (height / scale, width / scale)
  }

  /// Side of the square pictures that the model was made for.
  public var defaultSize: Int {
    let step = max(8, autoencoder.configuration.scale)
    return max(step, unet.configuration.sampleSize * autoencoder.configuration.scale / step * step)
  }
}
