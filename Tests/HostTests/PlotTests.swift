import Foundation
import Testing
@testable import Host

@Suite struct PlotTests {
    private static let hostile = "it's \"x\" `touch pwned` $(touch pwned) @a {b}_c\\n\n; system 'touch pwned'"

    private static func plots() throws -> [any Plot] {
        let series = [LinePlot.Series(hostile, [.init(1, 2, lower: 1, upper: 3), .init(2, 1)]), LinePlot.Series("b", [.init(1, 1), .init(.nan, 4)])]
        return [
            LinePlot(caption: hostile, xLabel: hostile, yLabel: hostile, series: series), ScatterPlot(caption: hostile, xLabel: hostile, yLabel: hostile, series: series),
            BarPlot(yLabel: hostile, groups: [hostile, "g"], series: [.init(hostile, [Estimate(mean: 1, lower: 0.5, upper: 2), nil]), .init("b", [nil, Estimate(mean: -1)])]),
            try HistogramPlot(xLabel: hostile, values: [1, 1, 2, .infinity], bins: 4),
            HeatMap(xLabel: hostile, values: [[1, 2], [.nan, 4]], columnLabels: [hostile, "c"], rowLabels: ["r", "s"]),
        ]
    }

    @Test func `each kind of plot is drawn in each format, the same bytes each time, and labels stay labels`() throws {
        for plot in try Self.plots() {
            for format in Gnuplot.Format.allCases {
                let drawn = try plot.drawn(format)
                #expect(try plot.drawn(format) == drawn, "\(plot.title) as \(format)")
                let start: [UInt8] = format == .png ? [0x89, 0x50, 0x4E, 0x47] : Array((format == .pdf ? "%PDF" : "<?xml").utf8)
                #expect(drawn.starts(with: start))
            }
            let words = try plot.svg().replacing(#/<[^>]*>/#, with: "")
            #expect(words.contains("touch pwned") || plot is HeatMap, "\(plot.title)")
            // In quotes of gnuplot nothing is special but the quote itself.
            for line in try plot.script().split(separator: "\n") where line.contains("pwned") { #expect(line.contains("'it''s \"x\" `touch pwned`")) }
        }
    }

    @Test func `a histogram counts every finite number once and keeps the edges`() throws {
        let plot = try HistogramPlot(xLabel: "x", values: [0, 0.5, 1, 2, 4, .nan], bins: 4)
        #expect(plot.counts == [2, 1, 1, 1] && plot.low == 0 && plot.width == 1)
        #expect(try HistogramPlot(xLabel: "x", values: [3, 3], bins: 5).counts == [0, 0, 2, 0, 0])
        #expect(throws: StoreError.self) { try HistogramPlot(xLabel: "x", values: [.nan], bins: 5) }
        #expect(try plot.data().csv().hasPrefix("from,to,count\n0.0,1.0,2\n"))
    }

    @Test func `bars begin at zero and what does not fit is told`() throws {
        let bars = BarPlot(yLabel: "y", groups: ["a"], series: [.init("s", [Estimate(mean: 0.9)])])
        #expect(try bars.script().contains("set yrange [0.0:") || bars.script().contains("set yrange [0:"))
        #expect(throws: StoreError.self) { try BarPlot(yLabel: "y", groups: ["a"], series: [.init("s", [])]).script() }
        #expect(throws: StoreError.self) { try HeatMap(values: [[1, 2], [1]]).script() }
        #expect(throws: StoreError.self) { try HeatMap(values: [[1, 2]], columnLabels: ["a"]).script() }
        #expect(throws: StoreError.self) { try ScatterPlot(xLabel: "x", yLabel: "y", series: []).script() }
    }
}
