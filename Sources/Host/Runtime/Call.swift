import CLuaBridge

/// The arguments of one call from Lua, and the place where its results go.
///
/// Declared functions rarely meet it: arguments and results are typed. Functions that are called once per element
/// use it directly (`Function(direct:)`), and so do arguments of one's own making. Valid during the call only.
public struct Call {
    unowned(unsafe) public let state: LuaState
    let L: OpaquePointer

    init(_ state: LuaState, _ L: OpaquePointer) {
        self.state = state
        self.L = L
    }

    // MARK: Arguments, by position from 1

    /// The number of arguments given.
    public var count: Int32 { lua_gettop(L) }

    public func kind(_ index: Int32) -> LuaKind { LuaKind(lua_type(L, index)) }

    /// Whether the argument is nil or missing.
    public func isAbsent(_ index: Int32) -> Bool { lua_type(L, index) <= 0 }

    /// The number, or nil for anything else; strings are not converted.
    public func number(_ index: Int32) -> Double? {
        lua_type(L, index) == LUA_TNUMBER ? lua_tonumberx(L, index, nil) : nil
    }

    /// The integer, or nil for anything else; a float with a whole value counts.
    public func integer(_ index: Int32) -> Int? {
        guard lua_type(L, index) == LUA_TNUMBER else { return nil }
        var isInteger: Int32 = 0
        let value = lua_tointegerx(L, index, &isInteger)
        return isInteger != 0 ? Int(value) : nil
    }

    public func boolean(_ index: Int32) -> Bool? {
        lua_type(L, index) == LUA_TBOOLEAN ? lua_toboolean(L, index) != 0 : nil
    }

    /// The string, with U+FFFD in the place of bytes that are not UTF-8; nil for anything else, numbers included.
    public func string(_ index: Int32) -> String? {
        withBytes(index) { String(decoding: $0, as: UTF8.self) }
    }

    /// The bytes of a string, or nil for anything else.
    public func bytes(_ index: Int32) -> [UInt8]? { withBytes(index) { [UInt8]($0) } }

