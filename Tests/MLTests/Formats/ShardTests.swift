import Foundation
import Testing

@testable import ML

@Suite("Shards")
struct ShardTests {
  private func unpacked(_ value: Any?) throws -> [UInt8] {
    try FormatGolden.bytes(value).withUnsafeBytes { try Gzip.decompress($0, source: "golden") }
  }

  private func samples(_ bytes: [UInt8], _ source: String = "x.tar") throws -> [ShardSample] {
    let isGzip = bytes.withUnsafeBytes { Gzip.isGzip($0) }
    let plain = isGzip ? try bytes.withUnsafeBytes { try Gzip.decompress($0, source: source) } : bytes
    let reader = try ShardReader(bytes: plain, source: source)
    var result: [ShardSample] = []
    while let sample = try reader.next() { result.append(sample) }
    return result
  }

  @Test func `Keys, fields and order are those of webdataset`() throws {
    let cases = try #require(try FormatGolden.json("shards/shards.json")["read"] as? [[String: Any]])
    #expect(cases.count == 24)
    for item in cases {
      let name = try #require(item["name"] as? String)
      let bytes = item["size"] as? Int == 0 ? [] : try unpacked(item["packed"])
      if item["error"] as? Bool == true || item["strict"] as? Bool == true {
        #expect(throws: FormatError.self, "\(name)") { try samples(bytes) }
        continue
      }
      let expected = try #require(item["samples"] as? [[Any]])
      let found = try samples(bytes)
      #expect(found.map(\.key) == expected.map { $0[0] as? String }, "\(name)")
      for (sample, values) in zip(found, expected) {
        let fields = try #require(values[1] as? [[Any]])
        #expect(sample.fields.map(\.name) == fields.map { $0[0] as? String }, "\(name)")
        #expect(sample.fields.map(\.bytes.count) == fields.map { $0[1] as? Int }, "\(name)")
        for (field, value) in zip(sample.fields, fields) {
          #expect(PNGChecksum.bytes(of: field.bytes[...]).reduce(0) { $0 << 8 | Int($1) } == value[2] as? Int, "\(name)")
        }
      }
    }
  }

  @Test func `A written archive has the bytes of Python's tarfile`() throws {
    let golden = try #require(try FormatGolden.json("shards/shards.json")["written"] as? [String: Any])
    try FormatGolden.withFolder { folder in
      let writer = try TarWriter(path: folder + "/a.tar")
      for member in try #require(golden["members"] as? [[String]]) { try writer.add(member[0], Array(member[1].utf8)) }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).allSatisfy { $0.hasPrefix(".") })
      try writer.finish()
      #expect(try MappedFile.read(folder + "/a.tar") == unpacked(golden["packed"]))
    }
  }

  @Test func `A truncated tar names the file, the member and the offset`() throws {
    try FormatGolden.withFolder { folder in
      let path = folder + "/cut.tar"
      let writer = try TarWriter(path: path)
      try writer.add("one.jpg", [UInt8](repeating: 7, count: 3000))
      try writer.add("two.jpg", [UInt8](repeating: 8, count: 3000))
      try writer.finish()
      try AtomicFile.write([UInt8](try MappedFile.read(path).prefix(5000)), to: path)
      let reader = try ShardReader(path: path)
      let text = FormatGolden.message { while try reader.next() != nil {} }
      #expect(text == "\(path): tar at byte 3584: member 'two.jpg' claims 3000 bytes, 904 are left: the archive is cut short")
    }
  }

  @Test func `An archive that ends without its mark says so`() throws {
    try FormatGolden.withFolder { folder in
      let path = folder + "/cut.tar"
      let writer = try TarWriter(path: path)
      try writer.add("one.jpg", [1])
      try writer.finish()
      let reader = try ShardReader(bytes: [UInt8](try MappedFile.read(path).prefix(1024)), source: path)
      #expect(try reader.next()?.key == "one" && reader.next() == nil && reader.isMissingEnd)
      let whole = try ShardReader(path: path)
      #expect(try whole.next()?.key == "one" && whole.next() == nil && !whole.isMissingEnd)
    }
  }

  @Test func `Written shards are cut by number and read back`() throws {
    try FormatGolden.withFolder { folder in
      let writer = try ShardWriter(prefix: folder + "/train", maximumSamples: 2)
      for index in 0..<5 {
        try writer.add(key: "folder.d/s\(index)", fields: [("jpg", [UInt8(index)]), ("txt", Array("caption \(index)".utf8)), ("seg.png", [])])
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).filter { !$0.hasPrefix(".") }.count == 2)
      let paths = try writer.finish()
      #expect(paths.map { $0.suffix(16) } == ["train-000000.tar", "train-000001.tar", "train-000002.tar"])
      let found = try paths.flatMap { try samples(MappedFile.read($0)) }
      #expect(found.map(\.key) == (0..<5).map { "folder.d/s\($0)" })
      #expect(found[3]["jpg"] == [3] && found[3].fields.map(\.name) == ["jpg", "txt", "seg.png"])
      for (key, name) in [("a.b", "jpg"), ("a", "JPG"), ("__meta__", "jpg"), ("", "jpg"), ("a", ""), ("/a", "jpg"), ("a", "x/y")] {
        let other = try ShardWriter(prefix: folder + "/bad")
        #expect(throws: FormatError.self, "\(key) \(name)") {
          try other.add(key: key, fields: [(name, [])])
          try other.finish()
        }
      }
      #expect(try !FileManager.default.contentsOfDirectory(atPath: folder).contains { $0.contains("bad") && !$0.contains("000000") })
    }
  }

  @Test func `Mutated archives never crash`() throws {
    let cases = try #require(try FormatGolden.json("shards/shards.json")["read"] as? [[String: Any]])
    for (index, item) in cases.enumerated() where item["size"] as? Int != 0 && item["name"] as? String != "gzipped" {
      FormatGolden.fuzz(try unpacked(item["packed"]), rounds: 150, seed: UInt64(index)) { _ = try samples($0) }
    }
  }
}
