import Testing
@testable import Host

@Suite struct SpellingTests {
    private static let awkward = [
        "", "\n", "\n\n", "x = 1", "x = 1\n", "\nx = 1", "  indented", "-- %% not a mark", "-- -- %% nor this", "-- %%", "```lua\ninside()\n```", "````", "```",
        "~~~\nopen", "<!-- #region -->\nhi\n<!-- #endregion -->", "<!-- #endregion -->", "<!-- #raw -->", "---\ntitle: none\n---", "---", "-- ---", "a\n\n\nb", "trailing  ",
        "--| label: fig-a\nplot()", "tab\there", "é \u{1F600} 漢字", "```python\nnot ours\n```", "text\n```lua\nexample()\n```\nmore", "# Heading\n\n- list\n", "--", "-- ",
        "a\r\nb", "quote \" and \\ back", "    ", " \n ",
    ]

    private func roundTrips(_ notebook: Notebook, _ comment: String) throws {
        for spelling in NotebookSpelling.allCases {
            let text = try spelling.text(notebook)
            let again = try spelling.notebook(Array(text.utf8), file: "again.\(spelling.rawValue)")
            #expect(again == notebook, "\(comment), by way of \(spelling):\n\(text)\nbecame \(again.cells.map { ($0.kind, $0.source, $0.id) })")
            #expect(try spelling.text(again) == text)
        }
    }

    @Test func `every awkward cell comes back from every spelling, alone and beside others`() throws {
        for kind in [Notebook.Cell.Kind.code, .markdown, .raw] {
            for source in Self.awkward {
                for cells in [
                    [Notebook.Cell(kind, source)], [Notebook.Cell(.markdown, "before"), Notebook.Cell(kind, source), Notebook.Cell(.markdown, "after")],
                    [Notebook.Cell(kind, source), Notebook.Cell(kind, source)], [Notebook.Cell(.code, "f()"), Notebook.Cell(kind, source), Notebook.Cell(.code, "(g)()")],
                ] {
                    var notebook = Notebook(cells: cells)
                    notebook.identify()
                    try roundTrips(notebook, "\(kind) \(source.debugDescription) among \(cells.count)")
                }
            }
        }
    }

    @Test func `drawn notebooks with metadata, ids, attachments and front matter come back from every spelling`() throws {
        var seed: UInt64 = 20
        func draw(_ count: Int) -> Int {
            seed = seed &* 6364136223846793005 &+ 1442695040888963407
            return Int(seed >> 33) % count
        }
        let metadata: [StoreValue] = [
            [:], ["tags": ["parameters"]], ["tags": ["a b", "c`d"], "collapsed": true], ["name": "x=1 y", "nested": ["k": [1, 2.5, nil]]],
            ["key with spaces": "--> end"], ["title": "A title"], ["$bytes": "text"],
        ]
        for _ in 0..<200 {
            var notebook = Notebook()
            if draw(3) == 0 { notebook.frontMatter = "title: \"A: b\"\nexecute:\n  echo: false" }
            if draw(3) == 0 { notebook.metadata = ["authors": [["name": "N"]], "kernelspec": ["name": "xlua", "display_name": "Lua", "language": "lua"]] }
            for _ in 0..<draw(7) {
                let kind = [Notebook.Cell.Kind.code, .markdown, .raw][draw(3)]
                let source = (0..<(1 + draw(3))).map { _ in Self.awkward[draw(Self.awkward.count)] }.joined(separator: "\n")
                var cell = Notebook.Cell(kind, source, metadata: metadata[draw(metadata.count)])
                if draw(2) == 0 { cell.id = "id-\(notebook.cells.count)" }
                if kind == .markdown, draw(5) == 0 { cell.attachments = ["a.png": ["image/png": "iVBORw0="]] }
                notebook.cells.append(cell)
            }
            notebook.identify()
            try roundTrips(notebook, "drawn")
        }
    }

