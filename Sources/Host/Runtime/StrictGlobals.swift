// Globals that must be declared, for those who ask for it: `loam -g`, `loam run --strict`, `require "loam.strict"`.

extension LuaState {
    /// From now on a global variable must be assigned outside of functions, or by C, before anybody reads it or a function assigns to it.
    ///
    /// Both faults are errors of the line that is at fault, with the nearest name that exists. `rawget` and `rawset` go past it.
    public func makeGlobalsStrict() throws {
        let advise = Function("advise", "Names what may have been meant.", .string("name", "the name that is missing"), returns: .string("a clause, or nothing")) { [unowned self] name in
            let names = try self.globals.pairs().compactMap { $0.key.asString } + luaKeywords
            return nearestName(to: name, among: names).map { "; did you mean '\($0)'?" } ?? ""
        }
        try run(strictGlobals, chunkName: "=strict", arguments: [value(of: advise)])
    }

    /// Lets Lua ask for it: `require "loam.strict"`.
    func preloadStrictGlobals(_ root: String) throws {
        try preload(root + ".strict", Function(direct: root + ".strict", "Makes globals strict.", []) { call in
            try call.state.makeGlobalsStrict()
            return 0
        })
    }
}

/// A table of globals that has a metatable already keeps what it does; a second call changes nothing.
private let strictGlobals = """
    local advise = ...
    local getinfo, rawset, error, tostring, type = debug.getinfo, rawset, error, tostring, type
    local meta = getmetatable(_G)
    if meta == nil then meta = {} setmetatable(_G, meta) end
    if meta.__declared then return end
    local declared, index, newindex = {}, meta.__index, meta.__newindex
    meta.__declared = declared
    -- Whether the code that touches the variable is the body of a function, not a chunk's own lines and not C.
    local function isInside() local info = getinfo(3, "S") return info ~= nil and info.what == "Lua" end
    meta.__newindex = function(globals, name, value)
      if not declared[name] then
        if isInside() then
          error("a function assigns to the global '" .. tostring(name) .. "', which was not declared outside of functions; 'local' makes it the function's own", 2)
        end
        declared[name] = true
      end
      if type(newindex) == "function" then newindex(globals, name, value) else rawset(globals, name, value) end
    end
    meta.__index = function(globals, name)
      local value
      if type(index) == "function" then value = index(globals, name) elseif index then value = index[name] end
      if value == nil and not declared[name] then
        local info = getinfo(2, "S")
        if info ~= nil and info.what ~= "C" then error("the global '" .. tostring(name) .. "' was never assigned" .. advise(tostring(name)), 2) end
      end
      return value
    end

    """
