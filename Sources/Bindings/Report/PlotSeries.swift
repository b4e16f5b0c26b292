import Host

/// Reads the series of plots from Lua tables.
enum PlotSeries {
  /// Points of one series: `{label, y, x, low, high}`; x counts from 1 when left out.
  ///
  /// - Parameter smooth: each y becomes the mean of so many up to it.
  static func points(_ table: LuaTable, smooth: Int = 1, number: Int) throws -> LinePlot.Series {
    try check(table, ["label", "x", "y", "low", "high"], number: number)
    guard let values = try numbers(table, "y", number: number) else { throw ArgumentFault.invalid("line \(number) lacks y") }
    let places = try numbers(table, "x", number: number) ?? values.indices.map { Double($0 + 1) }
    let low = try numbers(table, "low", number: number), high = try numbers(table, "high", number: number)
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

  /// Bars of one series: `{label, values}`, each value a number, an interval, or false.
  static func bars(_ table: LuaTable, groups: Int, number: Int) throws -> BarPlot.Series {
    try check(table, ["label", "values"], number: number)
    guard case .table(let values) = table["values"] else { throw ArgumentFault.invalid("series \(number) lacks values") }
    let bars = try (0..<groups).map { index -> Estimate? in
      switch try ReportTable.cell(values[index + 1], place: "value \(index + 1) of series \(number)") {
      case .missing: return nil
      case .integer(let integer): return Estimate(mean: Double(integer))
      case .number(let number): return Estimate(mean: number)
      case .estimate(let estimate): return estimate
      case .text(let text): throw ArgumentFault.invalid("value \(index + 1) of series \(number) must be a number or an interval, got \"\(text)\"")
      }
    }
    return BarPlot.Series(table["label"].asString ?? "series \(number)", bars)
  }

  private static func check(_ table: LuaTable, _ known: [String], number: Int) throws {
    for (key, _) in try table.pairs() {
      guard let key = key.asString, known.contains(key) else {
        throw ArgumentFault.invalid("line \(number) has the field \(key.asString ?? key.typeName); the fields are \(known.joined(separator: ", "))")
      }
    }
  }

  private static func numbers(_ table: LuaTable, _ name: String, number: Int) throws -> [Double]? {
    if case .none = table[name] { return nil }
    guard case .table(let list) = table[name], let values = list.numbers() else { throw ArgumentFault.invalid("\(name) of line \(number) must be a list of numbers") }
    return values
  }
}
