#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

extension StoreValue {
    /// Reads JSON as written by ``json(pretty:)``, or ordinary JSON: numbers without point and exponent are integers.
    /// - Throws: ``StoreError`` naming line and column.
    public init(json text: String) throws {
        try self.init(json: Array(text.utf8))
    }

    /// Reads UTF-8 JSON.
    /// - Throws: ``StoreError`` naming line and column.
    public init(json bytes: [UInt8]) throws { try self.init(json: bytes, readsMarks: true) }

    /// Reads UTF-8 JSON of other programs, in which a key that starts with `$` means nothing.
    /// - Throws: ``StoreError`` naming line and column.
    public init(plainJSON bytes: [UInt8]) throws { try self.init(json: bytes, readsMarks: false) }

    private init(json bytes: [UInt8], readsMarks: Bool) throws {
        guard String(validating: bytes, as: UTF8.self) != nil else { throw StoreError("the JSON text is not valid UTF-8") }
        var reader = JSONReader(bytes, readsMarks: readsMarks)
        self = try reader.document()
    }
}

/// A reader of RFC 8259 JSON: strict, of bounded depth, exact for 64-bit integers.
private struct JSONReader {
    private let bytes: [UInt8]
    private let readsMarks: Bool
    private var position = 0

    init(_ bytes: [UInt8], readsMarks: Bool) {
        self.bytes = bytes
        self.readsMarks = readsMarks
    }

    mutating func document() throws -> StoreValue {
        let result = try value(depth: 0)
        skipSpace()
        guard position == bytes.count else { throw fault("expected the end of the text") }
        return result
    }

    private func fault(_ message: String) -> StoreError {
        var line = 1
        var column = 1
        for byte in bytes[..<min(position, bytes.count)] {
            if byte == 10 { (line, column) = (line + 1, 1) } else { column += 1 }
        }
        return StoreError("JSON, line \(line), column \(column): \(message)")
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 32 || byte == 10 || byte == 13 || byte == 9 { position += 1 }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func take(word: String, _ value: StoreValue) throws -> StoreValue {
        guard bytes[position...].starts(with: word.utf8) else { throw fault("expected a value") }
        position += word.utf8.count
        return value
    }

    private mutating func value(depth: Int) throws -> StoreValue {
        guard depth < CanonicalEncoder.deepest else { throw fault("nested more than \(CanonicalEncoder.deepest) levels deep") }
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try list(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try take(word: "true", true)
        case UInt8(ascii: "f"): return try take(word: "false", false)
        case UInt8(ascii: "n"): return try take(word: "null", .null)
        case .some: return try number()
        case nil: throw fault("expected a value, found the end of the text")
        }
    }

    private mutating func list(depth: Int) throws -> StoreValue {
        position += 1
        var values: [StoreValue] = []
        skipSpace()
        if take("]") { return .list(values) }
        while true {
            values.append(try value(depth: depth + 1))
            skipSpace()
            if take("]") { return .list(values) }
            guard take(",") else { throw fault("expected a comma or ]") }
        }
    }

    private mutating func object(depth: Int) throws -> StoreValue {
        position += 1
        var entries: [StoreEntry] = []
        var seen: Set<[UInt8]> = []
        skipSpace()
        if take("}") { return .table([StoreEntry]()) }
        while true {
            skipSpace()
            guard next == UInt8(ascii: "\"") else { throw fault("expected a key in quotes") }
            let key = try string()
            guard seen.insert(Array(key.utf8)).inserted else { throw fault("the key \"\(key)\" comes twice") }
            skipSpace()
            guard take(":") else { throw fault("expected a colon") }
            entries.append(StoreEntry(.string(key), try value(depth: depth + 1)))
            skipSpace()
            if take("}") { return try marked(entries) }
            guard take(",") else { throw fault("expected a comma or }") }
        }
    }

    private mutating func number() throws -> StoreValue {
        let start = position
        func digits(_ reader: inout JSONReader) -> Bool {
            let first = reader.position
            while let byte = reader.next, byte >= 48, byte <= 57 { reader.position += 1 }
            return reader.position > first
        }
        _ = take("-")
        if take("0") {
            if let byte = next, byte >= 48, byte <= 57 { throw fault("a number must not start with 0") }
        } else {
            guard digits(&self) else { throw fault("expected a value") }
        }
        var isInteger = true
        if take(".") {
            isInteger = false
            guard digits(&self) else { throw fault("expected digits after the point") }
        }
        if take("e") || take("E") {
            isInteger = false
            if !take("+") { _ = take("-") }
            guard digits(&self) else { throw fault("expected digits in the exponent") }
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isInteger, let integer = Int(text) { return .integer(integer) }
        // strtod rather than Double(text): the latter refuses what overflows.
        return .number(strtod(text, nil))
    }

    private mutating func string() throws -> String {
        position += 1
        var text: [UInt8] = []
        while let byte = next {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): try text.append(contentsOf: escape())
            case 0..<32: throw fault("a control character in a text must be escaped")
            default: text.append(byte)
            }
        }
        throw fault("a text is not closed")
    }

