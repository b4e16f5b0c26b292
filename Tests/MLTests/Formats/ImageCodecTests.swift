import Foundation
import Testing

@testable import ML

/// Pictures made by Pillow and by Tests/Golden/images/make.py, with the pixels that Pillow reads.
struct GoldenPicture {
  let name: String
  let file: [UInt8]
  let width: Int
  let height: Int
  let background: [UInt8]
  let rgb: [UInt8]

  static func all(_ path: String) throws -> [GoldenPicture] {
    let cases = try #require(try FormatGolden.json(path)["cases"] as? [[String: Any]])
    return try cases.map {
      GoldenPicture(
        name: try #require($0["name"] as? String), file: try FormatGolden.bytes($0["file"]),
        width: try #require($0["width"] as? Int), height: try #require($0["height"] as? Int),
        background: try #require($0["background"] as? [Int]).map { UInt8($0) }, rgb: try FormatGolden.bytes($0["rgb"]))
    }
  }
}

private func waves(_ width: Int, _ height: Int) throws -> Image {
  try Image(width: width, height: height, pixels: (0..<(3 * width * height)).map { UInt8(truncatingIfNeeded: $0 * $0 / 97) })
}

@Suite("Picture files")
struct ImageCodecTests {
  @Test func `PNG of every colour type and depth equals Pillow`() throws {
    let pictures = try GoldenPicture.all("images/png.json")
    #expect(pictures.count == 48)
    for picture in pictures {
      let image = try ImageFile.decode(
        picture.file, source: picture.name, reading: ImageReading(background: picture.background))
      #expect(image.width == picture.width && image.height == picture.height, "\(picture.name)")
      #expect(image.pixels == picture.rgb, "\(picture.name)")
    }
  }

  @Test func `JPEG is within two levels of Pillow`() throws {
    let pictures = try GoldenPicture.all("images/jpeg.json")
    #expect(pictures.count == 13)
    for picture in pictures {
      let image = try ImageFile.decode(picture.file, source: picture.name)
      #expect(image.width == picture.width && image.height == picture.height, "\(picture.name)")
      let worst = zip(image.pixels, picture.rgb).map { abs(Int($0) - Int($1)) }.max() ?? 0
      #expect(worst <= 2, "\(picture.name): \(worst) levels")
    }
  }

  @Test func `PNG text chunks written by Pillow are read`() throws {
    let golden = try #require(try FormatGolden.json("images/png.json")["text"] as? [String: Any])
    let expected = try #require(golden["entries"] as? [[String]]).map { PNGText($0[0], $0[1]) }
    let entries = try FormatGolden.bytes(golden["file"]).withUnsafeBytes { try PNG.text($0, source: "text.png") }
    #expect(entries.sorted { $0.keyword < $1.keyword } == expected.sorted { $0.keyword < $1.keyword })
    #expect(entries.count == 4)
  }

  @Test func `A written PNG reads back with its text and always has the same bytes`() throws {
    let image = try waves(23, 9)
    let text = [PNGText("caption", "two blue stars, Größe 3 画"), PNGText("provenance", "{\"seed\":1}"), PNGText("empty", "")]
    try FormatGolden.withFolder { folder in
      let path = folder + "/a.png"
      try ImageFile.write(image, to: path, text: text)
      #expect(try ImageFile.read(path) == image)
      #expect(try PNG.text(ofFile: path) == text)
      #expect(try MappedFile.read(path) == PNG.encode(image, text: text))
    }
    for level in [0, 9] {
      #expect(try ImageFile.decode(PNG.encode(image, compressionLevel: level), source: "level") == image)
    }
  }

  @Test func `PNG keywords and texts that the format forbids are errors`() throws {
    let image = try waves(2, 2)
    for keyword in ["", " a", "a  b", String(repeating: "k", count: 80), "\u{1}", "画"] {
      #expect(throws: FormatError.self) { try PNG.encode(image, text: [PNGText(keyword, "x")]) }
    }
    #expect(throws: FormatError.self) { try PNG.encode(image, text: [PNGText("k", "a\0b")]) }
  }

  @Test func `A written JPEG is close to the picture`() throws {
    let pixels = (0..<(40 * 31)).flatMap { (position: Int) -> [UInt8] in
      [UInt8(position % 40 * 4), UInt8(position / 40 * 5), 90]
    }
    let image = try Image(width: 40, height: 31, pixels: pixels)
    for (halvesColour, tolerance) in [(true, 12), (false, 6)] {
      let decoded = try ImageFile.decode(JPEG.encode(image, quality: 95, halvesColour: halvesColour), source: "x.jpg")
      let worst = zip(decoded.pixels, image.pixels).map { abs(Int($0) - Int($1)) }.max() ?? 0
      #expect(worst <= tolerance, "\(worst)")
    }
    #expect(throws: FormatError.self) { try JPEG.encode(image, quality: 101) }
  }

