/// What is wrong with an argument; the function that was called adds its name and the argument's place.
public struct ArgumentFault: Error {
    indirect enum Kind {
        case expected(String, got: String)
        case sentence(String)
        case unknownOption(String, known: [String])
        case tooMany(Int32, Int32)
        case option(String, Kind)
    }

    let kind: Kind
    private(set) var name: String?
    private(set) var position: Int32?

    init(_ kind: Kind) { self.kind = kind }

    /// The value is of another type: "number expected, got table".
    public static func wrongType(expected: String, got: String) -> ArgumentFault { ArgumentFault(.expected(expected, got: got)) }

    /// The value is of the right type but not allowed; a clause such as "steps must be at least 1, got 0".
    public static func invalid(_ sentence: String) -> ArgumentFault { ArgumentFault(.sentence(sentence)) }

    static func unknownOption(_ name: String, known: [String]) -> ArgumentFault { ArgumentFault(.unknownOption(name, known: known)) }
    static func tooMany(_ maximum: Int32, _ count: Int32) -> ArgumentFault { ArgumentFault(.tooMany(maximum, count)) }

    /// The same fault, inside the option `name`.
    func inOption(_ name: String) -> ArgumentFault { ArgumentFault(.option(name, kind)) }

    /// The same fault, in the element at a Lua position of a list.
    func inElement(_ position: Int) -> ArgumentFault {
        if case .expected(let expected, let got) = kind {
            return ArgumentFault(.expected(expected, got: "\(got) at position \(position)"))
        }
        return ArgumentFault(.sentence("at position \(position): \(clause(kind))"))
    }

    /// The same fault with its argument named.
    func named(_ name: String) -> ArgumentFault {
        var copy = self
        copy.name = copy.name ?? name
        return copy
    }

    func at(_ position: Int32) -> ArgumentFault {
        var copy = self
        copy.position = copy.position ?? position
        return copy
    }

    /// The whole sentence, in the words of Lua's own library where it has some.
    func message(function: String, isMethod: Bool) -> String {
        switch kind {
        case .unknownOption(let option, let known):
            return "unknown option '\(option)' to '\(function)'" + advice(for: option, among: known, plural: "options")
        case .tooMany(let maximum, let count):
            let (most, given) = isMethod ? (maximum - 1, count - 1) : (maximum, count)
            return "too many arguments to '\(function)' (\(most == 0 ? "none" : "at most \(most)") expected, got \(given))"
        case .option(let option, .unknownOption(let inner, let known)):
            return "unknown option '\(inner)' in '\(option)' to '\(function)'" + advice(for: inner, among: known, plural: "options")
        case .option(let option, let inner):
            return "bad option '\(path(option, inner))' to '\(function)' (\(clause(inner)))"
        case .expected, .sentence:
            // Thrown by a body, which knows what is wrong but not which argument it was.
            if name == nil && position == nil { return "bad argument to '\(function)' (\(clause(kind)))" }
            let position = isMethod ? (position ?? 1) - 1 : position ?? 1
            if isMethod && position == 0 { return "calling '\(function)' on bad self (\(clause(kind)))" }
            let label = name.map { "#\(position) '\($0)'" } ?? "#\(position)"
            return "bad argument \(label) to '\(function)' (\(clause(kind)))"
        }
    }

    private func path(_ option: String, _ inner: Kind) -> String {
        if case .option(let next, let deeper) = inner { return option + "." + path(next, deeper) }
        return option
    }

    private func clause(_ kind: Kind) -> String {
        switch kind {
        case .expected(let expected, let got): return "\(expected) expected, got \(got)"
        case .sentence(let sentence): return sentence
        case .option(_, let inner): return clause(inner)
        case .unknownOption(let name, let known): return "unknown option '\(name)'" + advice(for: name, among: known, plural: "options")
        case .tooMany: return "too many arguments"
        }
    }
}

/// What a name could have been: "; did you mean 'steps'?", or the list of names when none is near.
func advice(for name: String, among known: [String], plural: String) -> String {
    if let near = nearestName(to: name, among: known) { return "; did you mean '\(near)'?" }
    if known.isEmpty { return "; there are no \(plural)" }
    return "; the \(plural) are " + known.sorted().joined(separator: ", ")
}
