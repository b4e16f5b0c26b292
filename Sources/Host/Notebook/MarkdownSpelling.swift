/// A notebook as Markdown with ```` ```lua ```` cells.
///
/// Prose between cells is one Markdown cell. What that cannot say, such as two Markdown cells in a row or their metadata, stands between
/// `<!-- #region -->` and `<!-- #endregion -->`, raw cells between `<!-- #raw -->` and `<!-- #endraw -->`, as jupytext has it.
enum MarkdownSpelling {
    // MARK: Reading

    static func notebook(_ lines: [Substring], file: String) throws -> Notebook {
        var notebook = Notebook()
        var start = 0
        if lines.first == "---", let end = lines.dropFirst().firstIndex(of: "---") {
            (notebook.frontMatter, notebook.metadata) = try FrontMatter.split(Array(lines[1..<end]), file: file, line: 2)
            start = end + 1
        }
        notebook.cells = try cells(Array(lines[start...]), firstLine: start + 1, file: file)
        notebook.identify()
        return notebook
    }

    private static func cells(_ lines: [Substring], firstLine: Int, file: String) throws -> [Notebook.Cell] {
        var cells: [Notebook.Cell] = []
        var prose: [Substring] = []
        func finish(before index: Int) {
            var text = prose[...]
            while let last = text.last, isBlank(last) { text.removeLast() }
            while let first = text.first, isBlank(first) { text.removeFirst() }
            let line = firstLine + index - prose.count + text.startIndex
            prose = []
            if !text.isEmpty { cells.append(Notebook.Cell(.markdown, text.joined(separator: "\n"), line: line)) }
        }
        func read(_ attributes: Substring, at index: Int, into cell: inout Notebook.Cell) throws {
            do { try CellAttributes.read(attributes, into: &cell) } catch { throw NotebookError(file, line: firstLine + index, "\(error)") }
        }
        var index = 0
        while index < lines.count {
            let line = lines[index]
            if let fence = Fence(line) {
                let end = lines[(index + 1)...].firstIndex(where: fence.isClosed)
                if let attributes = fence.luaAttributes {
                    guard let end else { throw NotebookError(file, line: firstLine + index, "the cell that begins here is not closed by \(fence.mark)") }
                    finish(before: index)
                    var cell = Notebook.Cell(.code, lines[(index + 1)..<end].joined(separator: "\n"), line: firstLine + index + 1)
                    try read(attributes, at: index, into: &cell)
                    cells.append(cell)
                } else {
                    prose += lines[index...(end ?? lines.count - 1)]
                }
                index = (end ?? lines.count - 1) + 1
            } else if let region = Region(line), let end = lines[(index + 1)...].firstIndex(of: Substring(region.closing)) {
                finish(before: index)
                var cell = Notebook.Cell(region.kind, lines[(index + 1)..<end].joined(separator: "\n"), line: firstLine + index + 1)
                try read(region.attributes, at: index, into: &cell)
                cells.append(cell)
                index = end + 1
            } else {
                prose.append(line)
                index += 1
            }
        }
        finish(before: lines.count)
        return cells
    }

    static func isBlank(_ line: Substring) -> Bool { line.utf8.allSatisfy { $0 == 32 || $0 == 9 || $0 == 13 } }

    /// The opening line of a block of code.
    struct Fence {
        let mark: Substring
        private let info: Substring

        init?(_ line: Substring) {
            guard let sign = line.first, sign == "`" || sign == "~" else { return nil }
            mark = line.prefix { $0 == sign }
            info = line.dropFirst(mark.count)
            guard mark.count >= 3, sign == "~" || !info.contains("`") else { return nil }
        }

        /// What follows the word `lua`; nil if the block is not a cell.
        var luaAttributes: Substring? {
            let info = CellAttributes.trimmed(info)
            guard info == "lua" || info.hasPrefix("lua ") || info.hasPrefix("lua\t") else { return nil }
            return info.dropFirst(3)
        }

        func isClosed(by line: Substring) -> Bool {
            let end = line.prefix { $0 == mark.first }
            return end.count >= mark.count && isBlank(line.dropFirst(end.count))
        }
    }

    /// The comment that opens a cell of prose.
    private struct Region {
        let kind: Notebook.Cell.Kind
        let closing: String
        let attributes: Substring

        init?(_ line: Substring) {
            guard line.hasPrefix("<!-- #"), line.hasSuffix("-->") else { return nil }
            let words = line.dropFirst(6).dropLast(3)
            let name = words.prefix { $0 != " " && $0 != ":" }
            guard name == "region" || name == "raw" else { return nil }
            var rest = words.dropFirst(name.count)
            var number: Substring = ""
            if rest.first == ":" {
                number = rest.prefix { $0 != " " }
                rest = rest.dropFirst(number.count)
            }
            kind = name == "raw" ? .raw : .markdown
            closing = "<!-- #end\(name)\(number) -->"
            attributes = rest
        }
    }

    // MARK: Writing

    static func text(_ notebook: Notebook) throws -> String {
        let ids = notebook.writtenIDs()
        var blocks: [String] = []
        let head = FrontMatter.lines(notebook)
        if !head.isEmpty { blocks.append(head.joined(separator: "\n")) }
        var isAfterProse = false
        for (cell, id) in zip(notebook.cells, ids) {
            let attributes = CellAttributes.text(cell, id: id)
            if cell.kind == .code {
                blocks.append(block(cell, attributes))
                isAfterProse = false
            } else if cell.kind == .markdown, attributes.isEmpty, !isAfterProse, isPlain(cell, isFirst: blocks.isEmpty) {
                blocks.append(cell.source)
                isAfterProse = true
            } else {
                blocks.append(region(cell, attributes))
                isAfterProse = false
            }
        }
        return blocks.isEmpty ? "" : blocks.joined(separator: "\n\n") + "\n"
    }

    private static func block(_ cell: Notebook.Cell, _ attributes: String) -> String {
        var mark = "```"
        while cell.lines.contains(where: { $0.hasPrefix(mark) }) { mark += "`" }
        return ([Substring(mark + "lua" + attributes)] + cell.lines + [Substring(mark)]).joined(separator: "\n")
    }

    private static func region(_ cell: Notebook.Cell, _ attributes: String) -> String {
        let name = cell.kind == .raw ? "raw" : "region"
        var number = ""
        while cell.lines.contains(where: { $0 == "<!-- #end\(name)\(number) -->" }) { number += ":" + "\(number.count + 1)" }
        return ([Substring("<!-- #\(name)\(number)\(attributes) -->")] + cell.lines + [Substring("<!-- #end\(name)\(number) -->")]).joined(separator: "\n")
    }

    /// Whether the cell comes back as it is from between two other cells.
    private static func isPlain(_ cell: Notebook.Cell, isFirst: Bool) -> Bool {
        if isFirst, cell.source.hasPrefix("---") { return false }
        let lines = cell.lines + ["", "```lua", "```"]
        guard let again = try? cells(lines, firstLine: 1, file: ""), again.count == 2 else { return false }
        return again[0].kind == .markdown && again[0].source.utf8.elementsEqual(cell.source.utf8) && again[1].kind == .code && again[1].source.isEmpty
    }
}
