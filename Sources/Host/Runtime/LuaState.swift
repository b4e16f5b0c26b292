import CLuaBridge
#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// One Lua interpreter with its standard libraries.
///
/// Confined to one thread at a time; only `interrupt` may be touched from elsewhere. Text chunks only; errors are
/// thrown as `LuaError`; no jump of Lua's ever crosses a Swift frame.
public final class LuaState {
    /// What stops code in this state.
    public let interrupt: Interrupt

    /// Collector pressure for memory that Lua does not see.
    public let externalMemory = ExternalMemory()

    /// The main coroutine. Code must use `running`, which is the coroutine that called into Swift.
    let main: OpaquePointer
    var running: OpaquePointer
    let anchor = StateAnchor()
    let objects = ObjectRegistry()
    var installed = InstalledLibraries()

    /// Contexts of the functions given to Lua; they outlive the interpreter.
    private var functions: [NativeFunction] = []
    private var depth = 0
    private var thread = pthread_self()

    /// Makes a state.
    ///
    /// - Parameter interrupt: what stops its code; the default is the one that Ctrl-C raises.
    /// - Throws: `LuaError` if the system has no memory for it.
    public init(interrupt: Interrupt = .shared) throws {
        guard let main = loam_state_new(nativeEntry, nativeRelease, interrupt.handle) else {
            throw LuaError("a Lua state could not be made: out of memory")
        }
        self.main = main
        running = main
        self.interrupt = interrupt
        loam_limit_memory(main, Self.defaultMemoryLimit.map { max(1 << 20, $0) } ?? 0)
        anchor.state = Unmanaged.passUnretained(self)
        externalMemory.isOnThread = { [unowned(unsafe) self] in pthread_equal(self.thread, pthread_self()) != 0 }
        externalMemory.collect = { [unowned(unsafe) self] in
            self.anchor.drain(on: self.running)
            _ = loam_collect(self.running)
        }
    }

    deinit {
        thread = pthread_self()
        loam_state_close(main)
        anchor.close()
    }

    /// Runs a full collection, finalisers included.
    public func collectGarbage() {
        anchor.drain(on: running)
        // Twice: the first run finalises objects, the second frees what they held.
        _ = loam_collect(running)
        _ = loam_collect(running)
    }

    /// Lets code of this state load precompiled chunks, as `lua` does. Lua does not check them: a damaged one can crash the process.
    public func allowBinaryChunks() { loam_allow_binary_chunks(main) }

    /// Bytes that the Lua code of a new state may have: half of the machine's memory unless somebody chooses.
    nonisolated(unsafe) public static var defaultMemoryLimit: Int? = Machine.memory.map { $0 / 2 }

    /// Chooses the bytes that Lua code may have; beyond them it gets the error "not enough memory". Nil sets no limit.
    public func limitMemory(_ bytes: Int?) { loam_limit_memory(main, bytes.map { max(1 << 20, $0) } ?? 0) }

    /// Memory that Lua itself uses, in kilobytes.
    public var kilobytes: Int { Int(loam_lua_kilobytes(running)) }

    // MARK: Calls

    /// Runs `body` as a call into Lua: the interrupt reaches it.
    ///
    /// - Parameter forgets: whether a pending interrupt is forgotten when the outermost call is over.
    func entering<Result>(forgets: Bool = true, _ body: (OpaquePointer) throws -> Result) rethrows -> Result {
        guard depth == 0 else { return try body(running) }
        depth = 1
        thread = pthread_self()
        let previous = loam_interrupt_enter(interrupt.handle, main)
        defer {
            depth = 0
            _ = loam_interrupt_enter(interrupt.handle, previous)
            if forgets, previous == nil { interrupt.clear() }
            anchor.drain(on: main)
        }
        return try body(main)
    }

    /// Calls the function below `arguments` values on the stack and throws its error.
    func protectedCall(_ L: OpaquePointer, arguments: Int32, results: Int32) throws {
        let status = loam_call(L, arguments, results)
        if status != LUA_OK { throw takeError(L) }
    }

    /// Makes a `LuaError` of the value on top and pops it.
    func takeError(_ L: OpaquePointer) -> LuaError {
        let isString = lua_type(L, -1) == LUA_TSTRING
        var value: LuaReference?
        if !isString {
            lua_pushvalue(L, -1)
            value = makeReference(L)
        }
        let message = isString ? Call(self, L).string(-1)! : errorText(L)
        loam_pop(L, 1)
        loam_push_traceback(L)
        let traceback = Call(self, L).string(-1)
        loam_pop(L, 1)
        return LuaError(message: message, traceback: traceback, value: value, isInterrupt: interrupt.isRaised, cameFromLua: true)
    }

    /// The text of an error value that is not a string: its `__tostring` if it has one, else a sentence about it.
    private func errorText(_ L: OpaquePointer) -> String {
        if luaL_getmetafield(L, -1, "__tostring") != LUA_TNIL {
            loam_pop(L, 1)
            loam_push_text(L, -1)
            defer { loam_pop(L, 1) }
            return Call(self, L).string(-1) ?? "(error object without a text)"
        }
        return "(error object is a \(String(cString: lua_typename(L, lua_type(L, -1)))) value)"
    }

    // MARK: References and functions

    /// Takes the value on top of the stack out as a reference.
    func makeReference(_ L: OpaquePointer) -> LuaReference {
        anchor.drain(on: L)
        let kind = LuaKind(lua_type(L, -1))
        return LuaReference(anchor: anchor, key: luaL_ref(L, loam_registry_index()), kind: kind)
    }

    /// Keeps a function's context alive as long as the state, for pushing with `loam_push_function`.
    func context(for function: Function, name: String? = nil, isMetamethod: Bool = false) -> UnsafeMutableRawPointer {
        let native = NativeFunction(function, name: name ?? function.name, state: self, isMetamethod: isMetamethod)
        functions.append(native)
        return Unmanaged.passUnretained(native).toOpaque()
    }
}
