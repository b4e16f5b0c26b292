/// A notebook as a Lua file whose cells begin with `-- %%`; prose is commented, `-- %% [markdown]`.
enum PercentSpelling {
    private static let mark = "-- %%"

    // MARK: Reading

    static func notebook(_ lines: [Substring], file: String) throws -> Notebook {
        var notebook = Notebook()
        // Other programs put a line about the encoding or the interpreter before everything.
        var start = lines.first.map { $0.hasPrefix("-- -*- coding:") || $0.hasPrefix("#!") } == true ? 1 : 0
        if start < lines.count, lines[start] == "-- ---", let end = lines[(start + 1)...].firstIndex(of: "-- ---") {
            (notebook.frontMatter, notebook.metadata) = try FrontMatter.split(lines[(start + 1)..<end].map(uncommented), file: file, line: start + 2)
            start = end + 1
        }
        var open: (cell: Notebook.Cell, lines: [Substring])?
        func finish(isLast: Bool) {
            guard var (cell, body) = open else { return }
            // The empty line before the next mark is not the cell's.
            if !isLast, body.last?.isEmpty == true { body.removeLast() }
            cell.source = (cell.kind == .code ? body.map(unescaped) : body.map(uncommented)).joined(separator: "\n")
            notebook.cells.append(cell)
        }
        for (index, line) in lines.enumerated().dropFirst(start) {
            if isMark(line) {
                finish(isLast: false)
                var cell = Notebook.Cell(.code, "", line: index + 2)
                do { try read(line.dropFirst(mark.count), into: &cell) } catch { throw NotebookError(file, line: index + 1, "\(error)") }
                open = (cell, [])
            } else if open != nil {
                open?.lines.append(line)
            } else if !line.isEmpty {
                // Code before the first mark is a cell too.
                open = (Notebook.Cell(.code, "", line: index + 1), [line])
            }
        }
        finish(isLast: true)
        notebook.identify()
        return notebook
    }

    private static func isMark(_ line: Substring) -> Bool {
        guard line.hasPrefix(mark) else { return false }
        let next = line.dropFirst(mark.count).first
        return next == nil || next == " " || next == "\t"
    }

    /// A title, `[markdown]` or `[raw]`, and attributes.
    private static func read(_ header: Substring, into cell: inout Notebook.Cell) throws {
        var rest = CellAttributes.trimmed(header)
        var title: Substring = ""
        for (word, kind) in [("[markdown]", Notebook.Cell.Kind.markdown), ("[md]", .markdown), ("[raw]", .raw)] {
            guard let range = rest.range(of: word), range.lowerBound == rest.startIndex || rest[rest.index(before: range.lowerBound)] == " " else { continue }
            let before = rest[..<range.lowerBound]
            if before.contains("=") || before.contains("{") { continue }
            title = CellAttributes.trimmed(before)
            rest = rest[range.upperBound...]
            cell.kind = kind
            break
        }
        if cell.kind == .code, !rest.hasPrefix("{") {
            // A title ends where the first word with "=" begins.
            let words = rest.split(separator: " ", omittingEmptySubsequences: false)
            let count = words.firstIndex { $0.contains("=") } ?? words.count
            title = CellAttributes.trimmed(Substring(words[..<count].joined(separator: " ")))
            rest = Substring(words[count...].joined(separator: " "))
        }
        try CellAttributes.read(rest, into: &cell)
        if !title.isEmpty, case .table(let entries) = cell.metadata { cell.metadata = .table(entries + [StoreEntry("title", .string(String(title)))]) }
    }

    private static func uncommented(_ line: Substring) -> Substring {
        line.hasPrefix("-- ") ? line.dropFirst(3) : line == "--" ? "" : line
    }

    /// A line of code that looks like a mark is written with one more "-- " before it.
    private static func unescaped(_ line: Substring) -> Substring { line.hasPrefix("-- ") && looksLikeMark(line.dropFirst(3)) ? line.dropFirst(3) : line }

    private static func looksLikeMark(_ line: Substring) -> Bool {
        var line = line
        while line.hasPrefix("-- -- ") { line = line.dropFirst(3) }
        return isMark(line)
    }

    // MARK: Writing

    static func text(_ notebook: Notebook) -> String {
        let ids = notebook.writtenIDs()
        var blocks: [String] = []
        let head = FrontMatter.lines(notebook)
        if !head.isEmpty { blocks.append(head.map(commented).joined(separator: "\n")) }
        for (cell, id) in zip(notebook.cells, ids) {
            let kind = cell.kind == .code ? "" : " [\(cell.kind.rawValue)]"
            let body = cell.kind == .code ? cell.lines.map { looksLikeMark($0) ? "-- " + $0 : String($0) } : cell.lines.map { commented(String($0)) }
            blocks.append(([mark + kind + CellAttributes.text(cell, id: id)] + body).joined(separator: "\n"))
        }
        return blocks.isEmpty ? "" : blocks.joined(separator: "\n\n") + "\n"
    }

    private static func commented(_ line: String) -> String { line.isEmpty ? "--" : "-- " + line }
}
