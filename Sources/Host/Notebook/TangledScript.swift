/// The Lua of a notebook as a script that `lua` runs where no module of Loam is used.
public enum TangledScript {
    private static let show = "local function __show(...) if select(\"#\", ...) > 0 then print(...) end end"

    /// - Parameter isProgram: whether a text compiles as a Lua chunk.
    /// - Throws: ``NotebookError`` for faulty options or unknown parameters.
    public static func text(_ notebook: Notebook, file: String, parameters: NotebookParameters = NotebookParameters(), isProgram: (String) -> Bool) throws -> String {
        let head = try FrontMatter.value(notebook.frontMatter, file: file, line: 2)
        let placement = try parameters.placed(in: notebook, head: head, file: file)
        var blocks: [String] = []
        var shows = false
        for (index, cell) in notebook.cells.enumerated() {
            if cell.kind != .code {
                if cell.kind == .markdown { blocks.append(cell.lines.map { $0.isEmpty ? "--" : "-- " + $0 }.joined(separator: "\n")) }
                continue
            }
            let options = try CellOptions(cell, defaults: head["execute"], file: file) { cell.line + $0 }
            guard options.eval else { continue }
            let lines = cell.lines.map(String.init)
            var code = lines
            if let value = TrailingValue(lines, isProgram: isProgram) {
                if !value.isSilent {
                    shows = true
                    // On a line of its own: the last one may end in a comment.
                    code = value.lines(after: "__show(") + [")"]
                } else {
                    let plain = value.lines(after: "")
                    code = isProgram(plain.joined(separator: "\n")) ? plain : value.lines(after: "local _ = ")
                }
            }
            if options.error { code = ["pcall(function()"] + code + ["end)"] }
            blocks.append(code.joined(separator: "\n"))
            if placement.cell == index, !placement.assignments.isEmpty { blocks.append(placement.assignments) }
        }
        if !placement.table.isEmpty { blocks.insert("params = " + (try NotebookParameters.literal(.table(placement.table))), at: 0) }
        if shows { blocks.insert(show, at: 0) }
        return blocks.joined(separator: "\n\n") + "\n"
    }
}
