/// The types of Lua values.
public enum LuaKind: Int32, Sendable {
    case absent = -1, none = 0, boolean, lightUserdata, number, string, table, function, userdata, thread

    init(_ type: Int32) { self = LuaKind(rawValue: type) ?? .absent }

    /// The word in messages: "no value", "nil", "number", ...
    public var name: String {
        switch self {
        case .absent: return "no value"
        case .none: return "nil"
        case .boolean: return "boolean"
        case .lightUserdata, .userdata: return "userdata"
        case .number: return "number"
        case .string: return "string"
        case .table: return "table"
        case .function: return "function"
        case .thread: return "thread"
        }
    }
}
