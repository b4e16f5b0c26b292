/// Pictures in rows and columns with labels, such as samples by guidance and prompt.
public struct ImageGrid: Sendable {
    /// One picture.
    public struct Cell: Sendable {
        /// A PNG file's bytes.
        public var png: [UInt8]
        /// A line below it.
        public var caption: String?

        public init(png: [UInt8], caption: String? = nil) {
            self.png = png
            self.caption = caption
        }
    }

    /// What stands below the grid.
    public var caption: String
    /// Above the columns; empty for none.
    public var columnLabels: [String]
    /// Left of the rows; empty for none.
    public var rowLabels: [String]
    /// nil leaves a place empty; rows may differ in length.
    public var rows: [[Cell?]]
    /// Width of a picture on the page in CSS pixels, 8 to 2000; nil takes the picture's own, at least 96.
    public var imageWidth: Int?

    public init(caption: String = "", columnLabels: [String] = [], rowLabels: [String] = [], rows: [[Cell?]], imageWidth: Int? = nil) {
        self.caption = caption
        self.columnLabels = columnLabels
        self.rowLabels = rowLabels
        self.rows = rows
        self.imageWidth = imageWidth
    }

    /// Width and height in a PNG file's header.
    /// - Throws: ``StoreError`` when the bytes are not a PNG.
    static func size(ofPNG bytes: [UInt8]) throws -> (width: Int, height: Int) {
        let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
        guard bytes.count >= 33, bytes.starts(with: signature), Array(bytes[12..<16]) == Array("IHDR".utf8) else {
            throw StoreError("expected a PNG file's bytes, got \(bytes.count) bytes that begin with "
                + (bytes.isEmpty ? "nothing" : bytes.prefix(4).map { "\($0)" }.joined(separator: " ")))
        }
        func number(_ start: Int) -> Int { bytes[start..<(start + 4)].reduce(0) { $0 << 8 | Int($1) } }
        let size = (number(16), number(20))
        guard size.0 > 0, size.1 > 0, size.0 < 1 << 24, size.1 < 1 << 24 else {
            throw StoreError("a PNG file's header gives the size \(size.0) x \(size.1), which no picture has")
        }
        return size
    }

    /// The grid as an HTML fragment with the pictures inside.
    /// - Parameter label: what stands before the caption: "Figure 1".
    /// - Throws: ``StoreError`` naming the picture that is not a PNG, or labels that do not fit.
    public func html(label: String? = nil) throws -> String {
        let columns = rows.map(\.count).max() ?? 0
        guard columns > 0 else { throw StoreError("a grid of images needs at least one image") }
        guard columnLabels.isEmpty || columnLabels.count == columns else {
            throw StoreError("a grid of images has \(columns) columns, but \(columnLabels.count) column labels")
        }
        guard rowLabels.isEmpty || rowLabels.count == rows.count else {
            throw StoreError("a grid of images has \(rows.count) rows, but \(rowLabels.count) row labels")
        }
        if let imageWidth, !(8...2000).contains(imageWidth) {
            throw StoreError("the width of a grid's images must be 8 to 2000 pixels, got \(imageWidth)")
        }
        var text = "<figure class=\"images\">\n<div class=\"scroll\"><table>\n"
        if !columnLabels.isEmpty {
            text += "<tr>" + (rowLabels.isEmpty ? "" : "<td></td>")
            text += columnLabels.map { "<th scope=\"col\">\(HTML.escape($0))</th>" }.joined() + "</tr>\n"
        }
        for (rowIndex, row) in rows.enumerated() {
            text += "<tr>"
            if !rowLabels.isEmpty { text += "<th scope=\"row\">\(HTML.escape(rowLabels[rowIndex]))</th>" }
            for column in 0..<columns {
                guard column < row.count, let cell = row[column] else {
                    text += "<td></td>"
                    continue
                }
                text += "<td>" + (try image(cell, row: rowIndex, column: column)) + "</td>"
            }
            text += "</tr>\n"
        }
        text += "</table></div>\n"
        return text + Report.figureCaption(label, caption) + "</figure>\n"
    }

    private func image(_ cell: Cell, row: Int, column: Int) throws -> String {
        let size: (width: Int, height: Int)
        do { size = try Self.size(ofPNG: cell.png) } catch {
            throw StoreError("image in row \(row + 1), column \(column + 1) of the grid \"\(caption)\": \(error)")
        }
        let width = imageWidth ?? max(96, size.width)
        let height = max(1, Int((Double(size.height) * Double(width) / Double(size.width)).rounded()))
        let labels = [rowLabels.isEmpty ? nil : rowLabels[row], columnLabels.isEmpty ? nil : columnLabels[column], cell.caption]
        let name = labels.compactMap { $0 }.joined(separator: ", ")
        // Small pictures are enlarged by whole pixels: smoothing would hide what the generator made.
        let isEnlarged = width >= 2 * size.width
        var text = "<img\(isEnlarged ? " class=\"pixels\"" : "") width=\"\(width)\" height=\"\(height)\" "
        text += "alt=\"\(HTML.escape(name.isEmpty ? "row \(row + 1), column \(column + 1)" : name))\" "
        text += "src=\"data:image/png;base64,\(Base64.encode(cell.png))\">"
        if let caption = cell.caption { text += "<div class=\"small\" style=\"max-width:\(max(width, 96))px\">\(HTML.escape(caption))</div>" }
        return text
    }
}
