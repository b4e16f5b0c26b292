import Testing
@testable import Host

@Suite struct CellScopeTests {
    /// Runs pieces one after the other and returns the values of the last one as text; an error's message stands for them.
    private func run(_ pieces: String...) throws -> String {
        let state = try LuaState(interrupt: Interrupt())
        let scope = CellScope(state)
        var last = ""
        for (index, piece) in pieces.enumerated() {
            do {
                let values = try scope.compile(piece, chunkName: "=In[\(index + 1)]")?.run()
                last = values.map { ValuePrinter(state).line($0) } ?? "goes on"
            } catch { last = "\(error)" }
        }
        return last
    }

    // torch/iTorch issue 115: locals vanished between cells.
    @Test func `a local of one cell lives in the next`() throws {
        #expect(try run("local x = 5", "x") == "5")
        #expect(try run("local a, b = 1, 2\nlocal c", "c = a + b", "c") == "3")
        #expect(try run("local function f(n) return n < 2 and 1 or n * f(n - 1) end", "f(5)") == "120")
    }

    @Test func `functions and later cells share one variable`() throws {
        #expect(try run("local n = 0\nfunction inc() n = n + 1 end", "inc() inc()", "n") == "2")
        #expect(try run("local n = 0\nfunction get() return n end", "n = 7", "get()") == "7")
        #expect(try run("local n = 0", "function inc() n = n + 1 end", "inc() n = n * 10 inc()", "n") == "11")
    }

    @Test func `a second local of the same name leaves functions theirs`() throws {
        #expect(try run("local x = 1\nfunction f() return x end", "local x = 2", "f(), x") == "1\t2")
        #expect(try run("local x = 1; function f() return x end; local x = 2", "f(), x") == "1\t2")
    }

    @Test func `a local hides a global and is none`() throws {
        #expect(try run("x = 1", "local x = 2", "x, _G.x") == "2\t1")
    }

    @Test func `constants stay constant`() throws {
        #expect(try run("local k <const> = 5", "k + 1") == "6")
        #expect(try run("local k <const> = 5", "k = 6").contains("attempt to assign to const variable 'k'"))
        #expect(try run("local t <const> = {1}", "t[1] = 3", "t[1]") == "3")
    }

    @Test func `a to-be-closed local is closed at the end of its cell`() throws {
        #expect(try run("local c <close> = setmetatable({}, {__close = function() closed = true end})", "closed") == "true")
    }

    @Test func `what was declared before an error stays`() throws {
        #expect(try run("local a = 7\nerror 'x'\nlocal b = 8", "a, b") == "7\tnil")
    }

    @Test func `inner locals do not leak`() throws {
        #expect(try run("do local a = 1 end for i = 1, 2 do local b = i end local function f() local c = 1 end", "a, b, c") == "nil\tnil\tnil")
        #expect(try run("t = { f = function() local inner = 1 end }", "inner") == "nil")
    }

    @Test(arguments: [
        ("1 + 1", "2"), ("local a = 3\na * 2", "6"), ("x = 1\n{x}", "{1}"), ("x = 1\n'text'", "text"), ("x = 1\n#'abc'", "3"), ("x = 5; x", "5"),
        ("x = 1 -- note\nx -- the end", "1"), ("function f() return 4 end f()", "4"), ("x = 1", ""), ("for i = 1, 2 do end", ""), ("", ""),
        ("x = 1\n-x", "In[1]:2: attempt to perform arithmetic on a nil value (global 'x')"), ("s = [[\nlocal no = 1\n]] s", "local no = 1\n"),
        ("return 1, 2", "1\t2"), ("local a = 1 return a", "1"), ("-- local no\nlocal yes = 0x1p4; yes", "16.0"), ("a = 'it\\'s' a", "it's"),
    ]) func `a last expression is the value of a cell`(code: String, value: String) throws { #expect(try run(code) == value) }

    @Test(arguments: ["f(", "for i = 1, 2 do", "x = {1,", "x = 1\nif x then", "[[a", "local function f()", "x = 1\ny +"])
    func `a piece that goes on`(code: String) throws { #expect(try run(code) == "goes on") }

    @Test func `errors keep their lines`() throws {
        #expect(try run("local a = 1\nlocal b = 2\n\nerror('here')") == "In[1]:4: here")
        #expect(try run("local a = 1", "local b = a\nlocal c = b.x.y") == "In[2]:2: attempt to index a number value (local 'b')")
        #expect(try run("x = = 1") == "In[1]:1: unexpected symbol near '='")
        #expect(try run("end") == "In[1]:1: <eof> expected near 'end'")
    }

    @Test func `a goto over a local runs as Lua runs it`() throws {
        #expect(try run("x = 1\ngoto done\nlocal a = 2\n::done::", "x") == "1")
    }

    @Test func `more locals than a function can have`() throws {
        let cells = (1...4).map { cell in (1...150).map { "local v\(cell)_\($0) = \($0)" }.joined(separator: "\n") }
        #expect(try run(cells[0], cells[1], cells[2], cells[3], "v1_150 + v4_150") == "300")
    }

    @Test func `a new environment holds for later cells, as in one program`() throws {
        #expect(try run("local _ENV = {y = 3}", "y") == "3")
    }

    @Test func `nesting is counted for the next line's indentation`() {
        #expect(LuaScanner.openDepth("function f()\n  if x then") == 2)
        #expect(LuaScanner.openDepth("f{\n  a = function()") == 2)
        #expect(LuaScanner.openDepth("repeat x = 1 until x -- if then") == 0)
        #expect(LuaScanner.openDepth("end end") == 0)
    }

    @Test func `any bytes can be scanned`() {
        var state: UInt64 = 7
        let pieces = ["local", " ", "\n", "[[", "]]", "'", "\"", "\\", "--", "(", ")", "end", "do", "é", "😀", "0x", "..", "1e+", "::", "<", "function", "\0"]
        for _ in 0..<300 {
            let text = (0..<30).map { _ -> String in
                state = state &* 6364136223846793005 &+ 1442695040888963407
                return pieces[Int(state >> 33) % pieces.count]
            }.joined()
            let tokens = LuaScanner.tokens(text)
            #expect(tokens.allSatisfy { $0.range.upperBound <= text.utf8.count && !$0.range.isEmpty })
            _ = CellSource(text).keepingLocals("k")
        }
    }
}
