import Host
import ML

/// A text-to-image model with its tokenizer, in Lua's hands.
final class GeneratorHandle: LuaObject {
  static let luaName = "Generator"
  let model: TextToImage
  let tokenizer: any TextTokenizer
  /// Loss of each training step; empty for a loaded model.
  let losses: [Float]
  /// Hash of weights, configuration and tokenizer.
  private(set) lazy var hash: Result<String, any Error> = Result {
    try ContentHash(of: .list([
      .string(try ContentIdentity.hash(model.namedTensors())), .string(try model.configuration.json()), .string(try TokenizerHandle(tokenizer).json()),
    ])).hex
  }

  init(_ model: TextToImage, tokenizer: any TextTokenizer, losses: [Float] = []) {
    self.model = model
    self.tokenizer = tokenizer
    self.losses = losses
  }

  static let tokenizerKey = "loam.tokenizer"

  /// Token ids of a caption with start and end marks, cut to what the model reads.
  func tokens(_ caption: String) -> [Int] { TokenizerHandle(tokenizer).marked(caption, length: model.configuration.text.contextLength) }

  func write(_ path: String, precision: TensorFile.Precision) throws {
    try model.save(to: path, precision: precision, metadata: [GeneratorHandle.tokenizerKey: try TokenizerHandle(tokenizer).json()])
  }

  static func read(_ path: String) throws -> GeneratorHandle {
    let (model, metadata) = try TextToImage.load(from: path)
    guard let json = metadata[tokenizerKey] else { throw LuaError("\(path) holds a text-to-image model without a tokenizer: its metadata lack \"\(tokenizerKey)\"") }
    return GeneratorHandle(model, tokenizer: try TokenizerHandle.read(json: Array(json.utf8), source: path))
  }
}

extension GeneratorHandle: ContentIdentified {
  func contentIdentity() throws -> String { "generator " + (try hash.get()) }
}

/// What fixes the pictures of one call of `generate`, besides the model and the captions.
struct GenerationOptions {
  var imagesPerCaption = 1
  var guidance = 3.0
  var steps = 20
  var eta = 0.0
  var seed: UInt64 = 1
  var batch = 32
}

extension GeneratorHandle {
  /// One picture's stream: a function of seed, caption and the picture's number within its caption, so that it does not depend on
  /// what else is generated.
  static func stream(seed: UInt64, caption: String, number: Int) -> RandomStream {
    RandomStream(seed: seed, purpose: "picture of " + caption, index: UInt64(number))
  }

  /// Generates the pictures of some captions; those of a caption stand together.
  ///
  /// - Parameter progress: takes the share done, in [0, 1]; may throw to cancel.
  func generate(_ captions: [String], _ options: GenerationOptions, progress: (Double) throws -> Void) throws -> Dataset {
    var texts: [String] = [], groups: [Int] = [], numbers: [Int] = []
    for (group, caption) in captions.enumerated() {
      for number in 0..<options.imagesPerCaption {
        texts.append(caption)
        groups.append(group)
        numbers.append(number)
      }
    }
    let streams = texts.indices.map { GeneratorHandle.stream(seed: options.seed, caption: texts[$0], number: numbers[$0]) }
    let pictures = try model.generate(
      tokens: texts.map(tokens), guidance: options.guidance, steps: options.steps, eta: options.eta, streams: streams, batchSize: options.batch
    ) { try progress($0.fraction) }
    let modelHash = try hash.get()
    let provenance = texts.indices.map { index -> StoreValue in
      [
        "caption": .string(texts[index]), "number": .integer(numbers[index]), "seed": .integer(Int(bitPattern: UInt(options.seed))),
        "guidance": .number(options.guidance), "steps": .integer(options.steps), "eta": .number(options.eta), "sampler": "ddim",
        "model": .string(modelHash), "loam_version": .string(Loam.version),
      ]
    }
    return Dataset(images: try TextToImage.images(pictures), captions: texts.map { [$0] }, groups: groups, provenance: provenance,
                   source: "generated at guidance \(options.guidance)")
  }
}
