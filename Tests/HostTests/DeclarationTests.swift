import Testing
@testable import Host

private let kinds = Library(
    "kinds", "One function for each kind of argument.",
    functions: [
        Function("numbers", "Shows nested numbers.", .nestedNumbers("values", "them"), returns: .string("shape and values")) { nested in
            "\(nested.shape) \(nested.values) \(nested.areIntegers)"
        },
        Function("rest", "Adds what is given.", .string("name", "a word"), .rest(.integer("values", "summands")), returns: .string("it")) { name, values in
            "\(name) \(values.reduce(0, +))"
        },
        Function("several", "Gives several results.", returns: .several(.number("one"), .optional(.string("two")), .list(of: .integer("three")))) {
            (1.5, nil, [1, 2])
        },
        Function("axes", "Resolves axes of a tensor of rank 3.", .axes("axes", "them"), .axis("last", "one", default: -1), returns: .list(of: .integer("from 0"))) { axes, last in
            try axes.resolved(rank: 3) + [last.resolved(rank: 3)]
        },
        Function("bytes", "Counts bytes.", .bytes("data", "any string"), returns: .several(.integer("count"), .bytes("reversed"))) { ($0.count, $0.reversed()) },
        Function("table", "Reads a table.", .table("t", "it"), returns: .value("a new table")) { t in
            .record(["name": t["name"], "count": .integer(t.count), "last": t[t.count], "keys": .integer(try t.pairs().count), "nested": .list([.boolean(true), .none])])
        },
        Function("echo", "Gives back any value.", .any("x", "it"), returns: .value("it")) { $0 },
        Function("words", "Joins words.", .strings("words", "them"), .boolean("upper", "in capitals", default: false), returns: .string("text")) { words, upper in
            upper ? words.joined().uppercased() : words.joined()
        },
        Function("objects", "Counts elements of vectors.", .objects("vectors", "them", Vector.self), returns: .integer("all elements")) { $0.map(\.values.count).reduce(0, +) },
    ])

@Suite struct DeclarationTests {
    private func state() throws -> LuaState {
        let state = try makeVectorState()
        try state.install([kinds])
        try state.run("kinds = require 'loam.kinds'")
        return state
    }

    @Test func `a declared class works from Lua`() throws {
        let result = try text(makeVectorState(), """
            local v = vector.new{1, 2, 3}
            local w = 1 + v + v
            w[1] = 100
            w.first = w.first + 1
            local seen = {}
            local mean = v:descend{ steps = 2, on_step = function(step, value) seen[#seen + 1] = step .. ":" .. value end }
            return tostring(w), #w, w[-1], w.shape[1], mean, table.concat(seen, ","), v:sum(), v == v, v == vector.new{1}, vector.version
            """)
        #expect(result == "Vector{101.0, 5.0, 7.0}\t3\t7.0\t3\t0.5\t1:0.5,2:0.25\t1.5\ttrue\tfalse\t1")
    }

    @Test(arguments: [
        ("kinds.numbers(5)", "[] [5.0] true"),
        ("kinds.numbers{{1, 2, 3}, {4, 5, 6.5}}", "[2, 3] [1.0, 2.0, 3.0, 4.0, 5.0, 6.5] false"),
        ("kinds.numbers{}", "[0] [] true"),
        ("kinds.rest('a')", "a 0"), ("kinds.rest('a', 1, 2, 3)", "a 6"),
        ("kinds.several()", "1.5\tnil\t{1, 2}"),
        ("kinds.axes(1)", "{0, 2}"), ("kinds.axes({-1, 2}, 1)", "{2, 1, 0}"),
        ("kinds.bytes('a\\0\\xff')", "3\t\u{FFFD}\0a"),
        ("kinds.table{ 1, 2, name = 'x' }", "{count = 2, keys = 3, last = 2, name = \"x\", nested = {true}}"),
        ("kinds.echo(nil)", "nil"), ("kinds.echo(1 << 62)", "4611686018427387904"), ("kinds.echo(0.1)", "0.1"), ("kinds.echo(print) == print", "true"),
        ("kinds.words({ 'a', 'b' }, true)", "AB"), ("kinds.words{}", ""),
        ("kinds.objects{ vector.new{1, 2}, vector.new{3} }", "3"),
    ]) func `kinds of arguments and results`(code: String, expected: String) throws {
        #expect(try text(state(), "return " + code) == expected)
    }

    @Test(arguments: [
        ("kinds.numbers{{1, 2}, {3}}", "bad argument #1 'values' to 'numbers' (2 elements expected at depth 2, got a list of 1: all lists of one depth must have the same length)"),
        ("kinds.numbers{{1}, 2}", "bad argument #1 'values' to 'numbers' (a list was expected at depth 2, got the number 2)"),
        ("kinds.numbers{'x'}", "bad argument #1 'values' to 'numbers' (number or nested lists of numbers expected, got string)"),
        ("kinds.rest('a', 1, 'b')", "bad argument #3 'values' to 'rest' (integer expected, got string)"),
        ("kinds.axes(4)", "bad argument to 'axes' (axis 4 of a tensor of rank 3: 1 to 3, or -3 to -1 from the end, expected)"),
        ("kinds.words{ 1 }", "bad argument #1 'words' to 'words' (string expected, got number at position 1)"),
    ]) func `faults inside lists name the place`(code: String, expected: String) throws {
        #expect(message(try state(), code) == "test.lua:1: " + expected)
    }

    @Test func `modules are made once, when first used`() throws {
        let state = try LuaState(interrupt: Interrupt())
        try state.install([vectorLibrary, kinds])
        #expect(try text(state, "local loam = require 'loam'; return rawget(loam, 'vector'), package.loaded['loam.vector']") == "nil\tnil")
        #expect(try text(state, "local loam = require 'loam'; return loam.vector == require 'loam.vector', rawget(loam, 'vector') ~= nil") == "true\ttrue")
        #expect(message(state, "require('loam').vectr") .contains("syntax error"))
        #expect(message(state, "local x = require('loam').vectr") == "test.lua:1: the module 'loam' has no 'vectr'; did you mean 'vector'?")
    }

    @Test func `an object of a type that no library declares is refused`() throws {
        final class Stranger: LuaObject { static let luaName = "Stranger" }
        let state = try LuaState(interrupt: Interrupt())
        #expect { try state.setGlobal("x", .object(Stranger())) } throws: { "\($0)" == "the type Stranger is not declared in any library of this Lua state" }
    }

    @Test func `objects come back to Swift as the same instance`() throws {
        let state = try makeVectorState()
        let vector = Vector([1])
        try state.setGlobal("v", .object(vector))
        guard case .object(let back) = try state.run("return v")[0] else { throw LuaError("not an object") }
        #expect(back === vector)
    }
}
