import Foundation
import Testing

@testable import ML

@Suite("Safetensors and tensors")
struct SafetensorsTensorTests {
  @Test func `Tensors of every type read back as they were written`() throws {
    try FormatGolden.withFolder { folder in
      let path = folder + "/t.safetensors"
      let values = try Tensor([0, 1, 0, 1, 1, 1] as [Float], shape: [2, 3])
      let tensors = try DType.allCases.map { (name: $0.name, tensor: try values.cast($0)) }
      try SafetensorsFile.write(tensors, metadata: ["k": "v"], to: path)
      let file = try SafetensorsFile(path: path)
      for (name, tensor) in tensors {
        let stored = try file.storedTensor(name)
        #expect(stored.dtype == tensor.dtype && stored.shape == [2, 3])
        #expect(try stored.floats() == values.floats() && file.tensor(name).floats() == values.floats())
        #expect(try file.tensor(name).dtype == .f32)
      }
    }
  }

  @Test func `Views are written contiguous and halves are rounded`() throws {
    let tensor = try Tensor((0..<6).map { Float($0) + 0.0001 }, shape: [2, 3]).permute([1, 0])
    let arrays = SafetensorsFile.arrays([("view", tensor), ("label", try Tensor([5, 6] as [Int]))], as: .f16)
    let file = try SafetensorsFile(bytes: SafetensorsFile.bytes(arrays), source: "memory")
    #expect(try file.entry("view").dtype == .f16 && file.entry("label").dtype == .i64 && file.entry("view").shape == [3, 2])
    #expect(try file.floats("view") == tensor.floats().map { HalfPrecision.float(HalfPrecision.bits($0)) })
    #expect(try file.storedTensor("label").integers() == [5, 6])
  }

  @Test func `A type that tensors do not have is named`() throws {
    let bytes = try SafetensorsFile.bytes([SafetensorsArray(name: "c", dtype: .u16, shape: [1], bytes: [7, 0])])
    let file = try SafetensorsFile(bytes: bytes, source: "m")
    #expect(try file.tensor("c").floats() == [7])
    #expect(FormatGolden.message { _ = try file.storedTensor("c") }.contains("has type U16"))
  }
}
