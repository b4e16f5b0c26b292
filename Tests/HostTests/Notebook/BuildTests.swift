import Foundation
import Testing
@testable import Host

@Suite struct NotebookBuildTests {
    private func builder(_ output: String, _ formats: Set<NotebookBuilder.Format> = [], told: @escaping (String) -> Void = { _ in }) -> NotebookBuilder {
        NotebookBuilder(output: output, formats: formats, announce: told, environment: plainEnvironment)
    }

    private func snapshot(_ folder: String) throws -> [String: String] {
        var all: [String: String] = [:]
        for file in try Folder.files(under: folder) {
            var status = stat()
            stat(folder + "/" + file.path, &status)
            all[file.path] = "\(try ContentHash.ofFile(folder + "/" + file.path).hash) \(status.st_ino) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
        }
        return all
    }

    @Test func `a second build of a folder touches no file`() throws {
        try inNotebookFolder { folder in
            try AtomicFile.write("---\ntitle: One & two\n---\n```lua\nprint(1)\n```\n", to: folder + "/one.md")
            try AtomicFile.write("-- %%\n2 * 3\n", to: folder + "/two.lua")
            let builder = builder(folder + "/out", [.html, .tex])
            #expect(try builder.buildAll(in: folder).allSatisfy { $0.failure == nil })
            let first = try snapshot(folder + "/out")
            #expect(Set(first.keys) == ["index.html", "index.md", "one.html", "one.ipynb", "one.md", "one.tex", "two.html", "two.ipynb", "two.md", "two.tex"])
            _ = try builder.buildAll(in: folder)
            #expect(try snapshot(folder + "/out") == first)
            let index = try String(contentsOfFile: folder + "/out/index.html", encoding: .utf8)
            #expect(index.contains("<a href=\"one.html\">One &amp; two</a>"))
        }
    }

    @Test func `the file holds every finished cell while the notebook runs, and the failed cell at the end`() throws {
        try inNotebookFolder { folder in
            let file = folder + "/n.md"
            let source = "```lua\nprint('first')\n```\n```lua\nlocal f = io.open(FILE)\nseen = f and f:read('a')\n```\n```lua\nprint('x') error('stop')\n```\n```lua\nprint('never')\n```\n"
            try AtomicFile.write(source.replacing("FILE", with: "'\(folder)/out/n.ipynb'"), to: file)
            var state: LuaState?
            var said: [String] = []
            let builder = NotebookBuilder(output: folder + "/out", formats: [], announce: { said.append($0) }, environment: { file in
                let made = try LuaState(interrupt: Interrupt())
                state = made
                return NotebookEnvironment(state: made, version: "test", display: { _ in nil }, receive: { _ in })
            })
            let run = try builder.build(file)
            #expect(run.failure?.cell == 2)
            #expect(said == ["\(file): cell 3 failed: n.md:9: stop"] || said[0].contains("cell 3 failed"))
            let seen = try NotebookSpelling.jupyter.notebook(Array((state?.global("seen").asString ?? "").utf8), file: "seen.ipynb")
            #expect(seen.cells[0].outputs.count == 1 && seen.cells[1].outputs.isEmpty)
            let stored = try NotebookSpelling.read(folder + "/out/n.ipynb")
            #expect(stored.cells.map(\.executionCount) == [1, 2, 3, nil])
            #expect(stored.cells[2].outputs.map { $0["output_type"]?.text } == ["stream", "error"])
            #expect(try String(contentsOfFile: folder + "/out/n.md", encoding: .utf8).contains(": stop\n```"))
        }
    }

    @Test func `a notebook is not overwritten by its own results`() throws {
        try inNotebookFolder { folder in
            try AtomicFile.write(JupyterFile.text(NotebookConversion.starter()), to: folder + "/n.ipynb")
            #expect(fault { _ = try builder(folder).build(folder + "/n.ipynb") }.contains("would overwrite the notebook"))
        }
    }

    @Test func `verify says which cell differs, catches a notebook run out of order, and passes after a build`() throws {
        try inNotebookFolder { folder in
            let file = folder + "/n.md"
            try AtomicFile.write("```lua\nx = 1\n```\n```lua\nprint(x, {})\n```\n```lua\nx = x + 1\n```\n", to: file)
            let builder = builder(folder + "/out")
            #expect(fault { _ = try builder.verify(file) }.contains("build it first"))
            _ = try builder.build(file)
            #expect(try builder.verify(file).isEqual)
            // As a front end saves it after the cells were run in the order 1, 3, 2.
            var stored = try NotebookSpelling.read(folder + "/out/n.ipynb")
            stored.cells[1].executionCount = 3
            stored.cells[2].executionCount = 2
            stored.cells[1].outputs = [["name": "stdout", "output_type": "stream", "text": "2\ttable: 0x55d0c0ffee\n"]]
            try AtomicFile.write(JupyterFile.text(stored), to: folder + "/saved.ipynb")
            let verification = try builder.verify(folder + "/saved.ipynb")
            #expect(verification.differences.map(\.cell) == [1])
            #expect(verification.description.contains("cell 2: line 1 of its output: stored \"2 table: 0x...\", now \"1 table: 0x...\""))
            #expect(verification.description.contains("run out of order: 1, 3, 2"))
            try AtomicFile.write("```lua\nx = 2\n```\n```lua\nprint(x, {})\n```\n```lua\nx = x + 1\n```\n", to: file)
            #expect(try builder.verify(file).description.contains("cell 1: the code was changed since its outputs were stored"))
        }
    }

