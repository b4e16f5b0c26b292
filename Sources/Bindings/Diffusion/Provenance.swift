import Host
import ML

/// What the PNG file of a generated picture says of how it was made.
struct Provenance {
  /// Keyword of the PNG text chunk.
  static let keyword = "loam"

  let value: StoreValue
  let caption: String
  /// Which picture of its caption, from 0.
  let number: Int
  let seed: UInt64
  let steps: Int
  let guidance: Double
  let sampler: SchedulerKind

  /// Reads a file's text chunk.
  ///
  /// - Parameter model: hash of the model that is to make the picture again.
  /// - Throws: `LuaError` when there is no provenance, or another model made the picture.
  init(of path: String, madeBy model: String) throws {
    guard let text = try PNG.text(ofFile: path).first(where: { $0.keyword == Provenance.keyword })?.text, let value = try? StoreValue(json: text),
      let caption = value["caption"]?.text, let number = value["number"]?.integer, let seed = value["seed"]?.integer, let steps = value["steps"]?.integer,
      let guidance = value["guidance"]?.number, let maker = value["model"]?.text, let sampler = value["sampler"]?.text.flatMap(SchedulerKind.init(rawValue:))
    else { throw LuaError("\(path) carries no provenance of a generated picture") }
    guard maker == model else { throw LuaError("\(path) was made by the model \(maker.prefix(12)), this one is \(model.prefix(12))") }
    (self.value, self.caption, self.number, self.seed) = (value, caption, number, UInt64(bitPattern: Int64(seed)))
    (self.steps, self.guidance, self.sampler) = (steps, guidance, sampler)
  }

  func wholeGuidance() throws -> Guidance {
    let interval = value["guidance_interval"].map { [$0[0], $0[1]].compactMap { $0?.number } }
    return try DiffusionLibrary.guidanceOf(guidance, value["guidance_rescale"]?.number ?? 0, interval)
  }

  /// What products were computed in; f32 where nothing else is said.
  func precision() throws -> ProductPrecision {
    guard let name = value["products"]?.text else { return .single }
    guard let precision = ProductPrecision(rawValue: name) else { throw LuaError("the picture's products were computed in \(name), which this version does not know") }
    return precision
  }

  /// What a small generator was asked for.
  func options() throws -> GenerationOptions {
    GenerationOptions(guidance: try wholeGuidance(), sampler: sampler, steps: steps, eta: value["eta"]?.number ?? 0, seed: seed, precision: try precision())
  }
}

extension PipelineHandle {
  /// The picture of a provenance again.
  func regenerated(_ record: Provenance, check: @escaping () throws -> Void) throws -> Dataset {
    var request = StableDiffusionRequest(
      prompts: [record.caption], streams: [PipelineRequest.stream(seed: record.seed, prompt: record.caption, number: record.number)])
    request.negativePrompts = [record.value["negative"]?.text ?? ""]
    let guidance = try record.wholeGuidance()
    (request.guidance, request.guidanceRescale, request.guidanceInterval, request.steps) = (guidance.scale, guidance.rescale, guidance.interval, record.steps)
    request.clipSkip = record.value["clip_skip"]?.integer ?? 0
    (request.width, request.height) = (record.value["width"]?.integer, record.value["height"]?.integer)
    // As the picture was made, whatever this handle computes with.
    let made = try record.precision().scope {
      try pipeline.generate(request, configuration: pipeline.schedulerConfiguration(as: record.sampler)) { _ in
        try check()
        return true
      }
    }
    return Dataset(images: try TextToImage.images(made), captions: [[record.caption]], provenance: [record.value], source: "generated at guidance \(record.guidance)")
  }
}

/// Either kind of model that makes pictures of captions.
enum AnyGenerator {
  case small(GeneratorHandle)
  case pipeline(PipelineHandle)
}

extension Argument where Value == AnyGenerator {
  static func anyGenerator(_ name: String, _ doc: String) -> Argument {
    Argument(name, "Generator|Pipeline", doc, expected: "Generator or Pipeline") { call, index in
      if let handle = try call.object(index, as: GeneratorHandle.self) { return .small(handle) }
      return try call.object(index, as: PipelineHandle.self).map { .pipeline($0) }
    }
  }
}
