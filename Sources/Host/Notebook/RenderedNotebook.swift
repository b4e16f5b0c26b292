/// A notebook with its outputs as Markdown for readers, and the files that it shows.
struct RenderedNotebook {
    /// For whom the Markdown is.
    enum Flavour {
        /// People and GitHub: pictures as SVG, anchors as HTML.
        case plain
        /// pandoc on its way to a page: metadata apart, anchors as attributes.
        case page
        /// pandoc on its way to LaTeX: as `page`, with drawings as PDF.
        case print
    }

    private(set) var text = ""
    /// Path below the folder of the Markdown, and bytes.
    private(set) var files: [(path: String, bytes: [UInt8])] = []
    /// References to nothing.
    var unknownReferences: [String] { references.unknown }
    private var references = CrossReferences()
    private let flavour: Flavour
    private let folder: String

    /// - Parameters:
    ///   - name: of the notebook's files, without ending.
    init(_ run: NotebookRun, name: String, flavour: Flavour) throws {
        self.flavour = flavour
        folder = name + "_files"
        var blocks: [String] = []
        if flavour == .plain, let title = run.head["title"]?.text {
            blocks.append("# " + Table.markdownEscaped(title))
            let author = run.head["author"]?.text, date = run.head["date"]?.text
            if author != nil || date != nil { blocks.append([author, date].compactMap { $0 }.map(Table.markdownEscaped).joined(separator: ", ")) }
        }
        let marks = run.results.map { result in
            result.outputs.map { output -> (name: String, anchor: String)? in
                guard result.options.output, case .display(let display, _) = output else { return nil }
                switch display.form {
                case .text: return nil
                case .table: return references.add(isTable: true, label: result.options.label)
                case .plot, .images, .picture: return references.add(isTable: false, label: result.options.label)
                }
            }
        }
        for (index, cell) in run.notebook.cells.enumerated() {
            switch cell.kind {
            case .markdown: blocks.append(references.resolved(cell.source))
            case .raw: blocks.append(Self.fenced(cell.source))
            case .code: blocks += try Self.cell(cell, run.results[index], marks[index], &self)
            }
            if let injection = run.injection, injection.cell == index, run.results[index].options.echo {
                blocks.append(Self.fenced(injection.code.replacing("; ", with: "\n").split(separator: "\n").joined(separator: "\n"), "lua"))
            }
        }
        if let failure = run.failure, failure.cell == nil { blocks.append("**Error**\n\n" + Self.fenced(failure.message)) }
        blocks.append(Self.provenance(run))
        text = blocks.joined(separator: "\n\n") + "\n"
    }

    private static func cell(
        _ cell: Notebook.Cell, _ result: NotebookRun.CellResult, _ marks: [(name: String, anchor: String)?], _ page: inout RenderedNotebook
    ) throws -> [String] {
        var blocks: [String] = []
        let code = cell.lines.dropFirst(result.options.lineCount).joined(separator: "\n")
        if result.options.echo, !code.isEmpty { blocks.append(fenced(code, "lua")) }
        var caption = result.options.caption
        for (output, mark) in zip(result.outputs, marks) {
            // An error is never hidden: it says why the rest is missing.
            if case .error(_, let traceback) = output {
                blocks.append(fenced(traceback.map(plain).joined(separator: "\n")))
                continue
            }
            guard result.options.output else { continue }
            switch output {
            case .stream(let text): blocks.append(fenced(text.hasSuffix("\n") ? String(text.dropLast()) : text))
            case .display(let display, _):
                guard let mark else {
                    blocks.append(fenced(display.text))
                    continue
                }
                blocks.append(try page.figure(display, name: mark.name, anchor: mark.anchor, caption: caption))
                caption = nil
            case .error: break
            }
        }
        return blocks
    }

