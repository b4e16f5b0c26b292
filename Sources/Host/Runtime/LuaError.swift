/// An error that crosses the border: raised by Lua code, or thrown by Swift code for Lua to see.
///
/// The original value survives: `error { code = 3 }` passes through any number of Swift frames as the same table.
public struct LuaError: Error, CustomStringConvertible {
    /// The text, with "file:line: " before it when it comes from Lua.
    public let message: String

    /// Where it was raised, as Lua's own `lua` prints it; nil for an error that was not raised in Lua yet.
    public let traceback: String?

    /// The value given to `error`, kept when it is not a string.
    public let value: LuaReference?

    /// Whether it is Ctrl-C rather than a fault.
    public let isInterrupt: Bool

    /// Whether it was raised inside Lua, so that its position is already in the message.
    let cameFromLua: Bool

    /// Makes an error of Swift's own; Lua puts the caller's file and line before it.
    public init(_ message: String) {
        self.init(message: message, traceback: nil, value: nil, isInterrupt: false, cameFromLua: false)
    }

    init(message: String, traceback: String?, value: LuaReference?, isInterrupt: Bool, cameFromLua: Bool) {
        self.message = message
        self.traceback = traceback
        self.value = value
        self.isInterrupt = isInterrupt
        self.cameFromLua = cameFromLua
    }

    /// What `Interrupt.check()` throws.
    public static let interrupted = LuaError(
        message: "interrupted", traceback: nil, value: nil, isInterrupt: true, cameFromLua: false)

    public var description: String { message }
}
