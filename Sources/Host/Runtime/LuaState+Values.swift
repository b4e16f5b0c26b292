import CLuaBridge

extension LuaState {
    /// Pushes any value; tables that Swift describes are built here.
    func push(_ value: LuaValue, on L: OpaquePointer) throws {
        switch value {
        case .none: lua_pushnil(L)
        case .boolean(let value): lua_pushboolean(L, value ? 1 : 0)
        case .integer(let value): lua_pushinteger(L, lua_Integer(value))
        case .number(let value): lua_pushnumber(L, value)
        case .string(let value): Call.push(value, on: L)
        case .bytes(let value):
            value.withUnsafeBytes { _ = lua_pushlstring(L, $0.bindMemory(to: CChar.self).baseAddress, $0.count) }
        case .table(let table): try push(table.reference, on: L)
        case .function(let function): try push(function.reference, on: L)
        case .object(let object): try push(object: object, on: L)
        case .other(let reference): try push(reference, on: L)
        case .list(let elements):
            try build(L, list: elements.count, fields: 0) {
                for (offset, element) in elements.enumerated() {
                    try push(element, on: L)
                    lua_rawseti(L, -2, lua_Integer(offset + 1))
                }
            }
        case .record(let fields):
            try build(L, list: 0, fields: fields.count) {
                for (name, value) in fields {
                    Call.push(name, on: L)
                    try push(value, on: L)
                    lua_rawset(L, -3)
                }
            }
        }
    }

    /// Makes a table and fills it; leaves nothing behind when that fails.
    private func build(_ L: OpaquePointer, list: Int, fields: Int, _ fill: () throws -> Void) throws {
        guard lua_checkstack(L, 8) != 0 else { throw LuaError("stack overflow: the table is nested too deeply") }
        let top = lua_gettop(L)
        lua_createtable(L, Int32(clamping: list), Int32(clamping: fields))
        do { try fill() } catch {
            lua_settop(L, top)
            throw error
        }
    }

    func push(_ reference: LuaReference, on L: OpaquePointer) throws {
        guard reference.anchor === anchor else {
            throw LuaError("a \(reference.typeName) of another Lua state cannot be given to this one")
        }
        reference.push(L)
    }

    /// The value at a stack position.
    func read(_ L: OpaquePointer, _ index: Int32) -> LuaValue {
        let call = Call(self, L)
        switch call.kind(index) {
        case .absent, .none: return .none
        case .boolean: return .boolean(lua_toboolean(L, index) != 0)
        case .number:
            return lua_isinteger(L, index) != 0 ? .integer(Int(lua_tointegerx(L, index, nil))) : .number(lua_tonumberx(L, index, nil))
        case .string:
            let bytes = call.bytes(index) ?? []
            return String(validating: bytes, as: UTF8.self).map(LuaValue.string) ?? .bytes(bytes)
        case .table: return .table(LuaTable(reference: call.reference(index)))
        case .function: return .function(LuaFunction(reference: call.reference(index)))
        case .userdata:
            if let metatable = loam_object_metatable(L, index) {
                var released: Int32 = 0
                if let pointer = loam_object(L, index, metatable, &released),
                   let object = Unmanaged<AnyObject>.fromOpaque(pointer).takeUnretainedValue() as? any LuaObject {
                    return .object(object)
                }
            }
            return .other(call.reference(index))
        case .lightUserdata, .thread: return .other(call.reference(index))
        }
    }
}
