/// One array in NumPy's `.npy` format (versions 1 to 3), read into row-major order.
///
/// Numbers and booleans of either byte order are read; object, text, complex and record arrays are refused.
public struct NumpyFile: Equatable, Sendable {
  /// What the elements are.
  public enum Kind: Character, Sendable {
    case real = "f"
    case signed = "i"
    case unsigned = "u"
    case boolean = "b"
  }

  static let format = "npy"
  private static let signature: [UInt8] = [0x93] + Array("NUMPY".utf8)

  public let shape: [Int]
  public let kind: Kind
  /// Bytes of one element: 1, 2, 4 or 8.
  public let elementBytes: Int
  /// The elements in row-major order, little-endian.
  public let bytes: [UInt8]

  /// Number of elements; 1 for a scalar.
  public var count: Int { bytes.count / elementBytes }

  /// Reads a file.
  ///
  /// - Throws: `FormatError` when the file cannot be read, is damaged, cut short or holds elements of another kind.
  public static func read(_ path: String) throws -> NumpyFile { try NumpyFile(MappedFile.read(path), source: path) }

  /// Decodes the bytes of a file.
  public init(_ content: [UInt8], source: String) throws {
    func failure(_ offset: Int, _ problem: String) -> FormatError {
      FormatError(format: NumpyFile.format, source: source, offset: offset, problem: problem)
    }
    guard content.count >= 10, content.starts(with: NumpyFile.signature) else {
      throw failure(0, "this is no .npy file: its signature is missing")
    }
    guard (1...3).contains(content[6]) else { throw failure(6, "version \(content[6]) is not known, only 1 to 3") }
    let lengthBytes = content[6] == 1 ? 2 : 4
    guard content.count >= 8 + lengthBytes else { throw failure(8, "the header is cut short") }
    let length = content[8..<(8 + lengthBytes)].reversed().reduce(0) { $0 << 8 | Int($1) }
    let start = 8 + lengthBytes + length
    guard start <= content.count else { throw failure(8, "the header claims \(length) bytes, \(content.count - 8 - lengthBytes) are left: the file is cut short") }
    var header = NumpyHeader(Array(content[(8 + lengthBytes)..<start]))
    guard header.parse(), let type = header.type, let isColumnMajor = header.isColumnMajor, let shape = header.shape else {
      throw failure(8 + lengthBytes, "the header is malformed, or its arrays are records or objects, which are not read")
    }
    let order = type.first ?? " "
    guard "<>|=".contains(order), type.count == 3, let kind = type.dropFirst().first.flatMap({ Kind(rawValue: $0) }),
      let size = type.last?.wholeNumberValue, [1, 2, 4, 8].contains(size), kind != .real || size > 1, kind != .boolean || size == 1
    else {
      throw failure(8 + lengthBytes, "elements of type '\(type)' are not supported: save the array as a number type such as float32")
    }
    var total = size
    for length in shape {
      let (product, overflow) = total.multipliedReportingOverflow(by: length)
      guard !overflow else { throw failure(8 + lengthBytes, "the shape \(shape) overflows") }
      total = product
    }
    guard content.count - start == total else {
      throw failure(start, "shape \(shape) of '\(type)' takes \(total) bytes, \(content.count - start) follow: the file is damaged or cut short")
    }
    var bytes = Array(content[start...])
    if order == ">", size > 1 {
      for element in stride(from: 0, to: bytes.count, by: size) { bytes[element..<(element + size)].reverse() }
    }
    if isColumnMajor, shape.count > 1 { bytes = NumpyFile.rowMajor(bytes, shape: shape, size: size) }
    self.shape = shape
    self.kind = kind
    elementBytes = size
    self.bytes = bytes
  }

