import Foundation
import Host
import ML

/// An image encoder in Lua's hands.
final class EncoderHandle: LuaObject {
  static let luaName = "Encoder"
  let encoder: VisionTransformer
  let normalization: PixelNormalization
  /// How it was trained, for people and for keys.
  let objective: String
  /// Loss of each step.
  let losses: [Float]

  init(_ encoder: VisionTransformer, normalization: PixelNormalization = .imageNet, objective: String, losses: [Float] = []) {
    self.encoder = encoder
    self.normalization = normalization
    self.objective = objective
    self.losses = losses
  }

  /// Features of pictures of the encoder's own size, [N, D].
  func features(_ images: [Image], batch: Int, check: () throws -> Void) throws -> Tensor {
    let side = encoder.configuration.imageSize
    if let odd = images.firstIndex(where: { $0.width != side || $0.height != side }) {
      throw LuaError("picture \(odd + 1) has \(images[odd].width) x \(images[odd].height) pixels, the encoder takes \(side) x \(side); load the set with size = \(side)")
    }
    return try extractFeatures(encoder, images: images, normalization: normalization, batchSize: batch, progress: { _ in try check() })
  }

  private static let configurationKey = "loam.vision_transformer"
  private static let objectiveKey = "loam.objective"

  /// Writes weights, configuration and objective.
  func write(_ path: String) throws {
    let coder = JSONEncoder()
    coder.outputFormatting = [.sortedKeys]
    let json = String(decoding: try coder.encode(encoder.configuration), as: UTF8.self)
    try TensorFile.write(encoder.namedTensors(), metadata: [EncoderHandle.configurationKey: json, EncoderHandle.objectiveKey: objective], to: path)
  }

  /// Reads what `write` wrote.
  static func read(_ path: String) throws -> EncoderHandle {
    let (tensors, metadata) = try TensorFile.read(path)
    guard let json = metadata[configurationKey],
      let configuration = try? JSONDecoder().decode(VisionTransformerConfiguration.self, from: Data(json.utf8))
    else { throw LuaError("\(path) holds no encoder that Loam wrote: its metadata lack \"\(configurationKey)\"") }
    var stream = RandomStream(seed: 0)
    let encoder = try VisionTransformer(configuration, stream: &stream)
    try encoder.load(tensors)
    return EncoderHandle(encoder, objective: metadata[objectiveKey] ?? "unknown")
  }
}

extension EncoderHandle: ContentIdentified {
  func contentIdentity() throws -> String { "encoder \(encoder.configuration) " + (try ContentIdentity.hash(encoder.namedTensors())) }
}
