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
    /// Where locals live on from line to line.
    let scope: CellScope

    /// - Parameters:
    ///   - state: with its libraries installed.
    ///   - write: gets what is shown, whole lines.
    ///   - writeError: gets error messages, whole lines.
    public init(_ state: LuaState, write: @escaping (String) -> Void, writeError: @escaping (String) -> Void) {
        self.state = state
        scope = CellScope(state)
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
        if !isContinuing, let question = HelpRequest(line) {
            write(state.help(on: question.subject(in: scope, state)) + "\n")
            return .done
        }
        let code = isContinuing ? pending + "\n" + line : line
        if code.allSatisfy(\.isWhitespace) { return .done }
        pending = ""
        do {
            guard let cell = try scope.compile(code, chunkName: "=stdin") else {
                pending = code
                return .incomplete
            }
            let values = try cell.run()
            if let first = values.first { try state.setGlobal("_", first) }
            if !values.isEmpty, !isSilent(code) { write(ValuePrinter(state).line(values) + "\n") }
            return .done
        } catch {
            writeError(ErrorReport.text(error) + "\n")
            return .failed
        }
    }

    private func isSilent(_ code: String) -> Bool { code.last { !$0.isWhitespace } == ";" }
}
