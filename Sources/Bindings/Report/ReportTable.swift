import Host

/// A table of results in Lua's hands.
final class TableHandle: LuaObject {
  static let luaName = "ReportTable"
  var table: Table
  init(_ table: Table) { self.table = table }
}

extension Argument where Value == Table.Column {
  /// A column: its title, or a table with name, decimals and best.
  static func column(_ name: String, _ doc: String) -> Argument {
    Argument(name, "string|{name: string, decimals: integer?, best: string?}", doc, expected: "title or table with name, decimals, best") { call, index in
      if let title = call.string(index) { return Table.Column(title) }
      guard let table = call.table(index) else { return nil }
      for (key, _) in try table.pairs() {
        guard let key = key.asString, ["name", "decimals", "best"].contains(key) else {
          throw ArgumentFault.invalid("a column has name, decimals and best, got \(key.asString.map { "'\($0)'" } ?? key.typeName)")
        }
      }
      guard let title = table["name"].asString else { throw ArgumentFault.invalid("the column lacks a name") }
      let words: [String: Table.Best] = ["none": .none, "highest": .highest, "lowest": .lowest]
      guard let best = words[table["best"].asString ?? "none"] else { throw ArgumentFault.invalid("best is none, highest or lowest") }
      return Table.Column(title, decimals: table["decimals"].asInteger, best: best)
    }
  }
}

/// What Lua can do with tables of results.
enum ReportTable {
  /// A cell: text, number, nil or false for nothing, or {mean, low, high} as the intervals of loam.eval.
  static func cell(_ value: LuaValue, place: String) throws -> Table.Cell {
    switch value {
    case .none, .boolean(false): return .missing
    case .boolean(true): return .text("yes")
    case .string(let text): return .text(text)
    case .integer(let integer): return .integer(integer)
    case .number(let number): return .number(number)
    case .table(let table):
      guard let mean = table["mean"].asNumber else { throw LuaError("\(place): a table in a cell needs a mean, such as eval.interval gives") }
      return .estimate(Estimate(mean: mean, lower: table["low"].asNumber, upper: table["high"].asNumber, count: table["count"].asInteger))
    default: throw LuaError("\(place): a cell is text, a number, an interval or nil, got a \(value.typeName)")
    }
  }

  /// Adds a row given as a Lua list; missing ends count as nothing measured.
  static func add(_ row: LuaTable, to table: inout Table) throws {
    let width = table.columns.count
    if let beyond = try row.pairs().first(where: { key, _ in key.asInteger.map { $0 < 1 || $0 > width } ?? true }) {
      throw LuaError("row \(table.rows.count + 1): the table has \(width) columns, but the row has the field \(beyond.key.asInteger.map(String.init) ?? beyond.key.asString ?? beyond.key.typeName)")
    }
    try table.add(try (1...width).map { try cell(row[$0], place: "row \(table.rows.count + 1), column \($0)") })
  }

  private static let caption = Argument.string("caption", "what stands above the table", default: "")
  private static let columns = Argument<[Table.Column]>.list(of: .column("columns", "titles, or tables with name, decimals and best"))
  private static let rows = Argument.optional(.list(of: .table("rows", "one list of cells for each row", type: "any[]")))
  private static let notes = Argument.optional(.strings("notes", "lines below the table"))
  private static let width = Argument.optional(.integer("width", "columns of the terminal; no limit when left out", in: 20...10_000))

  static let make = Function(
    "table", "Makes a table of results. Cells are texts, numbers, intervals {mean, low, high}, or nil.", .options("settings", "caption, columns, rows", caption, columns, rows, notes),
    returns: .object("a new table", TableHandle.self),
    example: ("return report.table{columns = {\"arm\", {name = \"shape\", decimals = 2, best = \"highest\"}}, rows = {{\"SimCLR\", 0.5}, {\"StableRep\", 0.75}}}", """
      arm        shape
      ─────────  ─────
      SimCLR      0.50
      StableRep   0.75
      """)
  ) { settings in
    var table = try Table(caption: settings[caption], columns: settings[columns])
    for row in settings[rows] ?? [] { try add(row, to: &table) }
    table.notes = settings[notes] ?? []
    return TableHandle(table)
  }

  private static let handle = Argument<TableHandle>.object("self", "the table")

  private static let addRow = Function(
    "add", "Adds a row at the end.", handle, .table("row", "one cell for each column", type: "any[]"), returns: .none,
    example: ("local t = report.table{columns = {\"a\", \"b\"}}\nt:add{\"x\", 2}\nreturn t.row_count", "1")
  ) { handle, row in
    var table = handle.table
    try add(row, to: &table)
    handle.table = table
  }

  private static let text = Function(
    "text", "Gives the table for a terminal.", handle, .options("settings", "how wide", width), returns: .string("lines of text"),
    example: ("return report.table{columns = {\"n\"}, rows = {{1}}}:text()", """
      n
      ─
      1
      """)
  ) { handle, settings in handle.table.terminalText(width: settings[width]) }

  private static let save = Function(
    "save", "Writes the table, whole or not at all; the ending .csv, .json, .md or .tex chooses the form.", handle, .string("path", "the file"), returns: .none,
    example: ("return pcall(report.table{columns = {\"n\"}}.save, report.table{columns = {\"n\"}}, \"table.doc\")", "false\texample:1: bad argument to 'save' (the name must end in .csv, .json, .md or .tex, got \"table.doc\")")
  ) { handle, path in
    let forms: [(String, (Table) -> String)] = [(".csv", { $0.csv() }), (".json", { $0.json() }), (".md", { $0.markdown() }), (".tex", { $0.latex() })]
    guard let form = forms.first(where: { path.lowercased().hasSuffix($0.0) }) else {
      throw ArgumentFault.invalid("the name must end in .csv, .json, .md or .tex, got \"\(path)\"")
    }
    try Host.Folder.create(Host.Folder.parent(of: path))
    try AtomicFile.write(form.1(handle.table), to: path)
  }

  private static func form(_ name: String, _ doc: String, _ output: String, _ body: @escaping (Table) -> String) -> Function {
    let code = "return report.table{columns = {\"a\", \"b\"}, rows = {{\"x\", 0.5}}}:\(name)()"
    return Function(name, doc, handle, returns: .string("the text"), example: (code: code, output: output)) { body($0.table) }
  }

  static let type = ObjectType(
    TableHandle.self, "A table of results.",
    methods: [
      addRow, text, save, form("csv", "Gives the table as CSV.", """
        a,b
        x,0.5
        """) { $0.csv() }, form("json", "Gives the table as JSON.", """
        {
          "caption": "",
          "columns": ["a", "b"],
          "notes": [],
          "rows": [
            {
              "a": "x",
              "b": 0.5
            }
          ]
        }
        """) { $0.json() },
      form("markdown", "Gives the table as Markdown.", """
        | a | b |
        |:---|---:|
        | x | 0.5 |
        """) { $0.markdown() }, form("latex", "Gives the table as LaTeX.", """
        \\begin{table}
        \\centering
        \\begin{tabular}{lr}
        \\toprule
        a & b \\\\
        \\midrule
        x & 0.5 \\\\
        \\bottomrule
        \\end{tabular}
        \\end{table}
        """) { $0.latex() },
    ],
    properties: [Property("row_count", "Number of rows.", .integer("it")) { (t: TableHandle) in t.table.rows.count }],
    describe: { $0.table.terminalText() })
}
