/// A Lua value in Swift's hands: simple values are copied, everything else is referred to and read when asked.
///
/// `list` and `record` occur only in values that Swift gives to Lua: they become new tables.
public enum LuaValue {
    case none
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    /// Text that need not be UTF-8; given to Lua as it is. Strings that come from Lua are `string`, or `bytes` when not UTF-8.
    case bytes([UInt8])
    case table(LuaTable)
    case function(LuaFunction)
    /// An object of a declared type.
    case object(any LuaObject)
    /// A coroutine, a file handle or other value that Swift does not look into.
    case other(LuaReference)
    /// A new table with the elements at 1, 2, ...
    case list([LuaValue])
    /// A new table with these fields; later ones win.
    case record([(String, LuaValue)])

    /// The name that Lua's `type` gives, or the declared name of an object.
    public var typeName: String {
        switch self {
        case .none: return "nil"
        case .boolean: return "boolean"
        case .integer, .number: return "number"
        case .string, .bytes: return "string"
        case .table, .list, .record: return "table"
        case .function: return "function"
        case .object(let object): return type(of: object).luaName
        case .other(let reference): return reference.typeName
        }
    }

    /// A table with these fields, for literals: `.table(["loss": .number(0.3)])`.
    public static func record(_ fields: KeyValuePairs<String, LuaValue>) -> LuaValue {
        .record(fields.map { ($0.key, $0.value) })
    }

    /// The value as a number, or nil.
    public var asNumber: Double? {
        switch self {
        case .integer(let value): return Double(value)
        case .number(let value): return value
        default: return nil
        }
    }

    /// The value as an integer (a number with a whole value counts), or nil.
    public var asInteger: Int? {
        switch self {
        case .integer(let value): return value
        case .number(let value): return Int(exactly: value)
        default: return nil
        }
    }

    /// The value as text, or nil.
    public var asString: String? {
        if case .string(let value) = self { return value }
        return nil
    }

    /// What Lua takes the value for in a condition: everything but nil and false.
    public var isTrue: Bool {
        switch self {
        case .none, .boolean(false): return false
        default: return true
        }
    }
}

/// A Swift class whose instances Lua can hold. Declared to Lua by an `ObjectType`.
public protocol LuaObject: AnyObject {
    /// The name of the type in messages and stubs, e.g. "Tensor".
    static var luaName: String { get }
}
