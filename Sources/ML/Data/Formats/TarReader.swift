/// One member of a tar archive.
public struct TarMember {
  public let name: String
  /// False for folders, links and devices, which have no bytes of interest.
  public let isFile: Bool
  /// Where the member's (first) header starts in the archive.
  public let offset: Int
  /// Where the contents lie in the archive.
  public let range: Range<Int>
  /// The contents; valid as long as the reader lives.
  public let bytes: UnsafeRawBufferPointer
}

/// The bytes of an archive, mapped or in memory, for as long as somebody may ask for a part of them.
final class ArchiveBytes: @unchecked Sendable {
  private let owner: AnyObject
  let bytes: UnsafeRawBufferPointer

  init(owner: AnyObject, bytes: UnsafeRawBufferPointer) { (self.owner, self.bytes) = (owner, bytes) }

  func copy(_ range: Range<Int>) -> [UInt8] { [UInt8](UnsafeRawBufferPointer(rebasing: bytes[range])) }
}

/// Reads the members of a tar archive one after another.
///
/// Understands ustar, old (V7), GNU (long names, base-256 sizes) and PAX (path, size) headers. Plain archives are mapped
/// and read from the disk as the reading goes on; gzipped ones are unpacked into memory first.
public final class TarReader {
  static let blockSize = 512

  public let source: String
  /// True when the archive ended without the block of zeros that marks its end: whole members may be missing.
  public private(set) var isMissingEnd = false
  let contents: ArchiveBytes
  /// Whether the archive was gzipped.
  public let isUnpacked: Bool
  private var bytes: UnsafeRawBufferPointer { contents.bytes }
  private var position = 0
  private var isAtEnd = false

  /// Opens an archive, gzipped or not, whatever its name.
  ///
  /// - Throws: `FormatError` when the file cannot be read, is empty or is damaged gzip data.
  public convenience init(path: String) throws {
    let file = try MappedFile(path: path)
    if Gzip.isGzip(file.bytes) {
      let unpacked = OwnedBytes(try Gzip.decompress(file.bytes, source: path))
      try self.init(owner: unpacked, bytes: UnsafeRawBufferPointer(unpacked.buffer), source: path, isUnpacked: true)
    } else {
      try self.init(owner: file, bytes: file.bytes, source: path)
    }
  }

  /// Opens an archive that is in memory (not gzipped).
  public convenience init(bytes: [UInt8], source: String) throws {
    let copy = OwnedBytes(bytes)
    try self.init(owner: copy, bytes: UnsafeRawBufferPointer(copy.buffer), source: source)
  }

  private init(owner: AnyObject, bytes: UnsafeRawBufferPointer, source: String, isUnpacked: Bool = false) throws {
    guard bytes.count > 0 else {
      throw FormatError(format: "tar", source: source, offset: 0, problem: "the archive is empty (0 bytes)")
    }
    contents = ArchiveBytes(owner: owner, bytes: bytes)
    self.isUnpacked = isUnpacked
    self.source = source
  }

  /// The next member, nil after the last.
  ///
  /// - Throws: `FormatError` naming the archive, the member and the byte offset when a header is damaged or the archive is cut
  ///   short.
  public func next() throws -> TarMember? {
    var longName: String?
    var longSize: Int?
    var start: Int?
    while !isAtEnd {
      if position >= bytes.count {
        isAtEnd = true
        isMissingEnd = true
        if let start { throw failure(start, "the archive is cut short after a header that announces another") }
        return nil
      }
      guard bytes.count - position >= TarReader.blockSize else {
        throw failure(position, "a header of 512 bytes was expected, \(bytes.count - position) bytes are left: the archive is cut short")
      }
      let block = UnsafeRawBufferPointer(rebasing: bytes[position..<(position + TarReader.blockSize)])
      if block.allSatisfy({ $0 == 0 }) {
        isAtEnd = true
        if let start { throw failure(start, "the archive ends after a header that announces another") }
        return nil
      }
      let header = try TarHeader(block) { self.failure(self.position, $0) }
      let name = longName ?? header.name
      let isExtension = ["L", "K", "x", "g", "X"].contains(header.kind)
      let size = isExtension ? header.size : header.hasContents ? longSize ?? header.size : 0
      let contents = position + TarReader.blockSize
      guard size <= bytes.count - contents else {
        throw failure(
          position, "member '\(name)' claims \(size) bytes, \(bytes.count - contents) are left: the archive is cut short")
      }
      let body = UnsafeRawBufferPointer(rebasing: bytes[contents..<(contents + size)])
      let offset = start ?? position
      position = contents + (size + TarReader.blockSize - 1) / TarReader.blockSize * TarReader.blockSize
      switch header.kind {
      case "L": longName = String(decoding: body.prefix { $0 != 0 }, as: UTF8.self)
      case "x", "X":
        for (key, value) in try TarHeader.extendedRecords(body, failure: { self.failure(offset, $0) }) {
          switch key {
          case "path": longName = value
          case "size":
            guard let size = Int(value), size >= 0 else { throw failure(offset, "the PAX size '\(value)' is no number") }
            longSize = size
          default:
            if key.hasPrefix("GNU.sparse") { throw failure(offset, "sparse members are not supported: write the archive without --sparse") }
          }
        }
      case "K", "g": break
      case "S": throw failure(offset, "member '\(name)' is sparse, which is not supported: write the archive without --sparse")
      default:
        let isFile = header.isFile && !(header.kind == "\0" && name.hasSuffix("/"))
        return TarMember(name: TarReader.trimmed(name), isFile: isFile, offset: offset, range: contents..<(contents + size), bytes: body)
      }
      if isExtension, header.kind != "g" { start = offset }
    }
    return nil
  }

