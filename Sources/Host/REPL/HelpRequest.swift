/// A line that asks for help: `? name`.
struct HelpRequest {
    let name: String

    /// nil for any other line.
    init?(_ line: String) {
        let text = line.drop(while: \.isWhitespace)
        guard text.first == "?", !text.contains("\n") else { return nil }
        name = String(text.dropFirst().drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }

    /// What is asked about: the declaration of that name, else the value of the expression.
    func subject(in scope: CellScope, _ state: LuaState) -> LuaValue {
        if name.isEmpty { return .none }
        if Help(state.libraries).index.entry(name) != nil { return .string(name) }
        let value = (try? scope.compile("return " + name, chunkName: "=help")?.run().first) ?? .none
        if case .string = value { return .string(name) }
        return value.isTrue ? value : .string(name)
    }
}
