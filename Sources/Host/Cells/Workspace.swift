/// What the user has made so far: global variables that were not there at the beginning, and locals that live on.
struct Workspace {
    private let state: LuaState
    private unowned let scope: CellScope
    /// What is not the user's.
    private let given: Set<String>

    /// Columns of one line of the list.
    private static let width = 100

    /// - Parameter state: with its libraries, before the user has typed anything.
    init(_ state: LuaState, scope: CellScope) {
        self.state = state
        self.scope = scope
        given = Set(Self.globals(state).map(\.name)).union(["_", "who", "timing"])
    }

    private static func globals(_ state: LuaState) -> [(name: String, value: LuaValue)] {
        ((try? state.globals.pairs()) ?? []).compactMap { key, value in key.asString.map { ($0, value) } }
    }

    /// One line for each variable: its name, its type, its value as far as there is room.
    var text: String {
        let locals = scope.names.map { (name: $0, value: scope.value($0) ?? .none) }
        let hidden = Set(locals.map(\.name))
        let own = Self.globals(state).filter { !given.contains($0.name) && !hidden.contains($0.name) }
        let rows = (locals.map { (name: $0.name, kind: "local " + $0.value.typeName, value: $0.value) }
            + own.map { (name: DisplayWidth.oneLine($0.name), kind: $0.value.typeName, value: $0.value) }).sorted { $0.name < $1.name }
        guard !rows.isEmpty else { return "no variables of your own yet" }
        let printer = ValuePrinter(state)
        let names = rows.map { DisplayWidth.of($0.name) }.max() ?? 0, kinds = rows.map { DisplayWidth.of($0.kind) }.max() ?? 0
        return rows.map { row in
            let start = DisplayWidth.pad(row.name, to: names) + "  " + DisplayWidth.pad(row.kind, to: kinds) + "  "
            let value = DisplayWidth.oneLine(printer.text(row.value)).replacing(#/ {2,}/#, with: " ")
            return DisplayWidth.cut(start + value, to: Self.width)
        }.joined(separator: "\n")
    }

    /// Adds the global function `who`, which prints the list.
    func install() throws {
        let function = Function("who", "Lists the variables that you have made: name, type, value.", .state(), returns: .none) { state in
            guard case .function(let print) = state.global("print") else { throw LuaError("the global function 'print' is gone") }
            try print.call(.string(text))
        }
        try state.setGlobal("who", state.value(of: function))
    }
}
