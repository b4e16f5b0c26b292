/// The expression at the end of a cell, whose value is shown.
struct TrailingValue {
    /// Whether a semicolon behind it says that the value is not to be shown.
    let isSilent: Bool
    private let bytes: [UInt8]
    private let start: Int
    private let semicolon: Int?

    /// - Parameters:
    ///   - lines: of the cell.
    ///   - isProgram: whether a text compiles as a Lua chunk.
    init?(_ lines: [String], isProgram: (String) -> Bool) {
        let source = CellSource(lines.joined(separator: "\n"))
        guard let start = source.valueStart(isProgram: isProgram) else { return nil }
        self.start = start
        semicolon = source.finalSemicolon
        isSilent = semicolon != nil
        bytes = Array(source.text.utf8)
    }

    /// The line, counted from 0, on which it begins.
    var firstLine: Int { bytes[..<start].reduce(0) { $0 + ($1 == 10 ? 1 : 0) } }

    /// The cell's lines with a text put before the expression, and without the semicolon behind it.
    func lines(after opening: String) -> [String] {
        let rest = bytes[start...]
        let expression = semicolon.map { Array(rest[..<$0] + rest[($0 + 1)...]) } ?? Array(rest)
        let text = String(decoding: bytes[..<start] + opening.utf8 + expression, as: UTF8.self)
        return text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }
}
