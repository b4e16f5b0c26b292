/// What the leading comments of a cell ask for: `--| label: tbl-guidance`.
public struct CellOptions: Equatable, Sendable {
    /// The name of the cell's figure or table; `@label` in prose refers to it.
    public var label: String?
    /// Whether the code is shown.
    public var echo = true
    /// Whether the code is run.
    public var eval = true
    /// Whether what comes out is shown.
    public var output = true
    /// Whether the cell may fail without ending the run.
    public var error = false
    /// What stands beside the cell's first figure or table, instead of its own caption.
    public var caption: String?
    public var tags: [String] = []
    /// How many lines of the source are options.
    public private(set) var lineCount = 0

    public static let names = ["label", "echo", "eval", "output", "include", "error", "caption", "fig-cap", "tbl-cap", "tags"]
    private static let mark = "--|"

    public init() {}

    /// Reads the options of a cell over those that the front matter sets for all.
    ///
    /// - Parameter defaults: the front matter's `execute`.
    /// - Throws: ``NotebookError`` for an unknown option, naming the nearest, and for a value of another kind.
    init(_ cell: Notebook.Cell, defaults: StoreValue? = nil, file: String, place: (Int) -> Int) throws {
        if case .table(let entries)? = defaults {
            for entry in entries where ["echo", "eval", "output", "include", "error"].contains(entry.key.text) {
                try set(entry.key.text ?? "", entry.value, file: file, line: 1)
            }
        }
        tags = cell.tags
        let lines = cell.lines.prefix { $0.hasPrefix(Self.mark) }
        lineCount = lines.count
        guard cell.kind == .code, !lines.isEmpty else { return }
        let yaml = lines.map { line in
            let text = line.dropFirst(Self.mark.count)
            return text.first == " " ? text.dropFirst() : text
        }.joined(separator: "\n")
        let first = place(0)
        guard case .table(let entries) = try FrontMatter.value(yaml, file: file, line: first) else {
            throw NotebookError(file, line: first, "options are written --| name: value, got '\(lines[0])'")
        }
        for entry in entries {
            let name = entry.key.text ?? ""
            let offset = lines.firstIndex { $0.dropFirst(Self.mark.count).drop { $0 == " " }.hasPrefix(name) } ?? 0
            try set(name, entry.value, file: file, line: place(offset))
        }
    }

    private mutating func set(_ name: String, _ value: StoreValue, file: String, line: Int) throws {
        func flag() throws -> Bool {
            if case .bool(let flag) = value { return flag }
            throw NotebookError(file, line: line, "the option '\(name)' takes true or false, got \(value.summary())")
        }
        func text() throws -> String {
            if let text = value.text { return text }
            throw NotebookError(file, line: line, "the option '\(name)' takes a text, got \(value.summary())")
        }
        switch name {
        case "label":
            let text = try text()
            guard Notebook.isID(text), text.first?.isLetter == true else {
                throw NotebookError(file, line: line, "a label is a letter followed by letters, digits, '-' and '_', got '\(text)'")
            }
            label = text
        case "echo": echo = try flag()
        case "eval": eval = try flag()
        case "output": output = try flag()
        case "include":
            let isIncluded = try flag()
            echo = isIncluded && echo
            output = isIncluded && output
        case "error": error = try flag()
        case "caption", "fig-cap", "tbl-cap": caption = try text()
        case "tags":
            if let text = value.text { tags.append(text) } else if case .list(let list) = value, list.allSatisfy({ $0.text != nil }) {
                tags += list.compactMap(\.text)
            } else {
                throw NotebookError(file, line: line, "the option 'tags' takes a text or a list of texts, got \(value.summary())")
            }
        default:
            let near = nearestName(to: name, among: Self.names).map { "; did you mean '\($0)'?" } ?? "; the options are " + Self.names.joined(separator: ", ")
            throw NotebookError(file, line: line, "a cell has no option '\(name)'\(near)")
        }
    }

    /// The label that the leading comments give, if it is plainly written.
    static func label(ofLines lines: [Substring]) -> String? {
        for line in lines.prefix(while: { $0.hasPrefix(mark) }) {
            let text = line.dropFirst(mark.count).drop { $0 == " " }
            if text.hasPrefix("label:") { return String(CellAttributes.trimmed(text.dropFirst(6))) }
        }
        return nil
    }
}
