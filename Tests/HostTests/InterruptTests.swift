#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif
import Testing
@testable import Host

private let waiting = Library(
    "waiting", "Work in Swift.",
    functions: [
        Function("long", "Works until it is interrupted.", .state(), returns: .none) { state in
            while true { try state.interrupt.check() }
        },
        Function("call", "Calls a function and swallows its error.", .callback("f", "it"), returns: .none) { f in _ = try? f.call() },
    ])

/// Raises the interrupt after 20 ms on a thread of its own: the pool of the tests may be full of endless loops.
private func raiseSoon(_ interrupt: Interrupt) -> pthread_t {
    var thread = pthread_t()
    pthread_create(&thread, nil, { context in
        usleep(20_000)
        Unmanaged<Interrupt>.fromOpaque(context!).takeRetainedValue().raise()
        return nil
    }, Unmanaged.passRetained(interrupt).toOpaque())
    return thread
}

/// Runs code and raises the interrupt from another thread; returns the error.
private func interrupt(_ code: String) throws -> LuaError? {
    let state = try LuaState(interrupt: Interrupt())
    try state.install([waiting])
    try state.run("waiting = require 'loam.waiting'")
    let interrupt = state.interrupt
    let raiser = raiseSoon(interrupt)
    defer { pthread_join(raiser, nil) }
    var caught: LuaError?
    do { try state.run(code, chunkName: "@test.lua") } catch { caught = error as? LuaError }
    #expect(!state.interrupt.isRaised)
    #expect(try state.run("local n = 0; for i = 1, 1000 do n = n + i end; return n")[0].asInteger == 500_500)
    return caught
}

@Suite struct InterruptTests {
    @Test(.timeLimit(.minutes(1)), arguments: [
        "while true do end",
        "while true do pcall(function() while true do end end) end",
        "while true do xpcall(function() while true do end end, debug.traceback) end",
        "coroutine.wrap(function() while true do end end)()",
        "local c = coroutine.create(function() while true do coroutine.yield() end end) while true do coroutine.resume(c) end",
        "while true do pcall(coroutine.wrap(function() while true do end end)) end",
        "local function nest(n) if n == 0 then while true do end end coroutine.wrap(nest)(n - 1) end nest(20)",
        "('a'):rep(10000):find('.-.-.-.-b$')",
        "while true do pcall(string.match, ('a'):rep(10000), '.-.-.-.-b$') end",
        "for _ in ('a'):rep(10000):gmatch('.-.-.-.-b$') do end",
        "('a'):rep(10000):gsub('.-.-.-.-b$', '')",
        "('a'):rep(10):gsub('a', function() while true do end end)",
        "table.sort({ 1, 2, 3 }, function() while true do end end)",
        "return setmetatable({}, { __index = function() while true do end end }).x",
        "local x <close> = setmetatable({}, { __close = function() while true do end end })",
        "local c = coroutine.create(function() local x <close> = setmetatable({}, { __close = function() while true do end end }); coroutine.yield() end); coroutine.resume(c); coroutine.close(c)",
        "waiting.long()",
        "while true do pcall(waiting.long) end",
        "coroutine.wrap(waiting.long)()",
        "while true do waiting.call(function() while true do end end) end",
        "load(function() while true do end end)",
    ]) func `an interrupt stops`(code: String) throws {
        let error = try interrupt(code)
        #expect(error?.isInterrupt == true)
        #expect(error?.message.hasSuffix("interrupted") == true)
    }

    @Test func `the message says where the code was`() throws {
        #expect(try interrupt("\nwhile true do end")?.message == "test.lua:2: interrupted")
    }

    @Test func `an interrupt raised before the call stops it at its first step`() throws {
        let state = try LuaState(interrupt: Interrupt())
        state.interrupt.raise()
        #expect(message(state, "x = 1").hasSuffix("interrupted"))
        #expect(message(state, "x = 1") == "no error")
    }

    @Test func `a coroutine that was stopped is dead, others go on`() throws {
        let state = try LuaState(interrupt: Interrupt())
        try state.run("other = coroutine.wrap(function() for i = 1, 9 do coroutine.yield(i) end end) other()")
        state.interrupt.raise()
        #expect(message(state, "coroutine.wrap(function() while true do end end)()").hasSuffix("interrupted"))
        #expect(try state.run("return other()")[0].asInteger == 2)
    }

    @Test func `states with their own interrupt do not disturb each other`() throws {
        let first = try LuaState(interrupt: Interrupt()), second = try LuaState(interrupt: Interrupt())
        first.interrupt.raise()
        #expect(message(second, "for i = 1, 1000 do end") == "no error")
    }
}
