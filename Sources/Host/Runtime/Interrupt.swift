import CLuaBridge

/// A request to stop that reaches Lua code wherever it runs, and Swift code that polls.
///
/// Raising it arms a hook on the running coroutine; the hook stops Lua code in a loop, in a `pcall` loop, in a coroutine
/// and in a pattern match. Long Swift work calls `check()` once per block of work. The flag stays up until the
/// outermost call into Lua has returned, so that no `pcall` swallows it.
public final class Interrupt: @unchecked Sendable {
    /// The one that Ctrl-C raises once `handleControlC()` was called.
    public static let shared = Interrupt()

    /// Never freed: a signal handler may still hold it.
    let handle = loam_interrupt_new()!

    /// Makes an interrupt of its own, for a state that Ctrl-C should not reach.
    public init() {}

    /// Whether a stop was asked for and not yet honoured. One atomic load.
    public var isRaised: Bool { loam_interrupt_is_raised(handle) != 0 }

    /// A number that is other than zero while a stop is asked for; it stays where it is for ever. For work that knows nothing of Lua.
    public var flag: UnsafePointer<Int32> { loam_interrupt_flag(handle) }

    /// Asks for a stop; callable from any thread and from a signal handler.
    public func raise() { _ = loam_interrupt_raise(handle) }

    /// Forgets the request.
    public func clear() { loam_interrupt_clear(handle) }

    /// Throws `LuaError.interrupted` if a stop was asked for.
    public func check() throws {
        if isRaised { throw LuaError.interrupted }
    }

    /// From now on Ctrl-C (SIGINT) raises this interrupt.
    ///
    /// - Parameter endsProgram: whether a third one that still finds the first pending ends the process.
    public func handleControlC(endsProgram: Bool = true) { loam_interrupt_handle_sigint(handle, endsProgram ? 1 : 0) }
}
