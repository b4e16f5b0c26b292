/// One sample of a shard: the neighbouring files whose names differ only in their extension.
public struct ShardSample: Equatable, Sendable {
  /// One file of a sample.
  public struct Field: Equatable, Sendable {
    /// Extension in lower case, without the dot at its start: "jpg", "txt", "seg.png".
    public let name: String
    /// Where the member starts in the archive.
    public let offset: Int
    /// Where its bytes lie in the archive.
    public let range: Range<Int>
    private let archive: ArchiveBytes

    init(name: String, offset: Int, range: Range<Int>, archive: ArchiveBytes) {
      (self.name, self.offset, self.range, self.archive) = (name, offset, range, archive)
    }

    /// A copy of its bytes; those of a field that nobody asks for are never read from the disk.
    public var bytes: [UInt8] { archive.copy(range) }

    public static func == (a: Field, b: Field) -> Bool {
      a.name == b.name && a.offset == b.offset && a.range == b.range && a.bytes == b.bytes
    }
  }

  /// The common path up to the first dot of the file name.
  public let key: String
  public let fields: [Field]
  /// The archive's path.
  public let source: String

  /// The bytes of the field of that extension, nil when there is none.
  public subscript(name: String) -> [UInt8]? { fields.first { $0.name == name }?.bytes }

  /// "archive: key.extension", as errors name a field.
  public func place(_ field: Field) -> String { "\(source): \(key).\(field.name)" }
}

/// Reads the samples of a WebDataset shard, grouping as webdataset 1.0.2 does.
///
/// A name is cut at the first dot after its last slash; members that are no files, names without a dot and names that
/// begin like `__meta__` are passed over; only neighbours form a sample; an extension that occurs twice in a sample is an
/// error.
public final class ShardReader {
  private let archive: TarReader
  private var held: (key: String, field: ShardSample.Field)?
  /// True when the shard ended without its end mark: whole samples may be missing.
  public var isMissingEnd: Bool { archive.isMissingEnd }
  /// Whether the shard had to be unpacked, so that places of fields are not places in its file.
  public var isUnpacked: Bool { archive.isUnpacked }

  /// Opens a shard.
  ///
  /// - Throws: `FormatError` when the file cannot be read or is empty.
  public init(path: String) throws { archive = try TarReader(path: path) }

  /// Opens a shard that is in memory.
  public init(bytes: [UInt8], source: String) throws { archive = try TarReader(bytes: bytes, source: source) }

  /// The next sample, nil after the last.
  ///
  /// - Throws: `FormatError` naming the shard, the member and the byte offset.
  public func next() throws -> ShardSample? {
    guard let first = try held ?? nextField() else { return nil }
    held = nil
    var fields = [first.field]
    while let (key, field) = try nextField() {
      guard key.utf8.elementsEqual(first.key.utf8) else {
        held = (key, field)
        break
      }
      guard !fields.contains(where: { $0.name.utf8.elementsEqual(field.name.utf8) }) else {
        throw FormatError(
          format: "tar", source: archive.source, offset: field.offset,
          problem: "sample '\(key)' has two files with the extension '\(field.name)'")
      }
      fields.append(field)
    }
    return ShardSample(key: first.key, fields: fields, source: archive.source)
  }

  private func nextField() throws -> (key: String, field: ShardSample.Field)? {
    while let member = try archive.next() {
      guard member.isFile, !ShardReader.isMeta(member.name), let (key, suffix) = ShardReader.split(member.name) else { continue }
      return (key, ShardSample.Field(name: LowerCase.apply(suffix), offset: member.offset, range: member.range, archive: archive.contents))
    }
    return nil
  }

  /// Whether the first part of a path is a name between double underscores.
  static func isMeta(_ name: String) -> Bool {
    let first = name.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)[0]
    guard first.hasPrefix("__") else { return false }
    return first.utf8.count >= 4 && first.hasSuffix("__")
  }

  /// The key and extension of a member name, nil when there is no extension.
  ///
  /// A file name that begins with a dot belongs to its folder: "a/.json" has the key "a/", if that folder's name has no dot.
  static func split(_ name: String) -> (key: String, suffix: String)? {
    let bytes = Array(name.utf8)
    let slash = bytes.lastIndex(of: UInt8(ascii: "/"))
    let fileStart = slash.map { $0 + 1 } ?? 0
    guard let dot = bytes[fileStart...].firstIndex(of: UInt8(ascii: ".")) else { return nil }
    if dot == fileStart {
      guard let slash else { return nil }
      let folder = bytes[..<slash].split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).last ?? []
      if folder.contains(UInt8(ascii: ".")) { return nil }
    }
    return (String(decoding: bytes[..<dot], as: UTF8.self), String(decoding: bytes[(dot + 1)...], as: UTF8.self))
  }
}
