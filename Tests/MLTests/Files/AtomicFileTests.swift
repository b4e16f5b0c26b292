import Foundation
import Testing

@testable import ML

@Suite("Whole or not at all")
struct AtomicFileTests {
  @Test func `A dropped file leaves what was there`() throws {
    try FormatGolden.withFolder { folder in
      let path = folder + "/result.txt"
      try AtomicFile.write(Array("old".utf8), to: path)
      do {
        let file = try AtomicFile(path: path)
        try file.write(Array("half".utf8))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 2)
      }
      #expect(try MappedFile.read(path) == Array("old".utf8))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["result.txt"])
    }
  }

  @Test func `A missing folder and a folder in the way are named`() throws {
    try FormatGolden.withFolder { folder in
      let missing = folder + "/none/x"
      #expect(FormatGolden.message { try AtomicFile.write([1], to: missing) } == "\(missing): file: cannot write: there is no such file or folder")
      let occupied = folder + "/here"
      try FileManager.default.createDirectory(atPath: occupied, withIntermediateDirectories: true)
      #expect(FormatGolden.message { try AtomicFile.write([1], to: occupied) }.contains("cannot rename"))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["here"])
      #expect(FormatGolden.message { _ = try MappedFile(path: folder) }.contains("this is a folder"))
    }
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full"))) func `A full disk is told plainly with the path`() throws {
    // /dev/full refuses every byte as a full disk does.
    let handle = try #require(FileHandle(forWritingAtPath: "/dev/full"))
    let number = [UInt8](repeating: 1, count: 10).withUnsafeBytes { SystemCall.writeAll(handle.fileDescriptor, $0) }
    #expect(SystemCall.failure("cannot write", number: number).hasPrefix("cannot write: the disk is full"))
  }

  @Test func `Gzip data unpack, and cuts and limits are errors`() throws {
    // Made by Python: gzip.compress(b"loam " * 1000, mtime=0) twice in a row is read as one text.
    let packed = [UInt8](try #require(Data(base64Encoded: FormatGolden.gzipOfLoam)))
    let once = try packed.withUnsafeBytes { try Gzip.decompress($0, source: "a.gz") }
    #expect(once == Array(String(repeating: "loam ", count: 1000).utf8))
    let twice = try (packed + packed + [0, 0]).withUnsafeBytes { try Gzip.decompress($0, source: "a.gz") }
    #expect(twice == once + once)
    for count in 0..<packed.count {
      let text = FormatGolden.message { _ = try packed[..<count].withUnsafeBytes { try Gzip.decompress($0, source: "a.gz") } }
      #expect(text.hasPrefix("a.gz: gzip at byte"), "\(count): \(text)")
    }
    let limited = FormatGolden.message {
      _ = try packed.withUnsafeBytes { try Gzip.decompress($0, source: "a.gz", maximumBytes: 4999) }
    }
    #expect(limited.contains("more than the allowed 4999"))
    FormatGolden.fuzz(packed, rounds: 500, seed: 5) { bytes in _ = try bytes.withUnsafeBytes { try Gzip.decompress($0, source: "a.gz") } }
  }
}

extension FormatGolden {
  static let gzipOfLoam = "H4sIAAAAAAACA+3EIREAAAgEsCpUwz9Hf0cK3CaW7alIkiRJkiRJ+uwA7BB5n4gTAAA="
}