    @Test func `a cell keeps its id when others come, go and change`() throws {
        let before = try notebook("```lua\na()\n```\n\ntext\n\n```lua\n--| label: fig-b\nb()\n```\n")
        let after = try notebook("```lua\nnew()\n```\n\ntext\n\n```lua\n--| label: fig-b\nb(2)\n```\n\n```lua\na()\n```\n")
        #expect(after.cells[1].id == before.cells[1].id && after.cells[2].id == "fig-b" && after.cells[3].id == before.cells[0].id)
        #expect(Set(try notebook("```lua\nx()\n```\n```lua\nx()\n```\n").cells.map(\.id)).count == 2)
    }

    @Test func `files with Windows line ends and a byte order mark are read as others are`() throws {
        let read = try notebook("\u{FEFF}---\r\ntitle: t\r\n---\r\n\r\n```lua\r\nx = 1\r\ny = 2\r\n```\r\n")
        #expect(read.frontMatter == "title: t")
        #expect(read.cells.map(\.source) == ["x = 1\ny = 2"])
    }

    @Test func `a line about the encoding or the interpreter before a percent file is no cell`() throws {
        for line in ["-- -*- coding: utf-8 -*-", "#!/usr/bin/env loam"] {
            let read = try notebook("\(line)\n-- ---\n-- title: t\n-- ---\n\n-- %%\nx = 1\n", as: .percent)
            #expect(read.frontMatter == "title: t" && read.cells.map(\.source) == ["x = 1"] && read.cells[0].line == 7)
        }
        let awkward = Notebook(cells: [Notebook.Cell(.code, "-- -*- coding: none -*-", id: "a")])
        #expect(try NotebookSpelling.percent.notebook(Array(PercentSpelling.text(awkward).utf8), file: "a.lua") == awkward)
    }

    @Test(arguments: [
        ("```lua\nx = 1\n", "test.md:1: the cell that begins here is not closed by ```"),
        ("\n```lua tags=[1\n```\n", "test.md:2: the value of 'tags' must be JSON, such as \"text\", 3, true or [\"a\", \"b\"]; got '[1'"),
        ("```lua important\n```\n", "test.md:1: expected words such as tags=[\"parameters\"] behind the cell's mark, got 'important'"),
        ("---\ntitle: x\nb: [1\n---\n", "test.md:4: the YAML cannot be read: did not find expected ',' or ']'"),
    ]) func `faults of the text are told with file and line`(_ text: String, _ message: String) throws {
        #expect(fault { _ = try notebook(text) } == message)
    }

    @Test(arguments: [
        ("[]", "no notebook"), ("{\"nbformat\": 3, \"worksheets\": []}", "format 4"), ("{\"nbformat\": 4, \"cells\": [{\"cell_type\": \"x\", \"source\": \"\"}]}", "cell 1"),
        ("{", "JSON, line 1"), ("{\"nbformat\": 4, \"cells\": 3}", "no nbformat and cells"), ("\u{FF}", "JSON"),
    ]) func `what is no notebook is refused with a reason`(_ text: String, _ reason: String) throws {
        #expect(fault { _ = try notebook(text, as: .jupyter) }.contains(reason))
    }

    @Test func `YAML whose references stand for billions of values is refused`() throws {
        let bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + ("b"..."h").map { letter in
            let before = String(UnicodeScalar(letter.unicodeScalars.first!.value - 1)!)
            return "\(letter): &\(letter) [*\(before),*\(before),*\(before),*\(before),*\(before),*\(before),*\(before),*\(before)]"
        }.joined(separator: "\n")
        #expect(fault { _ = try notebook("---\n\(bomb)\n---\n") }.contains("values"))
    }
}

private func ... (low: String, high: String) -> [String] {
    (low.unicodeScalars.first!.value...high.unicodeScalars.first!.value).map { String(UnicodeScalar($0)!) }
}
