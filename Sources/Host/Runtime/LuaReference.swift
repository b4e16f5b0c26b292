import CLuaBridge

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
