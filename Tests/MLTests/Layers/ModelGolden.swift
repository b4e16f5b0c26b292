import Foundation
import Testing

@testable import ML

/// Golden numbers and small tools of the tests of layers, encoders, losses, diffusion and training.
enum ModelGolden {
  /// The package's root folder.
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  static func path(_ name: String) -> String { root.appendingPathComponent("Tests/Golden/\(name)").path }

  /// A JSON object under Tests/Golden.
  static func json(_ name: String) throws -> [String: Any] {
    let data = try Data(contentsOf: URL(fileURLWithPath: path(name)))
    return try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  /// Tensors under Tests/Golden, by name.
  static func tensors(_ name: String) throws -> [(name: String, tensor: Tensor)] { try TensorFile.read(path(name)).tensors }

  static func tensor(_ name: String, in tensors: [(name: String, tensor: Tensor)]) throws -> Tensor {
    try #require(tensors.first { $0.name == name }?.tensor, "no golden tensor \(name)")
  }

  static func doubles(_ value: Any?) throws -> [Double] {
    try (try #require(value as? [Any])).map { try #require(($0 as? NSNumber)?.doubleValue) }
  }

  /// The tensor `key` of a golden object: {shape, value}.
  static func tensor(_ value: Any?, tracked: Bool = true) throws -> Tensor {
    let object = try #require(value as? [String: Any])
    let shape = try doubles(object["shape"]).map { Int($0) }
    let tensor = try Tensor(doubles(object["value"]).map { Float($0) }, shape: shape)
    return tracked ? tensor.tracked() : tensor
  }

  /// Largest difference, relative to the largest expected value (at least `floor`).
  static func distance(_ found: Tensor, _ expected: [Double], floor: Double = 1e-3) throws -> Double {
    let values = try found.detached().floats()
    guard values.count == expected.count else { return .infinity }
    let scale = max(floor, expected.map { abs($0) }.max() ?? 0)
    return zip(values, expected).map { abs(Double($0) - $1) / scale }.max() ?? 0
  }

  static func distance(_ found: Tensor, _ expected: Tensor) throws -> Double {
    try found.shape == expected.shape ? distance(found, expected.detached().floats().map { Double($0) }) : .infinity
  }

  /// Deterministic numbers without a model's stream.
  static func random(_ shape: [Int], seed: UInt64) throws -> Tensor {
    var stream = RandomStream(seed: seed, purpose: "test")
    return try Tensor.normal(shape, stream: &stream)
  }

  /// Runs the body with a fresh folder that is removed afterwards.
  static func withFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("models-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder.path)
  }

  /// The message of an error that must come.
  static func message(_ body: () throws -> Void) -> String {
    do { try body() } catch { return "\(error)" }
    Issue.record("an error was expected")
    return ""
  }
}
