extension Table {
    /// The table for a terminal: aligned columns, a rule below the titles, the best cell of a column in bold if `styled`.
    /// - Parameters:
    ///   - width: columns of the terminal; wider text columns are cut. nil cuts nothing.
    ///   - styled: whether escape sequences may be used.
    public func terminalText(width: Int? = nil, styled: Bool = false) -> String {
        let intervals = columns.indices.map { column in
            rows.map { DisplayWidth.of(parts($0[column], column: column).interval) }.max() ?? 0
        }
        let cells = rows.map { row in columns.indices.map { printed(row[$0], column: $0, interval: intervals[$0]) } }
        var widths = columns.indices.map { column in
            max(DisplayWidth.of(DisplayWidth.oneLine(columns[column].title)), cells.map { DisplayWidth.of($0[column]) }.max() ?? 0)
        }
        if let width { shrink(&widths, to: width) }
        let best = columns.indices.map(bestRow)
        var lines: [String] = []
        if !caption.isEmpty { lines.append(DisplayWidth.oneLine(caption)) }
        lines.append(line(columns.map { DisplayWidth.oneLine($0.title) }, widths) { styled ? "\u{1B}[1m\($1)\u{1B}[0m" : $1 })
        lines.append(widths.map { String(repeating: "─", count: $0) }.joined(separator: "  "))
        for (index, row) in cells.enumerated() {
            lines.append(line(row, widths) { styled && best[$0] == index ? "\u{1B}[1m\($1)\u{1B}[0m" : $1 })
        }
        lines += notes.map(DisplayWidth.oneLine)
        return lines.map { $0.trimmingTrailingSpaces() + "\n" }.joined()
    }

    private func printed(_ cell: Cell, column: Int, interval: Int) -> String {
        let (value, ownInterval) = parts(cell, column: column)
        if interval == 0 || cell.value == nil { return DisplayWidth.oneLine(value) }
        // Numbers with and without an interval, and intervals of different length, keep their means in one line.
        if ownInterval.hasPrefix("± ") {
            return value + " ± " + DisplayWidth.pad(String(ownInterval.dropFirst(2)), to: interval - 2, right: true)
        }
        return value + " " + DisplayWidth.pad(ownInterval, to: interval)
    }

    private func shrink(_ widths: inout [Int], to width: Int) {
        let least = 8
        while widths.reduce(0, +) + 2 * (widths.count - 1) > width {
            let candidates = widths.indices.filter { !isNumeric($0) && widths[$0] > least }
            guard let widest = candidates.max(by: { widths[$0] < widths[$1] }) else { return }
            widths[widest] -= 1
        }
    }

    private func line(_ cells: [String], _ widths: [Int], style: (Int, String) -> String) -> String {
        cells.indices.map { column in
            let text = DisplayWidth.cut(cells[column], to: widths[column])
            let spaces = String(repeating: " ", count: max(0, widths[column] - DisplayWidth.of(text)))
            return isNumeric(column) ? spaces + style(column, text) : style(column, text) + spaces
        }.joined(separator: "  ")
    }
}

extension String {
    fileprivate func trimmingTrailingSpaces() -> String {
        var bytes = Array(utf8)
        while bytes.last == 32 { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }
}
