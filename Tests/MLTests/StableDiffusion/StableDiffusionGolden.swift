import Foundation
import Testing

@testable import ML

/// Models and numbers of Tests/Golden/stable-diffusion; its make.py says how they were made.
enum StableDiffusionGolden {
  static let models = ["one", "one-sharded", "two", "two-bf16"]
  static let prompts = ["a photo of a red cat", "dog! of  a Dog, 3 cats's", String(repeating: "photo ", count: 90)]

  static func folder(_ model: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Golden/stable-diffusion/\(model)").path
  }

  static func expected(_ model: String) throws -> SafetensorsFile { try SafetensorsFile(path: folder(model) + "/expected.safetensors") }

  /// The largest difference between two tensors of one shape.
  static func difference(_ found: Tensor, _ expected: Tensor) throws -> Double {
    guard found.shape == expected.shape else { return .infinity }
    return zip(try found.doubles(), try expected.doubles()).reduce(0) { max($0, $1.0.isFinite ? abs($1.0 - $1.1) : .infinity) }
  }

  /// A copy of a model's folder that a test may spoil, removed with the returned object.
  final class Copy {
    let path = NSTemporaryDirectory() + "loam-sd-" + UUID().uuidString

    init(of model: String) throws { try FileManager.default.copyItem(atPath: folder(model), toPath: path) }
    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ file: String, _ text: String) throws { try text.write(toFile: "\(path)/\(file)", atomically: true, encoding: .utf8) }
    func remove(_ file: String) throws { try FileManager.default.removeItem(atPath: "\(path)/\(file)") }

    /// Changes texts in a JSON file.
    func change(_ file: String, _ old: String, _ new: String) throws {
      let text = try String(contentsOfFile: "\(path)/\(file)", encoding: .utf8)
      try #require(text.contains(old))
      try write(file, text.replacingOccurrences(of: old, with: new))
    }

    /// Writes a part's weights anew, changed.
    func rewrite(_ file: String, _ change: ([(name: String, tensor: Tensor)]) throws -> [(name: String, tensor: Tensor)]) throws {
      let stored = try SafetensorsFile(path: "\(path)/\(file)")
      let tensors = try stored.entries.map { ($0.name, try stored.storedTensor($0.name)) }
      try SafetensorsFile.write(try change(tensors), to: "\(path)/\(file)")
    }
  }

  /// The message of the error that a body throws.
  static func message(_ body: () throws -> Void) -> String {
    do { try body() } catch { return "\(error)" }
    return "no error"
  }
}
