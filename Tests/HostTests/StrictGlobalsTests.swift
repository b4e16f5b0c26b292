import Testing
@testable import Host

@Suite struct StrictGlobalsTests {
    private func strict() throws -> LuaState {
        let state = try LuaState(interrupt: Interrupt())
        try state.makeGlobalsStrict()
        return state
    }

    @Test func `a global must be assigned outside of functions before it is read`() throws {
        let state = try strict()
        func message(_ code: String) -> String { fault { try state.run(code, chunkName: "@file.lua") } }
        #expect(message("local x = 1\nreturn cuont").hasPrefix("file.lua:2: the global 'cuont' was never assigned"))
        try state.run("count = 1", chunkName: "@file.lua")
        #expect(try state.run("return count")[0].asInteger == 1)
        #expect(message("return cuont").contains("did you mean 'count'?"))
        #expect(message("\n(function() total = 1 end)()").hasPrefix("file.lua:2: a function assigns to the global 'total'"))
        #expect(try state.run("total = 1; (function() total = 2 end)() return total, rawget(_G, 'none'), print ~= nil")[0].asInteger == 2)
    }

    @Test func `asking twice changes nothing, and a metatable of the globals keeps its say`() throws {
        let state = try LuaState(interrupt: Interrupt())
        try state.run("setmetatable(_G, {__index = function(_, name) if name == 'lazy' then return 7 end end})")
        try state.makeGlobalsStrict()
        try state.makeGlobalsStrict()
        #expect(try state.run("return lazy")[0].asInteger == 7)
        #expect(throws: LuaError.self) { try state.run("return other") }
    }

    @Test func `the module loam.strict asks for it`() throws {
        let state = try LuaState(interrupt: Interrupt())
        try state.install([])
        try state.run("require 'loam.strict'")
        #expect(throws: LuaError.self) { try state.run("return undeclared") }
    }
}
