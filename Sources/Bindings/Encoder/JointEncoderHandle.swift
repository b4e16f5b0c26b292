import Foundation
import Host
import ML

/// Encoders of pictures and captions into one space, with their tokenizer, in Lua's hands.
final class JointEncoderHandle: LuaObject {
  static let luaName = "JointEncoder"
  let model: JointEncoder
  let tokenizer: any TextTokenizer
  let normalization: PixelNormalization
  /// How it was trained.
  let objective: String

  init(_ model: JointEncoder, tokenizer: any TextTokenizer, normalization: PixelNormalization = .imageNet, objective: String) {
    self.model = model
    self.tokenizer = tokenizer
    self.normalization = normalization
    self.objective = objective
  }

  /// What the file says beside the weights.
  private struct Description: Codable {
    var image: VisionTransformerConfiguration
    var text: TextTransformerConfiguration
    var normalization: PixelNormalization
    var objective: String
  }

  private static let key = "loam.joint_encoder"

  private func description() throws -> String {
    try EncoderHandle.json(Description(
      image: model.imageEncoder.configuration, text: model.textEncoder.configuration, normalization: normalization, objective: objective))
  }

  func write(_ path: String) throws {
    let metadata = [Self.key: try description(), GeneratorHandle.tokenizerKey: try TokenizerHandle(tokenizer).json()]
    try TensorFile.write(model.namedTensors(), metadata: metadata, to: path)
  }

  static func read(_ path: String) throws -> JointEncoderHandle {
    let (tensors, metadata) = try TensorFile.read(path)
    guard let json = metadata[key], let words = metadata[GeneratorHandle.tokenizerKey] else {
      throw LuaError("\(path) holds no joint encoder: its metadata lack \"\(key)\" or \"\(GeneratorHandle.tokenizerKey)\"; encoder.load reads encoders of pictures alone")
    }
    guard let told = try? JSONDecoder().decode(Description.self, from: Data(json.utf8)) else {
      throw LuaError("\(path): its metadata \"\(key)\" cannot be read; another version of Loam wrote it")
    }
    let model = try JointEncoder(image: told.image, text: told.text)
    try model.load(tensors)
    return JointEncoderHandle(model, tokenizer: try TokenizerHandle.read(json: Array(words.utf8), source: path), normalization: told.normalization, objective: told.objective)
  }

  func textFeatures(_ captions: [String]) throws -> Tensor {
    let marks = TokenizerHandle(tokenizer)
    return try model.textFeatures(captions.map { marks.marked($0, length: model.textEncoder.configuration.contextLength) })
  }
}

extension JointEncoderHandle: ContentIdentified {
  func contentIdentity() throws -> String { "joint encoder \(try description()) " + (try ContentIdentity.hash(model.namedTensors())) }
}

/// The type JointEncoder and the function that reads one.
enum JointEncoderLibrary {
  private static let handle = Argument<JointEncoderHandle>.object("self", "the encoders")
  private static let batch = Argument.integer("batch", "pictures computed together; does not change the result", default: 64, in: 1...100_000)
  private static let small = """
    local d = data.scenes{count = 4, size = 16}
    local net = encoder.train{objective = "clip", data = d, steps = 1, crops = 4, size = 16, width = 16, depth = 1, heads = 2}

    """

  private static func imageFeatures(_ session: ScriptSession) -> Function {
    Function(
      "image_features", "Gives pictures in the common space, not scaled to length one.", handle, .object("data", "the pictures", Dataset.self),
      .options("settings", "how many at once", batch), returns: .tensor("[N, D], f32"),
      example: (small + "return net.joint:image_features(d).shape", "{4, 128}")
    ) { handle, set, s in
      try handle.model.imageFeatures(set.pictures, normalization: handle.normalization, batchSize: s[batch]) { _ in try session.interrupt.check() }
    }
  }

  private static let textFeatures = Function(
    "text_features", "Gives captions in the common space, not scaled to length one.", handle, .strings("captions", "the texts"), returns: .tensor("[captions, D], f32"),
    example: (small + "return net.joint:text_features{\"a red star\"}.shape", "{1, 128}")
  ) { handle, captions in try handle.textFeatures(captions) }

  private static let save = Function(
    "save", "Writes both towers, the projections and the tokenizer as one safetensors file, whole or not at all.", handle, .string("path", "the file"), returns: .none,
    example: (small + """
      local path = os.tmpname()
      net.joint:save(path)
      local again = encoder.load_joint(path); os.remove(path)
      return again, again:text_features{"a star"}:eq(net.joint:text_features{"a star"}):all():item()
      """, "JointEncoder trained by clip\ttrue")
  ) { handle, path in try handle.write(path) }

  static let load = Function(
    "load_joint", "Reads the encoders of pictures and captions that JointEncoder:save wrote.", .string("path", "a safetensors file"),
    returns: .object("the encoders", JointEncoderHandle.self), example: ("return (pcall(encoder.load_joint, \"no/such.safetensors\"))", "false")
  ) { path in try JointEncoderHandle.read(path) }

  static func type(_ session: ScriptSession) -> ObjectType {
    ObjectType(
      JointEncoderHandle.self, "Encoders of pictures and captions into one space, for zero-shot classification and retrieval.",
      methods: [imageFeatures(session), textFeatures, save],
      properties: [Property("objective", "What they were trained by.", .string("it")) { (e: JointEncoderHandle) in e.objective }],
      describe: { "JointEncoder trained by \($0.objective)" })
  }
}
