/// Parameters of a notebook: defaults in the cell tagged `parameters` or under `params` in the front matter, values from outside.
public struct NotebookParameters: Sendable {
    /// Name and value of those given from outside.
    public private(set) var given: [(name: String, value: StoreValue)] = []

    public init() {}

    /// - Parameters:
    ///   - pairs: `name=value` as the command line has them; a value that reads as a number, true or false is one.
    ///   - yaml: a file of names and values; the pairs go before it.
    /// - Throws: ``NotebookError`` for a pair without "=" or a file that holds anything else.
    public init(pairs: [String], yaml path: String? = nil) throws {
        if let path {
            let text = String(decoding: try Folder.contents(path), as: UTF8.self)
            guard case .table(let entries) = try FrontMatter.value(text, file: path, line: 1) else {
                throw NotebookError("\(path): a file of parameters holds lines 'name: value'")
            }
            for entry in entries { set(entry.key.text ?? "", entry.value) }
        }
        for pair in pairs {
            guard let sign = pair.firstIndex(of: "="), sign > pair.startIndex else { throw NotebookError("a parameter is given as -p name=value, got '\(pair)'") }
            set(String(pair[..<sign]), Self.value(String(pair[pair.index(after: sign)...])))
        }
    }

    /// Sets one, over an earlier value.
    public mutating func set(_ name: String, _ value: StoreValue) {
        given.removeAll { $0.name == name }
        given.append((name, value))
    }

    /// What a text on the command line means: a number, true or false where it reads as one.
    static func value(_ text: String) -> StoreValue {
        if text == "true" || text == "false" { return .bool(text == "true") }
        if let integer = Int(text) { return .integer(integer) }
        if let number = Double(text), number.isFinite { return .number(number) }
        return .string(text)
    }

    /// Where the values go in a notebook.
    struct Placement {
        /// The cell tagged `parameters`.
        var cell: Int?
        /// Assignments to run behind that cell.
        var assignments = ""
        /// The table `params`, front matter under given values.
        var table: [StoreEntry] = []
        /// All that the run was given, by name.
        var record: StoreValue = .table([StoreEntry]())
    }

    /// - Throws: ``NotebookError`` for a name that the notebook does not have, with the nearest.
    func placed(in notebook: Notebook, head: StoreValue, file: String) throws -> Placement {
        var placement = Placement()
        placement.cell = notebook.cells.firstIndex { cell in
            cell.kind == .code && (cell.tags.contains("parameters")
                || (try? CellOptions(cell, file: file) { $0 })?.tags.contains("parameters") == true)
        }
        let names = placement.cell.map { Self.assigned(notebook.cells[$0].lines) } ?? []
        if case .table(let entries)? = head["params"] { placement.table = entries }
        let known = names + placement.table.compactMap(\.key.text)
        for (name, value) in given {
            if names.contains(name) {
                placement.assignments += "\(name) = \(try Self.literal(value)); "
            } else if let place = placement.table.firstIndex(where: { $0.key.text == name }) {
                placement.table[place] = StoreEntry(.string(name), value)
            } else {
                let near = nearestName(to: name, among: known).map { "; did you mean '\($0)'?" }
                    ?? (known.isEmpty ? "; it has no cell tagged parameters and no params in its front matter" : "; the parameters are " + known.joined(separator: ", "))
                throw NotebookError("\(file): the notebook has no parameter '\(name)'\(near)")
            }
        }
        placement.record = .table(given.map { StoreEntry(.string($0.name), $0.value) })
        return placement
    }

    /// The names that lines such as `local steps = 10` and `a, b = 1, 2` assign.
    private static func assigned(_ lines: [Substring]) -> [String] {
        lines.flatMap { line -> [String] in
            var text = line.drop { $0 == " " || $0 == "\t" }
            if text.hasPrefix("local ") { text = text.dropFirst(6) }
            guard let sign = text.firstIndex(of: "="), text.index(after: sign) == text.endIndex || text[text.index(after: sign)] != "=" else { return [] }
            let names = text[..<sign].split(separator: ",").map { String(CellAttributes.trimmed($0)) }
            return names.allSatisfy(isName) ? names : []
        }
    }

    /// A value as Lua writes it.
    static func literal(_ value: StoreValue) throws -> String {
        switch value {
        case .null: return "nil"
        case .bool(let flag): return flag ? "true" : "false"
        case .integer(let integer): return integer == .min ? "math.mininteger" : "\(integer)"
        case .number(let number):
            return number.isNaN ? "(0/0)" : number.isInfinite ? (number > 0 ? "math.huge" : "-math.huge") : "\(number)"
        case .string(let text):
            var bytes: [UInt8] = [34]
            for byte in text.utf8 {
                switch byte {
                case 34, 92: bytes += [92, byte]
                case 0..<32, 127: bytes += Array(("\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)).utf8)
                default: bytes.append(byte)
                }
            }
            return String(decoding: bytes + [34], as: UTF8.self)
        case .list(let values): return "{" + (try values.map(literal)).joined(separator: ", ") + "}"
        case .table(let entries):
            return "{" + (try entries.map { "[\(try literal($0.key))] = \(try literal($0.value))" }).joined(separator: ", ") + "}"
        case .bytes, .file, .content: throw NotebookError("a parameter is a number, a text, true, false, or a list or table of these")
        }
    }
}
