/// Bars over named groups, with intervals where they are known.
public struct BarPlot: Plot {
    /// Bars of one colour, one for each group.
    public struct Series: Sendable {
        public var label: String
        /// nil leaves a group's place empty.
        public var bars: [Estimate?]

        public init(_ label: String, _ bars: [Estimate?]) {
            self.label = label
            self.bars = bars
        }
    }

    public var caption: String
    public var yLabel: String
    public var groups: [String]
    public var series: [Series]

    public init(caption: String = "", yLabel: String, groups: [String], series: [Series]) {
        self.caption = caption
        self.yLabel = yLabel
        self.groups = groups
        self.series = series
    }

    public var title: String { caption.isEmpty ? "\(yLabel) of \(groups.joined(separator: ", "))" : caption }
    public var summary: String { "Bar plot of \(yLabel): \(groups.joined(separator: ", "))" }
    public var height: Int { PlotStyle.height(legendEntries: series.count) }

    public func data() throws -> Table {
        var table = try Table(columns: ["group", "series", yLabel.isEmpty || ["group", "series"].contains(yLabel) ? "value" : yLabel].map { Table.Column($0) })
        for (index, group) in groups.enumerated() {
            for one in series { try table.add([.text(group), .text(one.label), one.bars[index].map { .estimate($0) } ?? .missing]) }
        }
        return table
    }

    public func script() throws -> String {
        guard !groups.isEmpty, !series.isEmpty else { throw StoreError("a bar plot needs at least one group and one series") }
        for one in series where one.bars.count != groups.count {
            throw StoreError("the series \"\(one.label)\" of a bar plot has \(one.bars.count) bars for \(groups.count) groups")
        }
        let bars = series.flatMap(\.bars).compactMap { $0 }.filter { $0.mean.isFinite }
        guard !bars.isEmpty else { throw StoreError("a bar plot needs at least one finite number") }
        var lines = PlotStyle.head(xLabel: "", yLabel: yLabel, legendEntries: series.count)
        // Bars begin at zero: a cut axis would exaggerate differences.
        let low = min(0, bars.map { $0.lower ?? $0.mean }.min() ?? 0), high = max(0, bars.map { $0.upper ?? $0.mean }.max() ?? 0)
        let margin = high == low ? 1 : (high - low) * 0.04
        lines.append("set yrange [\(low < 0 ? low - margin : 0):\(high > 0 ? high + margin : 0)]")
        lines.append("set xrange [-0.6:\(Double(groups.count) - 0.4)]")
        // Without this a point of no size would still cut a hole into the line.
        lines.append("set pointintervalbox 0")
        lines.append("unset grid")
        lines.append("set grid ytics linetype 1 linewidth 1 linecolor rgb '\(Gnuplot.gridColour)'")
        let rotation = groups.map(DisplayWidth.of).reduce(0, +) > 70 ? "rotate by 30 right " : ""
        lines.append("set xtics \(rotation)(" + groups.enumerated().map { "\(Gnuplot.quoted($1)) \($0)" }.joined(separator: ", ") + ")")
        let width = 0.8 / Double(series.count)
        var curves: [String] = []
        for (index, one) in series.enumerated() {
            lines.append("$bars\(index) << EOD")
            for (group, bar) in one.bars.enumerated() {
                let x = Double(group) + (Double(index) + 0.5) * width - 0.4
                lines.append([x, bar?.mean ?? .nan, bar?.lower ?? .nan, bar?.upper ?? .nan].map(PlotStyle.number).joined(separator: " "))
            }
            lines.append("EOD")
            let title = Gnuplot.quoted(one.label)
            curves.append("$bars\(index) using 1:2:(\(width * 0.92)) with \(PlotStyle.boxes(index)) title \(title)")
            if one.bars.contains(where: { $0?.lower != nil }) {
                curves.append("$bars\(index) using 1:2:3:4 with yerrorbars pointtype 7 pointsize 0 linewidth 1.5 linecolor rgb 'black' notitle")
            }
        }
        lines.append("plot " + curves.joined(separator: ", \\\n  "))
        return lines.joined(separator: "\n") + "\n"
    }
}
