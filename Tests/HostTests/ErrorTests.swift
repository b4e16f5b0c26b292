import Testing
@testable import Host

private let nesting = Library(
    "nesting", "Calls back.",
    functions: [
        Function("call", "Calls a function.", .callback("f", "it"), .rest(.any("values", "its arguments")), returns: .values("its results")) { f, values in
            try f.call(arguments: values)
        },
        Function("fail", "Fails.", returns: .none) { throw LuaError("it failed") },
        Function("try", "Whether a function fails, seen from Swift.", .callback("f", "it"), returns: .string("its message")) { f in
            do { try f.call() } catch let error as LuaError { return error.message }
            return "none"
        },
    ])

private func makeState() throws -> LuaState {
    let state = try LuaState(interrupt: Interrupt())
    try state.install([nesting])
    try state.run("nesting = require 'loam.nesting'")
    return state
}

private func caught(_ state: LuaState, _ code: String) throws -> LuaError {
    do {
        try state.run(code, chunkName: "@test.lua")
        throw LuaError("no error")
    } catch let error as LuaError { return error }
}

@Suite struct ErrorTests {
    @Test func `a table passes through Swift as the same table`() throws {
        let state = try makeState()
        let result = try text(state, """
            local fault = setmetatable({ code = 3 }, { __tostring = function() return "fault 3" end })
            local ok, caught = pcall(nesting.call, function() nesting.call(error, fault) end)
            return ok, caught == fault
            """)
        #expect(result == "false\ttrue")
        let error = try caught(state, "error(setmetatable({ code = 3 }, { __tostring = function() return 'fault 3' end }))")
        #expect(error.message == "fault 3")
        guard case .table(let table)? = try error.value?.value() else { throw LuaError("the table is lost") }
        #expect(table["code"].asInteger == 3)
    }

    @Test func `error without a value is legal`() throws {
        let state = try makeState()
        #expect(try text(state, "return pcall(nesting.call, error, nil)") == "false\tnil")
        #expect(try caught(state, "error()").message == "(error object is a nil value)")
        #expect(try caught(state, "error(true)").message == "(error object is a boolean value)")
        #expect(try caught(state, "error(setmetatable({}, { __tostring = function() error 'worse' end }))").message.contains("worse"))
    }

    @Test func `the caller's line stands before a Swift error, once`() throws {
        let state = try makeState()
        #expect(message(state, "\nnesting.fail()") == "test.lua:2: it failed")
        #expect(message(state, "\nreturn nesting.fail()") == "test.lua:2: it failed")
        #expect(message(state, "nesting.call(function()\n nesting.fail() end)") == "test.lua:2: it failed")
        #expect(message(state, "nesting.call(nesting.fail)") == "test.lua:1: it failed")
    }

    @Test func `the traceback reaches from the place of the fault to the main chunk, through Swift`() throws {
        let error = try caught(try makeState(), "local function inner()\n error 'deep' end\nnesting.call(function()\n nesting.call(inner) end)")
        #expect(error.message == "test.lua:2: deep")
        for part in ["test.lua:2: in ", "test.lua:4: in ", "test.lua:3: in main chunk"] {
            #expect(error.traceback?.contains(part) == true, "\(error.traceback ?? "none") lacks \(part)")
        }
    }

    @Test func `a traceback belongs to its own error`() throws {
        let state = try makeState()
        _ = message(state, "pcall(function() nesting.call(function() error 'same' end) end)")
        let error = try caught(state, "local function other() error('same', 0) end\nother()")
        #expect(error.traceback?.contains("in upvalue 'other'") == true || error.traceback?.contains("in local 'other'") == true)
    }

    @Test func `Swift can catch an error of Lua and go on`() throws {
        #expect(try text(makeState(), "return nesting.try(function() error('x', 0) end), nesting.try(function() end)") == "x\tnone")
    }

    @Test func `xpcall gets the message of a Swift error and may change it`() throws {
        #expect(try text(makeState(), "return xpcall(nesting.fail, function(m) return '<' .. m .. '>' end)").hasPrefix("false\t<"))
    }

    @Test func `endless recursion in Lua is an error`() throws {
        let state = try makeState()
        #expect(message(state, "local function f() return 1 + f() end f()").contains("stack overflow"))
        #expect(message(state, "local t = setmetatable({}, {}) getmetatable(t).__index = function(t, k) return t[k] end return t.x").contains("overflow"))
        #expect(message(state, "return 1") == "no error")
    }

    @Test func `endless recursion through Swift is an error`() throws {
        let state = try makeState()
        #expect(message(state, "local function f() nesting.call(f) end f()").contains("overflow"))
        #expect(message(state, "local function f() coroutine.wrap(function() nesting.call(f) end)() end f()").contains("overflow"))
        #expect(message(state, "local function f() return pcall(nesting.call, f) end f()") == "no error")
        #expect(message(state, "return 1") == "no error")
    }

    @Test func `yielding across Swift is an error, around it is not`() throws {
        let state = try makeState()
        #expect(message(state, "coroutine.wrap(function() nesting.call(coroutine.yield) end)()").contains("attempt to yield across a C-call boundary"))
        #expect(try text(state, """
            local c = coroutine.wrap(function() nesting.call(function() end); coroutine.yield(1); nesting.call(function() end); return 2 end)
            return c(), c()
            """) == "1\t2")
    }

    @Test func `many arguments and results fit or are refused`() throws {
        let state = try makeState()
        #expect(try text(state, "return select('#', nesting.call(function(...) return ... end, table.unpack({}, 1, 10000)))") == "10000")
        #expect(message(state, "nesting.call(function(...) return ... end, table.unpack({}, 1, 900000))") != "")
        #expect(message(state, "return 1") == "no error")
    }

    @Test func `values of one state are refused by another`() throws {
        let first = try makeState(), second = try makeState()
        let table = try first.run("return {}")[0]
        #expect { try second.setGlobal("x", table) } throws: { "\($0)" == "a table of another Lua state cannot be given to this one" }
    }

    @Test func `a reference survives its state as an error`() throws {
        var state: LuaState? = try makeState()
        let value = try state?.run("return function() end")[0]
        state = nil
        guard case .function(let function)? = value else { throw LuaError("not a function") }
        #expect { try function.call() } throws: { "\($0)" == "the Lua state of this function was closed" }
    }
}
