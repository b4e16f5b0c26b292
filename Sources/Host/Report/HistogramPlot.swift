/// How often numbers fall into bins of equal width.
public struct HistogramPlot: Plot {
    public var caption: String
    public var xLabel: String
    /// Lower edge of the first bin.
    public let low: Double
    /// Width of each bin.
    public let width: Double
    public let counts: [Int]

    /// Counts finite numbers into `bins` bins between the lowest and the highest; the last bin holds its upper edge too.
    /// - Throws: ``StoreError`` without a finite number.
    public init(caption: String = "", xLabel: String, values: [Double], bins: Int) throws {
        let finite = values.filter(\.isFinite)
        guard let low = finite.min(), let high = finite.max(), bins >= 1 else { throw StoreError("a histogram needs at least one finite number and one bin") }
        let width = high > low ? (high - low) / Double(bins) : 1
        let start = high > low ? low : low - Double(bins) / 2
        var counts = [Int](repeating: 0, count: bins)
        for value in finite { counts[min(bins - 1, max(0, Int((value - start) / width)))] += 1 }
        self.caption = caption
        self.xLabel = xLabel
        self.low = start
        self.width = width
        self.counts = counts
    }

    public var title: String { caption.isEmpty ? "Histogram of \(xLabel)" : caption }
    public var summary: String { "Histogram of \(xLabel): \(counts.reduce(0, +)) numbers in \(counts.count) bins" }
    public var height: Int { PlotStyle.height(legendEntries: 1) }

    public func data() throws -> Table {
        var table = try Table(columns: ["from", "to", "count"].map { Table.Column($0) })
        for (index, count) in counts.enumerated() {
            try table.add([.number(low + Double(index) * width), .number(low + Double(index + 1) * width), .integer(count)])
        }
        return table
    }

    public func script() throws -> String {
        var lines = PlotStyle.head(xLabel: xLabel, yLabel: "count", legendEntries: 1)
        lines.append("set xrange [\(low):\(low + width * Double(counts.count))]")
        lines.append("set yrange [0:\(Double(counts.max() ?? 1) * 1.04)]")
        lines.append("$bins << EOD")
        for (index, count) in counts.enumerated() { lines.append("\(low + (Double(index) + 0.5) * width) \(count)") }
        lines.append("EOD")
        lines.append("plot $bins using 1:2:(\(width)) with \(PlotStyle.boxes(0)) notitle")
        return lines.joined(separator: "\n") + "\n"
    }
}
