/// A notebook as `.ipynb`, format 4.5.
public enum JupyterFile {
    /// What says that a notebook is Lua run by Loam.
    private static let defaults: [(String, StoreValue)] = [
        ("kernelspec", ["display_name": "Lua (Loam)", "language": "lua", "name": "loam"]),
        ("language_info", ["file_extension": ".lua", "mimetype": "text/x-lua", "name": "lua"]),
    ]
    /// Where the front matter of the other spellings is kept.
    private static let ownKey = "loam"
    private static let frontMatterKey = "front_matter"

    /// Metadata without the entries that every Loam notebook has.
    static func withoutDefaults(_ metadata: StoreValue) -> StoreValue {
        guard case .table(let entries) = metadata else { return .table([StoreEntry]()) }
        return .table(entries.filter { entry in !defaults.contains { $0.0 == entry.key.text && $0.1 == entry.value } })
    }

    // MARK: Reading

    static func notebook(_ bytes: [UInt8], file: String) throws -> Notebook {
        let json: StoreValue
        do { json = try StoreValue(plainJSON: bytes) } catch { throw NotebookError("\(file): \(error)") }
        guard let major = json["nbformat"]?.integer, case .list(let cells)? = json["cells"] ?? (major < 4 ? .list([]) : nil) else {
            throw NotebookError("\(file): this is JSON, but no notebook: it has no nbformat and cells")
        }
        guard major == 4 else {
            throw NotebookError("\(file): notebooks of format 4 are read, this one is \(major); `jupyter nbconvert --to notebook` converts it")
        }
        var notebook = Notebook()
        if case .table(let entries) = withoutDefaults(json["metadata"] ?? .null) {
            notebook.frontMatter = json["metadata"]?[ownKey]?[frontMatterKey]?.text ?? ""
            notebook.metadata = .table(entries.compactMap { entry in
                guard entry.key.text == ownKey, case .table(let own) = entry.value else { return entry }
                let rest = own.filter { $0.key.text != frontMatterKey }
                return rest.isEmpty ? nil : StoreEntry(entry.key, .table(rest))
            })
        }
        for (index, cell) in cells.enumerated() {
            guard let kind = cell["cell_type"]?.text.flatMap(Notebook.Cell.Kind.init), let source = text(cell["source"]) else {
                throw NotebookError("\(file): cell \(index + 1) has no cell_type (code, markdown, raw) or no source")
            }
            var read = Notebook.Cell(kind, source)
            if let id = cell["id"]?.text, Notebook.isID(id), !notebook.cells.contains(where: { $0.id == id }) { read.id = id }
            if case .table(let entries)? = cell["metadata"] { read.metadata = .table(entries) }
            if case .table(let entries)? = cell["attachments"] { read.attachments = .table(entries) }
            if case .list(let outputs)? = cell["outputs"] { read.outputs = outputs }
            read.executionCount = cell["execution_count"]?.integer
            notebook.cells.append(read)
        }
        notebook.identify()
        return notebook
    }

    /// Text that may be given as a list of lines.
    static func text(_ value: StoreValue?) -> String? {
        if case .list(let lines)? = value { return lines.compactMap(\.text).joined() }
        return value?.text
    }

    // MARK: Writing

    static func text(_ notebook: Notebook) -> String {
        var metadata = notebook.metadata
        if case .table(var entries) = metadata {
            for (name, value) in defaults where !entries.contains(where: { $0.key.text == name }) { entries.append(StoreEntry(.string(name), value)) }
            if !notebook.frontMatter.isEmpty {
                var own = [StoreEntry(.string(frontMatterKey), .string(notebook.frontMatter))]
                if let place = entries.firstIndex(where: { $0.key.text == ownKey }), case .table(let more) = entries.remove(at: place).value { own += more }
                entries.append(StoreEntry(.string(ownKey), .table(own)))
            }
            metadata = .table(entries)
        }
        let file: StoreValue = ["cells": .list(notebook.cells.map(cell)), "metadata": metadata, "nbformat": 4, "nbformat_minor": 5]
        return file.plainJSON(pretty: true) + "\n"
    }

    private static func cell(_ cell: Notebook.Cell) -> StoreValue {
        var entries = [
            StoreEntry("cell_type", .string(cell.kind.rawValue)), StoreEntry("id", .string(cell.id)), StoreEntry("metadata", cell.metadata),
            StoreEntry("source", lines(cell.source)),
        ]
        if let attachments = cell.attachments, cell.kind != .code { entries.append(StoreEntry("attachments", attachments)) }
        if cell.kind == .code {
            entries.append(StoreEntry("execution_count", cell.executionCount.map { .integer($0) } ?? .null))
            entries.append(StoreEntry("outputs", .list(cell.outputs)))
        }
        return .table(entries)
    }

    /// Text as a list of lines, each with its line feed: small changes of a notebook stay small in version control.
    static func lines(_ text: String) -> StoreValue {
        var lines: [StoreValue] = []
        var rest = text.utf8[...]
        while let end = rest.firstIndex(of: 10) {
            lines.append(.string(String(Substring(rest[...end]))))
            rest = rest[rest.index(after: end)...]
        }
        if !rest.isEmpty { lines.append(.string(String(Substring(rest)))) }
        return .list(lines)
    }
}
