import Host

/// A small array class, declared to Lua the way the bindings do it. Uses only what is public.
final class Vector: LuaObject {
    static let luaName = "Vector"
    var values: [Double]

    init(_ values: [Double]) {
        self.values = values
        Vector.alive.add(1)
    }

    deinit { Vector.alive.add(-1) }

    /// Instances alive, for the lifetime tests.
    static let alive = Counter()
}

/// An operand that is a vector or a number: an argument kind of one's own.
enum Operand {
    case vector(Vector)
    case number(Double)
}

extension Argument where Value == Operand {
    static func operand(_ name: String, _ doc: String) -> Argument {
        Argument(name, "Vector|number", doc) { call, index in
            if let number = call.number(index) { return .number(number) }
            return try call.object(index, as: Vector.self).map { .vector($0) }
        }
    }
}

enum Reduction: String, CaseIterable { case mean, sum, none }

private let steps = Argument.integer("steps", "number of steps", default: 10, in: 1...1000)
private let rate = Argument.number("rate", "step size", default: 0.5)
private let reduction = Argument<Reduction>.choice("reduction", "how to reduce", default: .mean)
private let onStep = Argument.optional(.callback("on_step", "called after each step", type: "fun(step: integer, value: number)"))

private let new = Function(
    "new", "Makes a vector.", .numbers("values", "the elements"),
    returns: .object("the vector", Vector.self), example: ("return vector.new{1, 2}", "Vector{1.0, 2.0}")
) { values in Vector(values) }

private let sum = Function(
    "sum", "Adds all elements.", .object("self", "the vector", Vector.self), returns: .number("the sum"),
    example: ("return vector.new{1, 2}:sum()", "3.0")
) { vector in vector.values.reduce(0, +) }

private let add = Function(
    "add", "Adds elementwise.", .operand("a", "left side"), .operand("b", "right side"),
    returns: .object("a + b", Vector.self), example: ("return vector.add(vector.new{1, 2}, 1)", "Vector{2.0, 3.0}")
) { a, b in
    switch (a, b) {
    case (.vector(let a), .vector(let b)):
        guard a.values.count == b.values.count else { throw LuaError("add: lengths differ: [\(a.values.count)] and [\(b.values.count)]") }
        return Vector(zip(a.values, b.values).map(+))
    case (.vector(let a), .number(let b)), (.number(let b), .vector(let a)): return Vector(a.values.map { $0 + b })
    case (.number(let a), .number(let b)): return Vector([a + b])
    }
}

private let descend = Function(
    "descend", "Walks each element towards zero.", .object("self", "the vector", Vector.self),
    .options("settings", "how to walk", steps, rate, reduction, onStep),
    returns: .optional(.number("the reduced result; nil for none")),
    example: ("return vector.new{8}:descend{ steps = 2, on_step = print }", "1\t4.0\n2\t2.0\n2.0")
) { vector, settings in
    for step in 1...settings[steps] {
        try Interrupt.shared.check()
        for i in vector.values.indices { vector.values[i] *= 1 - settings[rate] }
        try settings[onStep]?.call(.integer(step), .number(vector.values.first ?? 0))
    }
    switch settings[reduction] {
    case .none: return nil
    case .sum: return vector.values.reduce(0, +)
    case .mean: return vector.values.reduce(0, +) / Double(vector.values.count)
    }
}

private let getElement = Function(
    direct: "get", "Reads one element.", [.init("self", "Vector", "the vector"), .init("position", "integer", "from 1")],
    returns: [.init("number", "the element")], example: ("return vector.new{5, 6}[2]", "6.0")
) { call in
    guard let vector = try call.object(1, as: Vector.self), let position = call.integer(2) else {
        throw LuaError("a position is expected, got a \(call.typeName(2))")
    }
    call.push(vector.values[try IndexArgument(position: position).resolved(count: vector.values.count)])
    return 1
}

private let setElement = Function(
    direct: "set", "Writes one element.",
    [.init("self", "Vector", "the vector"), .init("position", "integer", "from 1"), .init("value", "number", "the element")],
    example: ("local v = vector.new{5, 6}; v[-1] = 7; return v", "Vector{5.0, 7.0}")
) { call in
    guard let vector = try call.object(1, as: Vector.self), let position = call.integer(2), let value = call.number(3) else {
        throw LuaError("a position and a number are expected")
    }
    vector.values[try IndexArgument(position: position).resolved(count: vector.values.count)] = value
    return 0
}

private let length = Function(
    "length", "Counts the elements.", .object("self", "the vector", Vector.self), returns: .integer("their number"),
    example: ("return #vector.new{5, 6}", "2")
) { vector in vector.values.count }

let vectorType = ObjectType(
    Vector.self, "A list of numbers that knows arithmetic.",
    methods: [sum, add, descend],
    properties: [
        Property("shape", "The lengths of the axes.", .list(of: .integer("length"))) { (vector: Vector) in [vector.values.count] },
        Property("first", "The first element.", .number("it"), .number("value", "the new element"),
                 get: { (vector: Vector) in vector.values[0] }, set: { vector, value in vector.values[0] = value }),
    ],
    operators: [.add: add, .length: length, .index: getElement, .newIndex: setElement],
    describe: { vector in "Vector{" + vector.values.map { "\($0)" }.joined(separator: ", ") + "}" })

let vectorLibrary = Library(
    "vector", "Small vectors, to show how a library is declared.", functions: [new, add, sum, descend], types: [vectorType],
    constants: [Constant("version", "The version of the library.", .integer(1))])
