extension Table {
    /// The table as CSV with full precision; a column with intervals is followed by two more, "... lower" and "... upper".
    public func csv() -> String {
        let hasInterval = columns.indices.map { column in
            rows.contains { if case .estimate(let estimate) = $0[column] { estimate.lower != nil } else { false } }
        }
        let titles = columns.indices.flatMap { column in
            let title = columns[column].title
            return hasInterval[column] ? [title, title + " lower", title + " upper"] : [title]
        }
        return CSV.text([titles] + rows.map { row in
            columns.indices.flatMap { column -> [String] in
                var cells: [String]
                switch row[column] {
                case .text(let text): cells = [text]
                case .integer(let integer): cells = [String(integer)]
                case .number(let number): cells = [Self.exact(number)]
                case .missing: cells = [""]
                case .estimate(let estimate):
                    cells = [Self.exact(estimate.mean)] + [estimate.lower, estimate.upper].map { $0.map(Self.exact) ?? "" }
                }
                let wanted = hasInterval[column] ? 3 : 1
                cells += Array(repeating: "", count: max(0, wanted - cells.count))
                return Array(cells.prefix(wanted))
            }
        })
    }

    private static func exact(_ number: Double) -> String { number.isNaN ? "" : "\(number)" }

    /// The table as JSON with full precision: `{"caption", "columns", "rows", "notes"}`, each row an object by column title.
    public func json() -> String {
        let table: StoreValue = [
            "caption": .string(caption), "columns": .list(columns.map { .string($0.title) }), "notes": .list(notes.map { .string($0) }),
            "rows": .list(rows.map { row in
                .table(zip(columns, row).map { StoreEntry(.string($0.title), Self.value($1)) })
            }),
        ]
        return table.plainJSON(pretty: true) + "\n"
    }

    private static func value(_ cell: Cell) -> StoreValue {
        switch cell {
        case .text(let text): return .string(text)
        case .integer(let integer): return .integer(integer)
        case .number(let number): return .number(number)
        case .missing: return .null
        case .estimate(let estimate):
            return [
                "mean": .number(estimate.mean), "lower": estimate.lower.map { .number($0) } ?? .null,
                "upper": estimate.upper.map { .number($0) } ?? .null, "count": estimate.count.map { .integer($0) } ?? .null,
            ]
        }
    }

    /// The table in GitHub's and pandoc's Markdown, with the caption as pandoc reads it.
    public func markdown() -> String {
        func row(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |\n" }
        let best = columns.indices.map(bestRow)
        var text = row(columns.map { Self.markdownEscaped($0.title) })
        text += "|" + columns.indices.map { isNumeric($0) ? "---:|" : ":---|" }.joined() + "\n"
        for (index, cells) in rows.enumerated() {
            text += row(columns.indices.map { column in
                let (value, interval) = parts(cells[column], column: column)
                let joined = Self.markdownEscaped(interval.isEmpty ? value : value + " " + interval)
                return best[column] == index && !joined.isEmpty ? "**\(joined)**" : joined
            })
        }
        if !caption.isEmpty { text += "\n: " + Self.markdownEscaped(caption) + "\n" }
        for note in notes { text += "\n" + Self.markdownEscaped(note) + "\n" }
        return text
    }

    static func markdownEscaped(_ text: String) -> String {
        var escaped = ""
        for character in DisplayWidth.oneLine(text) {
            if "\\`*_{}[]<>|#$~^".contains(character) { escaped.append("\\") }
            escaped.append(character)
        }
        return escaped
    }

    /// The table in LaTeX, for the package booktabs.
    /// - Parameter label: what `\ref` calls it; nil for none.
    public func latex(label: String? = nil) -> String {
        let best = columns.indices.map(bestRow)
        var text = "\\begin{table}\n\\centering\n"
        if !caption.isEmpty { text += "\\caption{\(Self.latexEscaped(caption))}\n" }
        if let label { text += "\\label{\(label)}\n" }
        text += "\\begin{tabular}{\(columns.indices.map { isNumeric($0) ? "r" : "l" }.joined())}\n\\toprule\n"
        text += columns.map { Self.latexEscaped($0.title) }.joined(separator: " & ") + " \\\\\n\\midrule\n"
        for (index, cells) in rows.enumerated() {
            text += columns.indices.map { column in
                let (value, interval) = parts(cells[column], column: column)
                let joined = Self.latexEscaped(interval.isEmpty ? value : value + " " + interval)
                return best[column] == index ? "\\textbf{\(joined)}" : joined
            }.joined(separator: " & ") + " \\\\\n"
        }
        text += "\\bottomrule\n\\end{tabular}\n"
        for note in notes { text += "\\par\\footnotesize \(Self.latexEscaped(note))\n" }
        return text + "\\end{table}\n"
    }

    private static func latexEscaped(_ text: String) -> String {
        var escaped = ""
        for character in DisplayWidth.oneLine(text) {
            switch character {
            case "\\": escaped += "\\textbackslash{}"
            case "~": escaped += "\\textasciitilde{}"
            case "^": escaped += "\\textasciicircum{}"
            case "&", "%", "$", "#", "_", "{", "}": escaped += "\\" + String(character)
            // Brackets at the start of a cell would be taken for an option of the line break before it.
            case "[": escaped += "{[}"
            case "±": escaped += "$\\pm$"
            case "–": escaped += "--"
            case "<", ">": escaped += "$\(character)$"
            default: escaped.append(character)
            }
        }
        return escaped
    }
}
