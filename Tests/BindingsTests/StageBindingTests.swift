import Foundation
import Host
import ML
import Testing

@testable import Bindings

extension BindingsTests {
  @Suite(.serialized) struct StageBindingTests {
    /// Runs a script that sets `key`, and gives the key.
    private func key(_ bench: Workbench, _ code: String) throws -> String {
      try bench.state.run("return (\(code)).stage.key", chunkName: "=test").first?.asString ?? ""
    }

    @Test func `the second call uses the stored result`() throws {
      let bench = try Workbench()
      let code = """
        local runs = 0
        local function work() return store.stage{name = "work", code = function(stage)
          local f = io.open(stage:path("sub/out.txt"), "w"); f:write("x"):close()
          return {value = 7, list = {1, 2, 3}, nested = {deep = {true, "t"}}}
        end} end
        local a = work(); local b = work()
        return a.value, b.list, b.nested, a.stage.key == b.stage.key, io.open(b.files["sub/out.txt"]):read("a"), b.files.sub ~= nil
        """
      #expect(bench.show(code) == "7\t{1, 2, 3}\t{deep = {true, \"t\"}}\ttrue\tx\ttrue")
    }

    @Test func `the place of the code in its file does not matter, its content does`() throws {
      let bench = try Workbench()
      let one = try key(bench, "store.stage{name = 'a', code = function() local x = 1 return x + 1 end}")
      let moved = try key(bench, "\n\n\n store.stage{name = 'a',\n code = function()\n local x = 1\n\n return x + 1 end}")
      let changed = try key(bench, "store.stage{name = 'a', code = function() local x = 2 return x + 1 end}")
      #expect(one == moved)
      #expect(one != changed)
    }

    @Test(arguments: [
      ("local n = 3", "local n = 4", "n"),
      ("local n = {a = {1, 2, {b = 'x'}}}", "local n = {a = {1, 2, {b = 'y'}}}", "n"),
      ("local function n() return 1 end", "local function n() return 2 end", "n()"),
      ("local k = 1; local function n() return k end", "local k = 2; local function n() return k end", "n()"),
      ("global_n = 1", "global_n = 2", "global_n"),
      ("function global_f() return 1 end", "function global_f() return 3 end", "global_f()"),
      ("local n = tensor{1, 2}", "local n = tensor{1, 3}", "n:sum():item()"),
      ("local n = data.scenes{count = 2, size = 16, seed = 1}", "local n = data.scenes{count = 2, size = 16, seed = 2}", "#n"),
      ("local n = setmetatable({}, {__index = {v = 1}})", "local n = setmetatable({}, {__index = {v = 2}})", "n.v"),
      ("local n = random.stream(1)", "local n = random.stream(2)", "n:uniform()"),
      ("local n = math.sin", "local n = math.cos", "n(1)"),
    ])
    func `whatever the code captures is part of the key`(first: String, second: String, use: String) throws {
      let bench = try Workbench()
      func key(_ prelude: String) throws -> String {
        try bench.state.run("\(prelude)\nreturn store.stage{name = 'c', code = function() return {r = \(use)} end}.stage.key").first?.asString ?? "?"
      }
      let a = try key(first)
      #expect(try key(first) == a)
      #expect(try key(second) != a)
    }

    @Test func `what the code does not use is not part of the key`() throws {
      let bench = try Workbench()
      func key(_ value: Int) throws -> String {
        try bench.state.run("local unused = \(value); other_global = \(value)\nreturn store.stage{name = 'u', code = function() return 1 end}.stage.key").first?.asString ?? "?"
      }
      #expect(try key(1) == key(2))
    }

    @Test(arguments: [
      "local k, n = 0, 3", "local n = 3; local k = 1", "local a, b, c, k = 1, 2, 3, 4; local n <const> = math.tointeger(3)", "global_k = 2; k = 1; local n = 3",
    ])
    func `where the code finds what it captures is not part of the key`(prelude: String) throws {
      let bench = try Workbench()
      func key(_ prelude: String, within opening: String = "", _ closing: String = "") throws -> String {
        try bench.state.run("\(prelude)\n\(opening) return store.stage{name = 'w', code = function() return {r = n, s = (function() return n end)()} end}.stage.key \(closing)")
          .first?.asString ?? "?"
      }
      #expect(try key(prelude) == key("local n = 3"))
      #expect(try key(prelude, within: "local function outer(j) k = j;", "end return outer(1)") == key("local n = 3"))
    }

