import Host

/// A document of results in Lua's hands.
final class ReportHandle: LuaObject {
  static let luaName = "Report"
  var report: Report
  init(_ report: Report) { self.report = report }

  func add(_ block: Report.Block) {
    var changed = report
    changed.add(block)
    report = changed
  }
}

/// The module loam.report.
enum ReportLibrary {
  private static let subtitle = Argument.optional(.string("subtitle", "a line below the title: preset, seed, version"))
  private static let handle = Argument<ReportHandle>.object("self", "the report")

  private static let new = Function(
    "new", "Begins a report: one HTML file that opens without a network.", .string("title", "what it is called"),
    .options("settings", "more of the head", subtitle), returns: .object("a new report", ReportHandle.self),
    example: ("return report.new(\"Trial\")", "Report \"Trial\" of 0 parts")
  ) { title, settings in ReportHandle(Report(title: title, subtitle: settings[subtitle])) }

  private static func text(_ name: String, _ doc: String, _ argument: String, _ block: @escaping (String) -> Report.Block) -> Function {
    Function(name, doc, handle, .string("text", argument), returns: .object("the report", ReportHandle.self),
             example: ("return report.new(\"Trial\"):\(name)(\"words\")", "Report \"Trial\" of 1 parts")) { handle, text in
      handle.add(block(text))
      return handle
    }
  }

  private static let table = Function(
    "table", "Adds a table.", handle, .object("table", "from report.table", TableHandle.self), returns: .object("the report", ReportHandle.self),
    example: ("return report.new(\"Trial\"):table(report.table{columns = {\"n\"}, rows = {{1}}})", "Report \"Trial\" of 1 parts")
  ) { handle, table in
    handle.add(.table(table.table))
    return handle
  }

  private static let plot = Function(
    "plot", "Adds a plot.", handle, .object("plot", "from loam.plot", PlotHandle.self), returns: .object("the report", ReportHandle.self),
    example: ("return report.new(\"Trial\"):plot(plot.lines{x = \"a\", y = \"b\", series = {{y = {1, 2}}}})", "Report \"Trial\" of 1 parts")
  ) { handle, plot in
    handle.add(.plot(plot.plot))
    return handle
  }

  private static let pictures = Function(
    "images", "Adds pictures in rows and columns.", handle, PictureLibrary.settings,
    returns: .object("the report", ReportHandle.self),
    example: ("local d = data.scenes{count = 2, size = 16}\nreturn report.new(\"Trial\"):images{images = {{d:png(1), d:png(2)}}, columns = {\"one\", \"two\"}}", "Report \"Trial\" of 1 parts")
  ) { handle, settings in
    handle.add(.images(try PictureLibrary.grid(settings)))
    return handle
  }

  private static let details = Function(
    "details", "Adds a block of names and values that opens on a click, such as the parameters.", handle, .string("title", "what is inside"),
    .table("values", "plain values"), returns: .object("the report", ReportHandle.self),
    example: ("return report.new(\"Trial\"):details(\"Parameters\", {steps = 3})", "Report \"Trial\" of 1 parts")
  ) { handle, title, values in
    handle.add(.details(title: title, try LuaConversion.stored(.table(values), place: "values")))
    return handle
  }

  private static let html = Function(
    "html", "Gives the report as HTML.", handle, returns: .string("the file's text"),
    example: ("return report.new(\"Trial\"):html():match(\"<h1>(.-)</h1>\")", "Trial")
  ) { try $0.report.html() }

  private static let write = Function(
    "write", "Writes the report as HTML, whole or not at all; missing folders are made.", handle, .string("path", "the file"), returns: .none,
    example: ("local path = os.tmpname()\nreport.new(\"Trial\"):write(path)\nreturn os.remove(path)", "true")
  ) { handle, path in
    try Host.Folder.create(Host.Folder.parent(of: path))
    try handle.report.write(to: path)
  }

  private static let type = ObjectType(
    ReportHandle.self, "A document of results; parts are added at the end, and each call gives the report back.",
    methods: [
      text("heading", "Adds a heading.", "the heading") { .heading($0, level: 2) },
      text("subheading", "Adds a smaller heading.", "the heading") { .heading($0, level: 3) },
      text("paragraph", "Adds a paragraph.", "the paragraph") { .paragraph($0) },
      text("code", "Adds text in a fixed-width font, kept as it is.", "the text") { .code($0) },
      table, plot, pictures, details, html, write,
    ],
    properties: [Property("block_count", "Number of parts.", .integer("it")) { (r: ReportHandle) in r.report.blocks.count }],
    describe: { "Report \"\($0.report.title)\" of \($0.report.blocks.count) parts" })

  static let library = Library("report", "Tables and documents of results.", functions: [new, ReportTable.make], types: [type, ReportTable.type])
}
