import Testing
@testable import Host

@Suite struct ReferenceTests {
    @Test func `help on a function is found by identity, whatever its name`() throws {
        let state = try makeVectorState()
        try state.installHelp()
        var shown = ""
        try state.redirectOutput { shown += $0 }
        try state.run("local alias = vector.descend; help(alias)")
        #expect(shown == """
            vector.descend(self, settings?) -> number?

            Walks each element towards zero.

              self         Vector                             the vector
              settings     table                              how to walk (optional)
                steps      integer                            number of steps (default 10)
                rate       number                             step size (default 0.5)
                reduction  "mean"|"sum"|"none"                how to reduce (default "mean")
                on_step    fun(step: integer, value: number)  called after each step (optional)

            Returns number?: the reduced result; nil for none

            Example:
              return vector.new{8}:descend{ steps = 2, on_step = print }
              --> 1\t4.0
              --> 2\t2.0
              --> 2.0

            """)
    }

    @Test(arguments: [
        ("vector", "module vector"), ("vector.new", "vector.new(values) -> Vector"), ("loam.vector.sum", "vector.sum(self) -> number"),
        ("Vector", "type Vector"), ("Vector:sum", "Vector:sum() -> number"), ("Vector.sum", "Vector:sum() -> number"),
        ("Vector.shape", "Vector.shape  integer[]"), ("Vektor", "There is no help on 'Vektor'; did you mean 'Vector'?"),
    ]) func `help on a name`(name: String, firstLine: String) throws {
        #expect(Help([vectorLibrary]).text(name: name).split(separator: "\n").first.map(String.init) == firstLine)
    }

    @Test func `help on a module, an object and nothing`() throws {
        let state = try makeVectorState()
        #expect(state.help(on: try state.run("return vector")[0]).hasPrefix("module vector\n\nSmall vectors"))
        let type = state.help(on: try state.run("return vector.new{1}")[0])
        #expect(type.hasPrefix("type Vector") && type.contains(":descend(settings?)") && type.contains("a + b") && type.contains("Can be assigned."))
        #expect(state.help(on: .none).contains("vector  Small vectors, to show how a library is declared."))
    }

    @Test func `editor stubs say what the declaration says`() {
        let text = EditorStubs().text(vectorLibrary)
        for part in [
            "---@meta loam.vector\n", "---@class Vector\n---@field shape integer[] The lengths of the axes.\n",
            "---@operator add(Vector|number): Vector\n", "---@operator len: integer\n",
            "---@class (exact) Vector.descend.settings\n---@field steps? integer number of steps (default 10)\n---@field rate? number step size (default 0.5)\n",
            "---@param settings? Vector.descend.settings how to walk\n---@return number? # the reduced result; nil for none\nfunction Vector:descend(settings) end",
            "---@param values number[] the elements\n---@return Vector # the vector\nfunction vector.new(values) end",
            "---@field version integer The version of the library.\nlocal vector = {}\n", "\n\nreturn vector\n",
        ] { #expect(text.contains(part), "\(part)") }
        #expect(EditorStubs().rootText([vectorLibrary]).contains("---@field vector loam.vector Small vectors, to show how a library is declared."))
    }

    @Test func `editor stubs are Lua`() throws {
        let state = try LuaState(interrupt: Interrupt())
        try state.run(EditorStubs().text(vectorLibrary))
        try state.run(EditorStubs().rootText([vectorLibrary]))
    }

    @Test func `the Markdown reference has every function, option, field and operator`() {
        let text = MarkdownReference().text(vectorLibrary)
        for part in [
            "# loam.vector\n", "### `vector.descend(self, settings?)`", "| `settings.rate` | `number` | step size | `0.5` |",
            "| `settings.reduction` | `\"mean\"\\|\"sum\"\\|\"none\"` | how to reduce | `\"mean\"` |", "| `a + b` | Adds elementwise. |",
            "| `shape` | `integer[]` | The lengths of the axes. |", "```lua\nreturn vector.new{1, 2}:sum()\n--> 3.0\n```",
            "| `version` | The version of the library. |",
        ] { #expect(text.contains(part), "\(part)") }
    }

    @Test func `the examples come out as declared, and a wrong one is reported`() throws {
        let doctests = Doctests { try LuaState(interrupt: Interrupt()) }
        #expect(try doctests.failures(in: [vectorLibrary]).map(\.description) == [])
        let wrong = Library("wrong", "Wrong.", functions: [
            Function("one", "Gives one.", returns: .integer("one"), example: ("print 'x'; return wrong.one()", "2")) { 1 },
            Function("fail", "Fails.", returns: .none, example: ("wrong.fail()", "example:1: it failed")) { throw LuaError("it failed") },
        ])
        #expect(try doctests.failures(in: [wrong]).map(\.description) == ["wrong.one: expected\n2\nbut got\nx\n1"])
    }

    @Test func `the validator finds each kind of mistake`() {
        let validator = DeclarationValidator()
        let bad = Library("bad", "No full stop", functions: [
            Function("twice", "Fine.", .optional(.number("a", "")), .number("b", "it"), returns: .none, example: ("", "")) { _, _ in },
            Function("twice", "", .number("x", "it"), .number("x", "it"), returns: .none) { _, _ in },
            Function("badName", "Fine.", .rest(.number("all", "them")), .number("last", "it"), returns: .none, example: ("", "")) { _, _ in },
        ], constants: [Constant("pi", "", .number(3))])
        #expect(validator.problems(in: [bad, bad]).prefix(11) == [
            "duplicate library: 'bad'", "bad: the doc does not end with a full stop", "duplicate name in bad: 'twice'",
            "bad.twice: the doc line of 'a' is missing", "bad.twice: 'b' is required but comes after an optional argument",
            "bad.twice: the doc line is missing", "bad.twice: the example is missing", "duplicate argument of bad.twice: 'x'",
            "bad.badName: names are lower case with underscores",
            "bad.badName: 'all' takes all that is left, so it must be the last argument",
            "bad.badName: 'last' is required but comes after an optional argument",
        ])
    }

    @Test(arguments: [
        ("{3, 1, x = 1, a = { b = 'q' }}", "{3, 1, a = {b = \"q\"}, x = 1}"), ("{[5] = 1, [0.5] = 2, ['a b'] = 3, ['end'] = 4}", "{[0.5] = 2, [5] = 1, [\"a b\"] = 3, [\"end\"] = 4}"),
        ("'text'", "text"), ("{'te\"xt\\n'}", "{\"te\\\"xt\\n\"}"), ("1/3", "0.33333333333333"), ("1e15", "1e+15"), ("2^53", "9.007199254741e+15"), ("{}", "{}"),
        ("(function() local t = {}; t.t = t; return t end)()", "{t = {cycle}}"), ("{{{{{{}}}}}}", "{{{{{{...}}}}}}"),
        ("setmetatable({ 1 }, { __tostring = function() return 'own' end })", "own"),
        ("(function() local t = {}; for i = 1, 60 do t[i] = 0 end; return #t > 0 and t end)()", "{\n" + String(repeating: "  0,\n", count: 50) + "  ... 10 more\n}"),
        ("nil, true", "nil\ttrue"),
    ]) func `values are shown`(code: String, expected: String) throws {
        #expect(try text(LuaState(interrupt: Interrupt()), "return " + code) == expected)
    }
}
