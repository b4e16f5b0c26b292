import Host

/// The code of a Lua function as `string.dump(f, true)` gives it, without what depends on the text around the function.
///
/// Lua leaves in the lines at which functions begin even when it strips everything else; with them, a blank line above a stage would be a change of its
/// code. It also leaves in where the function finds what it captures, a register or a place among the captures of the function around it; with these, a
/// new local above a stage would be one. The captured values have their own part in a key, under their names.
struct FunctionCode {
  /// The dump with all line numbers, the places of the outermost function's captures, and the kinds of all captures, set to 0.
  private(set) var bytes: [UInt8] = []
  /// Text constants of the function and of those inside it, among them the names of the globals they use.
  private(set) var texts: Set<String> = []
  private let dump: [UInt8]
  private var position = 0

  private struct Damage: Error {}

  /// Reads a dump.
  ///
  /// - Throws: `LuaError` when it is not a dump of Lua 5.4.
  init(dump: [UInt8]) throws {
    self.dump = dump
    do {
      // Signature, version, format, check bytes, sizes, and the two check numbers.
      let header = 4 + 1 + 1 + 6 + 3 + 8 + 8
      guard dump.count > header, dump[0] == 0x1B, dump[4] == 0x54, dump[12] == 4, dump[13] == 8, dump[14] == 8 else { throw Damage() }
      try copy(header + 1)
      try function(isOutermost: true)
      guard position == dump.count else { throw Damage() }
    } catch is Damage {
      throw LuaError("the code of a function could not be read: string.dump gave another form than Lua 5.4's")
    }
  }

  private mutating func byte() throws -> UInt8 {
    guard position < dump.count else { throw Damage() }
    defer { position += 1 }
    return dump[position]
  }

  private mutating func copy(_ count: Int) throws {
    guard count >= 0, count <= dump.count - position else { throw Damage() }
    bytes += dump[position..<(position + count)]
    position += count
  }

  /// A number in groups of 7 bits, the highest first; the last has its top bit set.
  private mutating func number(keeping: Bool = true) throws -> Int {
    let start = position
    var value = 0
    while true {
      let next = try byte()
      guard value < 1 << 55 else { throw Damage() }
      value = value << 7 | Int(next & 0x7F)
      if next & 0x80 != 0 { break }
    }
    bytes += keeping ? Array(dump[start..<position]) : [0x80]
    return value
  }

  private mutating func string(isConstant: Bool = false) throws {
    let size = try number()
    guard size > 0 else { return }
    let start = position
    try copy(size - 1)
    if isConstant { texts.insert(String(decoding: dump[start..<position], as: UTF8.self)) }
  }

  private mutating func function(isOutermost: Bool) throws {
    try string()
    _ = try number(keeping: false)
    _ = try number(keeping: false)
    try copy(3)
    try copy(4 * (try number()))
    for _ in 0..<(try number()) {
      let kind = try byte()
      bytes.append(kind)
      switch kind {
      case 0x13, 0x03: try copy(8)
      case 0x04, 0x14: try string(isConstant: true)
      case 0x00, 0x01, 0x11: break
      default: throw Damage()
      }
    }
    // Of each capture: whether it is a local of the function around, its place there, and whether it was declared a constant, which the compiler alone asks for.
    for _ in 0..<(try number()) {
      let place = bytes.count
      try copy(3)
      bytes[place + 2] = 0
      if isOutermost { (bytes[place], bytes[place + 1]) = (0, 0) }
    }
    for _ in 0..<(try number()) { try function(isOutermost: false) }
    try copy(try number())
    for _ in 0..<(try number()) {
      _ = try number(keeping: false)
      _ = try number(keeping: false)
    }
    for _ in 0..<(try number()) {
      try string()
      _ = try number()
      _ = try number()
    }
    for _ in 0..<(try number()) { try string() }
  }
}
