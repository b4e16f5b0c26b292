extension Argument {
    /// A list whose elements are all of one kind; the name and doc of `element` speak for the list.
    public static func list<Element>(of element: Argument<Element>) -> Argument where Value == [Element] {
        let inner = element.description
        let type = inner.type.contains("|") || inner.type.contains("(") ? "(\(inner.type))[]" : inner.type + "[]"
        return Argument(inner.name, type, inner.doc, expected: "list of \(inner.type)") { call, index in
            guard call.kind(index) == .table else { return nil }
            var position = 0
            return try call.list(index) { call, slot in
                position += 1
                do { return try element.read(call, slot) } catch let fault as ArgumentFault {
                    throw fault.inElement(position)
                }
            }
        }
    }
}

extension Argument where Value == [Int] {
    /// A list of integers, such as a shape.
    public static func integers(_ name: String, _ doc: String) -> Argument { .list(of: .integer(name, doc)) }
}

extension Argument where Value == [Double] {
    /// A list of numbers.
    public static func numbers(_ name: String, _ doc: String) -> Argument { .list(of: .number(name, doc)) }
}

extension Argument where Value == [String] {
    /// A list of strings.
    public static func strings(_ name: String, _ doc: String) -> Argument { .list(of: .string(name, doc)) }
}

extension Argument {
    /// A list of objects of one declared type.
    public static func objects<Object: LuaObject>(_ name: String, _ doc: String, _ type: Object.Type = Object.self) -> Argument
    where Value == [Object] { .list(of: .object(name, doc, type)) }
}

/// Numbers in nested lists of equal lengths: the literal form of an array.
public struct NestedNumbers {
    /// The lengths from the outside in; a bare number has none.
    public let shape: [Int]
    /// All numbers, the last position running fastest.
    public let values: [Double]
    /// Whether Lua has integers everywhere.
    public let areIntegers: Bool
}

extension Argument where Value == NestedNumbers {
    /// A number, or nested lists of numbers of equal lengths, e.g. `{{1, 2, 3}, {4, 5, 6}}`.
    public static func nestedNumbers(_ name: String, _ doc: String) -> Argument {
        Argument(name, "number|table", doc, expected: "number or nested lists of numbers") { call, index in
            var reader = NestedReader()
            try reader.read(call, index, depth: 0)
            return NestedNumbers(shape: reader.shape, values: reader.values, areIntegers: reader.areIntegers)
        }
    }
}

private struct NestedReader {
    var shape: [Int] = []
    var values: [Double] = []
    var areIntegers = true
    private var isShapeKnown = false

    mutating func read(_ call: Call, _ index: Int32, depth: Int) throws {
        if let value = call.number(index) {
            guard !isShapeKnown || depth == shape.count else {
                throw ArgumentFault.invalid("a list was expected at depth \(depth + 1), got the number \(luaText(value))")
            }
            isShapeKnown = true
            areIntegers = areIntegers && call.isInteger(index)
            values.append(value)
            return
        }
        guard call.kind(index) == .table, depth < 32 else {
            throw ArgumentFault.wrongType(expected: "number or nested lists of numbers", got: call.typeName(index))
        }
        let count = call.rawLength(index)
        if !isShapeKnown {
            shape.append(count)
            if count == 0 { isShapeKnown = true }
        } else if depth >= shape.count || shape[depth] != count {
            let expected = depth < shape.count ? "\(shape[depth]) elements" : "a number"
            throw ArgumentFault.invalid("\(expected) expected at depth \(depth + 1), got a list of \(count): all lists of one depth must have the same length")
        }
        var reader = self
        _ = try call.list(index) { call, slot -> Void? in
            try reader.read(call, slot, depth: depth + 1)
            return ()
        }
        self = reader
    }
}
