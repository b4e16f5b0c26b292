/// What is known of an argument without reading it: help, stubs, the reference and messages are made from this.
public final class ArgumentDescription {
    public let name: String
    /// The type as LuaCATS writes it, e.g. "number", "integer[]", "Tensor|number".
    public let type: String
    /// One line for the reader.
    public let doc: String
    /// The default as Lua would write it; nil when there is none.
    public let defaultText: String?
    public let isOptional: Bool
    /// Whether it takes all arguments that are left.
    public let isRest: Bool
    /// Whether it takes no argument from Lua at all.
    public let isHidden: Bool
    /// The declared keys of an options table.
    public let fields: [ArgumentDescription]

    public init(
        _ name: String, _ type: String, _ doc: String, defaultText: String? = nil, isOptional: Bool = false,
        isRest: Bool = false, isHidden: Bool = false, fields: [ArgumentDescription] = []
    ) {
        self.name = name
        self.type = type
        self.doc = doc
        self.defaultText = defaultText
        self.isOptional = isOptional || defaultText != nil
        self.isRest = isRest
        self.isHidden = isHidden
        self.fields = fields
    }

    /// A copy that may be left out.
    var optional: ArgumentDescription {
        ArgumentDescription(
            name, type, doc, defaultText: defaultText, isOptional: true, isRest: isRest, isHidden: isHidden, fields: fields)
    }
}

/// One typed argument of a declared function, or one key of an options table.
public struct Argument<Value> {
    public let description: ArgumentDescription

    /// Reads the value at a stack position; throws `ArgumentFault`.
    let read: (Call, Int32) throws -> Value

    /// The value at a position, for functions that read their arguments by themselves.
    ///
    /// - Throws: `ArgumentFault` that names the argument.
    public func value(_ call: Call, at position: Int32) throws -> Value {
        do { return try read(call, position) } catch let fault as ArgumentFault { throw fault.named(description.name).at(position) }
    }

    /// Makes a kind of argument from its description and its reader.
    public init(_ description: ArgumentDescription, read: @escaping (Call, Int32) throws -> Value) {
        self.description = description
        self.read = read
    }

    /// Makes a kind of argument that is one type with an optional default.
    ///
    /// - Parameters:
    ///   - type: as LuaCATS writes it; also what messages expect, unless `expected` says it better.
    ///   - fallback: the value when the argument is nil or missing; nil makes it required.
    ///   - fallbackText: the default as Lua would write it.
    ///   - read: the value at a stack position, or nil if it has the wrong type.
    public init(
        _ name: String, _ type: String, _ doc: String, expected: String? = nil, default fallback: Value? = nil,
        defaultText fallbackText: String? = nil, read: @escaping (Call, Int32) throws -> Value?
    ) {
        let expected = expected ?? type
        self.init(ArgumentDescription(name, type, doc, defaultText: fallbackText, isOptional: fallback != nil)) { call, index in
            if let fallback, call.isAbsent(index) { return fallback }
            if let value = try read(call, index) { return value }
            throw ArgumentFault.wrongType(expected: expected, got: call.typeName(index))
        }
    }
}

extension Argument {
    /// Makes an argument optional: nil or missing gives nil.
    public static func optional<Wrapped>(_ argument: Argument<Wrapped>) -> Argument where Value == Wrapped? {
        Argument(argument.description.optional) { call, index in
            call.isAbsent(index) ? nil : try argument.read(call, index)
        }
    }

    /// All arguments that are left, each of the kind of `element`; its name and doc speak for all of them.
    public static func rest<Element>(_ element: Argument<Element>) -> Argument where Value == [Element] {
        let inner = element.description
        return Argument(ArgumentDescription(inner.name, inner.type, inner.doc, isOptional: true, isRest: true)) { call, index in
            let count = call.count
            return index > count ? [] : try (index...count).map { position in
                do { return try element.read(call, position) } catch let fault as ArgumentFault { throw fault.at(position) }
            }
        }
    }

    /// The Lua state itself, for functions that need it; Lua passes nothing.
    public static func state() -> Argument where Value == LuaState {
        Argument(ArgumentDescription("state", "", "", isHidden: true)) { call, _ in call.state }
    }
}
