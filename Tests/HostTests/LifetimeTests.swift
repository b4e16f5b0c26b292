import Testing
@testable import Host

/// An object that counts its instances; used by this suite only, whose tests run one after the other.
private final class Token: LuaObject {
    static let luaName = "Token"
    static let alive = Counter()
    init() { Token.alive.add(1) }
    deinit { Token.alive.add(-1) }
}

private struct Fault: Error, CustomStringConvertible {
    let token: Token
    var description: String { "it failed" }
}

private let library = Library(
    "token", "Objects that count themselves.",
    functions: [
        Function("new", "Makes a token.", returns: .object("it", Token.self)) { Token() },
        Function("fail", "Fails with tokens on its frame and in its error.", .optional(.any("x", "ignored")), returns: .none) { _ in
            let tokens = [Token(), Token()]
            defer { withExtendedLifetime(tokens) {} }
            throw Fault(token: Token())
        },
        Function("take", "Takes a token and a number.", .object("token", "it", Token.self), .number("x", "it"), returns: .none) { _, _ in },
        Function("call", "Calls a function with tokens on its frame.", .callback("f", "it"), returns: .values("its results")) { f in
            let token = Token()
            defer { withExtendedLifetime(token) {} }
            return try f.call(.object(token))
        },
        Function("stop", "Raises the interrupt.", .state(), returns: .none) { state in state.interrupt.raise() },
        Function("big", "Makes a token that stands for a mebibyte.", .state(), returns: .object("it", Token.self)) { state in
            state.externalMemory.willAllocate(1 << 20)
            return Token()
        },
    ],
    types: [ObjectType(Token.self, "A token.", methods: [], properties: [], operators: [:])])

private func makeState() throws -> LuaState {
    let state = try LuaState(interrupt: Interrupt())
    try state.install([library])
    try state.run("token = require 'loam.token'; warn '@off'")
    return state
}

private let rounds = 100_000

@Suite(.serialized) struct LifetimeTests {
    @Test(arguments: [
        ("argument", "pcall(token.take, token.new(), 'x')"),
        ("body", "pcall(token.fail)"),
        ("callback", "pcall(token.call, function(t) error(t) end)"),
        ("callback that fails in Swift", "pcall(token.call, token.fail)"),
        ("callback in a callback", "pcall(token.call, function() token.call(function() token.fail() end) end)"),
        ("coroutine", "coroutine.resume(coroutine.create(token.fail))"),
        ("wrapped coroutine", "pcall(coroutine.wrap(function() token.call(token.fail) end))"),
        ("yield across Swift", "coroutine.resume(coroutine.create(function() token.call(coroutine.yield) end))"),
        ("finaliser", "do setmetatable({}, { __gc = token.fail }) end"),
        ("closing", "pcall(function() local t <close> = token.new(); token.fail() end)"),
        ("hook", "pcall(function() debug.sethook(function() debug.sethook(); token.fail() end, 'c'); math.abs(1) end)"),
        ("message handler", "xpcall(token.fail, function(m) return token.fail() end)"),
        ("error object", "pcall(error, token.new())"),
    ]) func `a raise leaks nothing`(place: String, code: String) throws {
        #expect(Token.alive.value == 0)
        do {
            let state = try makeState()
            // A handler that fails is called again until the C stack limit of 200: fewer rounds are as many raises.
            try state.run("for i = 1, \(place == "message handler" ? rounds / 200 : rounds) do \(code) end")
            state.collectGarbage()
            #expect(Token.alive.value == 0, "after collectgarbage, \(place)")
        }
        #expect(Token.alive.value == 0, "after closing the state, \(place)")
    }

    @Test func `errors thrown to Swift leak nothing`() throws {
        let state = try makeState()
        for _ in 0..<rounds {
            do {
                try state.run("token.call(function(t) error { t } end)")
                Issue.record("no error")
            } catch let error as LuaError {
                #expect(error.value != nil)
            }
        }
        state.collectGarbage()
        #expect(Token.alive.value == 0)
    }

    @Test func `interrupts leak nothing`() throws {
        let state = try makeState()
        let chunk = try state.load("local t = token.new(); token.stop(); while true do end")
        for _ in 0..<rounds {
            do {
                try chunk.call()
                Issue.record("not interrupted")
            } catch let error as LuaError {
                #expect(error.isInterrupt)
            }
        }
        state.collectGarbage()
        #expect(Token.alive.value == 0)
    }

    @Test func `live objects return to zero, also in rings and tables`() throws {
        let state = try makeState()
        try state.run("""
            kept = {}
            for i = 1, 1000 do local ring = { token.new() }; ring.self = ring; kept[i] = ring end
            """)
        #expect(Token.alive.value == 1000)
        try state.run("kept = nil")
        state.collectGarbage()
        #expect(Token.alive.value == 0)
    }

    @Test func `close releases at once, twice does no harm, and later use is an error`() throws {
        let state = try makeState()
        try state.run("do local t <close> = token.new(); kept = t end")
        #expect(Token.alive.value == 0)
        #expect(message(state, "token.take(kept, 1)") == "test.lua:1: the Token was released: it cannot be used after it was closed")
        try state.run("do local again <close> = kept end kept = nil; collectgarbage()")
        #expect(Token.alive.value == 0)
    }

    @Test func `a finaliser that keeps its object leaves it usable or politely dead`() throws {
        let state = try makeState()
        try state.run("""
            do local holder = setmetatable({ token.new() }, { __gc = function(h) saved = h[1] end }) end
            collectgarbage(); collectgarbage()
            """)
        let result = message(state, "token.take(saved, 1)")
        #expect(result == "no error" || result.contains("was released"))
        try state.run("saved = nil; collectgarbage(); collectgarbage()")
        #expect(Token.alive.value == 0)
    }

    @Test func `a reference keeps its value and lets go of it`() throws {
        let state = try makeState()
        var reference: LuaValue? = try state.run("return { token.new() }")[0]
        state.collectGarbage()
        #expect(Token.alive.value == 1)
        withExtendedLifetime(reference) {}
        reference = nil
        state.collectGarbage()
        #expect(Token.alive.value == 0)
    }

    @Test func `external memory makes the collector run before it grows`() throws {
        let state = try makeState()
        state.externalMemory.liveBytes = { Token.alive.value << 20 }
        try state.run("collectgarbage('stop'); for i = 1, 2000 do token.big() end")
        #expect(Token.alive.value <= 64)
        #expect(state.externalMemory.collections >= 2000 / 64)
        try state.run("kept = {}; for i = 1, 100 do kept[i] = token.big() end")
        #expect(state.externalMemory.limit > 100 << 20)
        try state.run("kept = nil")
        state.collectGarbage()
        #expect(Token.alive.value == 0)
    }
}
