/// A fault of the store that is not the file system's: a damaged entry, a value that cannot be kept, a stage that calls itself.
public struct StoreError: Error, CustomStringConvertible, Equatable, Sendable {
    /// What was expected, what came, where, and what to do.
    public let description: String

    public init(_ description: String) { self.description = description }
}
