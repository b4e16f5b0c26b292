import CLuaBridge

extension LuaState {
    /// Sends what `print` and `io.write` write to `sink` instead of standard output; for doctests and notebooks.
    public func redirectOutput(to sink: @escaping (String) -> Void) throws {
        guard case .table(let io) = global("io") else { return }
        try redirect(io, to: sink)
    }

    private func redirect(_ io: LuaTable, to sink: @escaping (String) throws -> Void) throws {
        let print = Function(direct: "print", "Prints values.", [ArgumentDescription("values", "any", "what to print", isRest: true)]) { call in
            try sink(call.texts().joined(separator: "\t") + "\n")
            return 0
        }
        let write = Function(direct: "write", "Writes values.", [ArgumentDescription("values", "string|number", "what to write", isRest: true)]) { call in
            for index in 1..<(call.count + 1) where call.kind(index) != .string && call.kind(index) != .number {
                throw ArgumentFault.wrongType(expected: "string", got: call.typeName(index)).at(index)
            }
            try sink(call.texts().joined())
            return 0
        }
        try setGlobal("print", value(of: print))
        try io.set("write", value(of: write))
    }
}

extension LuaState {
    /// Runs `body` and returns what it printed, which goes its usual way all the same.
    ///
    /// Only calls of the global `print` and of `io.write` are seen; a copy of them that was made before is not.
    public func recordingOutput<Result>(_ body: () throws -> Result) throws -> (result: Result, printed: String) {
        var printed = ""
        let print = global("print")
        guard case .table(let io) = global("io") else { return (try body(), "") }
        let write = io["write"]
        func forward(_ text: String) throws {
            printed += text
            if case .function(let write) = write { try write.call(.string(text)) }
        }
        try redirect(io) { try forward($0) }
        defer {
            try? setGlobal("print", print)
            try? io.set("write", write)
        }
        return (try body(), printed)
    }

    /// Prints text as `io.write` does.
    public func writeOutput(_ text: String) throws {
        guard !text.isEmpty, case .table(let io) = global("io"), case .function(let write) = io["write"] else { return }
        try write.call(.string(text))
    }
}

extension Call {
    /// All arguments as `tostring` shows them.
    fileprivate func texts() -> [String] {
        let count = count
        guard count > 0 else { return [] }
        return (1...count).map { index in
            loam_push_text(L, index)
            defer { loam_pop(L, 1) }
            return string(-1) ?? ""
        }
    }
}
