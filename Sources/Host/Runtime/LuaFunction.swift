import CLuaBridge

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
