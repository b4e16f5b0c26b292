/// The text of a cell, taken apart far enough to know its top-level locals and where its statements begin.
struct CellSource {
    /// A local variable of the cell's outermost level.
    struct Local: Equatable {
        let name: String
        /// Whether it is `<const>` or `<close>`, so that nothing may be assigned to it.
        let isConstant: Bool
    }

    let text: String
    /// Every name that occurs, wherever.
    let names: Set<String>
    /// The top-level locals, in the order in which they are declared.
    let locals: [Local]
    /// Offsets of bytes at which a statement is known to begin and earlier locals can be seen, with the locals declared since the one before.
    let boundaries: [(offset: Int, locals: [Local])]
    /// Locals that are declared after the last boundary.
    let remaining: [Local]
    /// Where the expression whose value the cell gives begins, if there is one and tokens alone tell: the whole text, or the last statement.
    let likelyStarts: [Int]
    /// Lines at which it may begin if the text is no program as it stands, the last line first.
    let lineStarts: [Int]
    /// Where the semicolon stands that ends the text: the value is not to be shown.
    let finalSemicolon: Int?

    init(_ text: String) {
        self.text = text
        let tokens = LuaScanner.tokens(text)
        names = Set(tokens.lazy.filter { $0.kind == .name }.map(\.text))
        var locals: [Local] = []
        var pending: [Local] = []
        var boundaries: [(offset: Int, locals: [Local])] = []
        var lineStarts: [Int] = []
        for (index, token) in tokens.enumerated() where token.blocks == 0 && token.brackets == 0 {
            if index > 0, Self.beginsStatement(token, after: tokens[index - 1]) {
                boundaries.append((token.range.lowerBound, pending))
                pending = []
            }
            if token.isFirstOnLine { lineStarts.append(token.range.lowerBound) }
            guard token.kind == .keyword, token.text == "local" else { continue }
            let declared = Self.declared(tokens[(index + 1)...])
            locals += declared
            pending += declared
        }
        self.locals = locals
        self.boundaries = boundaries
        remaining = pending
        let last = boundaries.last?.offset
        likelyStarts = (tokens.first.map { [$0.range.lowerBound] } ?? []) + (last.map { [$0] } ?? [])
        finalSemicolon = tokens.last.flatMap { $0.text == ";" ? $0.range.lowerBound : nil }
        self.lineStarts = Array(lineStarts.reversed().prefix(Self.mostLinesTried).filter { $0 > last ?? 0 })
    }

    /// An expression of more lines than these is not looked for at the end of a cell.
    private static let mostLinesTried = 40

    /// Whether a statement surely begins with a token: two operands never stand side by side inside one.
    private static func beginsStatement(_ token: LuaToken, after previous: LuaToken) -> Bool {
        if previous.kind == .symbol && previous.text == ";" { return true }
        guard previous.endsExpression else { return false }
        if token.kind == .name { return true }
        return token.kind == .keyword && ["local", "if", "while", "for", "function", "repeat", "return", "goto"].contains(token.text)
    }

    /// The names after the word `local`.
    private static func declared(_ tokens: ArraySlice<LuaToken>) -> [Local] {
        var tokens = tokens
        guard let first = tokens.popFirst() else { return [] }
        if first.text == "function" { return tokens.first.map { [Local(name: $0.text, isConstant: false)] } ?? [] }
        var found: [Local] = []
        var name = first
        while name.kind == .name {
            var isConstant = false
            if tokens.first?.text == "<" {
                isConstant = true
                tokens = tokens.dropFirst(3)
            }
            found.append(Local(name: name.text, isConstant: isConstant))
            guard tokens.popFirst()?.text == ",", let next = tokens.popFirst() else { break }
            name = next
        }
        return found
    }

    /// Where the expression begins whose value the cell gives; nil if it gives none.
    ///
    /// - Parameter isProgram: whether a text compiles.
    func valueStart(isProgram: (String) -> Bool) -> Int? {
        if let start = likelyStarts.first(where: { isProgram(returning(from: $0)) }) { return start }
        return isProgram(text) ? nil : lineStarts.first { isProgram(returning(from: $0)) }
    }

    /// The text with `return` put before a position.
    func returning(from offset: Int) -> String { inserting([(offset, "return ")]) }

    /// The text with calls of the function `keep` that hand over each local, and lines where they were.
    func keepingLocals(_ keep: String) -> String {
        // A later local of the same name hides the one before, so only the last is kept; earlier ones are seen by the functions that use them.
        func calls(_ locals: [Local]) -> String {
            locals.map { "\(keep)('\($0.name)', \($0.isConstant), function() return \($0.name) end) " }.joined()
        }
        let insertions = boundaries.filter { !$0.locals.isEmpty }.map { ($0.offset, "; " + calls($0.locals)) }
        return inserting(insertions) + (remaining.isEmpty ? "" : "\n; " + calls(remaining))
    }

    private func inserting(_ insertions: [(offset: Int, text: String)]) -> String {
        var bytes = Array(text.utf8)
        for (offset, inserted) in insertions.reversed() { bytes.insert(contentsOf: inserted.utf8, at: offset) }
        return String(decoding: bytes, as: UTF8.self)
    }
}