    /// Text without the colour codes that other kernels put into tracebacks.
    private static func plain(_ text: String) -> String { text.replacing(#/\u{1B}\[[0-9;]*[A-Za-z]/#, with: "") }

    private static func fenced(_ text: String, _ language: String = "") -> String {
        var mark = "```"
        while text.contains(mark) { mark += "`" }
        return "\(mark)\(language)\n\(text)\n\(mark)"
    }

    private mutating func figure(_ display: NotebookDisplay, name: String, anchor: String, caption: String?) throws -> String {
        // A caption among the cell's options is Markdown; those of values are plain text.
        func words(_ own: String) -> String { caption.map { references.resolved($0) } ?? Table.markdownEscaped(own) }
        switch display.form {
        case .text: return Self.fenced(display.text)
        case .table(var table):
            files.append(("\(folder)/\(anchor).csv", Array(table.csv().utf8)))
            let words = "**\(name).** " + words(table.caption)
            if let caption { table.caption = caption }
            files.append(("\(folder)/\(anchor).tex", Array(table.latex(label: anchor).utf8)))
            let notes = table.notes
            table.caption = ""
            table.notes = []
            let body = table.markdown() + (flavour == .plain ? "" : "\n: \(words)\n")
            let below = notes.map { "\n" + Table.markdownEscaped($0) + "\n" }.joined()
            return flavour == .plain ? "<a id=\"\(anchor)\"></a>\(words)\n\n" + (body + below).dropLast() : "::: {#\(anchor) .table}\n\n" + body + below + "\n:::"
        case .plot(let plot):
            let format: Gnuplot.Format = flavour == .print ? .pdf : .svg
            // What was drawn for the notebook is not drawn again.
            let drawn = format == .svg ? JupyterFile.text(display.data?["image/svg+xml"]).map { Array($0.utf8) } : nil
            files.append(("\(folder)/\(anchor).\(format.rawValue)", try drawn ?? plot.drawn(format)))
            if flavour == .plain, let png = display.data?["image/png"]?.text.flatMap(Base64.decode) { files.append(("\(folder)/\(anchor).png", png)) }
            files.append(("\(folder)/\(anchor).csv", Array(try plot.data().csv().utf8)))
            return picture("\(anchor).\(format.rawValue)", name, anchor, words(plot.caption), width: "100%")
        case .picture(let png):
            files.append(("\(folder)/\(anchor).png", png))
            let size = try ImageGrid.size(ofPNG: png)
            return picture("\(anchor).png", name, anchor, words(""), width: size.width < 96 ? "96px" : nil)
        case .images(let grid, _):
            return try pictures(grid, name, anchor, words(grid.caption))
        }
    }

    private func picture(_ file: String, _ name: String, _ anchor: String, _ caption: String, width: String?) -> String {
        let words = "**\(name).** " + caption
        if flavour == .plain { return "<a id=\"\(anchor)\"></a>\n![\(name)](\(folder)/\(file))\n\n\(words)" }
        return "![\(words)](\(folder)/\(file)){#\(anchor)\(width.map { " width=\($0)" } ?? "")}"
    }

    /// Pictures in a table, which Markdown can lay out.
    private mutating func pictures(_ grid: ImageGrid, _ name: String, _ anchor: String, _ caption: String) throws -> String {
        let columns = grid.rows.map(\.count).max() ?? 0
        let hasRowLabels = !grid.rowLabels.isEmpty
        func row(_ label: String?, _ cells: [String]) -> String { "| " + ((hasRowLabels ? [label ?? ""] : []) + cells).joined(separator: " | ") + " |" }
        var lines = [row(nil, (0..<columns).map { $0 < grid.columnLabels.count ? Table.markdownEscaped(grid.columnLabels[$0]) : " " })]
        lines.append("|" + String(repeating: ":--|", count: columns + (hasRowLabels ? 1 : 0)))
        for (index, pictures) in grid.rows.enumerated() {
            var cells: [String] = []
            for column in 0..<columns {
                guard column < pictures.count, let cell = pictures[column] else {
                    cells.append(" ")
                    continue
                }
                let file = "\(folder)/\(anchor)-\(index + 1)-\(column + 1).png"
                files.append((file, cell.png))
                let words = cell.caption.map(Table.markdownEscaped) ?? ""
                let natural = try ImageGrid.size(ofPNG: cell.png).width
                let width = flavour == .plain ? "" : "{width=\(grid.imageWidth ?? max(96, natural))px}"
                cells.append("![\(words)](\(file))\(width)" + (words.isEmpty ? "" : " " + words))
            }
            lines.append(row(hasRowLabels ? Table.markdownEscaped(grid.rowLabels[index]) : nil, cells))
        }
        let words = "**\(name).** " + caption
        if flavour == .plain { return "<a id=\"\(anchor)\"></a>\n\n" + lines.joined(separator: "\n") + "\n\n" + words }
        return "::: {#\(anchor) .images}\n\n" + lines.joined(separator: "\n") + "\n\n\(words)\n\n:::"
    }

    /// What the numbers were made from: parameters, stages, version. It says nothing of when and how often, so that a rebuild has the same bytes.
    private static func provenance(_ run: NotebookRun) -> String {
        var parts: [String] = []
        if case .table(let entries) = run.parameters, !entries.isEmpty {
            parts.append("Parameters: " + entries.map { "\($0.key.text ?? "") = \($0.value.plainJSON())" }.joined(separator: ", ") + ".")
        }
        var seen: Set<ContentHash> = []
        let stages = run.stages.filter { seen.insert($0.key).inserted }
        if !stages.isEmpty {
            parts.append("Stages: " + stages.map { "\($0.name) (\($0.key.short), made in \(ElapsedTime.text(seconds: $0.elapsed)))" }.joined(separator: ", ") + ".")
        }
        parts.append("Made by Loam \(run.version) from \(Folder.name(of: run.file)).")
        return "---\n\n" + Table.markdownEscaped(parts.joined(separator: " "))
    }
}
