import CLuaBridge

extension LuaState {
    /// The declaration of a Lua function, whatever name it is reached by; nil for functions written in Lua.
    public func declaration(of value: LuaValue) -> Function? {
        guard case .function(let function) = value, (try? push(function.reference, on: running)) != nil else { return nil }
        defer { loam_pop(running, 1) }
        guard let context = loam_function_context(running, -1) else { return nil }
        return Unmanaged<NativeFunction>.fromOpaque(context).takeUnretainedValue().function
    }

    /// The library that a module table was made from.
    public func library(of value: LuaValue) -> Library? {
        guard case .table(let table) = value else { return nil }
        table.reference.push(running)
        defer { loam_pop(running, 1) }
        return lua_topointer(running, -1).flatMap { installed.tables[UnsafeRawPointer($0)] }
    }

    /// The declared type of an object.
    public func objectType(of value: LuaValue) -> ObjectType? {
        guard case .object(let object) = value else { return nil }
        return objects.declared[ObjectIdentifier(type(of: object))]
    }

    /// The help text on a value: a function, a module, an object, or the name of one.
    public func help(on value: LuaValue) -> String {
        let help = Help(libraries)
        if case .none = value { return help.overview() }
        if let function = declaration(of: value) { return help.text(function) }
        if let library = library(of: value) { return help.text(library) }
        if let type = objectType(of: value) { return help.text(type) }
        switch value {
        case .string(let name): return help.text(name: name)
        case .function: return "This function was written in Lua or comes with Lua; there is no help on it."
        default: return "There is no help on a \(value.typeName). help() lists the modules."
        }
    }

    /// Adds the global function `help`, which prints.
    public func installHelp() throws {
        let function = Function(
            "help", "Explains a function, a module, an object, or the thing of a name; without an argument lists the modules.",
            .state(), .any("what", "what to explain"), returns: .none, example: ("help 'nothing'", "There is no help on 'nothing'; help() lists the modules")
        ) { state, what in
            guard case .function(let print) = state.global("print") else { throw LuaError("the global function 'print' is gone") }
            try print.call(.string(state.help(on: what)))
        }
        try setGlobal("help", value(of: function))
    }
}
