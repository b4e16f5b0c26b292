import Host

/// A plot in Lua's hands.
final class PlotHandle: LuaObject {
  static let luaName = "Plot"
  let plot: LinePlot
  init(_ plot: LinePlot) { self.plot = plot }
}

/// The module loam.plot.
enum PlotLibrary {
  private static let caption = Argument.string("caption", "what stands below the plot", default: "")
  private static let x = Argument.string("x", "name of the horizontal axis")
  private static let y = Argument.string("y", "name of the vertical axis")
  private static let series = Argument<[LuaTable]>.list(
    of: .table("series", "lines: {label = ..., y = {...}, x = {...}, low = {...}, high = {...}}; x counts from 1 when left out",
               type: "{label: string, y: number[], x: number[]?, low: number[]?, high: number[]?}"))
  private static let logX = Argument.boolean("log_x", "whether the horizontal axis is logarithmic", default: false)
  private static let logY = Argument.boolean("log_y", "whether the vertical axis is logarithmic", default: false)
  private static let ticks = Argument.optional(.numbers("x_ticks", "marks of the horizontal axis"))
  private static let smooth = Argument.integer("smooth", "each y becomes the mean of so many before it", default: 1, in: 1...100_000)

  private static func line(_ table: LuaTable, smooth: Int, number: Int) throws -> LinePlot.Series {
    let known = ["label", "x", "y", "low", "high"]
    for (key, _) in try table.pairs() {
      guard let key = key.asString, known.contains(key) else {
        throw ArgumentFault.invalid("line \(number) has the field \(key.asString ?? key.typeName); the fields are \(known.joined(separator: ", "))")
      }
    }
    func numbers(_ name: String) throws -> [Double]? {
      if case .none = table[name] { return nil }
      guard case .table(let list) = table[name], let values = list.numbers() else { throw ArgumentFault.invalid("\(name) of line \(number) must be a list of numbers") }
      return values
    }
    guard let values = try numbers("y") else { throw ArgumentFault.invalid("line \(number) lacks y") }
    let places = try numbers("x") ?? values.indices.map { Double($0 + 1) }
    let low = try numbers("low"), high = try numbers("high")
    for (name, list) in [("x", places), ("low", low ?? values), ("high", high ?? values)] where list.count != values.count {
      throw ArgumentFault.invalid("line \(number) has \(values.count) numbers in y and \(list.count) in \(name)")
    }
    var points: [LinePlot.Point] = []
    var sum = 0.0
    for index in values.indices {
      sum += values[index]
      if index >= smooth { sum -= values[index - smooth] }
      let mean = smooth == 1 ? values[index] : sum / Double(min(index + 1, smooth))
      points.append(LinePlot.Point(places[index], mean, lower: low?[index], upper: high?[index]))
    }
    return LinePlot.Series(table["label"].asString ?? "line \(number)", points)
  }

  private static let lines = Function(
    "lines", "Makes a plot of lines, with bands where low and high are given.",
    .options("settings", "axes and lines", caption, x, y, series, logX, logY, ticks, smooth), returns: .object("a new plot", PlotHandle.self),
    example: ("return plot.lines{x = \"step\", y = \"loss\", series = {{label = \"a\", y = {3, 2, 1}}}}", "Plot of loss by step: a")
  ) { settings in
    var plot = LinePlot(
      caption: settings[caption], xLabel: settings[x], yLabel: settings[y],
      series: try settings[series].enumerated().map { try line($1, smooth: settings[smooth], number: $0 + 1) })
    plot.xIsLogarithmic = settings[logX]
    plot.yIsLogarithmic = settings[logY]
    plot.xTicks = settings[ticks]
    return PlotHandle(plot)
  }

  private static let handle = Argument<PlotHandle>.object("self", "the plot")

  private static let svg = Function(
    "svg", "Draws the plot; needs the program gnuplot.", handle, returns: .string("an SVG file's text"),
    example: ("return plot.lines{x = \"a\", y = \"b\", series = {{y = {1, 2}}}}:svg():match(\"<svg\")", "<svg")
  ) { try $0.plot.svg() }

  private static let save = Function(
    "save", "Writes the plot as SVG, or its numbers as CSV, by the ending of the name.", handle, .string("path", "the file"), returns: .none,
    example: ("return pcall(plot.lines{x = \"a\", y = \"b\", series = {{y = {1}}}}.save, plot.lines{x = \"a\", y = \"b\", series = {{y = {1}}}}, \"a.png\")", "false\texample:1: bad argument to 'save' (the name must end in .svg or .csv, got \"a.png\")")
  ) { handle, path in
    if path.lowercased().hasSuffix(".svg") { return try AtomicFile.write(try handle.plot.svg(), to: path) }
    guard path.lowercased().hasSuffix(".csv") else { throw ArgumentFault.invalid("the name must end in .svg or .csv, got \"\(path)\"") }
    try AtomicFile.write(try handle.plot.data().csv(), to: path)
  }

  private static let type = ObjectType(
    PlotHandle.self, "A plot of lines.", methods: [svg, save],
    describe: { "Plot of \($0.plot.yLabel) by \($0.plot.xLabel): \($0.plot.series.map(\.label).joined(separator: ", "))" })

  static let library = Library("plot", "Plots, drawn by gnuplot.", functions: [lines], types: [type])
}