    private mutating func escape() throws -> [UInt8] {
        guard let letter = next else { throw fault("a text is not closed") }
        position += 1
        switch letter {
        case UInt8(ascii: "n"): return [10]
        case UInt8(ascii: "t"): return [9]
        case UInt8(ascii: "r"): return [13]
        case UInt8(ascii: "b"): return [8]
        case UInt8(ascii: "f"): return [12]
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [letter]
        case UInt8(ascii: "u"):
            var code = try hexadecimal()
            if code >= 0xD800, code < 0xDC00, take("\\") {
                guard take("u") else { throw fault("half of a surrogate pair") }
                let low = try hexadecimal()
                guard low >= 0xDC00, low < 0xE000 else { throw fault("half of a surrogate pair") }
                code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw fault("half of a surrogate pair") }
            return Array(String(Character(scalar)).utf8)
        default: throw fault("unknown escape in a text")
        }
    }

    private mutating func hexadecimal() throws -> UInt32 {
        let end = position + 4
        guard end <= bytes.count, bytes[position..<end].allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
              let code = UInt32(String(decoding: bytes[position..<end], as: UTF8.self), radix: 16)
        else { throw fault("expected four hexadecimal digits") }
        position = end
        return code
    }

    /// Turns the objects that stand for what JSON lacks back into those values.
    private func marked(_ entries: [StoreEntry]) throws -> StoreValue {
        guard readsMarks else { return .table(entries) }
        guard entries.count == 1, let key = entries[0].key.text, key.hasPrefix("$"), !key.hasPrefix("$$") else {
            return .table(entries.map { entry in
                guard let key = entry.key.text, key.hasPrefix("$$") else { return entry }
                return StoreEntry(.string(String(key.dropFirst())), entry.value)
            })
        }
        let value = entries[0].value
        switch key {
        case "$number":
            if value.text == "nan" { return .number(.nan) }
            if value.text == "inf" { return .number(.infinity) }
            if value.text == "-inf" { return .number(-.infinity) }
        case "$bytes":
            if let text = value.text, let decoded = Base64.decode(text) { return .bytes(decoded) }
        case "$file":
            if let path = value.text { return .file(path) }
        case "$content":
            if let content = FileContent(described: value) { return .content(content) }
        case "$pairs":
            if case .list(let pairs) = value {
                return .table(try pairs.map {
                    guard case .list(let pair) = $0, pair.count == 2 else { throw fault("expected a key and a value in \"$pairs\"") }
                    return StoreEntry(pair[0], pair[1])
                })
            }
        default: return .table(entries)
        }
        throw fault("\"\(key)\" has a value that it cannot have")
    }
}

extension FileContent {
    /// Reads the table that the JSON form holds; nil when it is not one.
    fileprivate init?(described value: StoreValue) {
        guard let path = value["path"]?.text, let size = value["size"]?.integer,
              let hash = value["sha256"]?.text.flatMap(ContentHash.init(hex:)) else { return nil }
        var members: [Member]?
        if case .list(let files)? = value["files"] {
            members = []
            for file in files {
                guard let path = file["path"]?.text, let size = file["size"]?.integer,
                      let hash = file["sha256"]?.text.flatMap(ContentHash.init(hex:)) else { return nil }
                members?.append(Member(path: path, size: size, hash: hash))
            }
        }
        self.init(path: path, size: size, hash: hash, members: members)
    }
}
