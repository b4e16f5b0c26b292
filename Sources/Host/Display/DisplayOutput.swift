/// Where things go that a script shows; a script on a terminal shows their plain text.
public final class DisplayOutput {
    /// What a script can ask for.
    public enum Request {
        /// Shows something new; a later update names it by its identifier.
        case show(DisplayData, identifier: String?)
        /// Replaces everything shown under an identifier.
        case update(DisplayData, identifier: String)
        /// Removes what the cell has shown, at once or when the next thing is shown.
        case clear(waits: Bool)
    }

    /// Takes requests; set by a front end. nil prints the plain text.
    public var handler: ((Request) throws -> Void)?

    /// Takes what `display.show` is given, where a front end makes forms of its own, such as numbered tables; nil leaves it to `handler`.
    public var valueHandler: ((LuaValue) throws -> Void)?

    public init() {}
}
