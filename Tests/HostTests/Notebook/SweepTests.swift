import Testing
@testable import Host

@Suite struct NotebookSweepTests {
    @Test func `a grid has every combination, the last parameter first`() throws {
        let sweep = try NotebookSweep(["seed=1..3", "w=0.5,high"])
        #expect(sweep.points.map(NotebookSweep.name) == ["seed-1_w-0.5", "seed-1_w-high", "seed-2_w-0.5", "seed-2_w-high", "seed-3_w-0.5", "seed-3_w-high"])
    }

    @Test(arguments: [
        (["seed"], "a sweep is given as --sweep name=1,2,3 or name=1..5, got 'seed'"), (["=1"], "a sweep is given as --sweep name=1,2,3 or name=1..5, got '=1'"),
        (["s=3..1"], "the sweep of 's' takes whole numbers from the smaller to the larger, got '3..1'"), (["s=1", "s=2"], "the sweep names the parameter 's' twice; give all its values at once"),
        (["a=1..200", "b=1..200"], "the sweep has 40000 runs; at most 10000 are made"),
    ]) func `a faulty sweep is told`(_ texts: [String], _ message: String) {
        #expect(fault { _ = try NotebookSweep(texts) } == message)
    }

    @Test func `each point has its notebook, and the summary is rebuilt from the notebooks' own metadata`() throws {
        try inNotebookFolder { folder in
            let file = folder + "/n.md"
            try AtomicFile.write("```lua\n--| tags: [parameters]\nlocal seed, w = 0, 1\n```\n```lua\nrecord('accuracy', seed / w)\nif w == 0.25 then error('no') end\nrecord('accuracy', seed / w + 1 / 3)\n```\n", to: file)
            var said: [String] = []
            let builder = NotebookBuilder(output: folder + "/out", formats: [], announce: { said.append($0) }) { file in
                let state = try LuaState(interrupt: Interrupt())
                return NotebookEnvironment(state: state, version: "test", display: { _ in nil }) { receiver in
                    let record = Function("record", "Records.", .string("name", "n"), .number("value", "v"), returns: .none) { receiver.recorded($0, $1) }
                    try? state.setGlobal("record", state.value(of: record))
                }
            }
            let (runs, summary) = try builder.sweep(file, over: NotebookSweep(["seed=1,2", "w=0.5,0.25"]))
            #expect(runs.map { $0.failure == nil } == [true, false, true, false])
            #expect(said.first == "\(file): seed = 1, w = 0.5")
            #expect(summary.columns.map(\.title) == ["seed", "w", "accuracy", "ended"])
            let place = folder + "/out/n-sweep"
            let names = ["seed-1_w-0.5", "seed-1_w-0.25", "seed-2_w-0.5", "seed-2_w-0.25"]
            var lines = ["seed,w,accuracy,ended"]
            for name in names {
                let own = try NotebookSpelling.read("\(place)/\(name).ipynb").metadata["loam"]
                guard case .integer(let seed)? = own?["parameters"]?["seed"], case .number(let w)? = own?["parameters"]?["w"], let accuracy = own?["metrics"]?["accuracy"]?.number else {
                    Issue.record("\(name) lacks its metadata")
                    return
                }
                lines.append("\(seed),\(w),\(accuracy),\(w == 0.25 ? "failed" : "well")")
            }
            #expect(try String(decoding: Folder.contents(place + "/summary.csv"), as: UTF8.self).split(whereSeparator: \.isNewline).map(String.init) == lines)
            #expect(try String(decoding: Folder.contents(place + "/summary.tex"), as: UTF8.self).contains("\\toprule"))
            #expect(try Folder.names(in: place).sorted() == (names.flatMap { [$0 + ".ipynb", $0 + ".md"] } + ["summary.csv", "summary.md", "summary.tex"]).sorted())
            // The same sweep again changes no byte.
            let before = try Folder.names(in: place).map { try Folder.contents(place + "/" + $0) }
            _ = try builder.sweep(file, over: NotebookSweep(["seed=1,2", "w=0.5,0.25"]))
            #expect(try Folder.names(in: place).map { try Folder.contents(place + "/" + $0) } == before)
        }
    }

    @Test func `values that file names cannot tell apart have files of their own`() throws {
        try inNotebookFolder { folder in
            try AtomicFile.write("---\nparams: {who: me}\n---\n```lua\nprint(params.who)\n```\n", to: folder + "/n.md")
            let builder = NotebookBuilder(output: folder, formats: [], announce: { _ in }, environment: plainEnvironment)
            _ = try builder.sweep(folder + "/n.md", over: NotebookSweep(["who=a b,a/b"]))
            #expect(try Folder.names(in: folder + "/n-sweep").filter { $0.hasSuffix(".ipynb") }.count == 2)
        }
    }
}
