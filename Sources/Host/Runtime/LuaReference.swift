import CLuaBridge
import Synchronization
#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

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

/// What references know of their state: it tells them when the state is gone, and collects those that were dropped.
///
/// A reference may be dropped on any thread and inside a finaliser, where the registry must not be touched; its key
/// waits here until the state's own thread comes by.
final class StateAnchor: @unchecked Sendable {
    var state: Unmanaged<LuaState>?
    private var dropped: [Int32] = []
    private var lock = pthread_mutex_t()
    private let hasDropped = Atomic<Bool>(false)

    init() { pthread_mutex_init(&lock, nil) }
    deinit { pthread_mutex_destroy(&lock) }

    func close() { state = nil }

    func drop(_ key: Int32) {
        guard key >= 0 else { return }
        pthread_mutex_lock(&lock)
        dropped.append(key)
        pthread_mutex_unlock(&lock)
        hasDropped.store(true, ordering: .releasing)
    }

    @inline(__always)
    func drain(on L: OpaquePointer) {
        if hasDropped.load(ordering: .relaxed) { drainAll(on: L) }
    }

    private func drainAll(on L: OpaquePointer) {
        pthread_mutex_lock(&lock)
        let keys = dropped
        dropped = []
        hasDropped.store(false, ordering: .relaxed)
        pthread_mutex_unlock(&lock)
        for key in keys { luaL_unref(L, loam_registry_index(), key) }
    }
}

/// Any Lua value, kept alive for Swift.
///
/// Do not store one in an object that Lua holds if the value can reach that object: neither side could collect the ring.
public final class LuaReference {
    let anchor: StateAnchor
    let key: Int32
    let kind: LuaKind

    init(anchor: StateAnchor, key: Int32, kind: LuaKind) {
        self.anchor = anchor
        self.key = key
        self.kind = kind
    }

    deinit { anchor.drop(key) }

    /// The name that Lua's `type` gives.
    public var typeName: String { kind.name }

    /// The state, or an error that says that it was closed.
    func state() throws -> LuaState {
        guard let state = anchor.state else { throw LuaError("the Lua state of this \(kind.name) was closed") }
        return state.takeUnretainedValue()
    }

    /// Pushes the value on a coroutine of its state.
    func push(_ L: OpaquePointer) { lua_rawgeti(L, loam_registry_index(), lua_Integer(key)) }

    /// The value that the reference stands for.
    public func value() throws -> LuaValue {
        let state = try state()
        push(state.running)
        defer { loam_pop(state.running, 1) }
        return state.read(state.running, -1)
    }

    /// The text that `tostring` gives.
    public func text() throws -> String {
        let state = try state()
        return state.entering(forgets: false) { L in
            push(L)
            loam_push_text(L, -1)
            defer { loam_pop(L, 2) }
            return Call(state, L).string(-1) ?? ""
        }
    }
}

/// A Lua function that Swift can call.
public struct LuaFunction {
    public let reference: LuaReference

    /// Calls the function and returns all its results. Errors and interrupts of Lua code are thrown and pass through.
    @discardableResult
    public func call(_ arguments: LuaValue...) throws -> [LuaValue] { try call(arguments: arguments) }

    /// Calls the function with a list of arguments.
    public func call(arguments: [LuaValue]) throws -> [LuaValue] {
        let state = try reference.state()
        return try state.entering { L in
            guard lua_checkstack(L, Int32(arguments.count) + 4) != 0 else {
                throw LuaError("stack overflow: too many nested calls, or \(arguments.count) arguments are too many")
            }
            let base = lua_gettop(L)
            reference.push(L)
            do {
                for argument in arguments { try state.push(argument, on: L) }
            } catch {
                lua_settop(L, base)
                throw error
            }
            return try state.finishCall(L, base: base, arguments: Int32(arguments.count))
        }
    }
}
