/// A short Lua program with what it prints: shown in the reference, run by the doctests.
public struct Example {
    public let code: String
    public let output: String
}

/// One Lua function, declared once: help, argument errors, editor stubs, reference and doctests come from here.
///
/// ```swift
/// Function("lerp", "Interpolates linearly between two numbers.",
///          .number("a", "start"), .number("b", "end"), .number("t", "weight in [0, 1]", default: 0.5),
///          returns: .number("a + t (b - a)"), example: ("return lerp(0, 10)", "5.0")) { a, b, t in a + t * (b - a) }
/// ```
public final class Function {
    public let name: String
    /// What it does, one sentence first.
    public let doc: String
    public let arguments: [ArgumentDescription]
    public let results: [ResultDescription]
    /// The paper and equation, where there is one.
    public let source: String?
    public let example: Example?

    /// Reads the arguments, runs, pushes the results and returns their number.
    let body: (Call) throws -> Int32
    /// More arguments than these are an error.
    let maximumCount: Int32

    /// Declares a function with typed arguments and result.
    ///
    /// - Parameters:
    ///   - doc: full sentences.
    ///   - returns: default: nothing.
    ///   - example: Lua text, and what it prints or evaluates to.
    ///   - body: gets one value for each argument; what it throws becomes a Lua error at the caller's line.
    public init<each Value, Result>(
        _ name: String, _ doc: String, _ arguments: repeat Argument<each Value>, returns: Returned<Result>,
        source: String? = nil, example: (code: String, output: String)? = nil,
        body: @escaping (repeat each Value) throws -> Result
    ) {
        var descriptions: [ArgumentDescription] = []
        var readers: [ArgumentReader] = []
        for argument in repeat each arguments {
            descriptions.append(argument.description)
            readers.append(TypedReader(argument))
        }
        self.name = name
        self.doc = doc
        self.arguments = descriptions.filter { !$0.isHidden }
        self.results = returns.descriptions
        self.source = source
        self.example = example.map { Example(code: $0.code, output: $0.output) }
        self.maximumCount = self.arguments.contains(where: \.isRest) ? .max : Int32(self.arguments.count)
        let push = returns.push
        // A captured pack would be looked up as a tuple type at every call, which costs more than the call itself;
        // an array of boxed readers costs nothing, and each reader knows its type.
        self.body = { [readers] call in
            var place = ArgumentPlace()
            let result = try body(repeat try next((each Value).self, of: readers, call, &place))
            return try push(call, result)
        }
    }

    /// Declares a function that reads its arguments and pushes its results by itself: the quick path, for functions
    /// that are called once per element. The body returns the number of results pushed.
    public init(
        direct name: String, _ doc: String, _ arguments: [ArgumentDescription], returns results: [ResultDescription] = [],
        source: String? = nil, example: (code: String, output: String)? = nil, body: @escaping (Call) throws -> Int32
    ) {
        self.name = name
        self.doc = doc
        self.arguments = arguments
        self.results = results
        self.source = source
        self.example = example.map { Example(code: $0.code, output: $0.output) }
        self.maximumCount = arguments.contains(where: \.isRest) ? .max : Int32(arguments.count)
        self.body = body
    }

    /// How it is called: `lerp(a, b, t = 0.5)`.
    public var signature: String {
        let parts = arguments.map { argument in
            if argument.isRest { return "..." }
            if let text = argument.defaultText { return "\(argument.name) = \(text)" }
            return argument.isOptional ? argument.name + "?" : argument.name
        }
        return "\(name)(\(parts.joined(separator: ", ")))"
    }
}

/// How far the reading of arguments has come.
private struct ArgumentPlace {
    var reader = 0
    var position: Int32 = 0
}

@inline(__always)
private func next<Value>(_ type: Value.Type, of readers: [ArgumentReader], _ call: Call, _ place: inout ArgumentPlace) throws -> Value {
    let reader = unsafeDowncast(readers[place.reader], to: TypedReader<Value>.self)
    place.reader += 1
    if !reader.isHidden { place.position += 1 }
    do { return try reader.read(call, place.position) } catch let fault as ArgumentFault {
        throw fault.named(reader.name).at(place.position)
    }
}

/// The reading half of an argument, in a box.
private class ArgumentReader {}

private final class TypedReader<Value>: ArgumentReader {
    let name: String
    let isHidden: Bool
    let read: (Call, Int32) throws -> Value

    init(_ argument: Argument<Value>) {
        name = argument.description.name
        isHidden = argument.description.isHidden
        read = argument.read
    }
}