  /// A name without slashes at its end, as tar programs show it.
  private static func trimmed(_ name: String) -> String {
    var result = name[...]
    while result.utf8.last == UInt8(ascii: "/") { result.removeLast() }
    return String(result)
  }

  private func failure(_ offset: Int, _ problem: String) -> FormatError {
    FormatError(format: "tar", source: source, offset: offset, problem: problem)
  }
}

/// The fields of one 512-byte header.
struct TarHeader {
  let name: String
  let size: Int
  let kind: Character

  var isFile: Bool { kind == "0" || kind == "\0" || kind == "7" }
  /// Kinds whose size field counts bytes that follow: all but links, devices, folders and pipes.
  var hasContents: Bool { !("1"..."6").contains(kind) }

  init(_ block: UnsafeRawBufferPointer, failure: (String) -> FormatError) throws {
    var unsigned = 0, signed = 0
    for (index, byte) in block.enumerated() {
      let value = (148..<156).contains(index) ? UInt8(ascii: " ") : byte
      unsigned += Int(value)
      signed += Int(Int8(bitPattern: value))
    }
    guard let checksum = TarHeader.number(block, 148, 8), checksum == unsigned || checksum == signed else {
      throw failure("this is no tar header (its checksum is wrong): the archive is damaged or of another kind")
    }
    let short = TarHeader.text(block, 0, 100)
    guard let size = TarHeader.number(block, 124, 12), size >= 0 else {
      throw failure("the size of member '\(short)' is no number")
    }
    self.size = size
    kind = Character(Unicode.Scalar(block[156]))
    let isStandard = block[257..<263].elementsEqual("ustar\0".utf8)
    let prefix = isStandard ? TarHeader.text(block, 345, 155) : ""
    name = prefix.isEmpty || ["L", "K", "x", "g", "X"].contains(kind) ? short : prefix + "/" + short
  }

  private static func text(_ block: UnsafeRawBufferPointer, _ offset: Int, _ count: Int) -> String {
    String(decoding: block[offset..<(offset + count)].prefix { $0 != 0 }, as: UTF8.self)
  }

  /// An octal number, or a base-256 one when its first bit is set; nil when it is neither or does not fit.
  private static func number(_ block: UnsafeRawBufferPointer, _ offset: Int, _ count: Int) -> Int? {
    let field = block[offset..<(offset + count)]
    if block[offset] & 0x80 != 0 {
      var value = 0
      guard block[offset] == 0x80, field.dropFirst().prefix(max(0, count - 8)).allSatisfy({ $0 == 0 }) else { return nil }
      for byte in field.suffix(min(count - 1, 8)) {
        guard value <= Int.max >> 8 else { return nil }
        value = value << 8 | Int(byte)
      }
      return value
    }
    let digits = field.prefix { $0 != 0 }.drop { $0 == UInt8(ascii: " ") }
    var value = 0
    for (index, byte) in digits.enumerated() {
      if byte == UInt8(ascii: " ") { return digits.dropFirst(index).allSatisfy { $0 == UInt8(ascii: " ") } ? value : nil }
      guard (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(byte) else { return nil }
      value = value * 8 + Int(byte - UInt8(ascii: "0"))
    }
    return value
  }

  /// The records "length key=value\n" of a PAX header.
  static func extendedRecords(
    _ body: UnsafeRawBufferPointer, failure: (String) -> FormatError
  ) throws -> [(key: String, value: String)] {
    var records: [(key: String, value: String)] = []
    var rest = body[...]
    while let first = rest.first, first != 0 {
      guard let space = rest.firstIndex(of: UInt8(ascii: " ")),
        let length = Int(String(decoding: rest[..<space], as: UTF8.self)),
        length > space - rest.startIndex + 1, length <= rest.count
      else { throw failure("a PAX header has a malformed record") }
      let record = rest[(space + 1)..<(rest.startIndex + length)]
      guard record.last == UInt8(ascii: "\n"), let equals = record.firstIndex(of: UInt8(ascii: "=")) else {
        throw failure("a PAX header has a malformed record")
      }
      records.append(
        (String(decoding: record[..<equals], as: UTF8.self), String(decoding: record[(equals + 1)...].dropLast(), as: UTF8.self)))
      rest = rest.dropFirst(length)
    }
    return records
  }
}
