/// The program pandoc, which makes pages and LaTeX of Markdown.
struct Pandoc {
    /// What is written.
    enum Target: String { case html, latex, pdf }

    /// Raw HTML and LaTeX are text, and only fenced blocks and the attributes of pictures and headings are read beside plain Markdown.
    private static let reader = "markdown-raw_html-raw_tex-raw_attribute-native_divs-native_spans-yaml_metadata_block-pandoc_title_block-markdown_in_html_blocks"
    private let program: ExternalProgram
    /// Gets what pandoc and LaTeX warn of: citations without an entry, characters that no font has.
    private let announce: (String) -> Void

    init(announce: @escaping (String) -> Void = { _ in }) throws {
        self.announce = announce
        program = try ExternalProgram("pandoc", purpose: "HTML, LaTeX and PDF need", package: "pandoc")
    }

    /// Writes a notebook.
    ///
    /// - Parameters:
    ///   - rendered: with the flavour that the target needs.
    ///   - folder: where the notebook lies: pictures and the bibliography are looked for there.
    /// - Throws: ``StoreError`` with what pandoc says.
    func written(_ rendered: RenderedNotebook, of run: NotebookRun, as target: Target, folder: String) throws -> [UInt8] {
        let made = Dictionary(rendered.files.map { ($0.path, $0.bytes) }, uniquingKeysWith: { $1 })
        return try ExternalProgram.inTemporaryFolder { place in
            let tree = try pandoc(["-f", Self.reader, "-t", "json"], in: place, input: Array(rendered.text.utf8), of: run)
            let document = PandocDocument(picture: { PandocDocument.picture($0, made: made, folder: folder) }, embeds: target == .html)
            let harmless = document.sanitised(try StoreValue(plainJSON: tree)).plainJSON()
            try AtomicFile.write(metadata(run).plainJSON(), to: place + "/metadata.json")
            var arguments = ["-f", "json", "--standalone", "--metadata-file=metadata.json"]
            let sources = ["bibliography", "csl"].compactMap { key in Self.source(run.head[key]?.text, folder).map { (key, $0) } }
            for (key, path) in sources { arguments.append("--\(key)=\(path)") }
            if sources.contains(where: { $0.0 == "bibliography" }) { arguments.append("--citeproc") }
            switch target {
            case .html:
                try AtomicFile.write(PageTemplate.html, to: place + "/page.html")
                arguments += ["-t", "html5", "--mathml", "--template=page.html", "--sandbox"]
            case .latex, .pdf:
                try AtomicFile.write(Self.latexHead(rendered.text), to: place + "/head.tex")
                arguments += ["-t", "latex", "--include-in-header=head.tex"]
            }
            if target == .pdf {
                for file in rendered.files {
                    try Folder.create(Folder.parent(of: place + "/" + file.path))
                    try AtomicFile.write(file.bytes, to: place + "/" + file.path)
                }
                arguments += ["--pdf-engine=\(try Self.pdfEngine())", "-o", "out.pdf"]
            }
            let output = try pandoc(arguments, in: place, input: Array(harmless.utf8), of: run)
            return target == .pdf ? Self.identified(try Folder.contents(place + "/out.pdf")) : output
        }
    }

    private func pandoc(_ arguments: [String], in folder: String, input: [UInt8], of run: NotebookRun) throws -> [UInt8] {
        // Dates in PDF files are those of this variable, so that the same notebook gives the same bytes.
        let result = try program.run(arguments, in: folder, input: input, environment: ["SOURCE_DATE_EPOCH": "0"])
        guard result.status == 0 else { throw StoreError("pandoc could not write \(run.file) (status \(result.status)): \(result.messages)") }
        for warning in Self.warnings(result.messages) { announce("\(run.file): \(warning)") }
        return result.output
    }

