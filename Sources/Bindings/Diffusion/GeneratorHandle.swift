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
