/// The operators that a type can define; the raw value is Lua's name for it.
public enum Operator: String, CaseIterable {
    case add = "__add", subtract = "__sub", multiply = "__mul", divide = "__div", modulo = "__mod", power = "__pow"
    case negate = "__unm", floorDivide = "__idiv", concatenate = "__concat", length = "__len", equal = "__eq"
    case bitAnd = "__band", bitOr = "__bor", bitExclusiveOr = "__bxor", bitNot = "__bnot"
    case less = "__lt", lessOrEqual = "__le", call = "__call", close = "__close", pairs = "__pairs"
    /// Reads a key that is not a string: `t[1]`, `t[{1, 2}]`. Gets the object and the key.
    case index = "__index"
    /// Writes a key that is not a string. Gets the object, the key and the value.
    case newIndex = "__newindex"
}

/// A value that reads like a field: `t.shape`.
public struct Property {
    public let name: String
    public let doc: String
    public let type: String
    let getter: Function
    let setter: Function?

    /// Whether Lua can assign to it.
    public var isWritable: Bool { setter != nil }

    /// A read-only property.
    public init<Object: LuaObject, Value>(_ name: String, _ doc: String, _ result: Returned<Value>, get: @escaping (Object) throws -> Value) {
        self.init(name, doc, result, getter: get, setter: nil)
    }

    /// A property that Lua can assign to.
    public init<Object: LuaObject, Value>(
        _ name: String, _ doc: String, _ result: Returned<Value>, _ argument: Argument<Value>,
        get: @escaping (Object) throws -> Value, set: @escaping (Object, Value) throws -> Void
    ) {
        let setter = Function(name, doc, .object("self", "the object", Object.self), argument, returns: .none, body: set)
        self.init(name, doc, result, getter: get, setter: setter)
    }

    private init<Object: LuaObject, Value>(
        _ name: String, _ doc: String, _ result: Returned<Value>, getter: @escaping (Object) throws -> Value, setter: Function?
    ) {
        self.name = name
        self.doc = doc
        self.type = result.descriptions.first?.type ?? "nil"
        self.getter = Function(name, doc, .object("self", "the object", Object.self), returns: result, body: getter)
        self.setter = setter
    }
}

/// A Swift class as Lua sees it: methods, properties and operators over handles of its instances.
///
/// Equality is identity of the Swift object unless `.equal` is given; a handle is released by the collector, or at the
/// end of its scope when it is `local x <close>`.
public final class ObjectType {
    public let name: String
    public let doc: String
    public let methods: [Function]
    public let properties: [Property]
    public let operators: [Operator: Function]
    let identifier: ObjectIdentifier
    let describe: Function?
    let missingField: Function

    /// Declares a type.
    ///
    /// - Parameters:
    ///   - methods: functions whose first argument is the object; the same declarations may stand in a library too.
    ///   - operators: binary ones get the operands in the order written, so either may be the object.
    ///   - describe: the text for `tostring` and `print`; default: name and address.
    public init<Object: LuaObject>(
        _ type: Object.Type, _ doc: String, methods: [Function] = [], properties: [Property] = [],
        operators: [Operator: Function] = [:], describe: ((Object) throws -> String)? = nil
    ) {
        let name = Object.luaName
        self.name = name
        self.doc = doc
        self.methods = methods
        self.properties = properties
        self.operators = operators
        identifier = ObjectIdentifier(type)
        self.describe = describe.map { describe in
            Function("tostring", "The object as text.", .object("self", "the object", type), returns: .string("the text"), body: describe)
        }
        let readable = methods.map(\.name) + properties.map(\.name)
        let writable = properties.filter(\.isWritable).map(\.name)
        missingField = Function(direct: "index", "Reports a field that is not there.", []) { call in
            let isWrite = call.count > 2
            guard let key = call.string(2) else {
                throw LuaError("a \(name) cannot be \(isWrite ? "assigned to" : "indexed") by a \(call.typeName(2))")
            }
            if isWrite && readable.contains(key) { throw LuaError("the field '\(key)' of \(name) cannot be assigned") }
            throw LuaError("\(name) has no field '\(key)'" + advice(for: key, among: isWrite ? writable : readable, plural: "fields"))
        }
    }
}