    /// Gives the bytes of a string to `body` without a copy; nil for anything else.
    public func withBytes<Result>(_ index: Int32, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result? {
        // lua_tolstring converts a number in place, which would confuse a traversal: only strings get there.
        guard lua_type(L, index) == LUA_TSTRING else { return nil }
        var length = 0
        let start = lua_tolstring(L, index, &length)
        return try body(UnsafeRawBufferPointer(start: start, count: length))
    }

    public func table(_ index: Int32) -> LuaTable? {
        lua_type(L, index) == LUA_TTABLE ? LuaTable(reference: reference(index)) : nil
    }

    public func function(_ index: Int32) -> LuaFunction? {
        lua_type(L, index) == LUA_TFUNCTION ? LuaFunction(reference: reference(index)) : nil
    }

    /// The object of a declared type, or nil for anything else.
    /// - Throws: `LuaError` if the object was released (by `<close>`, or by a finaliser that ran before).
    public func object<Object: LuaObject>(_ index: Int32, as type: Object.Type = Object.self) throws -> Object? {
        guard lua_type(L, index) == LUA_TUSERDATA, let metatable = state.objects.metatable(ObjectIdentifier(type)) else { return nil }
        var released: Int32 = 0
        guard let pointer = loam_object(L, index, metatable, &released) else {
            if released != 0 { throw LuaError("the \(Object.luaName) was released: it cannot be used after it was closed") }
            return nil
        }
        return unsafeDowncast(Unmanaged<AnyObject>.fromOpaque(pointer).takeUnretainedValue(), to: Object.self)
    }

    /// The argument as a value of any type.
    public func value(_ index: Int32) -> LuaValue { state.read(L, index) }

    /// Keeps any argument alive beyond the call.
    public func reference(_ index: Int32) -> LuaReference {
        lua_pushvalue(L, index)
        return state.makeReference(L)
    }

    /// The elements of a list; nil when one cannot be read. `read` gets the stack position of the element.
    public func list<Element>(_ index: Int32, _ read: (Call, Int32) throws -> Element?) rethrows -> [Element]? {
        let count = Int(lua_rawlen(L, index))
        var result: [Element] = []
        result.reserveCapacity(count)
        let table = lua_absindex(L, index)
        let top = lua_gettop(L)
        guard lua_checkstack(L, 4) != 0 else { return nil }
        defer { lua_settop(L, top) }
        for position in 0..<count {
            lua_rawgeti(L, table, lua_Integer(position + 1))
            guard let element = try read(self, top + 1) else { return nil }
            result.append(element)
            lua_settop(L, top)
        }
        return result
    }

    /// What stands in messages for the argument: "no value", "number", "Tensor", ...
    public func typeName(_ index: Int32) -> String {
        if let metatable = loam_object_metatable(L, index), let name = state.objects.name(metatable) { return name }
        return kind(index).name
    }

    // MARK: Results

    public func push(_ value: Double) { lua_pushnumber(L, value) }
    public func push(_ value: Int) { lua_pushinteger(L, lua_Integer(value)) }
    public func push(_ value: Bool) { lua_pushboolean(L, value ? 1 : 0) }
    public func push(_ value: String) { Call.push(value, on: L) }
    public func pushNone() { lua_pushnil(L) }
    public func push(_ object: any LuaObject) throws { try state.push(object: object, on: L) }
    public func push(_ value: LuaValue) throws { try state.push(value, on: L) }

    static func push(_ text: String, on L: OpaquePointer) {
        var text = text
        text.withUTF8 { buffer in
            buffer.withMemoryRebound(to: CChar.self) { _ = lua_pushlstring(L, $0.baseAddress, $0.count) }
        }
    }
}

// MARK: - For argument kinds and results

extension Call {
    /// Whether Lua has the number as an integer (1, not 1.0).
    public func isInteger(_ index: Int32) -> Bool { lua_isinteger(L, index) != 0 }

    /// The length of a list, without metamethods.
    func rawLength(_ index: Int32) -> Int { Int(lua_rawlen(L, index)) }

    /// Gives the stack position of a named field to `body`; nil as the table means a field that is missing.
    func withField<Result>(_ table: Int32?, _ name: String, _ body: (Int32) throws -> Result) throws -> Result {
        try reserve(8)
        let top = lua_gettop(L)
        defer { lua_settop(L, top) }
        if let table {
            let table = lua_absindex(L, table)
            Call.push(name, on: L)
            lua_rawget(L, table)
        } else {
            lua_pushnil(L)
        }
        return try body(top + 1)
    }

    /// Gives the stack position of each key of a table to `body`.
    func forEachKey(_ table: Int32, _ body: (Int32) throws -> Void) throws {
        try reserve(8)
        let top = lua_gettop(L)
        defer { lua_settop(L, top) }
        let table = lua_absindex(L, table)
        lua_pushnil(L)
        while loam_next(L, table) != 0 {
            loam_pop(L, 1)
            try body(top + 1)
        }
    }

    /// Makes room for results.
    public func reserve(_ count: Int) throws {
        guard count < 1_000_000, lua_checkstack(L, Int32(count) + 4) != 0 else {
            throw LuaError("stack overflow: \(count) values do not fit")
        }
    }

    /// Pushes a new table with one element for each value.
    func pushList<Element>(_ values: [Element], _ push: (Call, Element) throws -> Void) throws {
        try reserve(8)
        let top = lua_gettop(L)
        lua_createtable(L, Int32(clamping: values.count), 0)
        do {
            for (offset, value) in values.enumerated() {
                try push(self, value)
                lua_rawseti(L, top + 1, lua_Integer(offset + 1))
            }
        } catch {
            lua_settop(L, top)
            throw error
        }
    }
}
