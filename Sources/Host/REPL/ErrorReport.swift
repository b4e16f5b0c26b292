/// How an error is shown to the user: its message, and where it came from when that says more than the message.
public enum ErrorReport {
    /// The message and the traceback without the host's own frames.
    public static func text(_ error: any Error) -> String {
        guard let error = error as? LuaError else { return "\(error)" }
        if error.isInterrupt { return "interrupted" }
        guard let traceback = error.traceback.map(trimmed), !traceback.isEmpty else { return error.message }
        return error.message + "\n" + traceback
    }

    /// The traceback without the frames of C at its outer end; empty if no Lua function but the main chunk is in it.
    static func trimmed(_ traceback: String) -> String {
        var lines = traceback.split(separator: "\n").map(String.init)
        while let last = lines.last, last.contains("[C]:") { lines.removeLast() }
        // A piece of a program that is given bit by bit runs as a function that begins on its first line.
        if let last = lines.last, last.hasSuffix(":1>"), let start = last.range(of: ": in function <") {
            lines[lines.count - 1] = String(last[..<start.lowerBound]) + ": in main chunk"
        }
        let frames = lines.dropFirst()
        let isPlain = frames.allSatisfy { $0.contains("in main chunk") || $0.contains("[C]:") }
        return isPlain ? "" : lines.joined(separator: "\n")
    }
}
