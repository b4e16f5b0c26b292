/// Notebooks in another form, without running anything.
public enum NotebookConversion {
    /// Writes a notebook in the form that the ending of `result` names.
    ///
    /// - Parameter version: of the program, which pages name.
    /// - Throws: ``NotebookError`` for an ending that is none, and as reading and writing do.
    public static func convert(_ file: String, to result: String, version: String) throws {
        let notebook = try NotebookSpelling.read(file)
        if let spelling = try? NotebookSpelling(path: result) { return try AtomicFile.write(try spelling.text(notebook), to: result) }
        let target: Pandoc.Target
        switch result.split(separator: ".").last.map({ $0.lowercased() }) {
        case "html": target = .html
        case "tex": target = .latex
        default: throw NotebookError("\(result): the name must end in .md, .lua, .ipynb, .html or .tex")
        }
        let run = try NotebookRun.stored(in: notebook, file: file, version: version)
        let name = NotebookBuilder.name(of: result)
        let rendered = try RenderedNotebook(run, name: name, flavour: target == .html ? .page : .print)
        if target == .latex {
            for picture in rendered.files {
                let path = Folder.parent(of: result) + "/" + picture.path
                try Folder.create(Folder.parent(of: path))
                try AtomicFile.write(picture.bytes, to: path)
            }
        }
        try AtomicFile.write(try Pandoc().written(rendered, of: run, as: target, folder: Folder.parent(of: file)), to: result)
    }

    /// A notebook to begin with.
    public static func starter() -> Notebook {
        var notebook = Notebook(frontMatter: "title: A question", cells: [
            Notebook.Cell(.markdown, "What is asked, and what @tbl-first answers."),
            Notebook.Cell(.code, "local seed = 1", metadata: ["tags": ["parameters"]]),
            Notebook.Cell(.code, """
                --| label: tbl-first
                --| caption: Numbers of one seed.
                report.table{columns = {"seed", "square"}, rows = {{seed, seed * seed}}}
                """),
        ])
        notebook.identify()
        return notebook
    }
}

extension NotebookBuilder {
    /// Runs a notebook afresh and compares with its stored outputs: its own, if it is an `.ipynb` with outputs, else those of the last build.
    ///
    /// Parameters that the stored run was given are given again, unless others are.
    /// - Throws: ``NotebookError`` when there are no stored outputs.
    public func verify(_ file: String, parameters: NotebookParameters = NotebookParameters()) throws -> NotebookVerification {
        let notebook = try NotebookSpelling.read(file)
        var stored = notebook
        if !notebook.cells.contains(where: { !$0.outputs.isEmpty }) {
            let path = storedFile(of: file)
            guard Folder.kind(of: path) == .file else { throw NotebookError("\(file) has no stored outputs, and there is no \(path); build it first") }
            stored = try NotebookSpelling.read(path)
        }
        var all = NotebookParameters()
        if case .table(let entries)? = stored.metadata["loam"]?["parameters"] { for entry in entries { all.set(entry.key.text ?? "", entry.value) } }
        for (name, value) in parameters.given { all.set(name, value) }
        // What an earlier run put in is no cell of the notebook.
        var source = notebook
        source.cells.removeAll { $0.tags.contains("injected-parameters") }
        let run = try NotebookRunner(source, file: file, parameters: all, environment: try environment(file)).start()
        return try NotebookVerification(stored: stored, run: run)
    }
}
