import Testing
@testable import Host

@Suite struct MessageTests {
    /// Each row: code, and the whole sentence after "test.lua:1: ".
    @Test(arguments: [
        ("vector.sum(1)", "bad argument #1 'self' to 'sum' (Vector expected, got number)"),
        ("vector.sum()", "bad argument #1 'self' to 'sum' (Vector expected, got no value)"),
        ("vector.sum(nil)", "bad argument #1 'self' to 'sum' (Vector expected, got nil)"),
        ("vector.sum(io.stdout)", "bad argument #1 'self' to 'sum' (Vector expected, got userdata)"),
        ("vector.new{1}:sum(1)", "too many arguments to 'sum' (none expected, got 1)"),
        ("vector.sum(vector.new{1}, 1)", "too many arguments to 'sum' (at most 1 expected, got 2)"),
        ("vector.new(1)", "bad argument #1 'values' to 'new' (list of number expected, got number)"),
        ("vector.new{1, 'a'}", "bad argument #1 'values' to 'new' (number expected, got string at position 2)"),
        ("local x = vector.new{1} + {}", "bad argument #2 'b' to 'add' (Vector|number expected, got table)"),
        ("local x = vector.new{1} + vector.new{1, 2}", "add: lengths differ: [1] and [2]"),
        ("vector.new{1}:add('1')", "bad argument #1 'b' to 'add' (Vector|number expected, got string)"),
        ("vector.nwe{}", "the module 'vector' has no 'nwe'; did you mean 'new'?"),
        ("vector.qqqqq()", "the module 'vector' has no 'qqqqq'; the names are add, descend, new, sum, version"),
        ("local x = vector.new{1}.shap", "Vector has no field 'shap'; did you mean 'shape'?"),
        ("vector.new{1}.shape = 1", "the field 'shape' of Vector cannot be assigned"),
        ("vector.new{1}.frist = 1", "Vector has no field 'frist'; did you mean 'first'?"),
        ("vector.new{1}.first = 'x'", "bad argument #2 'value' to 'first' (number expected, got string)"),
        ("local x = vector.new{1}[2]", "bad argument to 'get' (position 2 of 1 elements: 1 to 1, or -1 to -1 from the end, expected)"),
        ("vector.new{1}:descend{ stpes = 1 }", "unknown option 'stpes' to 'descend'; did you mean 'steps'?"),
        ("vector.new{1}:descend{ zzzzzz = 1 }", "unknown option 'zzzzzz' to 'descend'; the options are on_step, rate, reduction, steps"),
        ("vector.new{1}:descend{ 5 }", "bad argument #1 'settings' to 'descend' (options are named: write { steps = value })"),
        ("vector.new{1}:descend(5)", "bad argument #1 'settings' to 'descend' (table of options expected, got number)"),
        ("vector.new{1}:descend{ steps = 'x' }", "bad option 'steps' to 'descend' (integer expected, got string)"),
        ("vector.new{1}:descend{ steps = 1.5 }", "bad option 'steps' to 'descend' (integer expected, got 1.5)"),
        ("vector.new{1}:descend{ steps = 0 }", "bad option 'steps' to 'descend' (steps must be from 1 to 1000, got 0)"),
        ("vector.new{1}:descend{ on_step = 1 }", "bad option 'on_step' to 'descend' (function expected, got number)"),
        ("vector.new{1}:descend{ reduction = 'avg' }", "bad option 'reduction' to 'descend' (\"mean\", \"sum\" or \"none\" expected, got \"avg\")"),
        ("vector.new{1}:descend{ reduction = 'maen' }", "bad option 'reduction' to 'descend' (\"mean\", \"sum\" or \"none\" expected, got \"maen\"; did you mean \"mean\"?)"),
        ("debug.setmetatable(vector.new{1}, {})", "the metatable of a Loam object cannot be changed or used elsewhere"),
    ]) func `the sentence is`(code: String, expected: String) throws {
        #expect(message(try makeVectorState(), code) == "test.lua:1: " + expected)
    }

    @Test(arguments: [
        ("stpes", "steps"), ("step", "steps"), ("guidence", "guidance"), ("Guidance", "guidance"), ("lr", nil), ("learning", "learning_rate"),
        ("xyz", nil), ("", nil), ("seed", "seed"),
    ] as [(String, String?)]) func `the nearest name`(typed: String, expected: String?) {
        #expect(nearestName(to: typed, among: ["steps", "guidance", "learning_rate", "seed"]) == expected)
    }

    @Test func `axes and positions count from 1 and from the end`() throws {
        #expect(try AxisArgument(position: 1).resolved(rank: 3) == 0)
        #expect(try AxisArgument(position: -1).resolved(rank: 3) == 2)
        #expect(try IndexArgument(position: -4).resolved(count: 4) == 0)
        #expect(luaPosition(0) == 1)
        for bad in [0, 4, -4] { #expect(throws: ArgumentFault.self) { try AxisArgument(position: bad).resolved(rank: 3) } }
    }
}
