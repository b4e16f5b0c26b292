/// Runs notebooks and writes what readers see.
public struct NotebookBuilder {
    /// What is written for each notebook; Markdown and `.ipynb` always.
    public enum Format: String, CaseIterable, Sendable { case md, ipynb, html, tex, pdf }

    /// The folder that the results go to.
    public internal(set) var output: String
    public var formats: Set<Format>
    /// Makes a fresh world for a notebook; called once for each.
    let environment: (String) throws -> NotebookEnvironment
    /// Gets one line for each thing that a user should know.
    public var announce: (String) -> Void
    /// Gets what cells print, as they print it.
    public var onOutput: (String) -> Void = { _ in }
    /// Is told of each file before its cells run.
    var onStart: (String) -> Void = { _ in }
    /// Whether nobody waits any more for the results of a build that was interrupted: they are not written then.
    var isAbandoned: () -> Bool = { false }

    public init(output: String, formats: Set<Format>, announce: @escaping (String) -> Void, environment: @escaping (String) throws -> NotebookEnvironment) {
        self.output = output
        self.formats = formats.union([.md, .ipynb])
        self.announce = announce
        self.environment = environment
    }

    /// The notebooks of a folder, by name; one called `index` comes last, since it sums up the others. Hidden files and results are not among them.
    public static func notebooks(in folder: String) throws -> [String] {
        let files = try Folder.names(in: folder).filter { !$0.hasPrefix(".") && (try? NotebookSpelling(path: $0)) != nil && Folder.kind(of: folder + "/" + $0) == .file }
            .map { folder + "/" + $0 }
        return files.filter { name(of: $0) != "index" } + files.filter { name(of: $0) == "index" }
    }

    /// The name of a notebook's results, without ending.
    public static func name(of file: String) -> String {
        fileName(Folder.name(of: file).split(separator: ".").dropLast().joined(separator: "."))
    }

    /// A text without what file names and addresses cannot hold everywhere.
    static func fileName(_ text: String) -> String {
        String(text.map { $0.isASCII && ($0.isLetter || $0.isNumber) || "._-".contains($0) ? $0 : "-" })
    }

    /// The `.ipynb` with the outputs of a notebook.
    public func storedFile(of file: String) -> String { "\(output)/\(Self.name(of: file)).ipynb" }

    /// Runs one notebook and writes its results; a failed run is written with the failed cell in it.
    ///
    /// - Parameter name: of the results, without ending; default: that of the notebook.
    @discardableResult
    public func build(_ file: String, parameters: NotebookParameters = NotebookParameters(), name: String? = nil) throws -> NotebookRun {
        let notebook = try NotebookSpelling.read(file)
        let name = name ?? Self.name(of: file)
        let stored = "\(output)/\(name).ipynb"
        guard Folder.resolved(file) != Folder.resolved(stored) else {
            throw NotebookError("\(file): the results would overwrite the notebook; choose another folder for them")
        }
        try Folder.create(output)
        let runner = try NotebookRunner(notebook, file: file, parameters: parameters, environment: try environment(file))
        runner.onOutput = onOutput
        let live = LiveFile(path: stored)
        runner.onProgress = { try live.write($0) }
        onStart(file)
        let run = try runner.start()
        if run.failure?.isInterrupt == true, isAbandoned() { return run }
        try write(run, folder: Folder.parent(of: file), name: name)
        if let failure = run.failure {
            announce("\(file): " + (failure.cell.map { "cell \($0 + 1) failed: " } ?? "failed: ") + failure.message)
        }
        return run
    }

    /// Writes a run in all formats; files whose bytes stay the same are not touched, pictures that nothing shows any more go.
    public func write(_ run: NotebookRun, folder: String, name: String) throws {
        try Folder.create(output)
        try Self.put(Array(JupyterFile.text(try run.executed()).utf8), to: "\(output)/\(name).ipynb")
        let plain = try RenderedNotebook(run, name: name, flavour: .plain)
        // After a failure the missing figures are no news.
        for label in plain.unknownReferences where run.failure == nil { announce("\(run.file): @\(label) refers to nothing") }
        try Self.put(Array(plain.text.utf8), to: "\(output)/\(name).md")
        let print = formats.isDisjoint(with: [.tex, .pdf]) ? nil : try RenderedNotebook(run, name: name, flavour: .print)
        let files = plain.files + (print?.files ?? [])
        let place = "\(output)/\(name)_files"
        if !files.isEmpty { try Folder.create(place) }
        for file in files { try Self.put(file.bytes, to: "\(output)/\(file.path)") }
        // What other programs make comes last: where they fail the rest is there.
        if formats.contains(.html) {
            let page = try RenderedNotebook(run, name: name, flavour: .page)
            try Self.put(try Pandoc(announce: announce).written(page, of: run, as: .html, folder: folder), to: "\(output)/\(name).html")
        }
        if let print {
            if formats.contains(.tex) { try Self.put(try Pandoc(announce: announce).written(print, of: run, as: .latex, folder: folder), to: "\(output)/\(name).tex") }
            if formats.contains(.pdf) { try Self.put(try Pandoc(announce: announce).written(print, of: run, as: .pdf, folder: folder), to: "\(output)/\(name).pdf") }
        }
        guard Folder.kind(of: place) == .folder else { return }
        let wanted = Set(files.map(\.path))
        for old in try Folder.names(in: place) where !wanted.contains("\(name)_files/\(old)") { try Folder.remove("\(place)/\(old)") }
        if files.isEmpty { try Folder.remove(place) }
    }

