import Testing
@testable import Host

@Suite struct MemoryLimitTests {
    @Test func `Lua code that asks for more memory than it may have gets an error that it can catch, and goes on`() throws {
        let state = try LuaState(interrupt: Interrupt())
        state.limitMemory(32 << 20)
        let results = try state.run("""
            local grown, first = pcall(function() local t = {} for i = 1, 1e9 do t[i] = ("x"):rep(1000) .. i end end)
            local huge, second = pcall(string.rep, "x", 1 << 30)
            local inside, third = coroutine.resume(coroutine.create(function() return ("x"):rep(1 << 30) end))
            return grown, first, huge, second, inside, third, #("x"):rep(1 << 20)
            """)
        #expect(results.map(\.asString).compactMap { $0 } == ["not enough memory", "not enough memory", "not enough memory"])
        #expect(results.last?.asInteger == 1 << 20)
    }

    @Test func `an error for lack of memory that nobody catches leaves the state in order`() throws {
        let state = try LuaState(interrupt: Interrupt())
        state.limitMemory(32 << 20)
        for _ in 0..<3 {
            #expect(fault { try state.run("local t = {} while true do t[#t + 1] = ('x'):rep(100000) .. #t end") }.hasPrefix("not enough memory"))
            #expect(try state.run("return 1 + 1")[0].asInteger == 2)
        }
    }

    @Test func `what Swift gives to Lua is never refused`() throws {
        let state = try LuaState(interrupt: Interrupt())
        state.limitMemory(8 << 20)
        let text = String(repeating: "x", count: 16 << 20)
        #expect(try state.run("local text = ... return #text", arguments: [.string(text)])[0].asInteger == 16 << 20)
        let give = Function("give", "Gives a long text.", .integer("size", "its length"), returns: .string("it")) { String(repeating: "y", count: $0) }
        try state.setGlobal("give", state.value(of: give))
        #expect(try state.run("return #give(16 << 20)")[0].asInteger == 16 << 20)
    }
}
