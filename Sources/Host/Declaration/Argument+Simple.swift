extension Argument where Value == Double {
    /// A number; strings are not converted.
    public static func number(_ name: String, _ doc: String, default fallback: Double? = nil) -> Argument {
        Argument(name, "number", doc, default: fallback, defaultText: fallback.map(luaText)) { call, index in call.number(index) }
    }
}

extension Argument where Value == Int {
    /// An integer; a float with a whole value counts.
    ///
    /// - Parameter range: the values allowed; others are an error that names the range.
    public static func integer(_ name: String, _ doc: String, default fallback: Int? = nil, in range: ClosedRange<Int>? = nil) -> Argument {
        Argument(name, "integer", doc, default: fallback, defaultText: fallback.map(String.init)) { call, index in
            guard let value = call.integer(index) else {
                if let number = call.number(index) { throw ArgumentFault.wrongType(expected: "integer", got: luaText(number)) }
                return nil
            }
            if let range, !range.contains(value) { throw ArgumentFault.invalid("\(name) must be \(words(range)), got \(value)") }
            return value
        }
    }
}

extension Argument where Value == String {
    /// A string; numbers are not converted.
    public static func string(_ name: String, _ doc: String, default fallback: String? = nil) -> Argument {
        Argument(name, "string", doc, default: fallback, defaultText: fallback.map(quoted)) { call, index in call.string(index) }
    }

    /// One of a few words.
    public static func choice(_ name: String, _ doc: String, _ words: [String], default fallback: String? = nil) -> Argument {
        let type = words.map(quoted).joined(separator: "|")
        return Argument(name, type, doc, expected: oneOf(words), default: fallback, defaultText: fallback.map(quoted)) { call, index in
            guard let word = call.string(index) else { return nil }
            guard words.contains(word) else { throw unknownChoice(word, words) }
            return word
        }
    }
}

extension Argument where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    /// One of the cases of an enumeration, by its raw value.
    public static func choice(_ name: String, _ doc: String, of type: Value.Type = Value.self, default fallback: Value? = nil) -> Argument {
        let words = Value.allCases.map(\.rawValue)
        let type = words.map(quoted).joined(separator: "|")
        return Argument(
            name, type, doc, expected: oneOf(words), default: fallback, defaultText: fallback.map { quoted($0.rawValue) }
        ) { call, index in
            guard let word = call.string(index) else { return nil }
            guard let value = Value(rawValue: word) else { throw unknownChoice(word, words) }
            return value
        }
    }
}

extension Argument where Value == [UInt8] {
    /// A string as bytes, which need not be UTF-8.
    public static func bytes(_ name: String, _ doc: String) -> Argument {
        Argument(name, "string", doc) { call, index in call.bytes(index) }
    }
}

extension Argument where Value == Bool {
    /// A boolean; nil is not false unless that is the default.
    public static func boolean(_ name: String, _ doc: String, default fallback: Bool? = nil) -> Argument {
        Argument(name, "boolean", doc, default: fallback, defaultText: fallback.map(String.init)) { call, index in call.boolean(index) }
    }
}

extension Argument where Value == LuaValue {
    /// Any value, nil included.
    ///
    /// - Parameter type: as LuaCATS writes it, when only some types make sense; the body checks it.
    public static func any(_ name: String, _ doc: String, type: String = "any") -> Argument {
        Argument(ArgumentDescription(name, type, doc, isOptional: true)) { call, index in call.value(index) }
    }
}

extension Argument where Value == LuaTable {
    /// Any table, read by the body.
    public static func table(_ name: String, _ doc: String, type: String = "table") -> Argument {
        Argument(name, type, doc, expected: "table") { call, index in call.table(index) }
    }
}

extension Argument where Value == LuaFunction {
    /// A Lua function that the body calls.
    ///
    /// - Parameter type: as LuaCATS writes it, e.g. "fun(step: integer, loss: number)".
    public static func callback(_ name: String, _ doc: String, type: String = "function") -> Argument {
        Argument(name, type, doc, expected: "function") { call, index in call.function(index) }
    }
}

extension Argument where Value: LuaObject {
    /// An object of a declared type.
    public static func object(_ name: String, _ doc: String, _ type: Value.Type = Value.self) -> Argument {
        Argument(name, Value.luaName, doc) { call, index in try call.object(index, as: Value.self) }
    }
}

/// A string as Lua would write it.
func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": result += "\\\""
        case "\\": result += "\\\\"
        case "\n": result += "\\n"
        case "\r": result += "\\r"
        case "\t": result += "\\t"
        case "\0": result += "\\0"
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result + "\""
}

/// A number as a reader would write it in Lua: whole numbers without a fraction.
func luaText(_ number: Double) -> String {
    if let whole = Int(exactly: number), abs(whole) < 1 << 53 { return String(whole) }
    if number.isInfinite { return number < 0 ? "-math.huge" : "math.huge" }
    return "\(number)"
}

private func oneOf(_ words: [String]) -> String {
    let quotedWords = words.map(quoted)
    guard quotedWords.count > 1 else { return quotedWords.first ?? "nothing" }
    return quotedWords.dropLast().joined(separator: ", ") + " or " + quotedWords[quotedWords.count - 1]
}

private func unknownChoice(_ word: String, _ words: [String]) -> ArgumentFault {
    let near = nearestName(to: word, among: words).map { "; did you mean \(quoted($0))?" } ?? ""
    return .invalid("\(oneOf(words)) expected, got \(quoted(word))\(near)")
}

private func words(_ range: ClosedRange<Int>) -> String {
    if range.upperBound == .max { return "at least \(range.lowerBound)" }
    if range.lowerBound == .min { return "at most \(range.upperBound)" }
    return "from \(range.lowerBound) to \(range.upperBound)"
}
