import Foundation
import Testing

@testable import ML

@Suite("Safetensors")
struct SafetensorsTests {
  @Test func `Odd files are taken and refused as by the reference reader`() throws {
    let data = try Data(contentsOf: FormatGolden.root.appendingPathComponent("Tests/Golden/safetensors/odd.json"))
    let cases = try #require(JSONSerialization.jsonObject(with: data) as? [[String: Any]])
    #expect(cases.count == 57)
    for item in cases {
      let name = try #require(item["name"] as? String)
      let expected = try #require(item["accepted"] as? Bool)
      let bytes = try FormatGolden.bytes(item["file"])
      var accepted = true
      do {
        _ = try SafetensorsFile(bytes: bytes, source: "odd.safetensors")
      } catch {
        accepted = false
        #expect("\(error)".hasPrefix("odd.safetensors: safetensors"), "\(name): \(error)")
      }
      #expect(accepted == expected, "\(name)")
    }
  }

  @Test func `Files of the reference read with their values and are written again byte for byte`() throws {
    let files = try #require(try FormatGolden.json("safetensors/files.json")["files"] as? [[String: Any]])
    for item in files {
      let bytes = try FormatGolden.bytes(item["file"])
      let file = try SafetensorsFile(bytes: bytes, source: try #require(item["name"] as? String))
      #expect(file.metadata == item["metadata"] as? [String: String])
      let tensors = try #require(item["tensors"] as? [[String: Any]])
      #expect(file.entries.count == tensors.count)
      for tensor in tensors {
        let name = try #require(tensor["name"] as? String)
        #expect(try file.entry(name).shape == tensor["shape"] as? [Int])
        let values = try #require(tensor["values"] as? [Double]).map { Float($0) }
        #expect(try file.floats(name) == values, "\(name)")
      }
      let again = file.entries.reversed().map { entry in
        SafetensorsArray(name: entry.name, dtype: entry.dtype, shape: entry.shape) { try file.withBytes(of: entry, $0) }
      }
      #expect(try SafetensorsFile.bytes(again, metadata: file.metadata) == bytes)
    }
  }

  @Test func `Half precision rounds as torch does`() throws {
    let golden = try #require(try FormatGolden.json("safetensors/files.json")["half"] as? [String: [Int]])
    let single = try #require(golden["single"]), half = try #require(golden["half"]), brain = try #require(golden["brain"])
    #expect(single.count > 500)
    for index in single.indices {
      let value = Float(bitPattern: UInt32(single[index]))
      #expect(HalfPrecision.bits(value) == UInt16(half[index]), "\(value)")
      #expect(HalfPrecision.brainBits(value) == UInt16(brain[index]), "\(value)")
    }
    for bits in UInt16.min...UInt16.max {
      let value = HalfPrecision.float(bits)
      if value.isNaN {
        #expect(bits & 0x7c00 == 0x7c00 && bits & 0x3ff != 0)
        #expect(HalfPrecision.float(HalfPrecision.bits(value)).isNaN)
      } else {
        #expect(HalfPrecision.bits(value) == bits)
      }
    }
  }

  @Test func `A written file maps back and replaces the old one whole`() throws {
    try FormatGolden.withFolder { folder in
      let path = folder + "/model.safetensors"
      let values = (0..<1000).map { Float($0) / 7 }
      try SafetensorsFile.write([SafetensorsArray(name: "w", shape: [10, 100], floats: values)], to: path)
      let first = try SafetensorsFile(path: path)
      try SafetensorsFile.write(
        [SafetensorsArray(name: "w", shape: [1000], halvesOf: values), SafetensorsArray(name: "b", shape: [], floats: [3])],
        metadata: ["made by": "a test"], to: path)
      // The first mapping still shows the old bytes.
      #expect(try first.floats("w") == values)
      let second = try SafetensorsFile(path: path)
      #expect(second.entries.map(\.name) == ["b", "w"] && second.metadata == ["made by": "a test"])
      #expect(try second.floats("w") == values.map { HalfPrecision.float(HalfPrecision.bits($0)) })
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["model.safetensors"])
      let text = FormatGolden.message { _ = try second.entry("v") }
      #expect(text == "\(path): safetensors: there is no tensor 'v'; the file has 2: b, w")
    }
  }

  @Test func `A write that fails leaves the old file and nothing beside it`() throws {
    try FormatGolden.withFolder { folder in
      let path = folder + "/model.safetensors"
      try SafetensorsFile.write([SafetensorsArray(name: "w", shape: [2], floats: [1, 2])], to: path)
      let old = try MappedFile.read(path)
      let wrong = SafetensorsArray(name: "w", shape: [3], floats: [1, 2])
      #expect(FormatGolden.message { try SafetensorsFile.write([wrong], to: path) }.contains("12 bytes, but 8 bytes came"))
      let twice = SafetensorsArray(name: "w", shape: [2], floats: [1, 2])
      #expect(FormatGolden.message { try SafetensorsFile.write([twice, twice], to: path) }.contains("used twice"))
      #expect(try MappedFile.read(path) == old)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["model.safetensors"])
    }
  }

  @Test func `Mutated files never crash`() throws {
    let files = try #require(try FormatGolden.json("safetensors/files.json")["files"] as? [[String: Any]])
    for (index, item) in files.enumerated() {
      let refused = FormatGolden.fuzz(try FormatGolden.bytes(item["file"]), rounds: 400, seed: UInt64(index)) { bytes in
        let file = try SafetensorsFile(bytes: bytes, source: "mutated")
        for entry in file.entries { _ = try file.floats(entry.name) }
      }
      #expect(refused > 0)
    }
  }
}
