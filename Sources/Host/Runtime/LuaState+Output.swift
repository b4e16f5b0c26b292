import CLuaBridge

extension LuaState {
    /// Sends what `print` and `io.write` write to `sink` instead of standard output; for doctests and notebooks.
    public func redirectOutput(to sink: @escaping (String) -> Void) throws {
        let print = Function(direct: "print", "Prints values.", [ArgumentDescription("values", "any", "what to print", isRest: true)]) { call in
            sink(call.texts().joined(separator: "\t") + "\n")
            return 0
        }
        let write = Function(direct: "write", "Writes values.", [ArgumentDescription("values", "string|number", "what to write", isRest: true)]) { call in
            for index in 1..<(call.count + 1) where call.kind(index) != .string && call.kind(index) != .number {
                throw ArgumentFault.wrongType(expected: "string", got: call.typeName(index)).at(index)
            }
            sink(call.texts().joined())
            return 0
        }
        try setGlobal("print", value(of: print))
        if case .table(let io) = global("io") { try io.set("write", value(of: write)) }
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
