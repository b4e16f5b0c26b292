import Host

/// Plain values between Lua and the store: nil, booleans, numbers, strings, lists, and tables with text keys.
enum LuaConversion {
  private static let deepest = 100

  /// A stored value as Lua has it.
  static func lua(_ value: StoreValue) -> LuaValue {
    switch value {
    case .null: return .none
    case .bool(let flag): return .boolean(flag)
    case .integer(let integer): return .integer(integer)
    case .number(let number): return .number(number)
    case .string(let text): return .string(text)
    case .bytes(let bytes): return .bytes(bytes)
    case .list(let values): return .list(values.map(lua))
    case .table(let entries): return .record(entries.map { ($0.key.text ?? $0.key.plainJSON(), lua($0.value)) })
    case .file(let path): return .string(path)
    case .content(let content): return .string(content.path)
    }
  }

  /// A Lua value as it is stored.
  ///
  /// - Parameter place: what the value is called in messages.
  /// - Throws: `LuaError` naming the field that is not plain.
  static func stored(_ value: LuaValue, place: String, depth: Int = 0) throws -> StoreValue {
    guard depth < deepest else { throw LuaError("\(place): tables are nested more than \(deepest) deep, or contain themselves") }
    switch value {
    case .none: return .null
    case .boolean(let flag): return .bool(flag)
    case .integer(let integer): return .integer(integer)
    case .number(let number): return .number(number)
    case .string(let text): return .string(text)
    case .bytes(let bytes): return .bytes(bytes)
    case .list(let values): return .list(try values.enumerated().map { try stored($1, place: "\(place)[\($0 + 1)]", depth: depth + 1) })
    case .record(let fields): return .table(try fields.map { StoreEntry(.string($0), try stored($1, place: "\(place).\($0)", depth: depth + 1)) })
    case .table(let table): return try stored(table, place: place, depth: depth)
    case .function, .object, .other:
      throw LuaError("\(place) is a \(value.typeName), which is not a plain value; give numbers, strings, booleans and tables of these, and write larger things to files")
    }
  }

  private static func stored(_ table: LuaTable, place: String, depth: Int) throws -> StoreValue {
    let pairs = try table.pairs()
    let count = table.count
    if count > 0 {
      guard pairs.count == count else { throw LuaError("\(place) mixes a list with named fields, or has holes; make it a list or a table of names") }
      return .list(try (1...count).map { try stored(table[$0], place: "\(place)[\($0)]", depth: depth + 1) })
    }
    let entries = try pairs.map { key, value -> StoreEntry in
      guard let name = key.asString else { throw LuaError("\(place) has a key that is a \(key.typeName); keys are names, or 1, 2, ... in a list") }
      return StoreEntry(.string(name), try stored(value, place: "\(place).\(name)", depth: depth + 1))
    }
    return .table(entries.sorted { ($0.key.text ?? "").utf8.lexicographicallyPrecedes(($1.key.text ?? "").utf8) })
  }
}
