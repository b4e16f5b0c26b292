/// A strict JSON reader (RFC 8259): no comments, no trailing commas, no lone surrogates, at most 127 levels deep.
struct JSONParser {
  /// Deepest nesting of arrays and objects that is read.
  static let maximumDepth = 127

  private let bytes: UnsafeBufferPointer<UInt8>
  private var position = 0
  private let format: String
  private let source: String
  private let base: Int

  /// Reads one JSON value that fills the data but for white space around it.
  ///
  /// - Parameters:
  ///   - bytes: UTF-8 text.
  ///   - format: name of the format for errors.
  ///   - source: where the text comes from.
  ///   - base: offset of the text in the source, added to the offsets in errors.
  /// - Throws: `FormatError` with the byte offset of the fault.
  static func parse(
    _ bytes: UnsafeRawBufferPointer, format: String = "JSON", source: String, base: Int = 0
  ) throws -> JSONValue {
    var parser = JSONParser(bytes: bytes.bindMemory(to: UInt8.self), format: format, source: source, base: base)
    if let offset = parser.firstInvalidUTF8() { throw parser.failure("the text is not valid UTF-8", at: offset) }
    let value = try parser.value(depth: 0)
    parser.skipSpace()
    guard parser.position == bytes.count else { throw parser.failure("text after the end of the JSON value") }
    return value
  }

  /// Reads one JSON value.
  static func parse(_ text: [UInt8], format: String = "JSON", source: String) throws -> JSONValue {
    try text.withUnsafeBytes { try parse($0, format: format, source: source) }
  }

  private init(bytes: UnsafeBufferPointer<UInt8>, format: String, source: String, base: Int) {
    self.bytes = bytes
    self.format = format
    self.source = source
    self.base = base
  }

  private func failure(_ problem: String, at offset: Int? = nil) -> FormatError {
    FormatError(format: format, source: source, offset: base + (offset ?? position), problem: problem)
  }

  private func firstInvalidUTF8() -> Int? {
    var index = 0
    while index < bytes.count {
      let byte = bytes[index]
      if byte < 0x80 {
        index += 1
        continue
      }
      let length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
      guard (0xc2...0xf4).contains(byte), index + length <= bytes.count else { return index }
      for following in 1..<length where bytes[index + following] & 0xc0 != 0x80 { return index }
      let second = bytes[index + 1]
      // Overlong forms, surrogates and values past U+10FFFF.
      if (byte == 0xe0 && second < 0xa0) || (byte == 0xed && second > 0x9f) || (byte == 0xf0 && second < 0x90)
        || (byte == 0xf4 && second > 0x8f)
      {
        return index
      }
      index += length
    }
    return nil
  }

  private mutating func skipSpace() {
    while position < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[position]) { position += 1 }
  }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func take(_ text: StaticString) -> Bool {
    guard bytes.count - position >= text.utf8CodeUnitCount else { return false }
    for index in 0..<text.utf8CodeUnitCount where bytes[position + index] != text.utf8Start[index] { return false }
    position += text.utf8CodeUnitCount
    return true
  }

  private mutating func value(depth: Int) throws -> JSONValue {
    skipSpace()
    guard let byte = next else { throw failure("the text ends where a value was expected") }
    switch byte {
    case UInt8(ascii: "{"): return try object(depth: depth + 1)
    case UInt8(ascii: "["): return try array(depth: depth + 1)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    default:
      if take("true") { return .boolean(true) }
      if take("false") { return .boolean(false) }
      if take("null") { return .null }
      throw failure("a JSON value was expected")
    }
  }

  private mutating func array(depth: Int) throws -> JSONValue {
    guard depth <= JSONParser.maximumDepth else { throw failure("nested more than \(JSONParser.maximumDepth) levels deep") }
    position += 1
    var values: [JSONValue] = []
    skipSpace()
    if take("]") { return .array(values) }
    while true {
      values.append(try value(depth: depth))
      skipSpace()
      if take("]") { return .array(values) }
      guard take(",") else { throw failure("',' or ']' was expected") }
    }
  }

  private mutating func object(depth: Int) throws -> JSONValue {
    guard depth <= JSONParser.maximumDepth else { throw failure("nested more than \(JSONParser.maximumDepth) levels deep") }
    position += 1
    var members: [JSONValue.Member] = []
    skipSpace()
    if take("}") { return .object(members) }
    while true {
      skipSpace()
      guard next == UInt8(ascii: "\"") else { throw failure("a key in quotes was expected") }
      let key = try string()
      skipSpace()
      guard take(":") else { throw failure("':' was expected after the key") }
      members.append(JSONValue.Member(key: key, value: try value(depth: depth)))
      skipSpace()
      if take("}") { return .object(members) }
      guard take(",") else { throw failure("',' or '}' was expected") }
    }
  }

  private mutating func digits() -> Int {
    let start = position
    while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
    return position - start
  }

  private mutating func number() throws -> JSONValue {
    let start = position
    let isNegative = take("-")
    let first = next
    let count = digits()
    guard count > 0, count == 1 || first != UInt8(ascii: "0") else { throw failure("malformed number", at: start) }
    var isWhole = true
    if take(".") {
      isWhole = false
      guard digits() > 0 else { throw failure("digits were expected after '.'") }
    }
    if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
      isWhole = false
      position += 1
      if !take("+") { _ = take("-") }
      guard digits() > 0 else { throw failure("digits were expected in the exponent") }
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    // -0 is a fraction: an integer would lose its sign.
    if isWhole, let whole = Int(text), !(isNegative && whole == 0) { return .integer(whole) }
    guard let value = Double(text), value.isFinite else { throw failure("number out of range", at: start) }
    return .fraction(value)
  }

  private mutating func string() throws -> String {
    let start = position
    position += 1
    var content: [UInt8] = []
    while let byte = next {
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        return String(decoding: content, as: UTF8.self)
      case UInt8(ascii: "\\"):
        position += 1
        try escape(into: &content)
      case 0..<0x20: throw failure("a control character inside a string must be escaped")
      default:
        content.append(byte)
        position += 1
      }
    }
    throw failure("the text ends inside the string that starts here", at: start)
  }

  private mutating func escape(into content: inout [UInt8]) throws {
    guard let byte = next else { throw failure("the text ends inside an escape") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(byte)
    case UInt8(ascii: "b"): content.append(0x08)
    case UInt8(ascii: "f"): content.append(0x0c)
    case UInt8(ascii: "n"): content.append(0x0a)
    case UInt8(ascii: "r"): content.append(0x0d)
    case UInt8(ascii: "t"): content.append(0x09)
    case UInt8(ascii: "u"):
      var code = try fourHexadecimalDigits()
      if (0xd800..<0xdc00).contains(code), take("\\u") {
        let low = try fourHexadecimalDigits()
        guard (0xdc00..<0xe000).contains(low) else { throw failure("half of a surrogate pair in a string") }
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw failure("half of a surrogate pair in a string") }
      content.append(contentsOf: String(Character(scalar)).utf8)
    default: throw failure("unknown escape in a string", at: position - 1)
    }
  }

  private mutating func fourHexadecimalDigits() throws -> UInt32 {
    guard bytes.count - position >= 4 else { throw failure("the text ends inside an escape") }
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue, bytes[position] < 0x80 else {
        throw failure("four hexadecimal digits were expected after \\u")
      }
      code = code << 4 | UInt32(digit)
      position += 1
    }
    return code
  }
}
