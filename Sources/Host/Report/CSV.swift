/// Comma-separated values after RFC 4180, with line feeds.
///
/// Reading takes what Python's csv module and pandas take. It is our own because SwiftCSV, by its source, ends the process at a letter after a closing quote.
public enum CSV {
    /// The rows as text. A field with a comma, a quote, a line break or a space at either end is quoted.
    public static func text(_ rows: [[String]]) -> String {
        rows.map { $0.map(field).joined(separator: ",") + "\n" }.joined()
    }

    private static func field(_ text: String) -> String {
        let needsQuotes = text.utf8.contains { $0 == 0x2C || $0 == 0x22 || $0 == 0x0A || $0 == 0x0D }
            || text.utf8.first == 0x20 || text.utf8.last == 0x20
        return needsQuotes ? "\"" + text.replacing("\"", with: "\"\"") + "\"" : text
    }

    /// A row that was read.
    public struct Row: Equatable, Sendable {
        /// The line of the file on which it begins, from 1.
        public let line: Int
        public let fields: [String]
    }

    /// A file whose first line names the columns.
    public struct Table {
        public let columns: [String]
        /// The other rows, with a field for each column.
        public let rows: [Row]
    }

    /// The rows of a file by columns.
    ///
    /// - Parameters:
    ///   - separator: as for `rows`; default a tab for a source that ends in .tsv, else a comma.
    /// - Throws: `LuaError` as `rows`, for an empty file, two columns of one name and a row with more or fewer fields.
    public static func table(_ bytes: [UInt8], separator: UInt8? = nil, source: String) throws -> Table {
        let rows = try rows(bytes, separator: separator ?? UInt8(ascii: source.hasSuffix(".tsv") ? "\t" : ","), source: source)
        guard let columns = rows.first?.fields else { throw LuaError("\(source) is empty: a first line with the names of columns was expected") }
        if let twice = columns.indices.first(where: { columns.firstIndex(of: columns[$0]) != $0 }) {
            throw LuaError("\(source) has two columns \"\(columns[twice])\"; give each a name of its own")
        }
        if let odd = rows.first(where: { $0.fields.count != columns.count }) {
            throw LuaError("\(source), line \(odd.line): \(columns.count) fields were expected, as in the first line, \(odd.fields.count) came")
        }
        return Table(columns: columns, rows: Array(rows.dropFirst()))
    }

    /// The rows of a file. Empty lines, and a byte order mark at the start, are left out.
    ///
    /// A quote at the start of a field opens it to separators and line breaks, two quotes within stand for one, and what follows the closing quote is
    /// taken as it is; a quote elsewhere is a letter. Lines end with a line feed, a carriage return, or both.
    ///
    /// - Parameters:
    ///   - separator: one byte between fields, such as a comma, a semicolon or a tab.
    ///   - source: names the file in errors.
    /// - Throws: `LuaError` for a quoted field that does not end and for text that is not UTF-8, naming the line.
    public static func rows(_ bytes: [UInt8], separator: UInt8 = UInt8(ascii: ","), source: String) throws -> [Row] {
        var reader = Reader(bytes: bytes, separator: separator, source: source)
        return try reader.rows()
    }

    private struct Reader {
        let bytes: [UInt8], separator: UInt8, source: String
        var position = 0, line = 1

        init(bytes: [UInt8], separator: UInt8, source: String) {
            (self.bytes, self.separator, self.source) = (bytes, separator, source)
            if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
        }

        mutating func rows() throws -> [Row] {
            var rows: [Row] = []
            while position < bytes.count {
                if endLine() { continue }
                let first = line
                var fields = [try field()]
                while position < bytes.count, bytes[position] == separator {
                    position += 1
                    fields.append(try field())
                }
                _ = endLine()
                rows.append(Row(line: first, fields: fields))
            }
            return rows
        }

        /// Steps over a line break, if there is one.
        private mutating func endLine() -> Bool {
            guard position < bytes.count, bytes[position] == 0x0A || bytes[position] == 0x0D else { return false }
            let isPair = bytes[position] == 0x0D && position + 1 < bytes.count && bytes[position + 1] == 0x0A
            position += isPair ? 2 : 1
            line += 1
            return true
        }

        private mutating func field() throws -> String {
            let first = line
            var text: [UInt8] = []
            if position < bytes.count, bytes[position] == UInt8(ascii: "\"") { try quoted(into: &text) }
            let start = position
            while position < bytes.count, bytes[position] != separator, bytes[position] != 0x0A, bytes[position] != 0x0D { position += 1 }
            text += bytes[start..<position]
            guard let read = String(validating: text, as: UTF8.self) else {
                throw LuaError("\(source), line \(first): a field is not UTF-8; save the list as UTF-8")
            }
            return read
        }

        private mutating func quoted(into text: inout [UInt8]) throws {
            let first = line
            position += 1
            while position < bytes.count {
                let byte = bytes[position]
                if byte == UInt8(ascii: "\"") {
                    position += 1
                    guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else { return }
                } else if byte == 0x0A || byte == 0x0D && !(position + 1 < bytes.count && bytes[position + 1] == 0x0A) {
                    line += 1
                }
                text.append(byte)
                position += 1
            }
            throw LuaError("\(source), line \(first): a quoted field does not end; close it with a quote, and write a quote within it as two")
        }
    }
}
