/// Runs the example of every declaration and compares what comes out.
public struct Doctests {
    public struct Failure: CustomStringConvertible {
        public let name: String
        public let expected: String
        public let actual: String
        public var description: String { "\(name): expected\n\(expected)\nbut got\n\(actual)" }
    }

    /// Makes the state for one example; the libraries are installed in it as globals.
    let makeState: () throws -> LuaState

    public init(makeState: @escaping () throws -> LuaState) { self.makeState = makeState }

    /// The examples that came out otherwise. Each runs in a fresh state, where each library is a global.
    public func failures(in libraries: [Library]) throws -> [Failure] {
        var failures: [Failure] = []
        var seen = Set<ObjectIdentifier>()
        let index = DeclarationIndex(libraries)
        let functions = libraries.flatMap { $0.functions + $0.types.flatMap(\.methods) }
        for function in functions where seen.insert(ObjectIdentifier(function)).inserted {
            guard let example = function.example else { continue }
            let name = index.qualifiedName(of: function)
            let actual = tidy(try output(of: example.code, name: name, libraries))
            let expected = tidy(example.output)
            if actual != expected { failures.append(Failure(name: name, expected: expected, actual: actual)) }
        }
        return failures
    }

    /// What a piece of code prints, followed by the values it returns; an error's message stands for its values.
    private func output(of code: String, name: String, _ libraries: [Library]) throws -> String {
        let state = try makeState()
        try state.install(libraries, asGlobals: true)
        var text = ""
        try state.redirectOutput { text += $0 }
        do {
            let values = try state.run(code, chunkName: "=example")
            if !values.isEmpty { text += ValuePrinter(state).line(values) + "\n" }
        } catch { text += "\(error)\n" }
        return text
    }

    /// Without spaces at line ends and empty lines at the end.
    private func tidy(_ text: String) -> String {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            String(line.reversed().drop(while: \.isWhitespace).reversed())
        }
        while lines.last?.isEmpty == true { lines.removeLast() }
        return lines.joined(separator: "\n")
    }
}
