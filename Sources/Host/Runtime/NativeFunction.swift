import CLuaBridge

/// A declared function inside one state: the context that its Lua closure carries.
final class NativeFunction {
    let function: Function
    let name: String
    /// Operators get arguments that were not asked for (the operand twice, for example); they are ignored.
    let isMetamethod: Bool
    unowned(unsafe) let state: LuaState

    init(_ function: Function, name: String, state: LuaState, isMetamethod: Bool) {
        self.function = function
        self.name = name
        self.state = state
        self.isMetamethod = isMetamethod
    }

    func invoke(_ L: OpaquePointer) -> Int32 {
        let previous = state.running
        state.running = L
        defer { state.running = previous }
        state.anchor.drain(on: L)
        guard lua_checkstack(L, LUA_MINSTACK) != 0 else { return fail(LuaError("stack overflow"), on: L) }
        do {
            if !isMetamethod, lua_gettop(L) > function.maximumCount { throw ArgumentFault.tooMany(function.maximumCount, lua_gettop(L)) }
            return try function.body(Call(state, L))
        } catch {
            return fail(error, on: L)
        }
    }

    /// Pushes the error value and says how it is to be raised.
    private func fail(_ error: any Error, on L: OpaquePointer) -> Int32 {
        if let error = error as? LuaError, error.cameFromLua, error.value == nil || error.value?.anchor === state.anchor {
            if let traceback = error.traceback { Call.push(traceback, on: L) }
            if let value = error.value { value.push(L) } else { Call.push(error.message, on: L) }
            if error.traceback != nil { loam_keep_traceback(L) }
            return Int32(LOAM_FAILED_VALUE)
        }
        let message = (error as? ArgumentFault)?.message(function: name, isMethod: isMethodCall(L)) ?? "\(error)"
        Call.push(message, on: L)
        return Int32(LOAM_FAILED_MESSAGE)
    }

    /// Whether the call was written `object:name(...)`: the object is then not counted among the arguments.
    private func isMethodCall(_ L: OpaquePointer) -> Bool {
        var frame = lua_Debug()
        guard lua_getstack(L, 0, &frame) != 0, lua_getinfo(L, "n", &frame) != 0, let kind = frame.namewhat else { return false }
        return String(cString: kind) == "method"
    }
}

/// The one function that C calls.
let nativeEntry: @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Int32 = { L, context in
    Unmanaged<NativeFunction>.fromOpaque(context!)._withUnsafeGuaranteedRef { $0.invoke(L!) }
}

let nativeRelease: @convention(c) (UnsafeMutableRawPointer?) -> Void = { object in
    if let object { Unmanaged<AnyObject>.fromOpaque(object).release() }
}