    /// Writes a file unless it has these bytes already.
    static func put(_ bytes: [UInt8], to path: String) throws {
        if Folder.kind(of: path) == .file, try Folder.contents(path) == bytes { return }
        try AtomicFile.write(bytes, to: path)
    }

    /// Runs all notebooks of a folder and writes an index page beside their results.
    ///
    /// - Returns: the runs, failed ones among them.
    public func buildAll(in folder: String, parameters: NotebookParameters = NotebookParameters()) throws -> [NotebookRun] {
        let files = try Self.notebooks(in: folder)
        guard !files.isEmpty else { throw NotebookError("\(folder) holds no notebooks: no files that end in .md, .lua or .ipynb") }
        var names: [String: String] = [:]
        for file in files {
            if let other = names.updateValue(file, forKey: Self.name(of: file)) { throw NotebookError("\(other) and \(file) would have the same results; rename one") }
        }
        var runs: [NotebookRun] = []
        for file in files {
            let run = try build(file, parameters: parameters)
            runs.append(run)
            if run.failure?.isInterrupt == true { break }
        }
        if runs.last?.failure?.isInterrupt == true, isAbandoned() { return runs }
        // A notebook called index is the page that would be written.
        if names["index"] == nil { try writeIndex(runs) }
        return runs
    }

    private func writeIndex(_ runs: [NotebookRun]) throws {
        var lines = ["# Notebooks", ""]
        for run in runs {
            let name = Self.name(of: run.file)
            let title = Table.markdownEscaped(run.head["title"]?.text ?? name)
            let forms = Format.allCases.filter { formats.contains($0) }.map { "[\($0.rawValue)](\(name).\($0.rawValue))" }.joined(separator: ", ")
            lines.append("- **\(title)** (\(forms))" + (run.failure == nil ? "" : ": **failed**"))
        }
        try Self.put(Array((lines.joined(separator: "\n") + "\n").utf8), to: output + "/index.md")
        guard formats.contains(.html) else { return }
        var page = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
            + "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
            + "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>Notebooks</title>\n<style>\n\(ReportStyle.css)\n</style>\n</head>\n"
            + "<body>\n<main>\n<header><h1>Notebooks</h1></header>\n<ul>\n"
        for run in runs {
            let name = Self.name(of: run.file)
            let forms = Format.allCases.filter { $0 != .html && formats.contains($0) }.map { "<a href=\"\(name).\($0.rawValue)\">\($0.rawValue)</a>" }
            page += "<li><a href=\"\(name).html\">\(HTML.escape(run.head["title"]?.text ?? name))</a>\(run.failure == nil ? "" : " <strong>failed</strong>") "
                + "<span class=\"note\">\(forms.joined(separator: " "))</span></li>\n"
        }
        try Self.put(Array((page + "</ul>\n</main>\n</body>\n</html>\n").utf8), to: output + "/index.html")
    }
}

/// The `.ipynb` that is written while a notebook runs.
///
/// As long as the cells that are done came out as the file has them already, it is left alone: a rebuild that changes nothing touches nothing.
private final class LiveFile {
    private let path: String
    private let old: Notebook?
    private var isChanged = false

    init(path: String) {
        self.path = path
        old = try? NotebookSpelling.read(path)
    }

    func write(_ run: NotebookRun) throws {
        let new = try run.executed()
        if !isChanged, let old, old.cells.count == new.cells.count, old.metadata["loam"]?["parameters"] == run.parameters {
            let isSame = zip(old.cells, new.cells).allSatisfy { before, now in
                before.source == now.source && before.id == now.id && (now.executionCount == nil || now.executionCount == before.executionCount && now.outputs == before.outputs)
            }
            if isSame { return }
        }
        isChanged = true
        try NotebookBuilder.put(Array(JupyterFile.text(new).utf8), to: path)
    }
}
