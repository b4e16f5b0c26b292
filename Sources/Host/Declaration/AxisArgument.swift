/// An axis as Lua counts it: 1 is the first, -1 the last. This file is the one place where it becomes 0-based.
public struct AxisArgument {
    let position: Int

    /// The axis from 0.
    ///
    /// - Parameter rank: the number of axes of the tensor.
    /// - Throws: `ArgumentFault` if there is no such axis.
    public func resolved(rank: Int) throws -> Int {
        try zeroBased(position, count: rank) { "axis \(position) of a tensor of rank \(rank)" }
    }
}

/// Several axes; one number is a list of one.
public struct AxesArgument {
    let positions: [Int]

    /// The axes from 0, in the order given.
    public func resolved(rank: Int) throws -> [Int] { try positions.map { try AxisArgument(position: $0).resolved(rank: rank) } }
}

/// A position as Lua counts it: 1 is the first, -1 the last.
public struct IndexArgument {
    let position: Int

    public init(position: Int) { self.position = position }

    /// The position from 0.
    ///
    /// - Parameter count: the number of elements.
    /// - Throws: `ArgumentFault` if there is no such element.
    public func resolved(count: Int) throws -> Int {
        try zeroBased(position, count: count) { "position \(position) of \(count) elements" }
    }
}

/// The way back: a 0-based axis or position as Lua counts it.
public func luaPosition(_ zeroBased: Int) -> Int { zeroBased + 1 }

private func zeroBased(_ position: Int, count: Int, _ what: () -> String) throws -> Int {
    if position >= 1, position <= count { return position - 1 }
    if position < 0, position >= -count { return count + position }
    let range = count == 0 ? "there are none" : "1 to \(count), or -\(count) to -1 from the end, expected"
    throw ArgumentFault.invalid("\(what()): \(range)")
}

extension Argument where Value == AxisArgument {
    /// An axis, counted from 1; negative from the end.
    public static func axis(_ name: String, _ doc: String, default fallback: Int? = nil) -> Argument {
        Argument(
            name, "integer", doc, default: fallback.map { AxisArgument(position: $0) }, defaultText: fallback.map(String.init)
        ) { call, index in call.integer(index).map { AxisArgument(position: $0) } }
    }
}

extension Argument where Value == AxesArgument {
    /// One axis or a list of axes, counted from 1; negative from the end.
    public static func axes(_ name: String, _ doc: String) -> Argument {
        Argument(name, "integer|integer[]", doc, expected: "axis or list of axes") { call, index in
            if let position = call.integer(index) { return AxesArgument(positions: [position]) }
            guard call.kind(index) == .table else { return nil }
            return call.list(index) { call, slot in call.integer(slot) }.map { AxesArgument(positions: $0) }
        }
    }
}

extension Argument where Value == IndexArgument {
    /// A position, counted from 1; negative from the end.
    public static func index(_ name: String, _ doc: String, default fallback: Int? = nil) -> Argument {
        Argument(
            name, "integer", doc, default: fallback.map { IndexArgument(position: $0) }, defaultText: fallback.map(String.init)
        ) { call, index in call.integer(index).map { IndexArgument(position: $0) } }
    }
}
