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
      let values = try Tensor((0..<shape.reduce(1, *)).map { Float($0) }, shape: shape)
      #expect(try NumpyFile.encode(values) == FormatGolden.bytes(item["file"]), "\(shape)")
    }
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

  @Test func `Tensors of every type come back as they were, bf16 as f32`() throws {
    for dtype in DType.allCases {
      let x = try Tensor([0, 1, 2, 100, 1, 0] as [Float], shape: [2, 3]).cast(dtype)
      let back = try NumpyFile(NumpyFile.encode(x), source: "memory").tensor()
      #expect(back.dtype == (dtype == .bf16 ? .f32 : dtype) && back.shape == x.shape)
      #expect(try back.doubles() == x.doubles())
    }
  }

  @Test func `An archive has NumPy's arrays, and ours have the same bytes each time`() throws {
    let golden = try FormatGolden.json("numpy/arrays.json")
    for archive in try #require(golden["archives"] as? [String]) {
      let arrays = try NumpyArchive.decode(FormatGolden.bytes(archive), source: "golden.npz")
      #expect(arrays.map(\.name) == ["first", "second"])
      #expect(try arrays[0].array.tensor().integers() == [0, 1, 2] && arrays[1].array.doubles() == [0.5, 1.5, 2.5, 3.5])
    }
    let tensors = [(name: "a", tensor: try Tensor([1, 2] as [Float])), (name: "b", tensor: try Tensor([3]))]
    let bytes = try NumpyArchive.encode(tensors)
    #expect(try bytes == NumpyArchive.encode(tensors))
    #expect(try NumpyArchive.decode(bytes, source: "memory").map { try $0.array.tensor().integers() } == [[1, 2], [3]])
  }

  @Test func `Cut and mutated archives are errors and never crash`() throws {
    for (index, archive) in try #require(try FormatGolden.json("numpy/arrays.json")["archives"] as? [String]).enumerated() {
      let file = try FormatGolden.bytes(archive)
      for count in stride(from: 0, to: file.count, by: 7) {
        #expect(throws: FormatError.self) { try NumpyArchive.decode([UInt8](file.prefix(count)), source: "cut.npz") }
      }
      FormatGolden.fuzz(file, rounds: 300, seed: UInt64(100 + index)) { _ = try NumpyArchive.decode($0, source: "x") }
    }
  }
}