    @Test func `recursive functions and tables have a key`() throws {
      let bench = try Workbench()
      #expect(bench.show("""
        local t = {}; t.self = t
        local function f(n) if n == 0 then return t.self == t end return f(n - 1) end
        return store.stage{name = "r", code = function() return {ok = f(3)} end}.ok
        """) == "true")
    }

    @Test func `a stage that takes in another depends on its result`() throws {
      let bench = try Workbench()
      func second(_ first: String) throws -> String {
        try bench.state.run("""
          local a = store.stage{name = "first", code = function() \(first) end}
          return store.stage{name = "second", inputs = {a = a}, code = function() return a.v end}.stage.key
          """).first?.asString ?? "?"
      }
      let plain = try second("return {v = 1}")
      // Other code, same result: what follows is not run again.
      #expect(try second("local x = 1; return {v = x}") == plain)
      #expect(try second("return {v = 2}") != plain)
    }

    @Test func `a file input counts by content`() throws {
      let bench = try Workbench()
      try FileManager.default.createDirectory(atPath: bench.folder, withIntermediateDirectories: true)
      let path = bench.folder + "/input.txt"
      func key(_ content: String) throws -> String {
        try content.write(toFile: path, atomically: true, encoding: .utf8)
        return try bench.state.run("return store.stage{name = 'f', inputs = {store.file('\(path)')}, code = function() end}.stage.key").first?.asString ?? "?"
      }
      let a = try key("a")
      #expect(try key("b") != a)
      #expect(try key("a") == a)
    }

    @Test func `an open file among the captured values is an error that names it`() throws {
      let bench = try Workbench()
      let shown = bench.show("local handle = io.tmpfile()\nreturn store.stage{name = 'x', code = function() return handle end}")
      #expect(shown == "error: test:2: 'handle' in the stage's code is a userdata, whose content cannot be part of a stage's key; open or make it inside the stage")
    }

    @Test func `a result that is not plain is an error, and the stage stays unfinished`() throws {
      let bench = try Workbench()
      #expect(bench.show("return store.stage{name = 'p', code = function() return {x = tensor{1}} end}").contains("the result of stage \"p\".x is a Tensor"))
      #expect(bench.show("return store.stage{name = 'p', code = function(s) return {x = s.is_resumed} end}.x") == "false")
    }

    @Test func `an error in the code passes through with its line, and checkpoints stay`() throws {
      let bench = try Workbench()
      let code = """
        local fail = ...
        local path = store.stage{name = "resume", code = function(stage)
          local mark = stage.folder .. "/mark"
          local f = io.open(mark)
          if not f then io.open(mark, "w"):close() error("killed") end
          f:close()
          return {resumed = stage.is_resumed}
        end}
        return path.resumed
        """
      #expect(bench.show(code).contains("test:5: killed"))
      #expect(bench.show(code) == "true")
    }

    @Test func `random numbers inside a stage do not depend on what was drawn before`() throws {
      let bench = try Workbench()
      let code = "return store.stage{name = 'n', refresh = true, code = function() return {v = tensor.normal(2):totable()} end}.v"
      let first = bench.show(code)
      _ = bench.show("tensor.normal(100)")
      #expect(bench.show(code) == first)
    }

    @Test func `explain names the captured value that changed`() throws {
      let bench = try Workbench()
      _ = bench.show("local steps = 10\nstore.stage{name = 'e', code = function() return steps end}")
      let shown = bench.show("local steps = 20\nreturn store.explain{name = 'e', code = function() return steps end}")
      #expect(shown.contains("captured steps"), "\(shown)")
    }
  }
}

extension BindingsTests {
  @Suite(.serialized) struct ParameterTests {
    private let presets = "{all = {images_per_caption = 4, rate = 0.5, data = false, flag = false, on = true, guidance = {1, 2}}, smoke = {steps = 2}, laptop = {steps = 100, rate = 1.5}}"

    private func show(_ arguments: [String], preset: String? = nil, seed: Int? = nil, _ expression: String) throws -> String {
      try Workbench(arguments: arguments, preset: preset, seed: seed).show("local p = run.preset\(presets)\nreturn \(expression)")
    }

    @Test func `the laptop preset is the default and lies over all`() throws {
      #expect(try show([], "p.preset, p.steps, p.rate, p.seed, p.images_per_caption") == "laptop\t100\t1.5\t1\t4")
      #expect(try show([], preset: "smoke", seed: 9, "p.preset, p.steps, p.rate, p.seed") == "smoke\t2\t0.5\t9")
    }

    @Test func `arguments are typed by the defaults`() throws {
      let arguments = ["--images-per-caption", "7", "--rate=2", "--data", "../some/folder", "--flag", "--no-on", "--guidance", "3,4,5"]
      #expect(try show(arguments, "p.images_per_caption, p.rate, p.data, p.flag, p.on, p.guidance") == "7\t2.0\t../some/folder\ttrue\tfalse\t{3, 4, 5}")
    }

    @Test func `mistakes are named with the nearest name`() throws {
      #expect(try show(["--step", "3"], "p").contains("this script has no parameter 'step'; did you mean '--steps'?"))
      #expect(try show(["--steps", "many"], "p").contains("the parameter 'steps' takes a whole number, got 'many'"))
      #expect(try show([], preset: "smok", "p").contains("this script has no preset 'smok'; did you mean 'smoke'?"))
      #expect(try show(["--steps"], "p").contains("needs a value"))
    }

    @Test func `a script's run is recorded with its parameters, numbers and stages`() throws {
      let bench = try Workbench(preset: "smoke", script: "script.lua")
      _ = bench.show("run.preset\(presets)\nfor i = 1, 3 do run.record('loss', i, 1 / i) end\nstore.stage{name = 's', code = function() end}")
      try bench.session.finish()
      let database = try RunDatabase(path: bench.folder + "/runs.sqlite")
      let record = try #require(try database.list().first)
      #expect(record.description.preset == "smoke")
      #expect(record.status == .finished)
      #expect(record.description.parameters["steps"]?.integer == 2)
      #expect(try database.metrics(run: record.id, name: "loss").map(\.value) == [1, 0.5, 1.0 / 3])
      #expect(try database.stages(run: record.id).map(\.name) == ["s"])
    }
  }
}
