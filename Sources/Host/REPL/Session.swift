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
    /// Shows the picture of a value that has one, under its text.
    var showPicture: (LuaValue) -> Void = { _ in }
    /// Seconds from which on the time that an input took is shown; nil never shows it. The user sets it by `timing`.
    var shownTime: Double?

    /// - Parameters:
    ///   - state: with its libraries installed.
    ///   - write: gets what is shown, whole lines.
    ///   - writeError: gets error messages and times, whole lines.
    public init(_ state: LuaState, write: @escaping (String) -> Void, writeError: @escaping (String) -> Void) {
        self.state = state
        scope = CellScope(state)
        self.write = write
        self.writeError = writeError
    }

    /// Adds the global functions of a talk: `who` and `timing`.
    func installFunctions() throws {
        try Workspace(state, scope: scope).install()
        let timing = Function(
            "timing", "Chooses which inputs are followed by the time that they took.",
            .any("seconds", "those that took at least so many; 0 for all, false for none", type: "number|false"), returns: .none
        ) { [weak self] seconds in
            switch seconds {
            case .boolean(false): self?.shownTime = nil
            case .integer, .number: self?.shownTime = max(0, seconds.asNumber ?? 0)
            default: throw ArgumentFault.invalid("a number of seconds or false is expected")
            }
        }
        try state.setGlobal("timing", state.value(of: timing))
    }

    /// Runs a file as if its text were typed: its locals live on.
    ///
    /// - Returns: whether all of it ran; a fault is shown, and the talk goes on.
    @discardableResult
    func runStartupFile(_ path: String) -> Bool {
        do {
            let text = String(decoding: try Folder.contents(path), as: UTF8.self)
            guard let cell = try scope.compile(text, chunkName: "@" + path) else { throw LuaError("\(path): the text ends in the middle of a statement") }
            try cell.run()
            return true
        } catch {
            writeError(ErrorReport.text(error) + "\n")
            return false
        }
    }

    /// Whether lines are waiting for their continuation.
    public var isContinuing: Bool { !pending.isEmpty }

    /// Forgets lines that wait for their continuation.
    public func dropPending() { pending = "" }

    /// Takes a line, or several that were pasted together: runs what is complete, shows its values, and keeps the first one in `_`.
    ///
    /// A trailing `;` shows nothing. `? name` shows help. Incomplete input (the parser stopped at the end) is kept.
    public func submit(_ line: String) -> Outcome {
        if !isContinuing, let question = HelpRequest(line) {
            write(state.help(on: question.subject(in: scope, state)) + "\n")
            return .done
        }
        // As lua has it, for those whose fingers know it: = is return.
        let line = !isContinuing && line.hasPrefix("=") ? "return " + line.dropFirst() : line
        let code = isContinuing ? pending + "\n" + line : line
        if code.allSatisfy(\.isWhitespace) { return .done }
        pending = ""
        let began = ContinuousClock.now
        defer { showTime(since: began) }
        do {
            guard let cell = try scope.compile(code, chunkName: "=stdin") else {
                pending = code
                return .incomplete
            }
            let values = try cell.run()
            if let first = values.first { try state.setGlobal("_", first) }
            if !values.isEmpty, !cell.isSilent {
                write(ValuePrinter(state).line(values) + "\n")
                if values.count == 1 { showPicture(values[0]) }
            }
            return .done
        } catch {
            writeError(ErrorReport.text(error) + "\n")
            return .failed
        }
    }

    private func showTime(since began: ContinuousClock.Instant) {
        guard pending.isEmpty, let shownTime else { return }
        let took = began.duration(to: .now)
        let seconds = took.seconds
        guard seconds >= shownTime else { return }
        writeError("(\(seconds < 1 ? Decimals.text(seconds * 1000, places: 2) + " ms" : ElapsedTime.text(seconds: seconds)))\n")
    }
}
