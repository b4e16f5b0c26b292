import Testing
@testable import Host

/// A REPL session that keeps what it shows.
private final class Recorder {
    let state: LuaState
    var output = ""
    private(set) lazy var session = Session(state, write: { [unowned self] in output += $0 }, writeError: { [unowned self] in output += "! " + $0 })

    init() throws {
        state = try LuaState(interrupt: Interrupt())
        try state.install([vectorLibrary], asGlobals: true)
    }

    /// Submits lines and returns what they showed.
    func show(_ lines: String...) -> String {
        output = ""
        for line in lines { _ = session.submit(line) }
        return output
    }
}

@Suite struct SessionTests {
    @Test func `an expression is shown and kept in _`() throws {
        let recorder = try Recorder()
        #expect(recorder.show("1 + 1") == "2\n")
        #expect(recorder.show("_ * 10") == "20\n")
        #expect(recorder.show("x = 3", "x, 'a', { 1 }") == "3\ta\t{1}\n")
        #expect(recorder.show("nil") == "nil\n")
        #expect(recorder.show("= 5", "=1, 2") == "5\n1\t2\n")
        #expect(recorder.show("", "  ") == "")
        #expect(recorder.show("vector.new{1}") == "Vector{1.0}\n")
    }

    @Test func `a semicolon shows nothing but keeps the value`() throws {
        let recorder = try Recorder()
        #expect(recorder.show("41 + 1;") == "")
        #expect(recorder.show("_") == "42\n")
        #expect(recorder.show("x = 1;", "for i = 1, 2 do x = x + i end;", "x") == "4\n")
    }

    @Test func `input that is not complete goes on`() throws {
        let recorder = try Recorder()
        #expect(recorder.session.submit("function f(a)") == .incomplete)
        #expect(recorder.session.isContinuing)
        #expect(recorder.session.submit("  return a * 2") == .incomplete)
        #expect(recorder.session.submit("end") == .done)
        #expect(recorder.show("f(4)") == "8\n")
        #expect(recorder.show("1 +", "2") == "3\n")
        #expect(recorder.show("[[a", "b]]") == "a\nb\n")
        #expect(recorder.session.submit("x = {") == .incomplete)
        recorder.session.dropPending()
        #expect(recorder.show("5") == "5\n")
    }

    @Test func `errors are shown and the session goes on`() throws {
        let recorder = try Recorder()
        #expect(recorder.show("x = = 1") == "! stdin:1: unexpected symbol near '='\n")
        #expect(recorder.show("error 'no'") == "! stdin:1: no\n")
        #expect(recorder.show("error { 1 }") == "! (error object is a table value)\n")
        #expect(recorder.show("vector.sum(1)") == "! stdin:1: bad argument #1 'self' to 'sum' (Vector expected, got number)\n")
        #expect(recorder.show("(function() local function f() error 'deep' end f() end)()").contains("stack traceback:"))
        #expect(recorder.show("2") == "2\n")
    }

    @Test func `an interrupt ends the line only`() throws {
        let recorder = try Recorder()
        recorder.state.interrupt.raise()
        #expect(recorder.show("while true do end") == "! interrupted\n")
        #expect(recorder.show("1") == "1\n")
    }

    @Test func `a question mark asks for help`() throws {
        let recorder = try Recorder()
        #expect(recorder.show("? vector.sum").hasPrefix("vector.sum(self) -> number\n"))
        #expect(recorder.show("?Vector").hasPrefix("type Vector\n"))
        #expect(recorder.show("v = vector.new{1};", "? v").hasPrefix("type Vector\n"))
        #expect(recorder.show("f = vector.new;", "? f").hasPrefix("vector.new(values)"))
        #expect(recorder.show("?").hasPrefix("Modules"))
        #expect(recorder.show("? nothing_like_it").hasPrefix("There is no help on 'nothing_like_it'"))
    }

    @Test func `a local of one line lives on the next`() throws {
        let recorder = try Recorder()
        #expect(recorder.show("local a = 1", "a + 1") == "2\n")
        #expect(recorder.show("local function twice(x) return x * 2 end", "a = twice(21); a") == "42\n")
    }

    @Test(arguments: [
        ("vec", "vec", ["vector"]), ("x = vector.de", "vector.de", ["vector.descend"]), ("loam.ve", "loam.ve", ["loam.vector"]),
        ("loam.vector.s", "loam.vector.s", ["loam.vector.sum"]), ("v:", "v:", ["v:add", "v:descend", "v:sum"]), ("v.s", "v.s", ["v.shape", "v.sum"]),
        ("t.in", "t.in", ["t.inner"]), ("t.inner.k", "t.inner.k", ["t.inner.key"]), ("t:", "t:", ["t:method"]), ("derived:in", "derived:in", ["derived:inherited"]),
        ("s:upp", "s:upp", ["s:upper"]), ("string.rep", "string.rep", ["string.rep"]), ("whi", "whi", ["while"]),
        ("? Vector:", "Vector:", ["Vector:add", "Vector:descend", "Vector:sum"]), ("help 'vector.n", "vector.n", ["vector.new"]),
        ("v:descend{ st", "st", ["steps = "]), ("v:descend({ steps = 1, r", "r", ["rate = ", "reduction = "]), ("vector.descend(v, { on", "on", ["on_step = "]),
        ("t[{ vec", "vec", ["vector"]), ("v:descend{ steps = vec", "vec", ["vector"]), ("nothing.x", "nothing.x", []),
    ]) func `completion`(line: String, word: String, expected: [String]) throws {
        let recorder = try Recorder()
        try recorder.state.run("""
            v = vector.new{1}; s = 'text'; t = { inner = { key = 1 }, method = function() end }
            derived = setmetatable({}, { __index = { inherited = function() end } })
            """)
        #expect(Completion(state: recorder.state).words(line: line, word: word) == expected)
    }

    @Test func `names of files complete inside strings, from the last word on`() throws {
        let folder = try TestFolder()
        for name in ["data set-1.csv", "data set-2.csv", "data/x", ".hidden"] { try folder.write(name, "") }
        let completion = Completion(state: try Recorder().state)
        func words(_ path: String, _ word: String) -> [String] { completion.words(line: "io.open('\(folder.path)/\(path)", word: word) }
        #expect(words("da", "da") == ["data/", "data set-1.csv", "data set-2.csv"])
        #expect(words("data se", "se") == ["set-1.csv", "set-2.csv"])
        #expect(words("data set-2", "2") == ["2.csv"])
        #expect(words("data/", "") == ["x"] && words(".h", ".h") == [".hidden"] && words("none", "none") == [])
    }

    @Test func `common prefix`() {
        #expect(commonPrefix(["steps", "step", "stem"]) == "ste")
        #expect(commonPrefix([]) == "")
    }
}
