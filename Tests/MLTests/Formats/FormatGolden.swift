import Foundation
import Testing

@testable import ML

/// Golden files and scratch folders of the format tests.
enum FormatGolden {
  /// The package's root folder.
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// A JSON file under Tests/Golden.
  static func json(_ path: String) throws -> [String: Any] {
    let data = try Data(contentsOf: root.appendingPathComponent("Tests/Golden/\(path)"))
    return try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  static func bytes(_ value: Any?) throws -> [UInt8] {
    let text = try #require(value as? String)
    return [UInt8](try #require(Data(base64Encoded: text)))
  }

  /// A folder of the shared data sets, nil where they are absent.
  static func sharedData(_ name: String) -> String? {
    var folder = root
    for _ in 0..<4 {
      folder = folder.deletingLastPathComponent()
      let candidate = folder.appendingPathComponent("shared/data/\(name)").path
      if FileManager.default.fileExists(atPath: candidate) { return candidate }
    }
    return nil
  }

  /// Runs the body with a fresh folder that is removed afterwards.
  static func withFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("formats-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder.path)
  }

  /// The error message of a call that must fail; an issue is recorded when it does not.
  static func message(_ body: () throws -> Void) -> String {
    do {
      try body()
    } catch {
      return "\(error)"
    }
    Issue.record("an error was expected")
    return ""
  }

  /// Feeds seeded mutations of valid data to a reader: bytes changed, cut, doubled, removed. The reader may throw a
  /// FormatError or an ImageError, nothing else.
  ///
  /// - Parameter rounds: mutations; LOAM_FUZZ in the environment multiplies them, which `make soak` uses.
  /// - Returns: how many mutations were refused.
  @discardableResult
  static func fuzz(_ valid: [UInt8], rounds: Int, seed: UInt64, _ read: ([UInt8]) throws -> Void) -> Int {
    var stream = RandomStream(seed: seed, purpose: "fuzz")
    var refused = 0
    let factor = ProcessInfo.processInfo.environment["LOAM_FUZZ"].flatMap { Int($0) } ?? 1
    for _ in 0..<(rounds * max(1, factor)) {
      var data = valid
      for _ in 0...Int(stream.word() % 4) where !data.isEmpty {
        let place = Int(stream.word()) % data.count
        switch stream.word() % 6 {
        case 0: data[place] = UInt8(truncatingIfNeeded: stream.word())
        case 1: data[place] ^= 1 << (stream.word() % 8)
        case 2: data.removeLast(data.count - place)
        case 3: data.insert(contentsOf: data[place..<min(data.count, place + 16)], at: place)
        case 4: data.removeSubrange(place..<min(data.count, place + 1 + Int(stream.word() % 16)))
        default: for offset in place..<min(data.count, place + 4) { data[offset] = stream.word() % 2 == 0 ? 0 : 255 }
        }
      }
      do {
        try read(data)
      } catch is FormatError {
        refused += 1
      } catch is ImageError {
        refused += 1
      } catch {
        Issue.record("a FormatError was expected, \(error) came")
      }
    }
    return refused
  }
}
