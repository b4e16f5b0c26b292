/// A document of results: text, tables, pictures and plots in one HTML file that opens without a network.
///
/// The same report gives the same bytes. All text is escaped; nothing in the file is active.
public struct Report: Sendable {
    /// One part of a report.
    public enum Block: Sendable {
        /// A heading of level 2 or 3; the title is level 1.
        case heading(String, level: Int)
        case paragraph(String)
        /// Text in a fixed-width font, kept as it is.
        case code(String)
        case table(Table)
        case images(ImageGrid)
        case plot(any Plot)
        /// A block that opens on a click: parameters, provenance.
        case details(title: String, StoreValue)
    }

    public var title: String
    /// A line below the title: preset, seed, version.
    public var subtitle: String?
    public private(set) var blocks: [Block] = []

    public init(title: String, subtitle: String? = nil) {
        self.title = title
        self.subtitle = subtitle
    }

    /// Adds a part at the end.
    public mutating func add(_ block: Block) { blocks.append(block) }

    /// The report as one HTML file; tables and figures are numbered in their order.
    /// - Throws: ``StoreError`` for a picture that is not a PNG or a plot that cannot be drawn.
    public func html() throws -> String {
        var text = """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>\(HTML.escape(title))</title>
            <style>
            \(ReportStyle.css)
            </style>
            </head>
            <body>
            <main>
            <header>
            <h1>\(HTML.escape(title))</h1>

            """
        if let subtitle { text += "<p class=\"subtitle\">\(HTML.escape(subtitle))</p>\n" }
        text += "</header>\n"
        var tables = 0
        var figures = 0
        for block in blocks {
            switch block {
            case .heading(let heading, let level):
                let tag = level <= 2 ? "h2" : "h3"
                text += "<\(tag)>\(HTML.escape(heading))</\(tag)>\n"
            case .paragraph(let paragraph): text += "<p>\(HTML.escape(paragraph))</p>\n"
            case .code(let code): text += "<pre class=\"scroll\"><code>\(HTML.escape(code))</code></pre>\n"
            case .table(let table):
                tables += 1
                text += table.html(label: "Table \(tables)")
            case .images(let grid):
                figures += 1
                text += try grid.html(label: "Figure \(figures)")
            case .plot(let plot):
                figures += 1
                text += try Self.html(plot, number: figures)
            case .details(let title, let value):
                text += "<details>\n<summary>\(HTML.escape(title))</summary>\n<div class=\"scroll\">\(Self.html(value))</div>\n</details>\n"
            }
        }
        return text + "</main>\n</body>\n</html>\n"
    }

    /// Writes the report, whole or not at all.
    /// - Throws: as ``html()``, and ``FileFault``.
    public func write(to path: String) throws {
        try AtomicFile.write(try html(), to: path)
    }

    static func figureCaption(_ label: String?, _ caption: String) -> String {
        let parts = [label.map { "<b>\(HTML.escape($0)).</b>" }, caption.isEmpty ? nil : HTML.escape(caption)].compactMap { $0 }
        return parts.isEmpty ? "" : "<figcaption>\(parts.joined(separator: " "))</figcaption>\n"
    }

    private static func html(_ plot: any Plot, number: Int) throws -> String {
        let drawing = Gnuplot.inline(try plot.svg(), prefix: "plot\(number)-")
        return "<figure class=\"plot\">\n<div class=\"scroll\"><div class=\"drawing\">\(drawing)</div></div>\n"
            + figureCaption("Figure \(number)", plot.caption)
            + "<details>\n<summary>Numbers of figure \(number)</summary>\n\(try plot.data().html())</details>\n</figure>\n"
    }

    /// A value as nested rows of names and values.
    private static func html(_ value: StoreValue) -> String {
        switch value {
        case .table(let entries) where !entries.isEmpty:
            let rows = entries.map { entry -> (name: String, value: StoreValue) in (entry.key.text ?? entry.key.plainJSON(), entry.value) }
                .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
            return "<table class=\"values\">" + rows.map { "<tr><th scope=\"row\">\(HTML.escape($0.name))</th><td>\(html($0.value))</td></tr>" }
                .joined(separator: "\n") + "</table>"
        case .string(let text): return HTML.escape(text)
        case .content, .file, .bytes: return HTML.escape(value.summary())
        default: return HTML.escape(value.plainJSON())
        }
    }
}
