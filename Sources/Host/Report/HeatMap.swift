/// A matrix as colours, with a scale beside it.
public struct HeatMap: Plot {
    public var caption: String
    public var xLabel: String
    public var yLabel: String
    /// Row by row from the top; NaN leaves a place empty.
    public var values: [[Double]]
    /// Below the columns; empty numbers them from 1.
    public var columnLabels: [String]
    /// Left of the rows; empty numbers them from 1.
    public var rowLabels: [String]

    public init(caption: String = "", xLabel: String = "", yLabel: String = "", values: [[Double]], columnLabels: [String] = [], rowLabels: [String] = []) {
        self.caption = caption
        self.xLabel = xLabel
        self.yLabel = yLabel
        self.values = values
        self.columnLabels = columnLabels
        self.rowLabels = rowLabels
    }

    public var title: String { caption.isEmpty ? "Heat map of \(values.count) x \(values.first?.count ?? 0) numbers" : caption }
    public var summary: String { "Heat map of \(values.count) x \(values.first?.count ?? 0) numbers" }
    public var height: Int { 480 }
    /// More cells than these get no numbers of their own.
    private static let mostNumbers = 150

    public func data() throws -> Table {
        let columns = columnLabels.isEmpty ? (values.first ?? []).indices.map { "\($0 + 1)" } : columnLabels
        var table = try Table(columns: [Table.Column("row")] + columns.map { Table.Column($0) })
        for (index, row) in values.enumerated() { try table.add([.text(rowLabels.isEmpty ? "\(index + 1)" : rowLabels[index])] + row.map { .number($0) }) }
        return table
    }

    public func script() throws -> String {
        let columns = values.first?.count ?? 0
        guard columns > 0 else { throw StoreError("a heat map needs at least one row with one number") }
        for (index, row) in values.enumerated() where row.count != columns {
            throw StoreError("row \(index + 1) of a heat map has \(row.count) numbers, the first has \(columns)")
        }
        for (labels, count, name) in [(columnLabels, columns, "column"), (rowLabels, values.count, "row")] where !labels.isEmpty && labels.count != count {
            throw StoreError("a heat map has \(count) \(name)s, but \(labels.count) \(name) labels")
        }
        let finite = values.joined().filter(\.isFinite)
        guard let low = finite.min(), let high = finite.max() else { throw StoreError("a heat map needs at least one finite number") }
        var lines = PlotStyle.head(xLabel: xLabel, yLabel: yLabel, legendEntries: 1, hasGrid: false)
        // From light to dark in one direction of brightness (after ColorBrewer's YlGnBu): it reads in grey too.
        lines.append("set palette defined (0 '#ffffd9', 1 '#c7e9b4', 2 '#7fcdbb', 3 '#41b6c4', 4 '#1d91c0', 5 '#225ea8', 6 '#0c2c84')")
        lines.append("set cbrange [\(low):\(high > low ? high : low + 1)]")
        lines.append("set xrange [-0.5:\(Double(columns) - 0.5)]")
        lines.append("set yrange [\(Double(values.count) - 0.5):-0.5]")
        func tics(_ labels: [String], _ count: Int) -> String {
            let step = labels.isEmpty ? max(1, count / 16) : 1
            return stride(from: 0, to: count, by: step).map { "\(Gnuplot.quoted(labels.isEmpty ? "\($0 + 1)" : labels[$0])) \($0)" }.joined(separator: ", ")
        }
        lines.append("set xtics \(columnLabels.map(DisplayWidth.of).reduce(0, +) > 60 ? "rotate by 30 right " : "")(\(tics(columnLabels, columns)))")
        lines.append("set ytics (\(tics(rowLabels, values.count)))")
        // A cell that is not there leaves its place empty; left out of the data it would shift the others.
        lines.append("set datafile missing")
        lines.append("$cells << EOD")
        for (row, numbers) in values.enumerated() {
            for (column, number) in numbers.enumerated() { lines.append("\(column) \(row) \(PlotStyle.number(number))") }
            lines.append("")
        }
        lines.append("EOD")
        var layers = ["$cells using 1:2:3 with image notitle"]
        if values.count * columns <= Self.mostNumbers {
            for (index, isDark) in [false, true].enumerated() {
                lines.append("$numbers\(index) << EOD")
                for (row, numbers) in values.enumerated() {
                    for (column, number) in numbers.enumerated() where number.isFinite && (high > low && (number - low) / (high - low) > 0.55) == isDark {
                        lines.append("\(column) \(row) \"\(Decimals.text(number, digits: 3))\"")
                    }
                }
                if lines.last?.hasSuffix("EOD") == true { lines.append("-9 -9 \"\"") }
                lines.append("EOD")
                layers.append("$numbers\(index) using 1:2:3 with labels textcolor rgb '\(isDark ? "#fefefe" : "#1a1a1a")' notitle")
            }
        }
        lines.append("plot " + layers.joined(separator: ", \\\n  "))
        return lines.joined(separator: "\n") + "\n"
    }
}
