import Foundation
import Testing

@testable import ML

@Suite("NumPy arrays")
struct NumpyFileTests {
  @Test func `Arrays of every type, order and version have NumPy's values`() throws {
    let golden = try FormatGolden.json("numpy/arrays.json")
    let cases = try #require(golden["read"] as? [[String: Any]])
    #expect(cases.count == 22)
    for item in cases {
      let name = try #require(item["name"] as? String)
      let array = try NumpyFile(FormatGolden.bytes(item["file"]), source: name)
      #expect(array.shape == item["shape"] as? [Int] && array.doubles() == item["values"] as? [Double], "\(name)")
    }
    for file in try #require(golden["refused"] as? [String]) {
      #expect(throws: FormatError.self) { try NumpyFile(FormatGolden.bytes(file), source: "bad.npy") }
    }
  }

  @Test func `Written arrays have NumPy's bytes`() throws {
    for item in try #require(try FormatGolden.json("numpy/arrays.json")["written"] as? [[String: Any]]) {
      let shape = try #require(item["shape"] as? [Int])
      let values = (0..<shape.reduce(1, *)).map { Float($0) }
      #expect(try NumpyFile.encode(values, shape: shape) == FormatGolden.bytes(item["file"]), "\(shape)")
    }
    #expect(throws: FormatError.self) { try NumpyFile.encode([1], shape: [2]) }
  }

  @Test func `Cut and mutated arrays are errors and never crash`() throws {
    for (index, item) in try #require(try FormatGolden.json("numpy/arrays.json")["read"] as? [[String: Any]]).enumerated() {
      let file = try FormatGolden.bytes(item["file"])
      for count in stride(from: 0, to: file.count, by: 3) {
        #expect(throws: FormatError.self) { try NumpyFile([UInt8](file.prefix(count)), source: "cut.npy") }
      }
      FormatGolden.fuzz(file, rounds: 200, seed: UInt64(index)) { _ = try NumpyFile($0, source: "x").doubles() }
    }
  }
}
