import CLuaBridge

/// The libraries of one state.
struct InstalledLibraries {
    var all: [Library] = []
    /// Module table -> library, for `help(loam.tensor)`.
    var tables: [UnsafeRawPointer: Library] = [:]
}

extension LuaState {
    /// The libraries that were installed, in order.
    public var libraries: [Library] { installed.all }

    /// Makes libraries available to `require`, each as "<root>.<name>", and all of them as fields of the module <root>.
    /// Nothing is built before it is asked for.
    ///
    /// - Parameters:
    ///   - root: default "loam".
    ///   - version: the field `version` of the root, if given.
    ///   - asGlobals: whether the root and each library are global variables too, as in the REPL and in notebooks.
    public func install(_ libraries: [Library], root: String = "loam", version: String? = nil, asGlobals: Bool = false) throws {
        for library in libraries {
            installed.all.append(library)
            for type in library.types { objects.declared[type.identifier] = type }
            let loader = Function(direct: root + "." + library.name, "Makes the module.", []) { [unowned library] call in
                try call.state.build(library, on: call.L)
                return 1
            }
            try preload(root + "." + library.name, loader)
        }
        let rootLoader = Function(direct: root, "Makes the module that holds all others.", []) { call in
            try call.state.buildRoot(root, version: version, on: call.L)
            return 1
        }
        try preload(root, rootLoader)
        try preloadStrictGlobals(root)
        guard asGlobals else { return }
        for name in [root] + libraries.map({ root + "." + $0.name }) {
            let short = name.split(separator: ".").last.map(String.init) ?? name
            try setGlobal(short, try requireModule(name))
        }
    }

    /// What `require(name)` returns.
    public func requireModule(_ name: String) throws -> LuaValue {
        guard case .function(let require) = global("require") else { throw LuaError("the global function 'require' is gone") }
        return try require.call(.string(name)).first ?? .none
    }

    func preload(_ name: String, _ loader: Function) throws {
        guard case .table(let package) = global("package"), case .table(let preload) = package["preload"] else {
            throw LuaError("package.preload is gone: the library \(name) cannot be installed")
        }
        loam_push_function(running, context(for: loader, isMetamethod: true))
        try preload.set(name, .function(LuaFunction(reference: makeReference(running))))
    }

    /// Pushes a new module table.
    private func build(_ library: Library, on L: OpaquePointer) throws {
        lua_createtable(L, 0, Int32(library.functions.count + library.constants.count))
        for function in library.functions {
            Call.push(function.name, on: L)
            loam_push_function(L, context(for: function))
            lua_rawset(L, -3)
        }
        for constant in library.constants {
            Call.push(constant.name, on: L)
            try push(constant.value, on: L)
            lua_rawset(L, -3)
        }
        installed.tables[UnsafeRawPointer(lua_topointer(L, -1)!)] = library
        addNameCheck(on: L, module: library.name, known: library.functions.map(\.name) + library.constants.map(\.name), call: library.call) { _, _ in nil }
    }

    /// Pushes the root table, whose fields are required when first used.
    private func buildRoot(_ root: String, version: String?, on L: OpaquePointer) throws {
        lua_createtable(L, 0, Int32(installed.all.count))
        if let version {
            Call.push("version", on: L)
            Call.push(version, on: L)
            lua_rawset(L, -3)
        }
        addNameCheck(on: L, module: root, known: installed.all.map(\.name)) { call, name in
            guard call.state.installed.all.contains(where: { $0.name == name }) else { return nil }
            return try call.state.requireModule(root + "." + name)
        }
    }

    /// Gives the table on top a metatable under which an unknown name is an error with a suggestion.
    private func addNameCheck(on L: OpaquePointer, module: String, known: [String], call: Function? = nil, find: @escaping (Call, String) throws -> LuaValue?) {
        let lookup = Function(direct: "index", "Finds a name of the module.", []) { call in
            guard let name = call.string(2) else {
                call.pushNone()
                return 1
            }
            guard let value = try find(call, name) else {
                throw LuaError("the module '\(module)' has no '\(name)'" + advice(for: name, among: known, plural: "names"))
            }
            // Kept in the table: the next use does not come here.
            Call.push(name, on: call.L)
            try call.push(value)
            lua_rawset(call.L, 1)
            try call.push(value)
            return 1
        }
        lua_createtable(L, 0, 2)
        Call.push("__index", on: L)
        loam_push_function(L, context(for: lookup, isMetamethod: true))
        lua_rawset(L, -3)
        if let call {
            Call.push("__call", on: L)
            loam_push_function(L, context(for: call))
            lua_rawset(L, -3)
        }
        lua_setmetatable(L, -2)
    }
}
