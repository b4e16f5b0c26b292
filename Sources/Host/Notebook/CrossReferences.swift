/// Numbers of figures and tables, and the references to them in prose.
struct CrossReferences {
    /// "Figure 2" or "Table 1" by label.
    private(set) var names: [String: String] = [:]
    /// References to labels that nothing has.
    private(set) var unknown: [String] = []
    private var figures = 0
    private var tables = 0

    /// Counts one more figure or table.
    ///
    /// - Parameter label: what refers to it; nil when nothing does.
    /// - Returns: its name, and the anchor that stands before it.
    mutating func add(isTable: Bool, label: String?) -> (name: String, anchor: String) {
        if isTable { tables += 1 } else { figures += 1 }
        let name = isTable ? "Table \(tables)" : "Figure \(figures)"
        var anchor = label ?? (isTable ? "table-\(tables)" : "figure-\(figures)")
        if names[anchor] != nil {
            var number = 2
            while names["\(anchor)-\(number)"] != nil { number += 1 }
            anchor += "-\(number)"
        }
        names[anchor] = name
        return (name, anchor)
    }

    /// Prose with `@fig-x` and `@tbl-x` replaced by linked names; code stays as it is.
    mutating func resolved(_ prose: String) -> String {
        var result: [String] = []
        var fence: MarkdownSpelling.Fence?
        for line in prose.split(separator: "\n", omittingEmptySubsequences: false) {
            if let open = fence {
                if open.isClosed(by: line) { fence = nil }
                result.append(String(line))
            } else if let open = MarkdownSpelling.Fence(line) {
                fence = open
                result.append(String(line))
            } else {
                result.append(resolved(line: line))
            }
        }
        return result.joined(separator: "\n")
    }

    private mutating func resolved(line: Substring) -> String {
        guard line.contains("@") else { return String(line) }
        var result = ""
        var rest = line
        var code: Substring?
        while let character = rest.first {
            if character == "`" {
                let ticks = rest.prefix { $0 == "`" }
                if code == nil { code = ticks } else if code == ticks { code = nil }
                result += ticks
                rest = rest.dropFirst(ticks.count)
                continue
            }
            let isWord = result.last.map { $0.isLetter || $0.isNumber || $0 == "\\" } ?? false
            if character == "@", code == nil, !isWord, let label = Self.label(rest.dropFirst()) {
                rest = rest.dropFirst(1 + label.count)
                if let name = names[label] {
                    // [@fig-x] is one reference too.
                    if result.last == "[", rest.first == "]" {
                        result.removeLast()
                        rest = rest.dropFirst()
                    }
                    result += "[\(name)](#\(label))"
                } else {
                    unknown.append(label)
                    result += "**?@\(label)**"
                }
                continue
            }
            result.append(character)
            rest = rest.dropFirst()
        }
        return result
    }

    private static func label(_ text: Substring) -> String? {
        guard text.hasPrefix("fig-") || text.hasPrefix("tbl-") else { return nil }
        var label = text.prefix { ($0.isASCII && ($0.isLetter || $0.isNumber)) || $0 == "-" || $0 == "_" }
        while label.last == "-" || label.last == "_" { label.removeLast() }
        return label.count > 4 ? String(label) : nil
    }
}
