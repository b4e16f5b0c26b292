import CZlib

extension PNG {
  /// Reads the text entries (tEXt, zTXt, iTXt chunks) of a PNG file, in file order, without decoding the pixels.
  ///
  /// - Parameters:
  ///   - bytes: the whole file.
  ///   - source: name used in errors.
  ///   - maximumBytes: most bytes that one compressed entry may unpack to, default 1 MiB.
  /// - Throws: `FormatError` naming the chunk and its offset when a chunk is damaged or cut short.
  public static func text(
    _ bytes: UnsafeRawBufferPointer, source: String, maximumBytes: Int = 1 << 20
  ) throws -> [PNGText] {
    guard isPNG(bytes) else {
      throw FormatError(format: "PNG", source: source, problem: "this is no PNG file: its signature is missing")
    }
    var entries: [PNGText] = []
    var position = signature.count
    while true {
      guard bytes.count - position >= 12 else {
        throw FormatError(
          format: "PNG", source: source, offset: position, problem: "a chunk was expected, the data end: the file is cut short")
      }
      let length = Int(bigEndian32(bytes, position))
      let type = String(decoding: bytes[(position + 4)..<(position + 8)], as: UTF8.self)
      guard length <= bytes.count - position - 12 else {
        throw FormatError(
          format: "PNG", source: source, offset: position,
          problem: "chunk \(type) claims \(length) bytes, \(bytes.count - position - 12) are left: the file is cut short")
      }
      if type == "IEND" { return entries }
      if ["tEXt", "zTXt", "iTXt"].contains(type) {
        let body = UnsafeRawBufferPointer(rebasing: bytes[(position + 8)..<(position + 8 + length)])
        let checked = UnsafeRawBufferPointer(rebasing: bytes[(position + 4)..<(position + 8 + length)])
        guard checksum(checked) == bigEndian32(bytes, position + 8 + length) else {
          throw FormatError(format: "PNG", source: source, offset: position, problem: "the checksum of chunk \(type) is wrong")
        }
        guard let entry = try textEntry(type, body, source: source, maximumBytes: maximumBytes) else {
          throw FormatError(format: "PNG", source: source, offset: position, problem: "chunk \(type) is malformed")
        }
        entries.append(entry)
      }
      position += 12 + length
    }
  }

  /// Reads the text entries of a PNG file.
  ///
  /// - Throws: `FormatError` when the file cannot be read or is damaged.
  public static func text(ofFile path: String) throws -> [PNGText] {
    let file = try MappedFile(path: path)
    return try withExtendedLifetime(file) { try text(file.bytes, source: path) }
  }

  private static func textEntry(
    _ type: String, _ body: UnsafeRawBufferPointer, source: String, maximumBytes: Int
  ) throws -> PNGText? {
    func inflate(_ bytes: ArraySlice<UInt8>) throws -> [UInt8] {
      try bytes.withUnsafeBytes { try Gzip.decompress($0, source: source, maximumBytes: maximumBytes) }
    }
    func latin(_ bytes: some Sequence<UInt8>) -> String {
      var text = ""
      for byte in bytes { text.unicodeScalars.append(Unicode.Scalar(byte)) }
      return text
    }
    let content = [UInt8](body)
    guard let end = content.firstIndex(of: 0), (1...79).contains(end) else { return nil }
    let keyword = latin(content[..<end])
    let rest = content[(end + 1)...]
    switch type {
    case "tEXt": return PNGText(keyword, latin(rest))
    case "zTXt":
      guard rest.first == 0 else { return nil }
      return PNGText(keyword, latin(try inflate(rest.dropFirst())))
    default:
      guard rest.count >= 4, let flag = rest.first, flag <= 1 else { return nil }
      let afterMethod = rest.dropFirst(2)
      guard let language = afterMethod.firstIndex(of: 0) else { return nil }
      let afterLanguage = content[(language + 1)...]
      guard let translated = afterLanguage.firstIndex(of: 0) else { return nil }
      let text = content[(translated + 1)...]
      return PNGText(keyword, String(decoding: flag == 1 ? try inflate(text)[...] : text, as: UTF8.self))
    }
  }

  private static func bigEndian32(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt32 {
    UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }

  private static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    UInt32(truncatingIfNeeded: crc32(0, bytes.bindMemory(to: UInt8.self).baseAddress, UInt32(bytes.count)))
  }
}
