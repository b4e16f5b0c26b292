#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A plot of lines over two axes, drawn by gnuplot.
public struct LinePlot: Plot {
    /// One line of a plot.
    public struct Series: Sendable {
        /// Its name in the legend.
        public var label: String
        public var points: [Point]

        public init(_ label: String, _ points: [Point]) {
            self.label = label
            self.points = points
        }
    }

    /// One point; with an interval the line gets a band.
    public struct Point: Equatable, Sendable {
        public var x: Double
        public var y: Double
        public var lower: Double?
        public var upper: Double?

        public init(_ x: Double, _ y: Double, lower: Double? = nil, upper: Double? = nil) {
            self.x = x
            self.y = y
            self.lower = lower
            self.upper = upper
        }
    }

    /// What stands below the plot.
    public var caption: String
    public var xLabel: String
    public var yLabel: String
    public var series: [Series]
    /// Whether the axis is logarithmic; points at or below zero are then a fault.
    public var xIsLogarithmic = false
    public var yIsLogarithmic = false
    /// Where the x axis has its marks, such as at the values of a sweep; nil leaves it to gnuplot.
    public var xTicks: [Double]?
    /// A dashed horizontal line, such as chance level.
    public var reference: (y: Double, label: String)?

    public init(caption: String = "", xLabel: String, yLabel: String, series: [Series]) {
        self.caption = caption
        self.xLabel = xLabel
        self.yLabel = yLabel
        self.series = series
    }

    // Each line of the legend takes from the height of the plot proper; two entries share one.
    public var height: Int { PlotStyle.height(legendEntries: legendEntries) }
    public var title: String { caption.isEmpty ? "\(yLabel) over \(xLabel)" : caption }
    public var summary: String { "Plot of \(yLabel) by \(xLabel): \(series.map(\.label).joined(separator: ", "))" }

    /// The numbers of the plot as a table, one row for each point.
    public func data() throws -> Table {
        let hasInterval = series.contains { $0.points.contains { $0.lower != nil && $0.upper != nil } }
        let titles = ["line", xLabel.isEmpty ? "x" : xLabel, yLabel.isEmpty ? "y" : yLabel]
        var table = try Table(columns: (Set(titles).count == 3 ? titles : ["line", "x", "y"]).map { Table.Column($0) })
        for line in series {
            for point in line.points {
                let y: Table.Cell = hasInterval ? .estimate(Estimate(mean: point.y, lower: point.lower, upper: point.upper)) : .number(point.y)
                try table.add([.text(line.label), .number(point.x), y])
            }
        }
        return table
    }

    private static let mostPointsWithSymbols = 60

    public func script() throws -> String {
        try check()
        var lines = PlotStyle.head(xLabel: xLabel, yLabel: yLabel, legendEntries: legendEntries) + [xRange()]
        if xIsLogarithmic { lines.append("set logscale x") }
        if yIsLogarithmic { lines.append("set logscale y") }
        lines.append("set format '%g'")
        if let xTicks { lines.append("set xtics (" + xTicks.map { "\($0)" }.joined(separator: ", ") + ")") }
        var bands: [String] = []
        var curves: [String] = []
        for (index, line) in series.enumerated() {
            lines.append("$line\(index) << EOD")
            for point in line.points.sorted(by: { $0.x < $1.x }) where point.x.isFinite {
                let hasBand = point.lower?.isFinite == true && point.upper?.isFinite == true
                lines.append([point.x, point.y, hasBand ? point.lower! : .nan, hasBand ? point.upper! : .nan]
                    .map { $0.isFinite ? "\($0)" : "NaN" }.joined(separator: " "))
            }
            lines.append("EOD")
            let colour = PlotStyle.colour(index)
            if line.points.contains(where: { $0.lower != nil && $0.upper != nil }) {
                bands.append("$line\(index) using 1:3:4 with filledcurves \(colour) fillstyle transparent solid 0.18 noborder notitle")
            }
            let dashes = index >= PlotStyle.colours.count ? "dashtype 2 " : ""
            let style = line.points.count <= Self.mostPointsWithSymbols
                ? "linespoints pointtype \(PlotStyle.pointType(index)) pointsize 0.7 linewidth 2 " : "lines linewidth 2 "
            curves.append("$line\(index) using 1:2 with \(style)\(dashes)\(colour) title \(Gnuplot.quoted(line.label))")
        }
        if let reference {
            curves.append("\(reference.y) with lines dashtype 3 linewidth 1.5 linecolor rgb 'black' title \(Gnuplot.quoted(reference.label))")
        }
        lines.append("plot " + (bands + curves).joined(separator: ", \\\n  "))
        return lines.joined(separator: "\n") + "\n"
    }

    private var legendEntries: Int { series.count + (reference == nil ? 0 : 1) }

    /// The range of the x axis: the data's, and 2 % more at both ends so that no point lies on the frame.
    private func xRange() -> String {
        let values = series.flatMap { $0.points.map(\.x) }.filter(\.isFinite) + (xTicks ?? [])
        guard let low = values.min(), let high = values.max() else { return "set autoscale x" }
        if xIsLogarithmic {
            let factor = low == high ? 2 : pow(high / low, 0.02)
            return "set xrange [\(low / factor):\(high * factor)]"
        }
        let margin = low == high ? max(1, abs(low) * 0.1) : (high - low) * 0.02
        return "set xrange [\(low - margin):\(high + margin)]"
    }

    private func check() throws {
        guard !series.isEmpty else { throw StoreError("a plot needs at least one line, got none") }
        for line in series {
            guard line.points.contains(where: { $0.x.isFinite && $0.y.isFinite }) else {
                throw StoreError("the line \"\(line.label)\" of a plot has no point with finite x and y (\(line.points.count) points)")
            }
            for (index, point) in line.points.enumerated() {
                for (isLogarithmic, name, value) in [(xIsLogarithmic, "x", point.x), (yIsLogarithmic, "y", point.y)] where isLogarithmic && value <= 0 {
                    throw StoreError("the \(name) axis is logarithmic, but point \(index + 1) of the line \"\(line.label)\" has \(name) = \(value); "
                        + "leave such points out or use a linear axis")
                }
            }
        }
        for tick in xTicks ?? [] where !tick.isFinite || (xIsLogarithmic && tick <= 0) {
            throw StoreError("a plot cannot have a mark at x = \(tick)")
        }
        if let reference, !reference.y.isFinite || (yIsLogarithmic && reference.y <= 0) {
            throw StoreError("a plot cannot have a reference line at y = \(reference.y)")
        }
    }
}
