import Foundation
import Host
import Testing

@testable import Bindings

extension BindingsTests {
  /// What users of other notebooks complain of in their caches, each as a notebook that is run twice.
  @Suite(.serialized) struct NotebookCacheTests {
    /// Runs notebooks against one store.
    private final class Place {
      let folder = NSTemporaryDirectory() + "notebook-cache-\(UUID().uuidString)"
      init() { try? Folder.create(folder) }
      deinit { try? FileManager.default.removeItem(atPath: folder) }

      /// - Returns: the text of the Markdown without its last lines, and the stages with an asterisk where they were loaded.
      func run(_ cells: String..., name: String = "n", parameters: [String] = [], refresh: Bool = false) throws -> (texts: [String], stages: [String]) {
        let file = "\(folder)/\(name).md"
        try AtomicFile.write(cells.map { "```lua\n\($0)\n```\n" }.joined(separator: "\n"), to: file)
        let world = NotebookWorld(options: SessionOptions(storeFolder: folder + "/store", refresh: refresh), interrupt: Interrupt())
        let builder = NotebookBuilder(output: folder + "/out", formats: [], announce: { _ in }, environment: world.environment)
        let run = try builder.build(file, parameters: try NotebookParameters(pairs: parameters))
        if let failure = run.failure { throw failure }
        let texts = run.results.map { result in
          result.outputs.map { output in
            switch output {
            case .stream(let text): return text
            case .display(let display, _): return display.text
            case .error(let message, _): return message
            }
          }.joined()
        }
        return (texts, run.stages.map { $0.name + ($0.wasStored ? "*" : "") })
      }

