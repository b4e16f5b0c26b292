import CLuaBridge

extension Kernel {
    /// Lets `io.read` ask the front end, as there is no terminal to read from.
    func installInput() throws {
        guard case .table(let io) = state.global("io") else { throw LuaError("the global table 'io' is gone") }
        let formats = ArgumentDescription("formats", "string|integer", "\"l\", \"L\", \"n\", \"a\" or a number of bytes", isRest: true)
        let read = Function(direct: "read", "Asks the user of the notebook for lines.", [formats]) { [unowned self] call in
            let count = call.count
            guard count > 0 else {
                call.push(try line(prompt: ""))
                return 1
            }
            try call.reserve(Int(count))
            for index in 1...count { try push(format: index, call) }
            return count
        }
        try io.set("read", state.value(of: read))
    }

    private func line(prompt: String) throws -> String {
        guard let current, case .bool(true)? = current.content["allow_stdin"] else {
            throw LuaError("the front end does not take input: io.read works where a user can be asked, such as in JupyterLab")
        }
        link.flushOutput(for: current)
        return try link.ask(prompt, password: false, for: current)
    }

    private func push(format index: Int32, _ call: Call) throws {
        if let count = call.integer(index) {
            return call.push(String(decoding: Array(try line(prompt: "").utf8).prefix(max(0, count)), as: UTF8.self))
        }
        guard let format = call.string(index) else { throw ArgumentFault.wrongType(expected: "format", got: call.typeName(index)).at(index) }
        switch format.drop(while: { $0 == "*" }).first {
        case "l": call.push(try line(prompt: ""))
        case "L", "a": call.push(try line(prompt: "") + "\n")
        case "n":
            let text = try line(prompt: "")
            // Lua's own rules for numbers.
            guard case .function(let convert) = state.global("tonumber") else { throw LuaError("the global function 'tonumber' is gone") }
            try call.push(try convert.call(.string(text)).first ?? .none)
        default: throw ArgumentFault.invalid("invalid format \"\(format)\"").at(index)
        }
    }
}
