import CLuaBridge

/// A Lua table, read when asked; nothing is copied before. Access is raw: metamethods do not run.
public struct LuaTable {
    public let reference: LuaReference

    /// The number of elements in the list part.
    public var count: Int {
        (try? onStack { L in Int(lua_rawlen(L, -1)) }) ?? 0
    }

    /// The element at a Lua position, 1 and up.
    public subscript(position: Int) -> LuaValue {
        field { L in lua_rawgeti(L, -1, lua_Integer(position)) }
    }

    /// The value of a named field.
    public subscript(name: String) -> LuaValue {
        field { L in
            Call.push(name, on: L)
            lua_rawget(L, -2)
        }
    }

    /// All keys and values, in no particular order.
    public func pairs() throws -> [(key: LuaValue, value: LuaValue)] {
        let state = try reference.state()
        return try onStack { L in
            var result: [(key: LuaValue, value: LuaValue)] = []
            let table = lua_gettop(L)
            lua_pushnil(L)
            while loam_next(L, table) != 0 {
                result.append((state.read(L, -2), state.read(L, -1)))
                loam_pop(L, 1)
            }
            return result
        }
    }

    /// The elements of the list part.
    public func elements() -> [LuaValue] {
        let count = count
        return count == 0 ? [] : (1...count).map { self[$0] }
    }

    /// The list as numbers; nil when an element is not one.
    public func numbers() -> [Double]? { list { call, index in call.number(index) } }

    /// The list as integers; nil when an element is not one.
    public func integers() -> [Int]? { list { call, index in call.integer(index) } }

    /// The list as strings; nil when an element is not one.
    public func strings() -> [String]? { list { call, index in call.string(index) } }

    /// Sets a named field.
    public func set(_ name: String, _ value: LuaValue) throws {
        let state = try reference.state()
        try onStack { L in
            Call.push(name, on: L)
            do { try state.push(value, on: L) } catch {
                loam_pop(L, 1)
                throw error
            }
            lua_rawset(L, -3)
        }
    }

    private func list<Element>(_ read: (Call, Int32) -> Element?) -> [Element]? {
        guard let state = try? reference.state() else { return nil }
        return (try? onStack { L in Call(state, L).list(lua_gettop(L), read) }) ?? nil
    }

    private func field(_ push: (OpaquePointer) -> Void) -> LuaValue {
        guard let state = try? reference.state() else { return .none }
        return (try? onStack { L in
            push(L)
            defer { loam_pop(L, 1) }
            return state.read(L, -1)
        }) ?? .none
    }

    private func onStack<Result>(_ body: (OpaquePointer) throws -> Result) throws -> Result {
        let L = try reference.state().running
        guard lua_checkstack(L, 8) != 0 else { throw LuaError("stack overflow: too many nested calls") }
        let top = lua_gettop(L)
        reference.push(L)
        defer { lua_settop(L, top) }
        return try body(L)
    }
}