      func bytes() throws -> [String: [UInt8]] {
        var all: [String: [UInt8]] = [:]
        for file in try Folder.files(under: folder + "/out") { all[file.path] = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder + "/out/" + file.path))) }
        return all
      }
    }

    private static let sum = "local r = store.stage{name = \"sum\", code = function() print('working') return {x = total} end}\nr.x"

    @Test func `a second run loads every stage, prints what it printed, and changes no byte`() throws {
      let place = Place()
      let first = try place.run("total = 3", Self.sum)
      let bytes = try place.bytes()
      let second = try place.run("total = 3", Self.sum)
      #expect(first.texts == ["", "working\n3"] && second.texts == first.texts)
      #expect(first.stages == ["sum"] && second.stages == ["sum*"])
      #expect(try place.bytes() == bytes)
    }

    @Test func `random numbers behind a loaded stage are those behind a computed one`() throws {
      let place = Place()
      let cells = ["local r = store.stage{name = \"draw\", code = function() return {x = tensor.normal({1}):item()} end}", "tensor.normal({2})"]
      let first = try place.run("tensor.normal({1})", cells[0], cells[1])
      #expect(try place.run("tensor.normal({1})", cells[0], cells[1]).texts == first.texts)
      #expect(!first.texts[2].isEmpty)
    }

    @Test func `a change of an earlier cell, or a cell put between, runs what depends on it and nothing else`() throws {
      let place = Place()
      let other = "store.stage{name = \"other\", code = function() return {x = 1} end}.x"
      _ = try place.run("total = 3", Self.sum, other)
      let changed = try place.run("total = 4", Self.sum, other)
      #expect(changed.texts[1] == "working\n4" && changed.stages == ["sum", "other*"])
      let between = try place.run("total = 3", "total = total * 10", Self.sum, other)
      #expect(between.texts[2] == "working\n30" && between.stages == ["sum", "other*"])
      #expect(try place.run("-- a comment\n\ntotal = 3", Self.sum, other).stages == ["sum*", "other*"])
    }

    @Test func `a change of code far up reaches a stage through the results of another`() throws {
      let place = Place()
      func cells(_ factor: Int) -> [String] {
        ["local function f() return \(factor) end\nlocal a = store.stage{name = \"a\", code = function() return {x = f()} end}",
         "local b = store.stage{name = \"b\", inputs = {a}, code = function() return {y = a.x + 1} end}\nb.y"]
      }
      #expect(try place.run(cells(1)[0], cells(1)[1]).texts[1] == "2")
      let changed = try place.run(cells(5)[0], cells(5)[1])
      #expect(changed.texts[1] == "6" && changed.stages == ["a", "b"])
    }

    @Test func `a file counts by its content, not by its date`() throws {
      let place = Place()
      let file = place.folder + "/data.txt"
      let cell = "store.stage{name = \"read\", inputs = {store.file(\"\(file)\")}, code = function() return {x = io.open(\"\(file)\"):read(\"a\")} end}.x"
      try AtomicFile.write("one", to: file)
      #expect(try place.run(cell).texts == ["one"])
      try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSince1970: 0)], ofItemAtPath: file)
      #expect(try place.run(cell).stages == ["read*"])
      let date = try FileManager.default.attributesOfItem(atPath: file)[.modificationDate] as? Date
      try AtomicFile.write("two", to: file)
      try FileManager.default.setAttributes([.modificationDate: date ?? Date()], ofItemAtPath: file)
      let changed = try place.run(cell)
      #expect(changed.texts == ["two"] && changed.stages == ["read"])
    }

    @Test func `a file that a stage reads without naming it counts by its content all the same, and so does one that is not there`() throws {
      let place = Place()
      let file = place.folder + "/data.txt", other = place.folder + "/other.txt"
      let cell = "store.stage{name = \"read\", code = function() local f = io.open(\"\(other)\") or io.open(\"\(file)\") return {x = f:read(\"a\")} end}.x"
      try AtomicFile.write("one", to: file)
      #expect(try place.run(cell).texts == ["one"])
      #expect(try place.run(cell).stages == ["read*"])
      try AtomicFile.write("two", to: file)
      let changed = try place.run(cell)
      #expect(changed.texts == ["two"] && changed.stages == ["read"])
      let why = try NotebookReport.explain(place.folder + "/n.md", storeFolder: place.folder + "/store")
      #expect(why.contains("data.txt, which it read, changed"), "\(why)")
      #expect(try place.run(cell).stages == ["read*"])
      try AtomicFile.write("three", to: other)
      #expect(try place.run(cell).texts == ["three"])
      #expect(try place.run(cell).stages == ["read*"])
    }

    @Test func `what a stage reads through a stage inside it, through a module or through Loam's own functions counts too`() throws {
      let place = Place()
      try AtomicFile.write("return {value = 1}", to: place.folder + "/shared_part.lua")
      try AtomicFile.write("[5]", to: place.folder + "/n.json")
      let cell = """
        require "shared_part"
        store.stage{name = "outer", code = function()
          local inner = store.stage{name = "inner", code = function() return {x = file.read_json("\(place.folder)/n.json")[1]} end}
          return {x = inner.x + require("shared_part").value}
        end}.x
        """
      #expect(try place.run(cell).texts == ["6"])
      #expect(try place.run(cell).stages == ["outer*"])
      try AtomicFile.write("[7]", to: place.folder + "/n.json")
      #expect(try place.run(cell).texts == ["8"])
      try AtomicFile.write("return {value = 2}", to: place.folder + "/shared_part.lua")
      let changed = try place.run(cell)
      #expect(changed.texts == ["9"] && changed.stages == ["inner*", "outer"])
      #expect(try place.run(cell).stages == ["outer*"])
    }

    @Test func `a stage that writes a file outside of its result runs each time, since a stored result would not bring it back`() throws {
      let place = Place()
      let cell = "store.stage{name = \"log\", code = function() local f = io.open(\"\(place.folder)/log.txt\", \"a\") f:write(\"x\") f:close() return {x = 1} end}.x"
      _ = try place.run(cell)
      #expect(try place.run(cell).stages == ["log"])
      #expect(try String(contentsOfFile: place.folder + "/log.txt", encoding: .utf8) == "xx")
      #expect(try NotebookReport.explain(place.folder + "/n.md", storeFolder: place.folder + "/store").contains("log.txt, which is no part of its result"))
      let inside = "store.stage{name = \"kept\", code = function(stage) local f = io.open(stage:path(\"log.txt\"), \"w\") f:write(\"x\") f:close() local t = os.tmpname() io.open(t, \"w\"):close() os.remove(t) return {x = 1} end}.x"
      _ = try place.run(inside)
      #expect(try place.run(inside).stages == ["kept*"])
    }

    @Test func `a quick run with other parameters does not poison the real one`() throws {
      let place = Place()
      let cells = ["--| tags: parameters\nlocal steps = 100", "store.stage{name = \"train\", code = function() return {x = steps} end}.x"]
      #expect(try place.run(cells[0], cells[1], parameters: ["steps=1"]).texts[1] == "1")
      let real = try place.run(cells[0], cells[1])
      #expect(real.texts[1] == "100" && real.stages == ["train"])
      #expect(try place.run(cells[0], cells[1], parameters: ["steps=1"]).stages == ["train*"])
    }

    @Test func `two notebooks whose stages have one name and other code do not share results`() throws {
      let place = Place()
      func cell(_ number: Int) -> String { "store.stage{name = \"load\", code = function() return {x = \(number)} end}.x" }
      #expect(try place.run(cell(1), name: "a").texts == ["1"])
      #expect(try place.run(cell(2), name: "b").texts == ["2"])
      let again = try place.run(cell(1), name: "a")
      #expect(again.texts == ["1"] && again.stages == ["load*"])
    }

    @Test func `a result that changes although its key does not runs what was made from it again`() throws {
      let place = Place()
      let count = place.folder + "/count"
      func cells(_ refresh: Bool) -> [String] {
        ["local a = store.stage{name = \"a\", refresh = \(refresh), code = function() local f = io.open(\"\(count)\", \"a+\") f:write(\"x\") f:seek(\"set\") local n = #f:read(\"a\") f:close() return {n = n} end}",
         "store.stage{name = \"b\", inputs = {a}, code = function() return {n = a.n * 10} end}.n"]
      }
      #expect(try place.run(cells(false)[0], cells(false)[1]).texts[1] == "10")
      let fresh = try place.run(cells(true)[0], cells(true)[1])
      #expect(fresh.texts[1] == "20" && fresh.stages == ["a", "b"])
    }

    @Test func `a refresh runs every stage once more, even one that is asked for twice`() throws {
      let place = Place()
      let twice = "local function get() return store.stage{name = \"once\", code = function() return {x = 1} end}.x end\nget() + get()"
      _ = try place.run(twice)
      #expect(try place.run(twice).stages == ["once*", "once*"])
      let fresh = try place.run(twice, refresh: true)
      #expect(fresh.stages == ["once", "once*"] && fresh.texts == ["2"])
    }

    @Test func `explain tells what was computed, what was loaded, and why`() throws {
      let place = Place()
      _ = try place.run("total = 3", Self.sum)
      #expect(try NotebookReport.explain(place.folder + "/n.md", storeFolder: place.folder + "/store").contains("computed: "))
      _ = try place.run("total = 4", Self.sum)
      #expect(try NotebookReport.explain(place.folder + "/n.md", storeFolder: place.folder + "/store").contains("global total is 4, was 3"))
      _ = try place.run("total = 4", Self.sum)
      #expect(try NotebookReport.explain(place.folder + "/n.md", storeFolder: place.folder + "/store").contains("loaded"))
    }

    @Test func `the record says how each run of a build ended`() throws {
      let place = Place()
      for (name, code) in [("a", "run.record(\"x\", 1, 2)"), ("b", "run.record(\"x\", 1, 2) error(\"no\")"), ("c", "run.record(\"x\", 1, 2)")] {
        try AtomicFile.write("```lua\n\(code)\n```\n", to: "\(place.folder)/\(name).md")
      }
      let world = NotebookWorld(options: SessionOptions(storeFolder: place.folder + "/store"), interrupt: Interrupt())
      _ = try NotebookBuilder(output: place.folder + "/out", formats: [], announce: { _ in }, environment: world.environment).buildAll(in: place.folder)
      let records = try RunDatabase(path: place.folder + "/store/runs.sqlite").list()
      #expect(records.reversed().map { "\($0.status)" } == ["finished", "failed", "finished"])
    }

    @Test func `tables, plots and pictures become files, and a plot that cannot be drawn is an error of its cell`() throws {
      let place = Place()
      _ = try place.run(
        "--| label: tbl-t\nreport.table{columns = {\"a\"}, rows = {{1}}}", "--| label: fig-p\nplot.bars{y = \"y\", groups = {\"g\"}, series = {{label = \"s\", values = {1}}}}",
        "local d = data.scenes{count = 2, size = 16}\ndisplay.show(plot.images{images = {{d:png(1), d:image(2)}}})\nd:image(1)")
      let bytes = try place.bytes()
      #expect(Set(bytes.keys) == ["n.ipynb", "n.md", "n_files/tbl-t.csv", "n_files/tbl-t.tex", "n_files/fig-p.svg", "n_files/fig-p.png", "n_files/fig-p.csv",
                                  "n_files/figure-2-1-1.png", "n_files/figure-2-1-2.png", "n_files/figure-3.png"])
      #expect(throws: NotebookRun.Failure.self) { try place.run("x = 1", "plot.bars{y = \"y\", groups = {}, series = {}}") }
    }
  }
}
