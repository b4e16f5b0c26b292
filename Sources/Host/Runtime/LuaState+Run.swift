import CLuaBridge

extension LuaState {
    /// Compiles a chunk of Lua text.
    ///
    /// - Parameters:
    ///   - source: the text.
    ///   - chunkName: what messages call it; "@" before a file name, "=" before a name to be shown as it is.
    /// - Throws: `LuaError` with the syntax error.
    public func load(_ source: String, chunkName: String = "=(code)") throws -> LuaFunction {
        try entering(forgets: false) { L in
            var text = source
            let status = text.withUTF8 { buffer in
                buffer.withMemoryRebound(to: CChar.self) { loam_load_text(L, $0.baseAddress ?? emptyText, $0.count, chunkName) }
            }
            return try loaded(L, status)
        }
    }

    /// Compiles a file of Lua text; nil reads standard input.
    public func load(file path: String?) throws -> LuaFunction {
        try entering(forgets: false) { L in try loaded(L, loam_load_file(L, path)) }
    }

    /// Runs a chunk of Lua text and returns its results.
    @discardableResult
    public func run(_ source: String, chunkName: String = "=(code)", arguments: [LuaValue] = []) throws -> [LuaValue] {
        try entering { _ in try load(source, chunkName: chunkName).call(arguments: arguments) }
    }

    /// Runs a file as the `lua` program does: `arg` holds the script's name at 0, the arguments from 1, which are also the chunk's
    /// varargs, and what stood before the script below 0. `require` looks into the script's folder first.
    ///
    /// - Parameter path: the file; "-" reads standard input.
    @discardableResult
    public func runFile(_ path: String, arguments: [String] = [], program: String = "loam", options: [String] = []) throws -> [LuaValue] {
        try setArguments(script: path, arguments, program: program, options: options)
        if path != "-" { try searchFirst(Folder.parent(of: path)) }
        return try entering { _ in try load(file: path == "-" ? nil : path).call(arguments: arguments.map(LuaValue.string)) }
    }

    /// Lets `require` look into a folder before all others.
    public func searchFirst(_ folder: String) throws {
        guard folder != ".", !folder.contains(where: { $0 == ";" || $0 == "?" }), case .table(let package) = global("package"), case .string(let path) = package["path"] else { return }
        let stem = folder == "/" ? "" : folder
        try package.set("path", .string("\(stem)/?.lua;\(stem)/?/init.lua;" + path))
    }

    /// Sets the global table `arg`.
    public func setArguments(script: String?, _ arguments: [String], program: String = "loam", options: [String] = []) throws {
        let L = running
        let top = lua_gettop(L)
        defer { lua_settop(L, top) }
        lua_createtable(L, Int32(clamping: arguments.count), 2)
        for (offset, argument) in arguments.enumerated() {
            Call.push(argument, on: L)
            lua_rawseti(L, -2, lua_Integer(offset + 1))
        }
        Call.push(script ?? program, on: L)
        lua_rawseti(L, -2, 0)
        if script != nil {
            for (offset, word) in ([program] + options).enumerated() {
                Call.push(word, on: L)
                lua_rawseti(L, -2, lua_Integer(offset - options.count - 1))
            }
        }
        let table = LuaTable(reference: makeReference(L))
        try setGlobal("arg", .table(table))
    }

    /// The value of a global variable, without metamethods.
    public func global(_ name: String) -> LuaValue {
        let L = running
        let top = lua_gettop(L)
        defer { lua_settop(L, top) }
        loam_push_globals(L)
        Call.push(name, on: L)
        lua_rawget(L, -2)
        return read(L, -1)
    }

    /// Sets a global variable, without metamethods.
    public func setGlobal(_ name: String, _ value: LuaValue) throws {
        let L = running
        let top = lua_gettop(L)
        defer { lua_settop(L, top) }
        loam_push_globals(L)
        Call.push(name, on: L)
        try push(value, on: L)
        lua_rawset(L, -3)
    }

    /// The global table.
    public var globals: LuaTable {
        loam_push_globals(running)
        return LuaTable(reference: makeReference(running))
    }

    /// A declared function as a Lua value.
    public func value(of function: Function) -> LuaValue {
        loam_push_function(running, context(for: function))
        return .function(LuaFunction(reference: makeReference(running)))
    }

    /// Calls what stands above `base` and reads all results.
    func finishCall(_ L: OpaquePointer, base: Int32, arguments: Int32) throws -> [LuaValue] {
        defer { lua_settop(L, base) }
        try protectedCall(L, arguments: arguments, results: LUA_MULTRET)
        let count = lua_gettop(L) - base
        guard count > 0 else { return [] }
        guard lua_checkstack(L, 4) != 0 else { throw LuaError("stack overflow: too many results") }
        return (1...count).map { read(L, base + $0) }
    }

    private func loaded(_ L: OpaquePointer, _ status: Int32) throws -> LuaFunction {
        guard status == LUA_OK else { throw takeError(L) }
        return LuaFunction(reference: makeReference(L))
    }
}

nonisolated(unsafe) private let emptyText: UnsafePointer<CChar> = UnsafePointer(UnsafeMutablePointer<CChar>.allocate(capacity: 1))
