import CLuaBridge

extension Kernel {
    /// What is known about the name at the cursor, or about the function whose arguments the cursor stands in.
    func inspect(code: String, cursor: Int?, detail: Int) -> StoreValue {
        let scalars = Array(code.unicodeScalars)
        let place = min(max(0, cursor ?? scalars.count), scalars.count)
        guard let name = Self.name(in: scalars, at: place) else { return found(nil) }
        if let text = text(name, detail: detail) { return found(text) }
        return found(nil)
    }

    private func found(_ text: String?) -> StoreValue {
        ["status": "ok", "found": .bool(text != nil), "data": text.map { DisplayData($0).data } ?? [:], "metadata": [:]]
    }

    /// A path of names such as `a.b:c`.
    private static func name(in scalars: [Unicode.Scalar], at place: Int) -> String? {
        func isLetter(_ scalar: Unicode.Scalar) -> Bool { scalar.isASCII && (scalar == "_" || scalar.properties.isAlphabetic || scalar.properties.numericType != nil) }
        func path(endingAt end: Int) -> String? {
            var start = end
            while start > 0, isLetter(scalars[start - 1]) || scalars[start - 1] == "." || scalars[start - 1] == ":" { start -= 1 }
            var view = String.UnicodeScalarView()
            view.append(contentsOf: scalars[start..<end])
            let text = String(view)
            return text.isEmpty || text.allSatisfy { $0 == "." || $0 == ":" } ? nil : text
        }
        var end = place
        while end < scalars.count, isLetter(scalars[end]) { end += 1 }
        if let path = path(endingAt: end) { return path }
        var depth = 0
        var index = place
        while index > 0 {
            index -= 1
            switch scalars[index] {
            case ")", "}", "]": depth += 1
            case "(", "{", "[":
                if depth == 0 {
                    if let path = path(endingAt: index) { return path }
                } else {
                    depth -= 1
                }
            default: break
            }
        }
        return nil
    }

    private func text(_ name: String, detail: Int) -> String? {
        let completion = Completion(state: state, scope: scope)
        if let function = completion.function(named: name[...]) { return Help(state.libraries).text(function) }
        guard let value = completion.value(ofPath: name[...]), !value.isNone else {
            return Help(state.libraries).index.entry(name) != nil ? state.help(on: .string(name)) : nil
        }
        if state.library(of: value) != nil || state.declaration(of: value) != nil { return state.help(on: value) }
        if let type = state.objectType(of: value) {
            return ValuePrinter(state).text(value) + "\n\n" + Help(state.libraries).text(type)
        }
        guard case .function(let function) = value else { return "\(name): \(value.typeName)\n\n" + ValuePrinter(state).text(value) }
        return describe(function, name: name, withSource: detail > 0)
    }

    /// A function that was written in Lua: its parameters, its place, its text.
    private func describe(_ function: LuaFunction, name: String, withSource: Bool) -> String {
        let L = state.running
        let top = lua_gettop(L)
        defer { lua_settop(L, top) }
        var facts = lua_Debug()
        function.reference.push(L)
        guard lua_getinfo(L, ">Su", &facts) != 0 else { return "\(name): function" }
        let source = String(cString: facts.source)
        guard facts.linedefined > 0 else { return "\(name): function of Lua's own libraries; https://www.lua.org/manual/5.4/" }
        function.reference.push(L)
        var parameters = (0..<Int32(facts.nparams)).compactMap { lua_getlocal(L, nil, $0 + 1).map { String(cString: $0) } }
        if facts.isvararg != 0 { parameters.append("...") }
        var text = "\(name)(\(parameters.joined(separator: ", ")))\n\n\(source.dropFirst()):\(facts.linedefined)"
        if withSource, let lines = sourceLines(source) {
            let range = max(0, Int(facts.linedefined) - 1)..<min(lines.count, max(Int(facts.linedefined), Int(facts.lastlinedefined)))
            if range.lowerBound < range.upperBound { text += "\n\n" + lines[range].joined(separator: "\n") }
        }
        return text
    }

    /// The lines of a cell or file, by the name of its chunk.
    private func sourceLines(_ source: String) -> [Substring]? {
        if source.hasPrefix("=In["), let number = Int(source.dropFirst(4).dropLast()) {
            return history.input(number)?.split(separator: "\n", omittingEmptySubsequences: false)
        }
        guard source.hasPrefix("@"), let bytes = try? Folder.contents(String(source.dropFirst())) else { return nil }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
    }
}

extension LuaValue {
    /// Whether it is nil.
    fileprivate var isNone: Bool { if case .none = self { true } else { false } }
}
