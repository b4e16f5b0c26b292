/// How the kernel speaks to its front ends; tests listen in the place of sockets.
protocol KernelLink: AnyObject {
    /// Answers a request on the channel on which it came.
    func reply(_ type: String, _ content: StoreValue, to request: KernelMessage)
    /// Tells all front ends.
    func publish(_ type: String, _ content: StoreValue, for request: KernelMessage?)
    /// Asks the user for a line; waits for it.
    /// - Throws: `LuaError.interrupted`.
    func ask(_ prompt: String, password: Bool, for request: KernelMessage) throws -> String
    /// Sends what was written to standard output and standard error so far; what is written from now on belongs to `request`.
    func flushOutput(for request: KernelMessage?)
    /// The requests to execute that wait behind the present one are not to be run.
    func abortWaiting()
}
