import Host

/// A plot in Lua's hands.
final class PlotHandle: LuaObject {
  static let luaName = "Plot"
  let plot: any Plot
  init(_ plot: any Plot) { self.plot = plot }
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

  private static let lines = Function(
    "lines", "Makes a plot of lines, with bands where low and high are given.",
    .options("settings", "axes and lines", caption, x, y, series, logX, logY, ticks, smooth), returns: .object("a new plot", PlotHandle.self),
    example: ("return plot.lines{x = \"step\", y = \"loss\", series = {{label = \"a\", y = {3, 2, 1}}}}", "Plot of loss by step: a")
  ) { settings in
    var plot = LinePlot(
      caption: settings[caption], xLabel: settings[x], yLabel: settings[y],
      series: try settings[series].enumerated().map { try PlotSeries.points($1, smooth: settings[smooth], number: $0 + 1) })
    plot.xIsLogarithmic = settings[logX]
    plot.yIsLogarithmic = settings[logY]
    plot.xTicks = settings[ticks]
    return PlotHandle(plot)
  }

  private static let points = Argument<[LuaTable]>.list(
    of: .table("series", "points: {label = ..., x = {...}, y = {...}, low = {...}, high = {...}}", type: "{label: string, x: number[], y: number[], low: number[]?, high: number[]?}"))

  private static let scatter = Function(
    "scatter", "Makes a plot of points, with vertical intervals where low and high are given.", .options("settings", "axes and points", caption, x, y, points),
    returns: .object("a new plot", PlotHandle.self),
    example: ("return plot.scatter{x = \"width\", y = \"accuracy\", series = {{label = \"a\", x = {1, 2}, y = {3, 4}}}}", "Scatter plot of accuracy by width: a")
  ) { settings in
    PlotHandle(ScatterPlot(
      caption: settings[caption], xLabel: settings[x], yLabel: settings[y],
      series: try settings[points].enumerated().map { try PlotSeries.points($1, number: $0 + 1) }))
  }

  private static let groups = Argument.strings("groups", "below the bars")
  private static let bars = Argument<[LuaTable]>.list(
    of: .table("series", "one bar for each group: {label = ..., values = {...}}; a value is a number, an interval {mean, low, high}, or false", type: "{label: string, values: any[]}"))

  private static let bar = Function(
    "bars", "Makes a plot of bars that begin at zero, with intervals where they are known.", .options("settings", "groups and bars", caption, y, groups, bars),
    returns: .object("a new plot", PlotHandle.self),
    example: ("return plot.bars{y = \"accuracy\", groups = {\"shape\", \"colour\"}, series = {{label = \"CLIP\", values = {0.5, {mean = 0.7, low = 0.6, high = 0.8}}}}}", "Bar plot of accuracy: shape, colour")
  ) { settings in
    PlotHandle(BarPlot(
      caption: settings[caption], yLabel: settings[y], groups: settings[groups],
      series: try settings[bars].enumerated().map { try PlotSeries.bars($1, groups: settings[groups].count, number: $0 + 1) }))
  }

  private static let values = Argument.numbers("values", "the numbers")
  private static let bins = Argument.integer("bins", "how many bins of equal width", default: 20, in: 1...1000)

  private static let histogram = Function(
    "histogram", "Counts numbers in bins of equal width from the lowest to the highest; what is not finite is left out.",
    .options("settings", "axis and numbers", caption, x, values, bins), returns: .object("a new plot", PlotHandle.self),
    example: ("return plot.histogram{x = \"loss\", values = {1, 2, 2, 3}, bins = 3}", "Histogram of loss: 4 numbers in 3 bins")
  ) { settings in
    PlotHandle(try HistogramPlot(caption: settings[caption], xLabel: settings[x], values: settings[values], bins: settings[bins]))
  }

  private static let matrix = Argument<[[Double]]>.list(of: .numbers("values", "the numbers, row by row from the top"))
  private static let columnLabels = Argument.optional(.strings("columns", "below the columns"))
  private static let rowLabels = Argument.optional(.strings("rows", "left of the rows"))
  private static let columnsName = Argument.string("x", "name of the columns", default: "")
  private static let rowsName = Argument.string("y", "name of the rows", default: "")

  private static let heatMap = Function(
    "heat_map", "Shows a matrix as colours; small ones with their numbers.", .options("settings", "numbers and labels", caption, matrix, columnLabels, rowLabels, columnsName, rowsName),
    returns: .object("a new plot", PlotHandle.self), example: ("return plot.heat_map{values = {{1, 2}, {3, 4}}}", "Heat map of 2 x 2 numbers")
  ) { settings in
    PlotHandle(HeatMap(
      caption: settings[caption], xLabel: settings[columnsName], yLabel: settings[rowsName], values: settings[matrix],
      columnLabels: settings[columnLabels] ?? [], rowLabels: settings[rowLabels] ?? []))
  }

  private static let handle = Argument<PlotHandle>.object("self", "the plot")

  private static let svg = Function(
    "svg", "Draws the plot; needs the program gnuplot.", handle, returns: .string("an SVG file's text"),
    example: ("return plot.lines{x = \"a\", y = \"b\", series = {{y = {1, 2}}}}:svg():match(\"<svg\")", "<svg")
  ) { try $0.plot.svg() }

  private static let save = Function(
    "save", "Writes the plot as SVG, PNG or PDF, or its numbers as CSV, by the ending of the name; missing folders are made.", handle, .string("path", "the file"), returns: .none,
    example: ("local p = plot.lines{x = \"a\", y = \"b\", series = {{y = {1}}}}\nreturn pcall(p.save, p, \"a.gif\")", "false\texample:2: bad argument to 'save' (the name must end in .svg, .png, .pdf or .csv, got \"a.gif\")")
  ) { handle, path in
    let ending = path.split(separator: ".").last.map { $0.lowercased() } ?? ""
    let format = Gnuplot.Format(rawValue: ending)
    guard format != nil || ending == "csv" else { throw ArgumentFault.invalid("the name must end in .svg, .png, .pdf or .csv, got \"\(path)\"") }
    try Host.Folder.create(Host.Folder.parent(of: path))
    if let format { try AtomicFile.write(try handle.plot.drawn(format), to: path) } else { try AtomicFile.write(try handle.plot.data().csv(), to: path) }
  }

  private static let type = ObjectType(PlotHandle.self, "A plot.", methods: [svg, save], describe: { $0.plot.summary })

  static let library = Library(
    "plot", "Plots, drawn by gnuplot, and pictures side by side.", functions: [lines, scatter, bar, histogram, heatMap, PictureLibrary.make], types: [type, PictureLibrary.type])
}
