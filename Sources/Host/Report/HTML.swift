/// Text made safe for HTML.
enum HTML {
    /// The text with `& < > " '` escaped, fit for an element's content and for a quoted attribute; control characters, which HTML
    /// forbids, become the replacement character.
    static func escape(_ text: String) -> String {
        var output: [UInt8] = []
        output.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "&"): output += Array("&amp;".utf8)
            case UInt8(ascii: "<"): output += Array("&lt;".utf8)
            case UInt8(ascii: ">"): output += Array("&gt;".utf8)
            case UInt8(ascii: "\""): output += Array("&quot;".utf8)
            case UInt8(ascii: "'"): output += Array("&#39;".utf8)
            case 9, 10: output.append(byte)
            case 0..<32, 127: output += [0xEF, 0xBF, 0xBD]
            default: output.append(byte)
            }
        }
        return String(decoding: output, as: UTF8.self)
    }
}

extension Table {
    /// The table as an HTML fragment: a `figure` with the classes that ``Report`` styles.
    /// - Parameter label: what stands before the caption: "Table 1".
    public func html(label: String? = nil) -> String {
        let best = columns.indices.map(bestRow)
        var text = "<figure class=\"table\">\n"
        let head = [label.map { "<b>\(HTML.escape($0)).</b>" }, caption.isEmpty ? nil : HTML.escape(caption)].compactMap { $0 }
        if !head.isEmpty { text += "<figcaption>\(head.joined(separator: " "))</figcaption>\n" }
        text += "<div class=\"scroll\"><table>\n<thead><tr>"
        for (index, column) in columns.enumerated() { text += "<th scope=\"col\"\(side(index))>\(HTML.escape(column.title))</th>" }
        text += "</tr></thead>\n<tbody>\n"
        for (index, row) in rows.enumerated() {
            text += "<tr>"
            for column in columns.indices {
                let (value, interval) = parts(row[column], column: column)
                var cell = HTML.escape(value)
                if best[column] == index { cell = "<strong>\(cell)</strong>" }
                if !interval.isEmpty { cell += " <span class=\"interval\">\(HTML.escape(interval))</span>" }
                text += "<td\(side(column))>\(cell)</td>"
            }
            text += "</tr>\n"
        }
        text += "</tbody>\n</table></div>\n"
        for note in notes { text += "<p class=\"note\">\(HTML.escape(note))</p>\n" }
        return text + "</figure>\n"
    }

    private func side(_ column: Int) -> String { isNumeric(column) ? " class=\"number\"" : "" }
}
