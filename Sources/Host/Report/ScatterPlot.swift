/// A plot of points without lines.
public struct ScatterPlot: Plot {
    public var caption: String
    public var xLabel: String
    public var yLabel: String
    public var series: [LinePlot.Series]

    public init(caption: String = "", xLabel: String, yLabel: String, series: [LinePlot.Series]) {
        self.caption = caption
        self.xLabel = xLabel
        self.yLabel = yLabel
        self.series = series
    }

    public var title: String { caption.isEmpty ? "\(yLabel) against \(xLabel)" : caption }
    public var summary: String { "Scatter plot of \(yLabel) by \(xLabel): \(series.map(\.label).joined(separator: ", "))" }
    public var height: Int { PlotStyle.height(legendEntries: series.count) }

    public func data() throws -> Table { try LinePlot(xLabel: xLabel, yLabel: yLabel, series: series).data() }

    public func script() throws -> String {
        guard series.contains(where: { $0.points.contains { $0.x.isFinite && $0.y.isFinite } }) else {
            throw StoreError("a scatter plot needs at least one point with finite x and y")
        }
        var lines = PlotStyle.head(xLabel: xLabel, yLabel: yLabel, legendEntries: series.count)
        lines.append(PlotStyle.range("x", series.flatMap { $0.points.map(\.x) }))
        lines.append(PlotStyle.range("y", series.flatMap { $0.points.flatMap { [$0.y, $0.lower ?? $0.y, $0.upper ?? $0.y] } }))
        var curves: [String] = []
        for (index, one) in series.enumerated() {
            let hasIntervals = one.points.contains { $0.lower != nil && $0.upper != nil }
            lines.append("$points\(index) << EOD")
            for point in one.points {
                lines.append([point.x, point.y, point.lower ?? .nan, point.upper ?? .nan].map(PlotStyle.number).joined(separator: " "))
            }
            lines.append("EOD")
            let style = "pointtype \(PlotStyle.pointType(index)) pointsize 0.6 \(PlotStyle.colour(index))"
            if hasIntervals { curves.append("$points\(index) using 1:2:3:4 with yerrorbars \(style) notitle") }
            curves.append("$points\(index) using 1:2 with points \(style) title \(Gnuplot.quoted(one.label))")
        }
        lines.append("plot " + curves.joined(separator: ", \\\n  "))
        return lines.joined(separator: "\n") + "\n"
    }
}