  private static func rowMajor(_ bytes: [UInt8], shape: [Int], size: Int) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: bytes.count)
    var index = [Int](repeating: 0, count: shape.count)
    for target in 0..<(bytes.count / size) {
      var source = 0
      for axis in shape.indices.reversed() { source = source * shape[axis] + index[axis] }
      for byte in 0..<size { result[target * size + byte] = bytes[source * size + byte] }
      for axis in shape.indices.reversed() {
        index[axis] += 1
        if index[axis] < shape[axis] { break }
        index[axis] = 0
      }
    }
    return result
  }

  /// The elements as Double, in row-major order.
  public func doubles() -> [Double] {
    bytes.withUnsafeBytes { raw in
      (0..<count).map { index in
        func load<Element>(_ type: Element.Type) -> Element { raw.loadUnaligned(fromByteOffset: index * elementBytes, as: type) }
        switch (kind, elementBytes) {
        case (.real, 2): return Double(HalfPrecision.float(UInt16(littleEndian: load(UInt16.self))))
        case (.real, 4): return Double(Float(bitPattern: UInt32(littleEndian: load(UInt32.self))))
        case (.real, _): return Double(bitPattern: UInt64(littleEndian: load(UInt64.self)))
        case (.signed, 1): return Double(load(Int8.self))
        case (.signed, 2): return Double(Int16(littleEndian: load(Int16.self)))
        case (.signed, 4): return Double(Int32(littleEndian: load(Int32.self)))
        case (.signed, _): return Double(Int64(littleEndian: load(Int64.self)))
        case (_, 1): return Double(load(UInt8.self))
        case (_, 2): return Double(UInt16(littleEndian: load(UInt16.self)))
        case (_, 4): return Double(UInt32(littleEndian: load(UInt32.self)))
        default: return Double(UInt64(littleEndian: load(UInt64.self)))
        }
      }
    }
  }

  /// The bytes of a version 1 file, as NumPy writes them.
  ///
  /// - Parameters:
  ///   - type: NumPy's name of the type, such as "<f4".
  ///   - elements: in row-major order, little-endian.
  static func encode(type: String, shape: [Int], elements: UnsafeRawBufferPointer) -> [UInt8] {
    let sizes = shape.count == 1 ? "\(shape[0])," : shape.map { String($0) }.joined(separator: ", ")
    var header = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(sizes)), }"
    // NumPy leaves room for the first size to grow to 21 digits, then pads so that the elements start at a multiple of 64.
    if let first = shape.first { header += String(repeating: " ", count: 21 - String(first).count) }
    header += String(repeating: " ", count: 64 - (10 + header.utf8.count + 1) % 64) + "\n"
    let length = header.utf8.count
    return signature + [1, 0, UInt8(length & 0xff), UInt8(length >> 8)] + Array(header.utf8) + Array(elements)
  }
}

/// The header of an `.npy` file: a Python dictionary with the keys descr, fortran_order and shape.
private struct NumpyHeader {
  private let text: [UInt8]
  private var position = 0
  var type: String?
  var isColumnMajor: Bool?
  var shape: [Int]?

  init(_ text: [UInt8]) { self.text = text }

  private mutating func skipSpace() {
    while position < text.count, [0x20, 0x09, 0x0a].contains(text[position]) { position += 1 }
  }

  private mutating func take(_ word: String) -> Bool {
    skipSpace()
    guard text[position...].starts(with: word.utf8) else { return false }
    position += word.utf8.count
    return true
  }

  private mutating func quoted() -> String? {
    skipSpace()
    guard position < text.count, [UInt8(ascii: "'"), UInt8(ascii: "\"")].contains(text[position]),
      let end = text[(position + 1)...].firstIndex(of: text[position])
    else { return nil }
    defer { position = end + 1 }
    return String(decoding: text[(position + 1)..<end], as: UTF8.self)
  }

  private mutating func sizes() -> [Int]? {
    guard take("(") else { return nil }
    var result: [Int] = []
    while !take(")") {
      skipSpace()
      let digits = text[position...].prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      guard let size = Int(String(decoding: digits, as: UTF8.self)), result.count < 64 else { return nil }
      result.append(size)
      position += digits.count
      if !take(",") {
        guard result.count > 1, take(")") else { return nil }
        return result
      }
    }
    return result
  }

  /// Reads the dictionary; false when it is malformed or a key is missing, unknown or there twice.
  mutating func parse() -> Bool {
    guard take("{") else { return false }
    while !take("}") {
      guard let key = quoted(), take(":") else { return false }
      switch key {
      case "descr" where type == nil:
        type = quoted()
        if type == nil { return false }
      case "fortran_order" where isColumnMajor == nil:
        if take("True") { isColumnMajor = true } else if take("False") { isColumnMajor = false } else { return false }
      case "shape" where shape == nil:
        shape = sizes()
        if shape == nil { return false }
      default: return false
      }
      if !take(",") {
        guard take("}") else { return false }
        break
      }
    }
    skipSpace()
    return position == text.count && type != nil && isColumnMajor != nil && shape != nil
  }
}
