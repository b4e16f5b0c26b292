#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// What the command line does with a state: run a file, run a piece of code, talk. Each returns the exit status.
public struct Program {
    /// Exit statuses: as `lua` has them, and as shells expect of Ctrl-C.
    public enum Status {
        public static let success: Int32 = 0
        public static let failure: Int32 = 1
        public static let interrupted: Int32 = 130
    }

    let state: LuaState
    let name: String
    /// What the library `display` of the state writes to; nil if it has none.
    private let display: DisplayOutput?
    /// Reads pictures, for terminals that show them.
    private let decode: TerminalGraphics.Decoder?

    /// - Parameters:
    ///   - name: what stands before error messages and in `arg[-1]`.
    ///   - display: what the library `display` of the state writes to.
    ///   - decode: reads pictures, for terminals that show them; without it none are shown.
    public init(_ state: LuaState, name: String = "loam", display: DisplayOutput? = nil, decode: TerminalGraphics.Decoder? = nil) {
        self.state = state
        self.name = name
        self.display = display
        self.decode = decode
    }

    /// Runs a file with its arguments; "-" is standard input. Errors go to standard error with their traceback.
    public func run(file: String, arguments: [String]) -> Int32 {
        guarded { try state.runFile(file, arguments: arguments, program: name) }
    }

    /// Runs a piece of code, as `-e` gives it. `arg` holds the arguments.
    public func run(code: String, arguments: [String] = []) -> Int32 {
        guarded {
            try state.setArguments(script: nil, arguments, program: name)
            try state.run(code, chunkName: "=(command line)")
        }
    }

    /// Talks with the user until Ctrl-D; from a pipe, runs line by line without prompts, and fails if a line failed.
    ///
    /// - Parameters:
    ///   - banner: shown first on a terminal; empty shows none.
    ///   - historyPath: the file that keeps the lines; default: `$LOAM_HISTORY`, else `.loam_history` in the home folder.
    ///   - startupPath: Lua that is run first; default: `$LOAM_RC`, else `.loamrc.lua` in the home folder, if it is there.
    public func talk(banner: String, historyPath: String? = defaultHistoryPath(), startupPath: String? = defaultStartupPath()) -> Int32 {
        let session = Session(
            state, write: { print($0, terminator: ""); fflush(stdout) },
            writeError: { text in fflush(stdout); fputs(text, stderr) })
        do { try session.installFunctions() } catch { fputs("\(name): \(ErrorReport.text(error))\n", stderr) }
        let pictures = decode.flatMap(TerminalPictures.init)
        if let pictures {
            session.showPicture = pictures.show
            display?.handler = pictures.show
        }
        let completion = Completion(state: state, scope: session.scope)
        let editor = LineEditor(interrupt: state.interrupt, historyPath: historyPath, complete: completion.words)
        if editor.isTerminal { session.shownTime = 1 }
        if editor.isTerminal, !banner.isEmpty { print(banner) }
        if let startupPath { session.runStartupFile(startupPath) }
        var status = Status.success
        while true {
            switch editor.read(prompt: session.isContinuing ? ">> " : "> ") {
            case .line(let line):
                if session.submit(line) == .failed, !editor.isTerminal { status = Status.failure }
                // A Ctrl-C that came too late for this line is not for the next one.
                if editor.isTerminal { state.interrupt.clear() }
                fflush(stdout)
            case .interrupted:
                state.interrupt.clear()
                session.dropPending()
                print()
                if !editor.isTerminal { return Status.interrupted }
            case .end:
                if session.isContinuing, !editor.isTerminal {
                    fputs("\(name): the input ends in the middle of a statement\n", stderr)
                    status = Status.failure
                }
                if editor.isTerminal { print() }
                return status
            }
        }
    }

    /// What is run first in a talk.
    public static func defaultStartupPath() -> String? {
        if let path = getenv("LOAM_RC") { return path.pointee == 0 ? nil : String(cString: path) }
        guard let path = getenv("HOME").map({ String(cString: $0) + "/.loamrc.lua" }), Folder.kind(of: path) == .file else { return nil }
        return path
    }

    /// Where the lines of the REPL are kept.
    public static func defaultHistoryPath() -> String? {
        if let path = getenv("LOAM_HISTORY") { return path.pointee == 0 ? nil : String(cString: path) }
        return getenv("HOME").map { String(cString: $0) + "/.loam_history" }
    }

    func guarded(_ body: () throws -> Void) -> Int32 {
        defer { fflush(stdout) }
        do {
            try body()
            return Status.success
        } catch {
            fflush(stdout)
            let isInterrupt = (error as? LuaError)?.isInterrupt == true
            fputs(isInterrupt ? "\n\(name): interrupted\n" : "\(name): \(ErrorReport.text(error))\n", stderr)
            return isInterrupt ? Status.interrupted : Status.failure
        }
    }
}