    @Test func `figures and tables are numbered in order and references lead to them`() throws {
        var table = try Table(caption: "Own", columns: [Table.Column("n")])
        try table.add([.integer(1)])
        var run = try run("See @tbl-b, [@tbl-a] and `@tbl-a`; a@tbl-b is no reference, @fig-none leads nowhere.\n\n```lua\n--| label: tbl-a\n```\n```lua\n--| label: tbl-b\n--| caption: Beside @tbl-a\n```\n")
        for index in [1, 2] { run.results[index].outputs = [.display(NotebookDisplay("n", form: .table(table)), isResult: true)] }
        let rendered = try RenderedNotebook(run, name: "n", flavour: .plain)
        #expect(rendered.text.hasPrefix("See [Table 2](#tbl-b), [Table 1](#tbl-a) and `@tbl-a`; a@tbl-b is no reference, **?@fig-none** leads nowhere."))
        #expect(rendered.unknownReferences == ["fig-none"])
        #expect(rendered.text.contains("<a id=\"tbl-b\"></a>**Table 2.** Beside [Table 1](#tbl-a)") && rendered.text.contains("**Table 1.** Own"))
        #expect(rendered.files.map(\.path) == ["n_files/tbl-a.csv", "n_files/tbl-a.tex", "n_files/tbl-b.csv", "n_files/tbl-b.tex"])
        #expect(String(decoding: rendered.files[1].bytes, as: UTF8.self).contains("\\caption{Own}\n\\label{tbl-a}"))
    }

    @Test func `a page made of a stranger's notebook holds nothing active and nothing from outside`() throws {
        try inNotebookFolder { folder in
            try AtomicFile.write("secret", to: folder + "/secret.png")
            try Folder.create(folder + "/in")
            symlink(folder + "/secret.png", folder + "/in/link.png")
            let prose = [
                "<script>alert(1)</script>", "<img src=x onerror=alert(2)>", "[a](javascript:alert(3))", "[a](  jAvascript:alert(4))", "[a](data:text/html,<script>)", "<javascript:alert(5)>",
                "![p](http://evil.example/p.png)", "![p](../secret.png)", "![p](link.png)", "![p](/etc/hostname.png)", "![p](data:image/svg+xml;base64,AAAA)", "# H {onclick=\"alert(6)\"}",
                "[s]{style=\"background:url(http://evil.example)\" onclick=\"alert(7)\"}", "```{=html}\n<script>alert(8)</script>\n```", "`<b>`{=html}", "<div onclick=\"alert(9)\">d</div>",
                "::: {onmouseover=\"alert(10)\"}\nx\n:::", "\\input{/etc/passwd}", "$\\href{javascript:alert(11)}{x}$", "[r]: javascript:alert(12)\n\n[r]", "---\nheader-includes: <script>alert(13)</script>\n---",
            ]
            let payload = "<script>alert(20)</script><img src=x onerror=alert(21)>"
            let outputs: [StoreValue] = [
                ["output_type": "display_data", "metadata": [:], "data": ["text/html": .string(payload), "text/plain": .string(payload)]],
                ["output_type": "display_data", "metadata": [:], "data": ["application/javascript": "alert(22)", "text/plain": "js"]],
                ["output_type": "display_data", "metadata": [:], "data": ["image/svg+xml": "<svg onload=alert(23)>", "text/plain": "svg"]],
                ["output_type": "display_data", "metadata": [:], "data": ["text/markdown": "[x](javascript:alert(24))", "text/plain": "md"]],
                ["output_type": "display_data", "metadata": [:], "data": ["image/png": "bm90IGEgcG5n", "text/plain": "no png"]],
                ["output_type": "stream", "name": "stdout", "text": ["```\n<script>alert(25)</script>\n"]],
                ["output_type": "error", "ename": "<b>", "evalue": .string(payload), "traceback": [.string("\u{1B}[31m" + payload)]],
            ]
            var stranger = Notebook(frontMatter: "title: <script>alert(30)</script>\nbibliography: ../secret.png", cells: prose.map { Notebook.Cell(.markdown, $0) })
            stranger.cells += [Notebook.Cell(.raw, payload), Notebook.Cell(.code, "os.execute('touch \(folder)/ran')", outputs: outputs, executionCount: 1)]
            stranger.identify()
            try AtomicFile.write(JupyterFile.text(stranger), to: folder + "/in/s.ipynb")
            try NotebookConversion.convert(folder + "/in/s.ipynb", to: folder + "/s.html", version: "test")
            let page = try String(contentsOfFile: folder + "/s.html", encoding: .utf8)
            #expect(page.contains("default-src 'none'") && page.contains("alert(25)") && page.contains("no png"))
            // Every tag of the page, with its attributes: what is shown as text has no tags.
            for tag in page.matches(of: #/<[a-zA-Z][^>]*>/#).map({ String($0.output).lowercased() }) {
                for bad in ["<script", "<iframe", "<object", "<embed", "<link", "<form", "<b>", " on", "javascript:", "evil.example", "<svg", "srcdoc", "url("] {
                    #expect(!tag.contains(bad) || tag.hasPrefix("<meta"), "\(tag)")
                }
                #expect(!tag.contains("href=\"data:"), "\(tag)")
                if tag.hasPrefix("<img") { Issue.record("a picture was let through: \(tag)") }
            }
            #expect(!page.contains("c2VjcmV0"))
            #expect(Folder.kind(of: folder + "/ran") == .missing)
            try NotebookConversion.convert(folder + "/in/s.ipynb", to: folder + "/s.tex", version: "test")
            #expect(!(try String(contentsOfFile: folder + "/s.tex", encoding: .utf8)).contains("\n\\input{"))
        }
    }
}