    /// What LaTeX has to know beside pandoc's own head: captions bring their numbers, and fonts that have more characters than Latin Modern are used
    /// where they are needed and installed.
    private static func latexHead(_ text: String) -> String {
        let needsMore = text.unicodeScalars.contains { $0.value >= 0x370 && !(0x2000...0x20AF).contains($0.value) }
        let main = needsMore ? "\\IfFontExistsTF{DejaVu Serif}{\\setmainfont{DejaVu Serif}[Scale=0.9]}{}\n" : ""
        return """
            \\usepackage{caption}
            \\captionsetup{labelformat=empty}
            \\ifPDFTeX\\else
            \\IfFontExistsTF{DejaVu Sans Mono}{\\setmonofont{DejaVu Sans Mono}[Scale=0.8]}{}
            \(main)\\fi

            """
    }

    /// The warnings among what pandoc says, those about characters in one sentence.
    static func warnings(_ messages: String) -> [String] {
        var warnings: [String] = [], missing: [String] = []
        for line in messages.split(separator: "\n") where line.hasPrefix("[WARNING] ") {
            let text = String(line.dropFirst("[WARNING] ".count))
            // In its sandbox pandoc finds no words of other languages, which nothing here needs.
            if text.contains("translation") { continue }
            guard text.hasPrefix("Missing character: There is no "), let character = text.dropFirst("Missing character: There is no ".count).split(separator: " ").first else {
                if !warnings.contains(text) { warnings.append(text) }
                continue
            }
            if !missing.contains(String(character)) { missing.append(String(character)) }
        }
        guard !missing.isEmpty else { return warnings }
        return warnings + ["the PDF lacks characters that its fonts do not have: \(missing.joined(separator: " ")); HTML has them"]
    }

    /// A PDF whose identifier, two numbers of 32 digits that LaTeX makes of the name of a temporary folder, is made of its content.
    private static func identified(_ file: [UInt8]) -> [UInt8] {
        var file = file
        guard let mark = file.indices.dropLast(100).last(where: { file[$0] == UInt8(ascii: "/") && file[$0...].starts(with: "/ID".utf8) }) else { return file }
        let digits = (mark..<(mark + 60)).filter { file[$0] == UInt8(ascii: "<") }.prefix(2).map { ($0 + 1)..<($0 + 33) }
        guard digits.count == 2, digits.allSatisfy({ file[$0].allSatisfy { Character(UnicodeScalar($0)).isHexDigit } }) else { return file }
        for range in digits { file.replaceSubrange(range, with: repeatElement(UInt8(ascii: "0"), count: 32)) }
        let hash = ContentHash(of: file).hex.utf8.prefix(32)
        for range in digits { file.replaceSubrange(range, with: hash) }
        return file
    }

    private static func pdfEngine() throws -> String {
        for engine in ["xelatex", "lualatex", "pdflatex"] {
            if let found = try? ExternalProgram(engine, purpose: "PDF needs", package: "texlive-xetex") { return found.path }
        }
        throw StoreError("PDF needs LaTeX, which is not installed. Run `apt-get install texlive-xetex texlive-fonts-recommended lmodern`, or write --to tex.")
    }

    /// A file that the front matter names, if it lies in the notebook's folder.
    private static func source(_ name: String?, _ folder: String) -> String? {
        guard let name, !name.hasPrefix("/"), let inside = Folder.resolved(folder), let path = Folder.resolved(folder + "/" + name), path.hasPrefix(inside + "/"),
              Folder.kind(of: path) == .file else { return nil }
        return path
    }

    /// Title, author, date and abstract, as plain text.
    private func metadata(_ run: NotebookRun) -> StoreValue {
        var entries: [StoreEntry] = []
        for key in ["title", "subtitle", "author", "date", "abstract", "lang"] {
            switch run.head[key] {
            case .string(let text)?: entries.append(StoreEntry(.string(key), .string(Table.markdownEscaped(text))))
            case .list(let texts)?: entries.append(StoreEntry(.string(key), .list(texts.compactMap(\.text).map { .string(Table.markdownEscaped($0)) })))
            default: break
            }
        }
        let title = run.head["title"]?.text ?? Folder.name(of: run.file)
        return .table(entries + [StoreEntry("pagetitle", .string(Table.markdownEscaped(title))), StoreEntry("link-citations", .bool(true))])
    }
}
