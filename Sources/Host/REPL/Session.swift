/// The reading, running and printing of a REPL, without the terminal.
public final class Session {
    /// What became of a line.
    public enum Outcome: Equatable {
        /// The input is complete; it was run.
        case done
        /// The input goes on: the next line belongs to it.
        case incomplete
        /// The input was run and failed.
        case failed
    }

    let state: LuaState
    private let write: (String) -> Void
    private let writeError: (String) -> Void
    private var pending = ""
    private var hasWarnedOfLocals = false

    /// - Parameters:
    ///   - state: with its libraries installed.
    ///   - write: gets what is shown, whole lines.
    ///   - writeError: gets error messages, whole lines.
    public init(_ state: LuaState, write: @escaping (String) -> Void, writeError: @escaping (String) -> Void) {
        self.state = state
        self.write = write
        self.writeError = writeError
    }

    /// Whether lines are waiting for their continuation.
    public var isContinuing: Bool { !pending.isEmpty }

    /// Forgets lines that wait for their continuation.
    public func dropPending() { pending = "" }

    /// Takes one line: runs what is complete, shows its values, and keeps the first one in `_`.
    ///
    /// A trailing `;` shows nothing. `? name` shows help. Incomplete input (the parser stopped at the end) is kept.
    public func submit(_ line: String) -> Outcome {
        if !isContinuing, let question = helpRequest(line) {
            write(state.help(on: question) + "\n")
            return .done
        }
        let code = isContinuing ? pending + "\n" + line : line
        if code.allSatisfy(\.isWhitespace) { return .done }
        pending = ""
        do {
            guard let chunk = try compile(code) else {
                pending = code
                return .incomplete
            }
            let values = try chunk.call()
            warnOfLocals(code)
            if let first = values.first { try state.setGlobal("_", first) }
            if !values.isEmpty, !isSilent(code) { write(ValuePrinter(state).line(values) + "\n") }
            return .done
        } catch {
            writeError(ErrorReport.text(error) + "\n")
            return .failed
        }
    }

    /// The chunk, as an expression if it is one; nil if it goes on.
    private func compile(_ code: String) throws -> LuaFunction? {
        let expression = isSilent(code) ? withoutSemicolons(code) : code
        var isUnfinished = false
        do { return try state.load("return " + expression, chunkName: "=stdin") } catch let error as LuaError {
            isUnfinished = stopsAtEnd(error)
        }
        do { return try state.load(code, chunkName: "=stdin") } catch let error as LuaError {
            if isUnfinished || stopsAtEnd(error) { return nil }
            throw error
        }
    }

    /// Whether the parser found no fault before the text came to its end.
    private func stopsAtEnd(_ error: LuaError) -> Bool { error.message.hasSuffix("<eof>") }

    private func isSilent(_ code: String) -> Bool { code.last { !$0.isWhitespace } == ";" }

    private func withoutSemicolons(_ code: String) -> String {
        var code = Substring(code)
        while let last = code.last, last.isWhitespace || last == ";" { code.removeLast() }
        return String(code)
    }

    /// What `? name` asks about: the value of the name if it is one, else the declaration of that name.
    private func helpRequest(_ line: String) -> LuaValue? {
        let text = line.drop(while: \.isWhitespace)
        guard text.first == "?" else { return nil }
        let name = String(text.dropFirst().drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
        if name.isEmpty { return LuaValue.none }
        if Help(state.libraries).index.entry(name) != nil { return .string(name) }
        let values = (try? state.run("return " + name, chunkName: "=stdin")) ?? []
        if let value = values.first, case .string = value {} else if let value = values.first, value.isTrue { return value }
        return .string(name)
    }

    private func warnOfLocals(_ code: String) {
        guard !hasWarnedOfLocals, code.drop(while: \.isWhitespace).hasPrefix("local "), !code.contains("\n") else { return }
        hasWarnedOfLocals = true
        write("(a local lasts for its line only; leave out 'local' to keep the value)\n")
    }
}
