import Foundation
import Host
import ML

/// An image encoder in Lua's hands.
final class EncoderHandle: LuaObject {
  static let luaName = "Encoder"
  let encoder: any ImageEncoder
  let normalization: PixelNormalization
  /// How it was trained, for people and for keys.
  let objective: String
  /// Loss of each step.
  let losses: [Float]
  /// With the text tower that was trained beside it.
  let joint: JointEncoderHandle?

  init(_ encoder: any ImageEncoder, normalization: PixelNormalization = .imageNet, objective: String, losses: [Float] = [], joint: JointEncoderHandle? = nil) {
    self.encoder = encoder
    self.normalization = normalization
    self.objective = objective
    self.losses = losses
    self.joint = joint
  }

  /// Features of pictures of the encoder's own size, [N, D].
  func features(_ pictures: [Picture], batch: Int, check: () throws -> Void) throws -> Tensor {
    try requireSize(pictures)
    return try extractFeatures(encoder, pictures: pictures, normalization: normalization, batchSize: batch, progress: { _ in try check() })
  }

  /// Features of their patches, [N, patches, D].
  func patchFeatures(_ pictures: [Picture], batch: Int, check: () throws -> Void) throws -> Tensor {
    guard let transformer = encoder as? VisionTransformer else { throw LuaError("only a vision transformer has patches; this is: \(summary)") }
    try requireSize(pictures)
    return try extractPatchFeatures(transformer, pictures: pictures, normalization: normalization, batchSize: batch, progress: { _ in try check() })
  }

  private func requireSize(_ pictures: [Picture]) throws {
    let side = encoder.imageSize
    if let odd = pictures.firstIndex(where: { $0.size != (side, side) }) {
      throw LuaError("picture \(odd + 1) has \(pictures[odd].size.width) x \(pictures[odd].size.height) pixels, the encoder takes \(side) x \(side); load the set with size = \(side)")
    }
  }

  private static let transformerKey = "loam.vision_transformer"
  private static let residualKey = "loam.resnet"
  private static let objectiveKey = "loam.objective"
  private static let normalizationKey = "loam.normalization"

  /// A value as JSON with its keys in order, so that equal encoders make equal files.
  static func json(_ value: some Encodable) throws -> String {
    let coder = JSONEncoder()
    coder.outputFormatting = [.sortedKeys]
    return String(decoding: try coder.encode(value), as: UTF8.self)
  }

  /// The key under which the configuration is kept, and the configuration as JSON.
  private func configuration() throws -> (key: String, json: String) {
    switch encoder {
    case let transformer as VisionTransformer: return (EncoderHandle.transformerKey, try EncoderHandle.json(transformer.configuration))
    case let residual as ResNet: return (EncoderHandle.residualKey, try EncoderHandle.json(residual.configuration))
    default: throw LuaError("an encoder of type \(Swift.type(of: encoder)) cannot be described")
    }
  }

  /// Writes weights, configuration, normalisation and objective.
  func write(_ path: String) throws {
    let (key, json) = try configuration()
    let metadata = [key: json, EncoderHandle.objectiveKey: objective, EncoderHandle.normalizationKey: try EncoderHandle.json(normalization)]
    try TensorFile.write(encoder.namedTensors(), metadata: metadata, to: path)
  }

  /// Reads what `write` wrote.
  static func read(_ path: String) throws -> EncoderHandle {
    let (tensors, metadata) = try TensorFile.read(path)
    func decoded<Value: Decodable>(_ key: String) throws -> Value? {
      guard let json = metadata[key] else { return nil }
      guard let value = try? JSONDecoder().decode(Value.self, from: Data(json.utf8)) else {
        throw LuaError("\(path): its metadata \"\(key)\" cannot be read; another version of Loam wrote it")
      }
      return value
    }
    var stream = RandomStream(seed: 0)
    let encoder: any ImageEncoder
    if let configuration: VisionTransformerConfiguration = try decoded(transformerKey) {
      encoder = try VisionTransformer(configuration, stream: &stream)
    } else if let configuration: ResNetConfiguration = try decoded(residualKey) {
      encoder = try ResNet(configuration, stream: &stream)
    } else {
      throw LuaError("\(path) holds no encoder that Loam wrote: its metadata lack \"\(transformerKey)\" and \"\(residualKey)\"; encoder.import reads those of others")
    }
    try encoder.load(tensors)
    return EncoderHandle(encoder, normalization: try decoded(normalizationKey) ?? .imageNet, objective: metadata[objectiveKey] ?? "unknown")
  }

  /// The encoder in words.
  var summary: String {
    let made = objective == "random" || objective == "imported" ? objective : "trained by \(objective)"
    switch encoder {
    case let transformer as VisionTransformer:
      return "Encoder of \(encoder.imageSize) x \(encoder.imageSize) pixels, width \(transformer.configuration.width), depth \(transformer.configuration.depth), \(made)"
    case let residual as ResNet:
      let blocks = residual.configuration.blocks.map(String.init).joined(separator: "-")
      return "Encoder of \(encoder.imageSize) x \(encoder.imageSize) pixels, residual network of \(blocks) blocks, width \(residual.configuration.width), \(made)"
    default: return "Encoder, \(made)"
    }
  }
}

extension EncoderHandle: ContentIdentified {
  func contentIdentity() throws -> String {
    "encoder \(try configuration().json) \(normalization) " + (try ContentIdentity.hash(encoder.namedTensors()))
  }
}