  @Test func `Every cut of a picture file is an error that names it`() throws {
    var files = [try PNG.encode(waves(19, 13))]
    files.append(try JPEG.encode(waves(40, 33)))
    files.append(try #require(GoldenPicture.all("images/jpeg.json").first { $0.name == "progressive" }).file)
    for file in files {
      for count in 0..<(file.count - 2) {
        let text = FormatGolden.message { _ = try ImageFile.decode([UInt8](file.prefix(count)), source: "cut.image") }
        #expect(text.contains("cut.image"), "\(count): \(text)")
      }
    }
  }

  @Test func `Damaged pictures are errors that say what failed`() throws {
    var png = try PNG.encode(waves(19, 13))
    png[60] ^= 0x55
    let pngText = FormatGolden.message { _ = try ImageFile.decode(png, source: "a.png") }
    #expect(pngText.contains("CRC") || pngText.contains("crc") || pngText.contains("invalid"), "\(pngText)")
    let jpeg = try JPEG.encode(waves(64, 64))
    let jpegText = FormatGolden.message { _ = try ImageFile.decode([UInt8](jpeg.prefix(jpeg.count / 2)), source: "b.jpg") }
    #expect(jpegText == "b.jpg: JPEG: the picture is damaged or cut short: Premature end of JPEG file", "\(jpegText)")
    let other = FormatGolden.message { _ = try ImageFile.decode(Array("GIF89a..".utf8), source: "c.gif") }
    #expect(other.contains("neither PNG nor JPEG (it starts with 47 49 46"))
    let missing = FormatGolden.message { _ = try ImageFile.read("/nowhere/d.png") }
    #expect(missing == "/nowhere/d.png: file: cannot read: there is no such file or folder")
  }

  @Test func `Headers that claim more than the file can hold are refused before memory is taken`() throws {
    var png = try PNG.encode(waves(4, 4))
    // Width and height of the header become 8,000, its checksum is put right.
    for offset in [16, 20] { png.replaceSubrange(offset..<(offset + 4), with: [0, 0, 0x1f, 0x40]) }
    png.replaceSubrange(29..<33, with: PNGChecksum.bytes(of: png[12..<29]))
    let text = FormatGolden.message { _ = try ImageFile.decode(png, source: "bomb.png") }
    #expect(text.contains("8000 x 8000") && text.contains("can hold"), "\(text)")
    let limited = FormatGolden.message {
      _ = try ImageFile.decode(PNG.encode(waves(40, 40)), source: "big.png", reading: ImageReading(maximumPixels: 1000))
    }
    #expect(limited.contains("40 x 40") && limited.contains("1000"), "\(limited)")
    var jpeg = try JPEG.encode(waves(16, 16))
    let frame = try #require(jpeg.indices.dropLast(9).first { jpeg[$0] == 0xff && jpeg[$0 + 1] == 0xc0 })
    jpeg.replaceSubrange((frame + 5)..<(frame + 9), with: [0x1f, 0x40, 0x1f, 0x40])
    #expect(FormatGolden.message { _ = try ImageFile.decode(jpeg, source: "bomb.jpg") }.contains("can hold"))
  }

  @Test func `Mutated pictures never crash`() throws {
    for (index, picture) in try (GoldenPicture.all("images/png.json") + GoldenPicture.all("images/jpeg.json")).enumerated() {
      let refused = FormatGolden.fuzz(picture.file, rounds: 60, seed: UInt64(index)) {
        _ = try ImageFile.decode($0, source: picture.name)
      }
      #expect(refused > 0, "\(picture.name)")
      guard picture.file.starts(with: PNG.signature) else { continue }
      FormatGolden.fuzz(picture.file, rounds: 30, seed: UInt64(index)) { bytes in
        _ = try bytes.withUnsafeBytes { try PNG.text($0, source: picture.name) }
      }
    }
  }
}

/// The checksum of PNG chunks, bit by bit.
enum PNGChecksum {
  static func bytes(of content: ArraySlice<UInt8>) -> [UInt8] {
    var checksum: UInt32 = 0xffff_ffff
    for byte in content {
      checksum ^= UInt32(byte)
      for _ in 0..<8 { checksum = checksum & 1 == 1 ? checksum >> 1 ^ 0xedb8_8320 : checksum >> 1 }
    }
    return withUnsafeBytes(of: (~checksum).bigEndian) { [UInt8]($0) }
  }
}
