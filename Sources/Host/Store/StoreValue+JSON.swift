extension StoreValue {
    /// The value as JSON that ``init(json:)`` reads back without loss; the same value gives the same bytes.
    ///
    /// Numbers keep a point or an exponent, integers have none. What JSON lacks is an object with one key that starts with `$`:
    /// `$number` (nan, inf, -inf), `$bytes` (base64), `$pairs` (a table with keys that are not text), `$content` (a file by
    /// hash). A text key that starts with `$` gets one more.
    /// - Parameter pretty: whether objects and long lists are spread over lines.
    public func json(pretty: Bool = false) -> String {
        var writer = JSONWriter(pretty: pretty, marksTypes: true)
        writer.append(self, indent: 0)
        return String(decoding: writer.output, as: UTF8.self)
    }

    /// The value as ordinary JSON for other programs: NaN and infinities are null and ±1e999, bytes are base64, keys are text.
    public func plainJSON(pretty: Bool = false) -> String {
        var writer = JSONWriter(pretty: pretty, marksTypes: false)
        writer.append(self, indent: 0)
        return String(decoding: writer.output, as: UTF8.self)
    }

    /// A short form for messages: texts quoted, long values cut.
    public func summary(limit: Int = 60) -> String {
        switch self {
        case .bytes(let bytes): return "\(bytes.count) bytes (\(ContentHash(of: bytes).short))"
        case .file(let path): return "the file \(path)"
        case .content(let content):
            return (content.members.map { "\(content.path) (\($0.count) files, " } ?? "\(content.path) (")
                + "\(content.size) bytes, \(content.hash.short))"
        default:
            let text = plainJSON()
            return text.count <= limit ? text : String(text.prefix(limit - 3)) + "..."
        }
    }
}

/// Writes ``StoreValue`` as JSON with keys ordered by their bytes.
struct JSONWriter {
    let pretty: Bool
    let marksTypes: Bool
    private(set) var output: [UInt8] = []

    init(pretty: Bool, marksTypes: Bool) {
        self.pretty = pretty
        self.marksTypes = marksTypes
    }

    private mutating func append(_ text: String) { output.append(contentsOf: text.utf8) }

    mutating func append(_ value: StoreValue, indent: Int) {
        switch value {
        case .null: append("null")
        case .bool(let flag): append(flag ? "true" : "false")
        case .integer(let integer): append(String(integer))
        case .number(let number): append(number)
        case .string(let text): append(quoted: text)
        case .bytes(let bytes): append(marked: "$bytes", .string(Base64.encode(bytes)), indent)
        case .list(let values): append(brackets: "[", "]", count: values.count, flat: values.allSatisfy(\.isScalar), indent) {
                $0.append(values[$1], indent: indent + 1)
            }
        case .table(let entries): append(entries, indent)
        case .file(let path): append(marked: "$file", .string(path), indent)
        case .content(let content): append(marked: "$content", content.described, indent)
        }
    }

    private mutating func append(_ number: Double) {
        if number.isFinite {
            append(number.description)
        } else if marksTypes {
            append(marked: "$number", .string(number.isNaN ? "nan" : number > 0 ? "inf" : "-inf"), 0)
        } else {
            append(number.isNaN ? "null" : number > 0 ? "1e999" : "-1e999")
        }
    }

    private mutating func append(marked mark: String, _ value: StoreValue, _ indent: Int) {
        guard marksTypes else { return append(value, indent: indent) }
        append("{")
        append(quoted: mark)
        append(pretty ? ": " : ":")
        append(value, indent: indent)
        append("}")
    }

    private mutating func append(_ entries: [StoreEntry], _ indent: Int) {
        var named: [(String, StoreValue)] = []
        for entry in entries {
            if case .string(let name) = entry.key {
                named.append((marksTypes && name.utf8.first == UInt8(ascii: "$") ? "$" + name : name, entry.value))
            } else if marksTypes {
                let pairs = entries.map { (key: (try? $0.key.encoded()) ?? [], pair: StoreValue.list([$0.key, $0.value])) }
                    .sorted { $0.key.lexicographicallyPrecedes($1.key) }
                return append(marked: "$pairs", .list(pairs.map(\.pair)), indent)
            } else {
                named.append((entry.key.plainJSON(), entry.value))
            }
        }
        named.sort { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }
        append(brackets: "{", "}", count: named.count, flat: false, indent) { writer, index in
            writer.append(quoted: named[index].0)
            writer.append(writer.pretty ? ": " : ":")
            writer.append(named[index].1, indent: indent + 1)
        }
    }

    private mutating func append(
        brackets start: String, _ end: String, count: Int, flat: Bool, _ indent: Int, _ element: (inout JSONWriter, Int) -> Void
    ) {
        append(start)
        let spread = pretty && !flat && count > 0
        for index in 0..<count {
            if index > 0 { append(pretty && !spread ? ", " : ",") }
            if spread { append("\n" + String(repeating: "  ", count: indent + 1)) }
            element(&self, index)
        }
        if spread { append("\n" + String(repeating: "  ", count: indent)) }
        append(end)
    }

    private mutating func append(quoted text: String) {
        output.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): append("\\\"")
            case UInt8(ascii: "\\"): append("\\\\")
            case 10: append("\\n")
            case 13: append("\\r")
            case 9: append("\\t")
            case 0..<32, 127:
                let digits = Array("0123456789abcdef".utf8)
                append("\\u00")
                output.append(digits[Int(byte >> 4)])
                output.append(digits[Int(byte & 15)])
            default: output.append(byte)
            }
        }
        output.append(UInt8(ascii: "\""))
    }
}

extension StoreValue {
    fileprivate var isScalar: Bool {
        switch self {
        case .list, .table, .content: return false
        default: return true
        }
    }
}

extension FileContent {
    /// The content as a table for JSON.
    fileprivate var described: StoreValue {
        var entries = [
            StoreEntry("path", .string(path)), StoreEntry("sha256", .string(hash.hex)), StoreEntry("size", .integer(size)),
        ]
        if let members {
            entries.append(StoreEntry("files", .list(members.map {
                ["path": .string($0.path), "sha256": .string($0.hash.hex), "size": .integer($0.size)]
            })))
        }
        return .table(entries)
    }
}
