/// A drawing that gnuplot makes of numbers.
public protocol Plot: Sendable {
    /// What stands below it.
    var caption: String { get set }
    /// Its accessible name.
    var title: String { get }
    /// One line for a terminal.
    var summary: String { get }
    /// Of the drawing, whose width is 640.
    var height: Int { get }
    /// The program for gnuplot, with the data inside.
    /// - Throws: ``StoreError`` when there is nothing to draw.
    func script() throws -> String
    /// The numbers of the plot as a table.
    func data() throws -> Table
}

extension Plot {
    /// Draws the plot.
    /// - Returns: an SVG document, the same bytes for the same plot (and version of gnuplot); it holds no date and no name of a machine.
    /// - Throws: ``StoreError`` when gnuplot is missing or there is nothing to draw.
    public func svg() throws -> String { try Gnuplot.svg(script: script(), height: height, title: title) }

    /// Draws the plot as a file of some format.
    public func drawn(_ format: Gnuplot.Format) throws -> [UInt8] {
        format == .svg ? Array(try svg().utf8) : try Gnuplot.draw(script: script(), height: height, title: title, format: format)
    }
}

/// What all plots look like.
enum PlotStyle {
    // The colours of Okabe and Ito, which colour-blind readers tell apart, without yellow, which is too pale for lines on white.
    static let colours = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#7f7f7f", "#8c6d31"]
    /// Distinct without colour too: each series has its own point.
    private static let pointTypes = [7, 5, 9, 13, 11, 6, 4, 8]
    /// Patterns for areas: distinct in print without colour.
    private static let patterns = [4, 5, 1, 6, 7, 2]

    static func colour(_ index: Int) -> String { "linecolor rgb '\(colours[index % colours.count])'" }
    static func pointType(_ index: Int) -> Int { pointTypes[index % pointTypes.count] }
    /// The first series is solid; the others are hatched.
    static func boxes(_ index: Int) -> String {
        "boxes \(colour(index)) linewidth 1 fillstyle \(index == 0 ? "solid 0.75" : "pattern \(patterns[(index - 1) % patterns.count])") border -1"
    }

    static func height(legendEntries: Int) -> Int { 400 + (legendEntries > 1 ? 12 * legendEntries : 0) }

    static func head(xLabel: String, yLabel: String, legendEntries: Int, hasGrid: Bool = true) -> [String] {
        [
            "set encoding utf8",
            "set border 3 linewidth 1",
            "set tics nomirror scale 0.6",
            // Found again in the drawing and made a faint version of the text's colour.
            hasGrid ? "set grid linetype 1 linewidth 1 linecolor rgb '\(Gnuplot.gridColour)'" : "unset grid",
            "set xlabel \(Gnuplot.quoted(xLabel))",
            "set ylabel \(Gnuplot.quoted(yLabel))",
            "set datafile missing 'NaN'",
            legendEntries > 1 ? "set key outside above left horizontal Left reverse samplen 2 width 1" : "set key off",
        ]
    }

    static func number(_ value: Double) -> String { value.isFinite ? "\(value)" : "NaN" }

    /// A range around finite numbers with a margin of 4 % of it on both sides.
    static func range(_ axis: String, _ values: [Double]) -> String {
        let finite = values.filter(\.isFinite)
        guard let low = finite.min(), let high = finite.max() else { return "set autoscale \(axis)" }
        let margin = low == high ? max(1, abs(low) * 0.1) : (high - low) * 0.04
        return "set \(axis)range [\(low - margin):\(high + margin)]"
    }
}
