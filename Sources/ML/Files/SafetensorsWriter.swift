/// An array that is to be written into a safetensors file.
public struct SafetensorsArray {
  public let name: String
  public let dtype: SafetensorsDType
  public let shape: [Int]
  /// Lends the little-endian bytes; called once, when the array's turn comes.
  let lend: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void

  /// An array whose bytes are lent when they are needed.
  public init(
    name: String, dtype: SafetensorsDType, shape: [Int],
    lend: @escaping ((UnsafeRawBufferPointer) throws -> Void) throws -> Void
  ) {
    self.name = name
    self.dtype = dtype
    self.shape = shape
    self.lend = lend
  }

  /// An array of raw little-endian bytes.
  public init(name: String, dtype: SafetensorsDType, shape: [Int], bytes: [UInt8]) {
    self.init(name: name, dtype: dtype, shape: shape) { body in try bytes.withUnsafeBytes { try body($0) } }
  }

  /// An f32 array.
  public init(name: String, shape: [Int], floats: [Float]) {
    self.init(name: name, dtype: .f32, shape: shape) { body in
      #if _endian(little)
        try floats.withUnsafeBytes { try body($0) }
      #else
        try floats.map { $0.bitPattern.littleEndian }.withUnsafeBytes { try body($0) }
      #endif
    }
  }

  /// An f16 array of values rounded to the nearest.
  public init(name: String, shape: [Int], halvesOf floats: [Float]) {
    self.init(name: name, dtype: .f16, shape: shape) { body in
      try floats.map { HalfPrecision.bits($0).littleEndian }.withUnsafeBytes { try body($0) }
    }
  }
}

extension SafetensorsFile {
  /// Writes arrays into a safetensors file, whole or not at all; the same arrays always give the same bytes.
  ///
  /// The order is that of the reference implementation: types of higher rank first (so that every array is aligned), then
  /// names by their bytes, whatever the order given. Metadata are written by sorted key. The header is padded with spaces to
  /// a multiple of 8 bytes.
  ///
  /// - Throws: `FormatError` for a name used twice, bytes that do not fit the shape, or a failed write.
  public static func write(_ arrays: [SafetensorsArray], metadata: [String: String] = [:], to path: String) throws {
    let file = try AtomicFile(path: path)
    try encode(arrays, metadata: metadata, source: path) { try file.write($0) }
    try file.commit()
  }

  /// The bytes of a safetensors file with these arrays, as `write` would write them.
  public static func bytes(_ arrays: [SafetensorsArray], metadata: [String: String] = [:]) throws -> [UInt8] {
    var result: [UInt8] = []
    try encode(arrays, metadata: metadata, source: "safetensors in memory") { result.append(contentsOf: $0) }
    return result
  }

  private static func encode(
    _ arrays: [SafetensorsArray], metadata: [String: String], source: String,
    append: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    func failure(_ problem: String) -> FormatError { FormatError(format: format, source: source, problem: problem) }
    let sorted = arrays.sorted {
      $0.dtype != $1.dtype ? $0.dtype > $1.dtype : $0.name.utf8.lexicographicallyPrecedes($1.name.utf8)
    }
    var names = Set<[UInt8]>()
    var members: [JSONValue.Member] = []
    if !metadata.isEmpty {
      let texts = metadata.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      members.append(.init(key: "__metadata__", value: .object(texts.map { .init(key: $0.key, value: .string($0.value)) })))
    }
    var sizes: [Int] = []
    var offset = 0
    for array in sorted {
      guard array.name != "__metadata__", names.insert(Array(array.name.utf8)).inserted else {
        throw failure("the name '\(array.name)' is \(array.name == "__metadata__" ? "reserved" : "used twice")")
      }
      guard let size = array.dtype.byteCount(of: array.shape) else {
        throw failure("the size of '\(array.name)' (\(array.dtype.rawValue) \(array.shape)) overflows or is no whole number of bytes")
      }
      sizes.append(size)
      members.append(
        .init(
          key: array.name,
          value: .object([
            .init(key: "dtype", value: .string(array.dtype.rawValue)),
            .init(key: "shape", value: .array(array.shape.map { .integer($0) })),
            .init(key: "data_offsets", value: .array([.integer(offset), .integer(offset + size)])),
          ])))
      offset += size
    }
    var header = Array(JSONValue.object(members).text.utf8)
    header.append(contentsOf: repeatElement(UInt8(ascii: " "), count: (8 - header.count % 8) % 8))
    guard header.count <= maximumHeaderBytes else { throw failure("the header would take \(header.count) bytes, the format allows \(maximumHeaderBytes)") }
    try withUnsafeBytes(of: UInt64(header.count).littleEndian) { try append($0) }
    try header.withUnsafeBytes { try append($0) }
    for (array, size) in zip(sorted, sizes) {
      var given = 0
      try array.lend {
        given += $0.count
        try append($0)
      }
      guard given == size else {
        throw failure("'\(array.name)' is \(array.dtype.rawValue) \(array.shape), \(size) bytes, but \(given) bytes came")
      }
    }
  }
}
