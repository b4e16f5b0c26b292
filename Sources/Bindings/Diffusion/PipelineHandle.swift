import Host
import ML

/// A Stable Diffusion model in Lua's hands.
final class PipelineHandle: LuaObject {
  static let luaName = "Pipeline"
  let pipeline: StableDiffusionPipeline
  /// What its products are computed in.
  let precision: ProductPrecision
  /// Hash of the files of all parts: configuration, tokeniser and weights.
  private(set) lazy var hash: Result<String, any Error> = Result {
    try ContentHash(of: .list(["unet", "vae", "text_encoder", "tokenizer", "scheduler"].map {
      .string(try FileContent(reading: pipeline.folder + "/" + $0).hash.hex)
    })).hex
  }

  init(_ pipeline: StableDiffusionPipeline, precision: ProductPrecision) {
    self.pipeline = pipeline
    self.precision = precision
  }
}

extension PipelineHandle: ContentIdentified {
  func contentIdentity() throws -> String { "pipeline " + (try hash.get()) + (precision == .half ? " products f16" : "") }
}

/// What fixes the pictures of one call of a pipeline's `generate`, besides the model.
struct PipelineRequest {
  let prompts: [String]
  let negativePrompts: [String]
  let imagesPerPrompt: Int
  let seed: UInt64
  /// The scheduler's name as it stands in provenance.
  let scheduler: String

  /// Prompts of all pictures; those of a prompt stand together.
  var all: [(prompt: String, negative: String, group: Int, number: Int)] {
    prompts.enumerated().flatMap { group, prompt in
      (0..<imagesPerPrompt).map { (prompt, negativePrompts.count == 1 ? negativePrompts[0] : negativePrompts[group], group, $0) }
    }
  }

  static func stream(seed: UInt64, prompt: String, number: Int) -> RandomStream {
    RandomStream(seed: seed, purpose: "picture of " + prompt, index: UInt64(number))
  }

  /// What is asked of the pipeline: each picture has a stream of its own, a function of seed, prompt and number, so that it does not depend on
  /// what else is generated.
  func request() -> StableDiffusionRequest {
    var request = StableDiffusionRequest(
      prompts: all.map(\.prompt),
      streams: all.map { PipelineRequest.stream(seed: seed, prompt: $0.prompt, number: $0.number) })
    request.negativePrompts = all.map(\.negative)
    return request
  }

  /// How each picture came to be.
  func provenance(_ request: StableDiffusionRequest, model: String, precision: ProductPrecision) -> [StoreValue] {
    all.map { picture in
      var entries: StoreValue = [
        "caption": .string(picture.prompt), "negative": .string(picture.negative), "number": .integer(picture.number),
        "seed": .integer(Int(Int64(bitPattern: seed))), "guidance": .number(request.guidance), "steps": .integer(request.steps),
        "sampler": .string(scheduler), "clip_skip": .integer(request.clipSkip), "model": .string(model), "loam_version": .string(Loam.version),
      ]
      if case .table(var list) = entries {
        if precision == .half { list.append(StoreEntry("products", .string(precision.rawValue))) }
        if request.guidanceRescale != 0 { list.append(StoreEntry("guidance_rescale", .number(request.guidanceRescale))) }
        if let interval = request.guidanceInterval { list.append(StoreEntry("guidance_interval", .list([.number(interval.lowerBound), .number(interval.upperBound)]))) }
        for (name, side) in [("width", request.width), ("height", request.height)] { if let side { list.append(StoreEntry(.string(name), .integer(side))) } }
        if precision == .half { list.append(StoreEntry("products", .string(precision.rawValue))) }
        entries = .table(list)
      }
      return entries
    }
  }
}
