import Testing
@testable import Host

@Suite struct NotebookRunTests {
    @Test func `locals of one cell live in the next, and trailing expressions show their values`() throws {
        let run = try run("```lua\nlocal x = 1\nx\n```\nprose\n```lua\nlocal function f() return x + 1, 2 end\nprint('in')\nf()\n```\n```lua\nx + 1;\n```\n```lua\nx =\n  5\n```\n```lua\n{x, 'é'}\n```\n")
        #expect(run.failure == nil)
        #expect(run.texts == ["1\n", "in\n2\n2\n", "", "", "{5, \"é\"}\n"])
    }

    @Test(arguments: [
        ("x = f\n(g)", nil), ("if a then\n b = 1\nend", nil), ("f(1)", 0), ("local t = {\n 1,\n}\nt", 3), ("f(\n 1,\n 2\n)", 0), ("x", 0), ("x -- note", 0), ("a = b\n-c", nil),
        ("print(1)\n-- end", 0), ("-- only\n-- comments", nil), ("", nil), ("return 1", nil), ("function f() return 1 end", nil), ("f\n(x)", 0), ("a = 1\n\"text\"", 1), ("a = 1;\n'x' .. 'y'", 1),
    ] as [(String, Int?)]) func `the trailing expression of a cell is found where Lua ends the statement before it`(_ code: String, _ line: Int?) throws {
        let state = try LuaState(interrupt: Interrupt())
        let value = TrailingValue(code.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)) { (try? state.load($0)) != nil }
        #expect(value?.firstLine == line, "\(code)")
    }

    @Test func `errors name the line of the file, whatever its spelling, and later cells do not run`() throws {
        let markdown = try run("---\ntitle: t\n---\n\n```lua\nlocal a = {}\n```\n\n```lua\n--| label: fig-x\nprint('before')\na.b.c = 1\n```\n\n```lua\nprint('after')\n```\n")
        #expect(markdown.failure?.cell == 1)
        #expect(markdown.texts == ["", "before\nerror: test.md:12: attempt to index a nil value (field 'b')\n", ""])
        #expect(markdown.results.map(\.executionCount) == [1, 2, nil])
        let percent = try run("-- %%\nlocal a = 1\n\n-- %% [markdown]\n-- text\n\n-- %%\n\nerror('here')\n", as: .percent)
        #expect(percent.failure?.message.hasPrefix("test.lua:9: here") == true)
        let jupyter = try run(try NotebookSpelling.jupyter.text(notebook("```lua\nx = 1\n```\ntext\n```lua\ny = 2\nerror('here')\n```\n")), as: .jupyter)
        #expect(jupyter.failure?.message.hasPrefix("test.ipynb:cell 3:2: here") == true)
        let faulty = try run("```lua\nprint(1)\n```\n```lua\nx = = 2\n```\n")
        #expect(faulty.failure?.cell == 1)
        #expect(faulty.texts == ["", "error: test.md:5: unexpected symbol near '='\n"])
    }

    @Test func `a cell that may fail shows its error and the run goes on`() throws {
        let run = try run("```lua\n--| error: true\nprint('a')\nerror('expected')\n```\n```lua\nprint('b')\n```\n")
        #expect(run.failure == nil)
        #expect(run.texts == ["a\nerror: test.md:4: expected\n", "b\n"])
    }

    @Test(arguments: [
        ("--| lable: x", "test.md:2: a cell has no option 'lable'; did you mean 'label'?"), ("--| echo: maybe", "test.md:2: the option 'echo' takes true or false, got \"maybe\""),
        ("--| label: 3x", "test.md:2: a label is a letter followed by letters, digits, '-' and '_', got '3x'"),
        ("--| eval: true\n--| fig-cap: [1]", "test.md:3: the option 'fig-cap' takes a text, got [1]"),
    ]) func `faulty options are told with the line and the nearest name`(_ option: String, _ message: String) throws {
        #expect(fault { _ = try run("```lua\n\(option)\nx = 1\n```\n") } == message)
    }

    @Test func `options hide what they say, and cells that are not evaluated do not run`() throws {
        let text = "```lua\n--| echo: false\nprint('one')\n```\n```lua\n--| output: false\nprint('two')\n```\n```lua\n--| include: false\nprint('three')\n```\n```lua\n--| eval: false\nprint('four')\n```\n"
        let page = try RenderedNotebook(try run(text), name: "n", flavour: .plain).text
        #expect(!page.contains("print('one')") && page.contains("```\none\n```"))
        #expect(page.contains("print('two')") && !page.contains("```\ntwo\n```"))
        #expect(!page.contains("three") && page.contains("print('four')") && !page.contains("```\nfour\n```") && !page.contains("--|"))
        let hidden = try RenderedNotebook(try run("---\nexecute:\n  echo: false\n---\n```lua\nprint('x')\n```\n```lua\n--| echo: true\nprint('y')\n```\n"), name: "n", flavour: .plain).text
        #expect(!hidden.contains("print('x')") && hidden.contains("print('y')"))
    }

    @Test func `two cells with one label are refused`() {
        #expect(fault { _ = try run("```lua\n--| label: a\n```\n```lua\n--| label: a\n```\n") } == "test.md:5: the label 'a' is that of cell 1 already; labels are unique in a notebook")
    }

    @Test func `parameters go behind the tagged cell or into params, are recorded, and unknown ones are refused`() throws {
        let text = "---\nparams: {w: 1.5, who: me}\n---\n```lua tags=[\"parameters\"]\nlocal steps, name = 3, 'a'\n```\n```lua\nprint(steps, name, params.w, params.who)\n```\n"
        #expect(try run(text).texts[1] == "3\ta\t1.5\tme\n")
        let given = try run(text, parameters: ["steps=7", "name=it's \"é\"", "w=2"])
        #expect(given.texts[1] == "7\tit's \"é\"\t2\tme\n")
        let executed = try given.executed()
        #expect(executed.metadata["loam"]?["parameters"] == ["steps": 7, "name": "it's \"é\"", "w": 2])
        #expect(executed.cells[1].tags == ["injected-parameters"] && executed.cells[1].source == "-- Parameters\nsteps = 7\nname = \"it's \\\"é\\\"\"")
        #expect(fault { _ = try run(text, parameters: ["stepz=1"]) } == "test.md: the notebook has no parameter 'stepz'; did you mean 'steps'?")
        #expect(fault { _ = try NotebookParameters(pairs: ["steps"]) } == "a parameter is given as -p name=value, got 'steps'")
    }

    @Test func `the tag of the parameters cell may stand among its options`() throws {
        #expect(try run("```lua\n--| tags: [parameters]\nn = 1\n```\n```lua\nn\n```\n", parameters: ["n=4"]).texts[1] == "4\n")
    }

    @Test func `what a cell prints without end is cut, and an interrupt ends the run`() throws {
        let file = "test.md"
        let environment = try plainEnvironment(file)
        let runner = try NotebookRunner(notebook("```lua\nlocal s = ('x'):rep(1e6)\nwhile true do print(s) end\n```\n"), file: file, environment: environment)
        var total = 0
        runner.onOutput = { text in
            total += text.utf8.count
            if total > 20_000_000 { environment.state.interrupt.raise() }
        }
        let run = try runner.start()
        #expect(run.failure?.isInterrupt == true)
        #expect(run.texts[0].utf8.count < 5_000_000 && run.texts[0].contains("is left out") && run.texts[0].hasSuffix("error: interrupted\n"))
    }

    @Test func `the tangled script is plain Lua with the same output`() throws {
        let source = try notebook("---\nparams: {k: 2}\n---\nText.\n\n```lua tags=[\"parameters\"]\nlocal n = 3\n```\n```lua\nn * params.k -- note\n```\n```lua\n--| eval: false\nboom()\n```\n```lua\n'quiet';\n```\n```lua\nprint(n)\n```\n")
        let state = try LuaState(interrupt: Interrupt())
        let script = try TangledScript.text(source, file: "test.md", parameters: NotebookParameters(pairs: ["n=5"])) { (try? state.load($0)) != nil }
        var printed = ""
        try state.redirectOutput { printed += $0 }
        try state.run(script)
        #expect(printed == "10\n5\n" && script.contains("-- Text.") && !script.contains("boom"))
    }
}
