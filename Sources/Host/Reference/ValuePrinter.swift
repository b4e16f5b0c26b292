import CLuaBridge

/// Shows Lua values to people: tables with sorted keys, bounded in depth, length and width, and safe with cycles.
public struct ValuePrinter {
    let state: LuaState
    /// Elements shown of one table; the rest is counted.
    public var elementLimit = 50
    /// Tables shown inside tables; deeper ones are `{...}`.
    public var depthLimit = 5
    /// Columns before a table is broken into lines.
    public var width = 100

    public init(_ state: LuaState) { self.state = state }

    /// Several values as `print` separates them.
    public func line(_ values: [LuaValue]) -> String { values.map { text($0) }.joined(separator: "\t") }

    /// One value; a string stands for itself.
    public func text(_ value: LuaValue) -> String {
        switch value {
        case .string(let text): return text
        case .bytes(let bytes): return String(decoding: bytes, as: UTF8.self)
        default:
            var path: [UnsafeRawPointer] = []
            return nested(value, indent: 0, &path)
        }
    }

    private func nested(_ value: LuaValue, indent: Int, _ path: inout [UnsafeRawPointer]) -> String {
        switch value {
        case .string(let text): return quoted(text)
        case .bytes(let bytes): return quoted(String(decoding: bytes, as: UTF8.self))
        case .table(let table): return show(table, indent: indent, &path)
        default: return luaText(value)
        }
    }

    /// What `tostring` gives.
    private func luaText(_ value: LuaValue) -> String {
        state.entering(forgets: false) { L in
            guard lua_checkstack(L, 8) != 0, (try? state.push(value, on: L)) != nil else { return value.typeName }
            defer { loam_pop(L, 2) }
            loam_push_text(L, -1)
            return Call(state, L).string(-1) ?? value.typeName
        }
    }

    private func show(_ table: LuaTable, indent: Int, _ path: inout [UnsafeRawPointer]) -> String {
        let (address, hasText) = facts(table)
        if hasText { return luaText(.table(table)) }
        if path.contains(address) { return "{cycle}" }
        guard path.count < depthLimit else { return "{...}" }
        path.append(address)
        defer { path.removeLast() }
        var parts: [String] = []
        let count = table.count
        for position in 1..<(min(count, elementLimit) + 1) { parts.append(nested(table[position], indent: indent + 2, &path)) }
        if count > elementLimit { parts.append("... \(count - elementLimit) more") }
        let fields = sortedFields(table, beyond: count)
        for (key, value) in fields.prefix(elementLimit) {
            parts.append("\(keyText(key)) = \(nested(value, indent: indent + 2, &path))")
        }
        if fields.count > elementLimit { parts.append("... \(fields.count - elementLimit) more fields") }
        let line = "{" + parts.joined(separator: ", ") + "}"
        if indent + line.count <= width && !line.contains("\n") { return line }
        let space = String(repeating: " ", count: indent + 2)
        return "{\n" + parts.map { space + $0 }.joined(separator: ",\n") + "\n" + String(repeating: " ", count: indent) + "}"
    }

    /// The table's address, and whether it has a text of its own.
    private func facts(_ table: LuaTable) -> (UnsafeRawPointer, hasText: Bool) {
        let L = state.running
        table.reference.push(L)
        defer { loam_pop(L, 1) }
        let address = UnsafeRawPointer(lua_topointer(L, -1)!)
        guard luaL_getmetafield(L, -1, "__tostring") != LUA_TNIL else { return (address, false) }
        loam_pop(L, 1)
        return (address, true)
    }

    /// The pairs outside the list part: numbers first in order, then strings in order, then the others.
    private func sortedFields(_ table: LuaTable, beyond count: Int) -> [(key: LuaValue, value: LuaValue)] {
        let pairs = (try? table.pairs()) ?? []
        let fields = pairs.filter { key, _ in
            guard case .integer(let position) = key else { return true }
            return position < 1 || position > count
        }
        return fields.sorted { left, right in
            switch (left.key.asNumber, right.key.asNumber) {
            case (let a?, let b?): return a < b
            case (_?, nil): return true
            case (nil, _?): return false
            case (nil, nil): break
            }
            switch (left.key.asString, right.key.asString) {
            case (let a?, let b?): return a < b
            case (_?, nil): return true
            default: return false
            }
        }
    }

    private func keyText(_ key: LuaValue) -> String {
        if case .string(let name) = key { return isName(name) ? name : "[\(quoted(name))]" }
        return "[\(luaText(key))]"
    }
}

/// Whether a string can be written as a field name without brackets.
func isName(_ text: String) -> Bool {
    let scalars = text.unicodeScalars
    guard let first = scalars.first, first == "_" || first.isASCII && first.properties.isAlphabetic else { return false }
    return scalars.allSatisfy { $0 == "_" || $0.isASCII && ($0.properties.isAlphabetic || ("0"..."9").contains($0)) } && !luaKeywords.contains(text)
}

/// The reserved words of Lua 5.4.
let luaKeywords: Set<String> = [
    "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in", "local", "nil", "not",
    "or", "repeat", "return", "then", "true", "until", "while",
]
