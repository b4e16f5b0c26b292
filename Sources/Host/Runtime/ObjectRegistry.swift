import CLuaBridge

/// The object types of one state: from Swift class to metatable and back. Metatables are made when first needed.
final class ObjectRegistry {
    var declared: [ObjectIdentifier: ObjectType] = [:]
    private var metatables: [ObjectIdentifier: (address: UnsafeRawPointer, reference: Int32)] = [:]
    private var types: [UnsafeRawPointer: ObjectType] = [:]

    /// What was looked up last: loops mostly use objects of one type, and hashing costs more than the rest of a small call.
    private var last: (identifier: ObjectIdentifier, address: UnsafeRawPointer, reference: Int32)?

    func metatable(_ identifier: ObjectIdentifier) -> UnsafeRawPointer? { find(identifier)?.address }
    func reference(_ identifier: ObjectIdentifier) -> Int32? { find(identifier)?.reference }

    private func find(_ identifier: ObjectIdentifier) -> (identifier: ObjectIdentifier, address: UnsafeRawPointer, reference: Int32)? {
        if let last, last.identifier == identifier { return last }
        guard let found = metatables[identifier] else { return nil }
        last = (identifier, found.address, found.reference)
        return last
    }

    func name(_ metatable: UnsafeRawPointer) -> String? { types[metatable]?.name }
    func type(_ metatable: UnsafeRawPointer) -> ObjectType? { types[metatable] }

    func register(_ type: ObjectType, address: UnsafeRawPointer, reference: Int32) {
        metatables[type.identifier] = (address, reference)
        types[address] = type
    }
}

extension LuaState {
    /// Pushes a new handle of an object; its type must be declared in an installed library.
    func push(object: any LuaObject, on L: OpaquePointer) throws {
        let identifier = ObjectIdentifier(type(of: object))
        let reference = try objects.reference(identifier) ?? makeMetatable(identifier, name: type(of: object).luaName)
        lua_rawgeti(L, loam_registry_index(), lua_Integer(reference))
        loam_push_object(L, Unmanaged<AnyObject>.passRetained(object).toOpaque())
    }

    private func makeMetatable(_ identifier: ObjectIdentifier, name: String) throws -> Int32 {
        guard let type = objects.declared[identifier] else {
            throw LuaError("the type \(name) is not declared in any library of this Lua state")
        }
        let L = running
        guard lua_checkstack(L, 12) != 0 else { throw LuaError("stack overflow: too many nested calls") }
        let top = lua_gettop(L)
        defer { lua_settop(L, top) }
        lua_createtable(L, 0, Int32(type.methods.count))
        for method in type.methods {
            Call.push(method.name, on: L)
            loam_push_function(L, context(for: method))
            lua_rawset(L, -3)
        }
        pushAccessors(L, type.properties.map { ($0.name, $0.getter) })
        pushAccessors(L, type.properties.compactMap { property in property.setter.map { (property.name, $0) } })
        lua_createtable(L, 0, Int32(type.operators.count + 10))
        loam_fill_metatable(
            L, type.name, type.operators[.index].map { context(for: $0, isMetamethod: true) },
            type.operators[.newIndex].map { context(for: $0, isMetamethod: true) },
            context(for: type.missingField, isMetamethod: true))
        for (name, function) in type.operators where name != .index && name != .newIndex {
            Call.push(name.rawValue, on: L)
            loam_push_function(L, context(for: function, isMetamethod: true))
            lua_rawset(L, -3)
        }
        if let describe = type.describe {
            Call.push("__tostring", on: L)
            loam_push_function(L, context(for: describe, isMetamethod: true))
            lua_rawset(L, -3)
        }
        let address = UnsafeRawPointer(lua_topointer(L, -1)!)
        let reference = luaL_ref(L, loam_registry_index())
        objects.register(type, address: address, reference: reference)
        return reference
    }

    private func pushAccessors(_ L: OpaquePointer, _ accessors: [(String, Function)]) {
        lua_createtable(L, 0, Int32(accessors.count))
        for (name, function) in accessors {
            Call.push(name, on: L)
            lua_pushlightuserdata(L, context(for: function, isMetamethod: true))
            lua_rawset(L, -3)
        }
    }
}
