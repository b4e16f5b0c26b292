#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Shows a notebook, or all of a folder, in a browser, and builds it again whenever it is saved.
///
/// A build whose notebook is saved again is stopped and begins anew; stages that were finished are kept.
public final class NotebookPreview {
    private let path: String
    private let isFolder: Bool
    private let builder: NotebookBuilder
    private let parameters: NotebookParameters
    private let server: LocalServer
    private let interrupt: Interrupt
    private var seen: BuildWatch.Snapshot = [:]

    /// Begins to serve; nothing is built yet.
    ///
    /// - Parameters:
    ///   - path: a notebook, or a folder of them.
    ///   - builder: writes HTML beside its other forms.
    ///   - port: on 127.0.0.1; 0 lets the system choose.
    ///   - interrupt: that of the states that the builder makes.
    public init(_ path: String, builder: NotebookBuilder, parameters: NotebookParameters, port: Int, interrupt: Interrupt = .shared) throws {
        self.path = path
        self.parameters = parameters
        self.interrupt = interrupt
        isFolder = Folder.kind(of: path) == .folder
        if !isFolder { _ = try NotebookSpelling.read(path) }
        var builder = builder
        builder.formats.insert(.html)
        self.builder = builder
        let first = isFolder ? "index" : NotebookBuilder.name(of: path)
        server = try LocalServer(port: port) { [output = builder.output] in Self.response($0, first: first, output: output) }
    }

    /// Where a browser finds it.
    public var address: String { "http://127.0.0.1:\(server.port)/" }

    static func isNotebook(_ name: String) -> Bool { (try? NotebookSpelling(path: name)) != nil }

    /// Builds, then waits for changes and builds again, until `isEnded` says so. Faults are shown in the browser and told.
    public func run(until isEnded: () -> Bool) {
        defer { server.close() }
        /// What a build that was stopped has left undone; nil for nothing.
        var left: Set<String>? = nil
        /// Other files than notebooks that changed while the last build ran.
        var written: Set<String> = []
        while !isEnded() {
            let now = snapshot()
            let changed = BuildWatch.changes(from: seen, to: now)
            guard !changed.isEmpty || left != nil else {
                usleep(UInt32(BuildWatch.pause * 1e6))
                continue
            }
            // Where files come or go, or something else than notebooks changes, such as a bibliography, all of them can.
            let isWhole = left?.isEmpty == true || changed.contains { seen[$0] == nil || now[$0] == nil || !Self.isNotebook($0) }
            let names = isWhole ? nil : changed.union(left ?? [])
            seen = now
            left = nil
            server.tell("running", "")
            let watch = BuildWatch(seen: now, interrupt: interrupt) { [self] in snapshot() }
            var builder = builder
            builder.onStart = { watch.begin(Folder.name(of: $0)) }
            builder.isAbandoned = { watch.hasStopped }
            var wasInterrupted = false
            do {
                let runs = try build(names, with: builder)
                wasInterrupted = runs.contains { $0.failure?.isInterrupt == true }
                watch.end()
                if watch.hasStopped && wasInterrupted {
                    left = names ?? []
                } else if let failure = runs.compactMap(\.failure).first {
                    server.tell("failed", failure.message)
                } else {
                    server.tell("built", "")
                }
            } catch {
                watch.end()
                if watch.hasStopped {
                    left = names ?? []
                } else {
                    builder.announce("\(error)")
                    server.tell("failed", "\(error)")
                }
            }
            if wasInterrupted && !watch.hasStopped { break }
            // What changes in each build is written by the notebooks themselves: taken for news it would have them built for ever.
            let after = snapshot()
            let changedMeanwhile = BuildWatch.changes(from: seen, to: after).filter { !Self.isNotebook($0) }
            for name in changedMeanwhile.intersection(written) { seen[name] = after[name] }
            written = changedMeanwhile
        }
    }

    /// Builds the notebooks of these names; nil builds all, with their index.
    private func build(_ names: Set<String>?, with builder: NotebookBuilder) throws -> [NotebookRun] {
        guard isFolder else { return [try builder.build(path, parameters: parameters)] }
        guard let names else { return try builder.buildAll(in: path, parameters: parameters) }
        var runs: [NotebookRun] = []
        for file in try NotebookBuilder.notebooks(in: path) where names.contains(Folder.name(of: file)) {
            runs.append(try builder.build(file, parameters: parameters))
            if runs.last?.failure?.isInterrupt == true { break }
        }
        return runs
    }

    /// The files beside the notebook, by name, with what tells one state of each from the next. For one notebook others do not count.
    private func snapshot() -> BuildWatch.Snapshot {
        let folder = isFolder ? path : Folder.parent(of: path)
        var found: BuildWatch.Snapshot = [:]
        for name in (try? Folder.names(in: folder)) ?? [] where !name.hasPrefix(".") {
            if !isFolder, name != Folder.name(of: path), Self.isNotebook(name) { continue }
            var status = stat()
            guard stat(folder + "/" + name, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
            found[name] = "\(status.st_ino) \(status.st_size) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
        }
        return found
    }

    // MARK: What is served

    private static let types = [
        "html": "text/html; charset=utf-8", "md": "text/plain; charset=utf-8", "ipynb": "application/json", "tex": "text/plain; charset=utf-8",
        "csv": "text/csv; charset=utf-8", "pdf": "application/pdf", "png": "image/png",
    ]

    private static let notBuilt = HTTPResponse(
        Array("<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><title>Loam preview</title><p>The first run is not over yet.</p></html>\n".utf8),
        type: "text/html; charset=utf-8")

    /// The outer page, its parts, and below `/results/` the files that were written.
    private static func response(_ path: String, first: String, output: String) -> HTTPResponse? {
        switch path {
        case "/":
            var page = HTTPResponse(Array(PreviewPage.html(first: "/results/\(first).html").utf8), type: "text/html; charset=utf-8")
            page.headers = [("Content-Security-Policy", PreviewPage.policy)]
            return page
        case "/preview.js": return HTTPResponse(Array(PreviewPage.script.utf8), type: "text/javascript; charset=utf-8")
        case "/preview.css": return HTTPResponse(Array(PreviewPage.css.utf8), type: "text/css; charset=utf-8")
        default: break
        }
        guard path.hasPrefix("/results/") else { return nil }
        let name = String(path.dropFirst("/results/".count))
        guard let inside = Folder.resolved(output), let file = Folder.resolved(output + "/" + name), file.hasPrefix(inside + "/"), Folder.kind(of: file) == .file,
              let type = types[name.split(separator: ".").last.map(String.init) ?? ""], let bytes = try? Folder.contents(file) else {
            return name == first + ".html" ? notBuilt : nil
        }
        var response = HTTPResponse(bytes, type: type)
        response.headers = [("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'")]
        return response
    }
}
