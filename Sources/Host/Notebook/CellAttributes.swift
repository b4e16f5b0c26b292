/// Metadata beside a cell's mark in the text spellings: `tags=["parameters"] name="x"`, values in JSON, as jupytext writes them.
enum CellAttributes {
    /// The key under which a cell's id is written.
    private static let id = "id"
    private static let attachments = "attachments"

    /// The words of a cell, with a space before each; empty if there is nothing to say.
    static func text(_ cell: Notebook.Cell, id: String) -> String {
        guard case .table(var entries) = cell.metadata else { return "" }
        if !id.isEmpty { entries.append(StoreEntry(.string(Self.id), .string(id))) }
        if let attachments = cell.attachments { entries.append(StoreEntry(.string(Self.attachments), attachments)) }
        guard !entries.isEmpty else { return "" }
        let names = entries.map { $0.key.text ?? "" }
        // Back quotes would end the mark of a cell in Markdown, and "-->" a comment; both can be written otherwise inside JSON.
        func safe(_ json: String) -> String { json.replacing("`", with: "\\u0060").replacing("-->", with: "--\\u003e") }
        guard names.allSatisfy(isKey), Set(names).count == names.count else { return " " + safe(StoreValue.table(entries).plainJSON()) }
        return entries.sorted { ($0.key.text ?? "").utf8.lexicographicallyPrecedes(($1.key.text ?? "").utf8) }
            .map { " \($0.key.text ?? "")=" + safe($0.value.plainJSON()) }.joined()
    }

    private static func isKey(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.allSatisfy { ($0 | 32 >= 97 && $0 | 32 <= 122) || (48...57).contains($0) || $0 == 45 || $0 == 95 || $0 == 46 }
    }

    /// Reads the words into a cell.
    /// - Throws: ``StoreError`` saying what could not be read.
    static func read(_ text: Substring, into cell: inout Notebook.Cell) throws {
        var entries: [StoreEntry] = []
        let text = trimmed(text)
        if text.hasPrefix("{") {
            guard case .table(let found) = try StoreValue(plainJSON: Array(text.utf8)) else { return }
            entries = found
        } else {
            for word in words(text) {
                guard let sign = word.firstIndex(of: "="), isKey(String(word[..<sign])) else {
                    throw StoreError("expected words such as tags=[\"parameters\"] behind the cell's mark, got '\(word)'")
                }
                let json = word[word.index(after: sign)...]
                do { entries.append(StoreEntry(.string(String(word[..<sign])), try StoreValue(plainJSON: Array(json.utf8)))) } catch {
                    throw StoreError("the value of '\(word[..<sign])' must be JSON, such as \"text\", 3, true or [\"a\", \"b\"]; got '\(json)'")
                }
            }
        }
        if let place = entries.firstIndex(where: { $0.key.text == id }), let text = entries[place].value.text, Notebook.isID(text) {
            cell.id = text
            entries.remove(at: place)
        }
        if let place = entries.firstIndex(where: { $0.key.text == attachments }), case .table = entries[place].value {
            cell.attachments = entries.remove(at: place).value
        }
        cell.metadata = .table(entries)
    }

    /// Cuts at spaces outside of quotes and brackets.
    private static func words(_ text: Substring) -> [Substring] {
        var words: [Substring] = []
        var start: Substring.Index?
        var depth = 0
        var isQuoted = false
        var isEscaped = false
        for index in text.indices {
            let character = text[index]
            if character == " " || character == "\t", depth == 0, !isQuoted {
                if let first = start { words.append(text[first..<index]) }
                start = nil
                continue
            }
            if start == nil { start = index }
            if isQuoted {
                if isEscaped { isEscaped = false } else if character == "\\" { isEscaped = true } else if character == "\"" { isQuoted = false }
            } else if character == "\"" {
                isQuoted = true
            } else if character == "[" || character == "{" {
                depth += 1
            } else if character == "]" || character == "}" {
                depth -= 1
            }
        }
        if let first = start { words.append(text[first...]) }
        return words
    }

    static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0 == " " || $0 == "\t" }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}
