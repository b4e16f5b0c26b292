import Testing
@testable import Host

func makeVectorState() throws -> LuaState {
    let state = try LuaState(interrupt: Interrupt())
    try state.install([vectorLibrary])
    try state.run("vector = require 'loam.vector'")
    return state
}

func message(_ state: LuaState, _ code: String) -> String {
    do {
        try state.run(code, chunkName: "@test.lua")
        return "no error"
    } catch { return "\(error)" }
}

@Test func `a chunk returns its values`() throws {
    let state = try LuaState(interrupt: Interrupt())
    let values = try state.run("return 1 + 1, 'x'")
    #expect(values.count == 2 && values[0].asInteger == 2 && values[1].asString == "x")
}

@Test func `a declared class works from Lua`() throws {
    let state = try makeVectorState()
    let text = try state.run("""
        local v = vector.new{1, 2, 3}
        local w = 1 + v + v
        w[1] = 100
        w.first = w.first + 1
        local seen = {}
        local mean = v:descend{ steps = 2, on_step = function(step, value) seen[#seen + 1] = step .. ":" .. value end }
        return table.concat({ tostring(w), #w, w[-1], w.shape[1], mean, table.concat(seen, ","), v:sum(),
            tostring(require("loam").vector == vector), tostring(v == v), vector.version }, " ")
        """)[0].asString
    #expect(text == "Vector{101.0, 5.0, 7.0} 3 7.0 3 0.5 1:0.5,2:0.25 1.5 true true 1")
}

