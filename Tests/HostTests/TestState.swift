@testable import Host

/// A state of its own interrupt with the vector library as the global `vector`.
func makeVectorState() throws -> LuaState {
    let state = try LuaState(interrupt: Interrupt())
    try state.install([vectorLibrary])
    try state.run("vector = require 'loam.vector'")
    return state
}

/// The message of the error that a piece of code raises.
func message(_ state: LuaState, _ code: String) -> String {
    do {
        try state.run(code, chunkName: "@test.lua")
        return "no error"
    } catch { return "\(error)" }
}

/// The first result of a piece of code as text.
func text(_ state: LuaState, _ code: String) throws -> String {
    ValuePrinter(state).line(try state.run(code, chunkName: "@test.lua"))
}
