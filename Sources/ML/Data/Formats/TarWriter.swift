/// Writes a tar archive, whole or not at all; the same members always give the same bytes.
///
/// Members are plain files of mode 0644, owner 0 and time 0 in ustar headers. Names that are longer than 100 bytes or not
/// ASCII get a PAX header before theirs.
public final class TarWriter {
  private static let recordSize = 20 * TarReader.blockSize

  private let file: AtomicFile
  /// Bytes written so far, headers included.
  public var count: Int { file.count }

  /// Starts an archive that appears under `path` when `finish()` has been called.
  ///
  /// - Throws: `FormatError` when the folder is missing or may not be written.
  public init(path: String) throws { file = try AtomicFile(path: path) }

  /// Appends a file.
  ///
  /// - Parameters:
  ///   - name: path inside the archive; not empty, not absolute, no NUL.
  ///   - bytes: its contents.
  /// - Throws: `FormatError` for a name that cannot be, or when the disk refuses.
  public func add(_ name: String, _ bytes: UnsafeRawBufferPointer) throws {
    guard !name.isEmpty, !name.hasPrefix("/"), !name.hasSuffix("/"), !name.utf8.contains(0) else {
      throw FormatError(
        format: "tar", source: file.path, offset: file.count,
        problem: "'\(name)' cannot name a member: it must be a relative path without NUL that does not end in '/'")
    }
    let maximumSize = 0o777_7777_7777
    guard bytes.count <= maximumSize else {
      throw FormatError(
        format: "tar", source: file.path, offset: file.count, problem: "member '\(name)' has more than \(maximumSize) bytes")
    }
    let isPlain = name.utf8.count <= 100 && name.utf8.allSatisfy { $0 < 0x80 }
    if !isPlain {
      let record = TarWriter.extendedRecord("path", name)
      try file.write(TarWriter.header(Array("././@PaxHeader".utf8), size: record.count, kind: "x", mode: 0))
      try record.withUnsafeBytes { try writePadded($0) }
    }
    let short = name.unicodeScalars.map { $0.isASCII ? UInt8($0.value) : UInt8(ascii: "?") }.prefix(100)
    try file.write(TarWriter.header(Array(short), size: bytes.count, kind: "0", mode: 0o644))
    try writePadded(bytes)
  }

  /// Appends a file.
  public func add(_ name: String, _ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try add(name, $0) } }

  /// Writes the end mark and puts the archive under its name.
  public func finish() throws {
    let end = file.count + 2 * TarReader.blockSize
    let total = (end + TarWriter.recordSize - 1) / TarWriter.recordSize * TarWriter.recordSize
    try file.write([UInt8](repeating: 0, count: total - file.count))
    try file.commit()
  }

  /// Drops the archive; what was under its name is untouched.
  public func discard() { file.discard() }

  private func writePadded(_ bytes: UnsafeRawBufferPointer) throws {
    if bytes.count > 0 { try file.write(bytes) }
    let rest = bytes.count % TarReader.blockSize
    if rest > 0 { try file.write([UInt8](repeating: 0, count: TarReader.blockSize - rest)) }
  }

  /// "length key=value\n", where the length counts its own digits.
  private static func extendedRecord(_ key: String, _ value: String) -> [UInt8] {
    let content = Array(" \(key)=\(value)\n".utf8)
    var length = content.count
    while content.count + String(length).utf8.count != length { length = content.count + String(length).utf8.count }
    return Array(String(length).utf8) + content
  }

  private static func header(_ name: [UInt8], size: Int, kind: Character, mode: Int) -> [UInt8] {
    var block = [UInt8](repeating: 0, count: TarReader.blockSize)
    func put(_ bytes: some Sequence<UInt8>, at offset: Int) {
      for (index, byte) in bytes.enumerated() { block[offset + index] = byte }
    }
    func octal(_ value: Int, digits: Int) -> [UInt8] {
      let text = String(value, radix: 8)
      return Array((String(repeating: "0", count: digits - text.utf8.count) + text).utf8)
    }
    put(name, at: 0)
    put(octal(mode, digits: 7), at: 100)
    put(octal(0, digits: 7), at: 108)
    put(octal(0, digits: 7), at: 116)
    put(octal(size, digits: 11), at: 124)
    put(octal(0, digits: 11), at: 136)
    put(repeatElement(UInt8(ascii: " "), count: 8), at: 148)
    put(String(kind).utf8, at: 156)
    put("ustar\0".utf8, at: 257)
    put("00".utf8, at: 263)
    put(octal(block.reduce(0) { $0 + Int($1) }, digits: 6) + [0], at: 148)
    return block
  }
}
