/// The cells of a notebook as one Lua chunk: locals live across cells, and line numbers are those of the file.
///
/// Each cell begins with a call that tells the runner so, written on the cell's first line; a trailing expression is handed to the runner by a
/// call whose parenthesis is closed on the line behind the cell, which is never code.
struct NotebookProgram {
    /// One code cell in the chunk.
    struct Piece {
        /// Position among all cells of the notebook.
        let cell: Int
        let options: CellOptions
        /// The lines of the chunk that are its own.
        let lines: Range<Int>
    }

    let source: String
    /// What messages call the notebook.
    let name: String
    let pieces: [Piece]
    /// Whether lines are counted inside each cell.
    private let countsInCells: Bool

    /// - Parameters:
    ///   - injected: Lua statements by the position of the cell behind which they run; -1 is before all.
    ///   - isProgram: whether a text compiles as a Lua chunk.
    /// - Throws: ``NotebookError`` for faulty options and labels given twice.
    init(_ notebook: Notebook, file: String, head: StoreValue, injected: [Int: String] = [:], isProgram: (String) -> Bool) throws {
        let isJupyter = (try? NotebookSpelling(path: file)) == .jupyter
        countsInCells = isJupyter
        // Lua cuts names longer than 59 bytes.
        name = file.utf8.count <= 50 ? file : Folder.name(of: file)
        var lines: [String] = []
        var pieces: [Piece] = []
        var labels: [String: Int] = [:]
        var next = 1
        func put(_ text: String, at line: Int) {
            while lines.count < line { lines.append("") }
            lines[line - 1] += text
        }
        put("local __cell, __value, __try = ...; " + (injected[-1] ?? ""), at: 1)
        for (index, cell) in notebook.cells.enumerated() where cell.kind == .code {
            let shown = file
            let options = try CellOptions(cell, defaults: head["execute"], file: isJupyter ? "\(file):cell \(index + 1)" : file) { cell.line + $0 }
            if let label = options.label {
                if let first = labels[label] {
                    throw NotebookError(shown, line: cell.line, "the label '\(label)' is that of cell \(first + 1) already; labels are unique in a notebook")
                }
                labels[label] = index
            }
            let start = isJupyter ? next + 1 : cell.line
            let body = cell.lines.map(String.init)
            let end = start + body.count
            next = end
            pieces.append(Piece(cell: index, options: options, lines: start..<end))
            if options.eval {
                let value = TrailingValue(body, isProgram: isProgram)
                var opening = "__cell(\(index)); " + (options.error ? "__try(function() " : "")
                for (offset, line) in (value?.lines(after: "__value(\(!value!.isSilent), ") ?? body).enumerated() {
                    put(opening + line, at: start + offset)
                    opening = ""
                }
                if body.isEmpty { put(opening, at: end) }
                put((value == nil ? "" : ");") + (options.error ? " end);" : ""), at: end)
            }
            if let injection = injected[index] { put(" " + injection, at: end) }
        }
        // A marker of its own, so that a fault found at the end of the text does not stand in the last cell's line.
        source = lines.joined(separator: "\n") + "\n"
        self.pieces = pieces
    }

    /// The piece on a line of the chunk: the one that begins last before it.
    func piece(atLine line: Int) -> Piece? { pieces.last { $0.lines.lowerBound <= line } }

    /// The line of the chunk that a message names.
    func line(in message: String) -> Int? {
        guard let range = message.range(of: name + ":") else { return nil }
        return Int(message[range.upperBound...].prefix { $0.isNumber })
    }

    /// A message with the places of an `.ipynb` as the reader counts them: cell, and line in the cell.
    func located(_ message: String) -> String {
        guard countsInCells else { return message }
        var result = ""
        var rest = message[...]
        while let range = rest.range(of: name + ":") {
            let digits = rest[range.upperBound...].prefix { $0.isNumber }
            result += rest[..<range.upperBound]
            rest = rest[range.upperBound...]
            guard let line = Int(digits), let piece = piece(atLine: line) else { continue }
            result += "cell \(piece.cell + 1):\(line - piece.lines.lowerBound + 1)"
            rest = rest.dropFirst(digits.count)
        }
        return result + rest
    }
}
