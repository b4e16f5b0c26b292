/// A notebook: prose and Lua cells in one order, whichever way it is spelled on disk.
///
/// ``MarkdownSpelling``, ``PercentSpelling`` and ``JupyterFile`` read and write it; going from one to another and back loses nothing but
/// stored outputs, which only `.ipynb` can hold.
public struct Notebook: Equatable, Sendable {
    /// One cell.
    public struct Cell: Equatable, Sendable {
        public enum Kind: String, Sendable { case code, markdown, raw }

        public var kind: Kind
        public var source: String
        /// Names the cell in `.ipynb`: 1 to 64 letters, digits, `-` and `_`, unique in the notebook.
        public var id: String
        /// Jupyter's metadata of the cell, such as `tags`; a table.
        public var metadata: StoreValue
        /// Pictures inside a Markdown cell, as Jupyter keeps them.
        public var attachments: StoreValue?
        /// Outputs as `.ipynb` holds them; empty in the other spellings.
        public var outputs: [StoreValue]
        public var executionCount: Int?
        /// Where the source begins in its file, counted from 1; in `.ipynb` every cell begins at 1.
        public var line: Int

        public init(
            _ kind: Kind, _ source: String, id: String = "", metadata: StoreValue = .table([StoreEntry]()), attachments: StoreValue? = nil,
            outputs: [StoreValue] = [], executionCount: Int? = nil, line: Int = 1
        ) {
            self.kind = kind
            self.source = source
            self.id = id
            self.metadata = metadata
            self.attachments = attachments
            self.outputs = outputs
            self.executionCount = executionCount
            self.line = line
        }

        /// The tags of the metadata.
        public var tags: [String] {
            guard case .list(let tags)? = metadata["tags"] else { return [] }
            return tags.compactMap(\.text)
        }

        /// The source's lines; none for an empty source.
        var lines: [Substring] { source.isEmpty ? [] : source.split(separator: "\n", omittingEmptySubsequences: false) }

        /// Whether two cells say the same, wherever they stand in their files.
        public static func == (left: Cell, right: Cell) -> Bool {
            left.kind == right.kind && left.source.utf8.elementsEqual(right.source.utf8) && left.id == right.id && left.metadata == right.metadata
                && left.attachments == right.attachments && left.outputs == right.outputs && left.executionCount == right.executionCount
        }
    }

    /// YAML between `---` lines at the head, without these lines and without the key `jupyter`.
    public var frontMatter: String
    /// Jupyter's metadata of the notebook, without what says that it is a Loam notebook; a table.
    public var metadata: StoreValue
    public var cells: [Cell]

    public init(frontMatter: String = "", metadata: StoreValue = .table([StoreEntry]()), cells: [Cell] = []) {
        self.frontMatter = frontMatter
        self.metadata = metadata
        self.cells = cells
    }

    /// Gives every cell without an id the one that its content stands for: its label, else its kind and source by hash. Cells keep theirs
    /// when others come and go.
    mutating func identify() {
        var taken = Set(cells.map(\.id)).subtracting([""])
        var last: [String: Int] = [:]
        for index in cells.indices where cells[index].id.isEmpty {
            cells[index].id = Self.free(Self.derivedID(cells[index]), &taken, &last)
        }
    }

    /// The cells' ids, empty where ``identify()`` makes the same again: those need not be written down.
    func writtenIDs() -> [String] {
        var copy = self
        for index in cells.indices { copy.cells[index].id = "" }
        copy.identify()
        if copy.cells.map(\.id) == cells.map(\.id) { return cells.map { _ in "" } }
        // One written id can change what the others become, so that all that differ anywhere are written.
        copy = self
        for index in cells.indices where cells[index].id == Self.derivedID(cells[index]) { copy.cells[index].id = "" }
        let written = copy.cells.map(\.id)
        copy.identify()
        return copy.cells.map(\.id) == cells.map(\.id) ? written : cells.map(\.id)
    }

    private static func derivedID(_ cell: Cell) -> String {
        if cell.kind == .code, let label = CellOptions.label(ofLines: cell.lines), isID(label) { return label }
        return "c" + ContentHash(of: Array("\(cell.kind.rawValue)\n\(cell.source)".utf8)).short
    }

    /// - Parameter last: the number that was given last to each wanted name, since a thousand cells may be alike.
    private static func free(_ wanted: String, _ taken: inout Set<String>, _ last: inout [String: Int]) -> String {
        if taken.insert(wanted).inserted { return wanted }
        var number = last[wanted, default: 1] + 1
        while !taken.insert("\(wanted.prefix(56))-\(number)").inserted { number += 1 }
        last[wanted] = number
        return "\(wanted.prefix(56))-\(number)"
    }

    static func isID(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count) && text.utf8.allSatisfy { ($0 | 32 >= 97 && $0 | 32 <= 122) || (48...57).contains($0) || $0 == 45 || $0 == 95 }
    }
}

/// A fault of a notebook's text: the file, the line, what was expected and what came.
public struct NotebookError: Error, CustomStringConvertible, Equatable, Sendable {
    public let description: String

    public init(_ description: String) { self.description = description }

    init(_ file: String, line: Int, _ what: String) { description = "\(file):\(line): \(what)" }
}

/// The ways to write a notebook, by the ending of the file's name.
public enum NotebookSpelling: String, CaseIterable, Sendable {
    case markdown = "md", percent = "lua", jupyter = "ipynb"

    /// The spelling that a path's ending names.
    /// - Throws: ``NotebookError`` listing the endings.
    public init(path: String) throws {
        let ending = path.split(separator: "/").last?.split(separator: ".").dropFirst().last.map { $0.lowercased() } ?? ""
        guard let spelling = Self(rawValue: ending) else {
            throw NotebookError("\(path): a notebook's name ends in .md, .lua or .ipynb")
        }
        self = spelling
    }

    /// Reads a notebook.
    /// - Throws: ``NotebookError`` with file and line; ``FileFault``.
    public static func read(_ path: String) throws -> Notebook {
        let bytes = try Folder.contents(path)
        guard bytes.count <= 256 << 20 else { throw NotebookError("\(path): a notebook of \(bytes.count) bytes is not read; at most 256 MB are") }
        return try Self(path: path).notebook(bytes, file: path)
    }

    /// Reads a notebook from a file's bytes.
    public func notebook(_ bytes: [UInt8], file: String) throws -> Notebook {
        if self == .jupyter { return try JupyterFile.notebook(bytes, file: file) }
        guard var text = String(validating: bytes, as: UTF8.self) else { throw NotebookError("\(file): the text is not valid UTF-8") }
        if text.hasPrefix("\u{FEFF}") { text.unicodeScalars.removeFirst() }
        // Lines are split by their bytes: to Swift, "\r\n" is one character.
        let lines = text.utf8.split(separator: 10, omittingEmptySubsequences: false).map { Substring($0) }
        let isWindows = lines.count > 1 && lines.dropLast().allSatisfy { $0.utf8.last == 13 }
        var clean = isWindows ? lines.map { $0.utf8.last == 13 ? Substring($0.utf8.dropLast()) : $0 } : lines
        if clean.last?.isEmpty == true { clean.removeLast() }
        return self == .markdown ? try MarkdownSpelling.notebook(clean, file: file) : try PercentSpelling.notebook(clean, file: file)
    }

    /// The notebook as a file's text.
    public func text(_ notebook: Notebook) throws -> String {
        switch self {
        case .markdown: return try MarkdownSpelling.text(notebook)
        case .percent: return PercentSpelling.text(notebook)
        case .jupyter: return JupyterFile.text(notebook)
        }
    }
}
