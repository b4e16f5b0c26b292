#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A command line as the program `lua` understands it: options, a script, the script's arguments.
public struct Invocation: Equatable {
    /// What happens before the script, in the order given.
    enum Step: Equatable {
        /// `-e code`
        case run(String)
        /// `-l module` or `-l name=module`
        case require(String)
        /// `-W`
        case warn
    }

    let words: [String]
    var steps: [Step] = []
    /// `-i`: talks after the script.
    var isInteractive = false
    /// `-v`, or `-i`.
    var showsVersion = false
    /// `-g`: globals must be declared. Not an option of `lua`.
    public private(set) var isStrict = false
    /// `-E`: LUA_INIT, LUA_PATH and LUA_CPATH mean nothing.
    public private(set) var ignoresEnvironment = false
    /// The position of the script among the words; nil if there is none.
    private(set) var scriptPosition: Int?

    /// Reads the words after the program's name.
    /// - Throws: ``StoreError`` about an option that is unknown or lacks its argument.
    public init(_ words: [String]) throws {
        self.words = words
        var position = 0
        while position < words.count, words[position].hasPrefix("-"), words[position] != "-" {
            let word = words[position]
            position += 1
            switch word {
            case "--":
                scriptPosition = position < words.count ? position : nil
                return
            case "-E": ignoresEnvironment = true
            case "-g": isStrict = true
            case "-W": steps.append(.warn)
            case "-v": showsVersion = true
            case "-i": (isInteractive, showsVersion) = (true, true)
            case _ where word.hasPrefix("-e") || word.hasPrefix("-l"):
                var text = String(word.dropFirst(2))
                if text.isEmpty {
                    guard position < words.count, !words[position].hasPrefix("-") else { throw StoreError("'\(word)' needs argument") }
                    text = words[position]
                    position += 1
                }
                steps.append(word.hasPrefix("-e") ? .run(text) : .require(text))
            default: throw StoreError("unrecognized option '\(word)'")
            }
        }
        scriptPosition = position < words.count ? position : nil
    }

    /// The script's path, "-" for standard input; nil if there is none.
    public var script: String? { scriptPosition.map { words[$0] } }
    /// What follows the script.
    public var arguments: [String] { scriptPosition.map { Array(words[($0 + 1)...]) } ?? [] }
    /// What stands before the script.
    var options: [String] { scriptPosition.map { Array(words[..<$0]) } ?? [] }
    /// Whether the libraries are at hand as globals: where code is typed rather than kept in a file.
    public var isTyped: Bool { script == nil || isInteractive }
}

extension Program {
    /// Does what a command line of the program `lua` asks for, and returns the exit status.
    ///
    /// - Parameter banner: what `-v` shows, and what stands above a talk.
    public func run(_ invocation: Invocation, banner: String) -> Int32 {
        if invocation.showsVersion { print(banner) }
        let status = guarded {
            try state.setArguments(
                script: invocation.script, invocation.script == nil ? invocation.words : invocation.arguments, program: name, options: invocation.options)
            if !invocation.ignoresEnvironment { try runInitialCode() }
            for step in invocation.steps { try run(step) }
            if let script = invocation.script {
                try state.runFile(script, arguments: invocation.arguments, program: name, options: invocation.options)
            }
        }
        guard status == Status.success else { return status }
        if invocation.isInteractive { return talk(banner: "") }
        guard invocation.script == nil, invocation.steps.allSatisfy({ $0 == .warn }), !invocation.showsVersion else { return status }
        if isatty(STDIN_FILENO) != 0 { return talk(banner: banner) }
        return guarded { try state.load(file: nil).call() }
    }

    /// Runs what LUA_INIT holds: code, or the name of a file after an "@".
    private func runInitialCode() throws {
        for name in ["LUA_INIT_5_4", "LUA_INIT"] {
            guard let code = variable(name) else { continue }
            if code.hasPrefix("@") { try state.load(file: String(code.dropFirst())).call() } else { try state.run(code, chunkName: "=" + name) }
            return
        }
    }

    private func run(_ step: Invocation.Step) throws {
        switch step {
        case .run(let code): try state.run(code, chunkName: "=(command line)")
        case .warn: try state.run("warn('@on')")
        case .require(let text):
            let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
            try state.setGlobal(parts[0], try state.requireModule(parts[parts.count - 1]))
        }
    }
}
