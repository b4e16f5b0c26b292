/// A safetensors file: named arrays behind a JSON header, mapped into memory and read where they are touched.
///
/// Files are accepted and refused as by safetensors 0.8.0: the header is at most 100,000,000 bytes of JSON (spaces before
/// the brace are accepted), the arrays fill the rest of the file without gaps, overlaps or remainder. One rule is stricter: a
/// name that occurs twice is always refused.
public final class SafetensorsFile: @unchecked Sendable {
  /// One named array.
  public struct Entry: Sendable, Equatable {
    public let name: String
    public let dtype: SafetensorsDType
    public let shape: [Int]
    /// Where the bytes are, counted from the start of the file.
    public let range: Range<Int>

    /// Number of elements; 1 for a scalar.
    public var count: Int { shape.reduce(1, *) }
  }

  static let format = "safetensors"
  static let maximumHeaderBytes = 100_000_000

  /// The path, or the name given with bytes.
  public let source: String
  /// The arrays in the order of their bytes in the file.
  public let entries: [Entry]
  /// The texts under `__metadata__`.
  public let metadata: [String: String]
  /// Keeps the mapping or the copy alive that `bytes` points into.
  private let owner: AnyObject
  private let bytes: UnsafeRawBufferPointer
  /// Indices into `entries`, sorted by the bytes of the names. A dictionary of strings would take canonically equivalent
  /// spellings for one name, the format does not.
  private let sortedByName: [Int]

  /// Maps a file and checks its whole header; no array is read yet.
  ///
  /// - Throws: `FormatError` when the file cannot be read or breaks the format.
  public convenience init(path: String) throws {
    let file = try MappedFile(path: path)
    try self.init(owner: file, bytes: file.bytes, source: path)
  }

  /// Opens data that are already in memory.
  ///
  /// - Throws: `FormatError` when the data break the format.
  public convenience init(bytes: [UInt8], source: String) throws {
    let copy = OwnedBytes(bytes)
    try self.init(owner: copy, bytes: UnsafeRawBufferPointer(copy.buffer), source: source)
  }

  private init(owner: AnyObject, bytes: UnsafeRawBufferPointer, source: String) throws {
    self.owner = owner
    self.bytes = bytes
    self.source = source
    let header = try SafetensorsHeader.parse(bytes, source: source)
    entries = header.entries
    metadata = header.metadata
    let names = header.entries.map { Array($0.name.utf8) }
    sortedByName = names.indices.sorted { names[$0].lexicographicallyPrecedes(names[$1]) }
    for (first, second) in zip(sortedByName, sortedByName.dropFirst()) where names[first] == names[second] {
      throw FormatError(format: SafetensorsFile.format, source: source, problem: "the name '\(entries[first].name)' occurs twice")
    }
  }

  /// The entry of that name, nil when there is none.
  public func find(_ name: String) -> Entry? {
    let wanted = name.utf8
    var low = 0, high = sortedByName.count
    while low < high {
      let middle = (low + high) / 2
      if entries[sortedByName[middle]].name.utf8.lexicographicallyPrecedes(wanted) { low = middle + 1 } else { high = middle }
    }
    guard low < sortedByName.count else { return nil }
    let entry = entries[sortedByName[low]]
    return entry.name.utf8.elementsEqual(wanted) ? entry : nil
  }

  /// The entry of that name.
  ///
  /// - Throws: `FormatError` that lists the first names there are.
  public func entry(_ name: String) throws -> Entry {
    if let entry = find(name) { return entry }
    let some = sortedByName.prefix(8).map { entries[$0].name }.joined(separator: ", ")
    throw FormatError(
      format: SafetensorsFile.format, source: source,
      problem: "there is no tensor '\(name)'; the file has \(entries.count): \(some)\(entries.count > 8 ? ", ..." : "")")
  }

  /// Lends the raw little-endian bytes of an array; they need not be aligned.
  public func withBytes<Result>(of entry: Entry, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    try withExtendedLifetime(owner) { try body(UnsafeRawBufferPointer(rebasing: bytes[entry.range])) }
  }

  /// The values of an array as f32, converted from any type but the 4, 6 and 8-bit floats and complex numbers.
  ///
  /// - Throws: `FormatError` when there is no such name or its type is not supported.
  public func floats(_ name: String) throws -> [Float] {
    let entry = try entry(name)
    return try withBytes(of: entry) { raw in
      func convert<Element>(_ type: Element.Type, _ body: (Element) -> Float) -> [Float] {
        let size = MemoryLayout<Element>.size
        return [Float](unsafeUninitializedCapacity: entry.count) { buffer, count in
          for index in 0..<entry.count { buffer[index] = body(raw.loadUnaligned(fromByteOffset: index * size, as: type)) }
          count = entry.count
        }
      }
      switch entry.dtype {
      case .f32: return convert(UInt32.self) { Float(bitPattern: UInt32(littleEndian: $0)) }
      case .f64: return convert(UInt64.self) { Float(Double(bitPattern: UInt64(littleEndian: $0))) }
      case .f16: return convert(UInt16.self) { HalfPrecision.float(UInt16(littleEndian: $0)) }
      case .bf16: return convert(UInt16.self) { HalfPrecision.brainFloat(UInt16(littleEndian: $0)) }
      case .u8: return convert(UInt8.self) { Float($0) }
      case .i8: return convert(Int8.self) { Float($0) }
      case .bool: return convert(UInt8.self) { $0 == 0 ? 0 : 1 }
      case .u16: return convert(UInt16.self) { Float(UInt16(littleEndian: $0)) }
      case .i16: return convert(Int16.self) { Float(Int16(littleEndian: $0)) }
      case .u32: return convert(UInt32.self) { Float(UInt32(littleEndian: $0)) }
      case .i32: return convert(Int32.self) { Float(Int32(littleEndian: $0)) }
      case .u64: return convert(UInt64.self) { Float(UInt64(littleEndian: $0)) }
      case .i64: return convert(Int64.self) { Float(Int64(littleEndian: $0)) }
      default:
        throw FormatError(
          format: SafetensorsFile.format, source: source,
          problem: "tensor '\(name)' has type \(entry.dtype.rawValue), which cannot be turned into f32 here")
      }
    }
  }
}

/// Bytes with a fixed address for as long as the object lives.
final class OwnedBytes {
  let buffer: UnsafeMutableRawBufferPointer

  init(_ bytes: [UInt8]) {
    buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
    buffer.copyBytes(from: bytes)
  }

  deinit { buffer.deallocate() }
}
