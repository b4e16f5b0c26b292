import Foundation
#if canImport(FoundationXML)
import FoundationXML
#endif
import Testing
@testable import Host

/// Whether plots can be drawn here.
let hasGnuplot = (try? Gnuplot.find()) != nil

/// A report with every kind of block.
func sampleReport() throws -> Report {
    let swatch = try Folder.contents(Folder.parent(of: Folder.parent(of: #filePath)) + "/Golden/report/swatch.png")
    var report = Report(title: "Guidance & accuracy <Figure 2>", subtitle: "preset laptop, seeds 1 to 3, Loam 0.1.0")
    report.add(.paragraph("How far a guidance scale w helps an encoder that is trained on generated images only. Higher guidance gives pictures that follow the caption, and fewer kinds of them."))
    report.add(.heading("Results", level: 2))
    report.add(.table(try sampleTable()))
    if hasGnuplot {
        var plot = LinePlot(
            caption: "Accuracy over guidance, with 95 % intervals.", xLabel: "guidance w", yLabel: "top-1 accuracy (%)", series: [
                .init("StableRep (m = 4)", zip([1.0, 2, 4, 8], [66.1, 71.2, 69.0, 63.3]).map { .init($0, $1, lower: $1 - 1.4, upper: $1 + 1.4) }),
                .init("SimCLR on generated images", zip([1.0, 2, 4, 8], [58.0, 62.2, 61.0, 55.1]).map { .init($0, $1, lower: $1 - 2, upper: $1 + 2) }),
                .init("SimCLR 'real' <b>", zip([1.0, 2, 4, 8], [60.4, 60.4, 60.4, 60.4]).map { .init($0, $1) }),
            ])
        plot.xIsLogarithmic = true
        plot.xTicks = [1, 2, 4, 8]
        plot.reference = (52, "chance")
        report.add(.plot(plot))
        report.add(.plot(LinePlot(caption: "Loss.", xLabel: "step", yLabel: "loss", series: [
            .init("train", (0..<400).map { .init(Double($0), 2 / (1 + Double($0) / 40) + 0.05 * sin(Double($0))) }),
        ])))
    }
    report.add(.heading("Samples", level: 2))
    report.add(.images(ImageGrid(
        caption: "The same seed in every column.", columnLabels: ["w = 1", "w = 2", "w = 4", "w = 8"],
        rowLabels: ["a small red disc left of a blue square", "\"two\" striped <rings>"],
        rows: Array(repeating: Array(repeating: ImageGrid.Cell(png: swatch), count: 4), count: 2), imageWidth: 128)))
    report.add(.heading("How it was made", level: 3))
    report.add(.code("loam run scripts/figure2_guidance.lua --preset laptop\nif a < b && c > d then print(\"<script>\") end"))
    report.add(.details(title: "Parameters and provenance", [
        "preset": "laptop", "seeds": [1, 2, 3], "machine": "Linux 6.1 x86_64, 2 cores", "generator": ["steps": 50, "guidance": [1.0, 2.0, 4.0, 8.0], "sampler": "ddim"],
        "note": "</details><script>alert(1)</script>",
    ]))
    return report
}

@Suite struct ReportDocumentTests {
    @Test func `one file holds everything, loads nothing and runs nothing`() throws {
        let html = try sampleReport().html()
        #expect(!html.contains("<script"))
        #expect(!html.replacing("http://www.w3.org/", with: "").contains("://"))
        #expect(html.matches(of: try Regex(#"\s(?:src|href)=["'](?!data:|#)"#)).isEmpty)
        #expect(html.contains("default-src 'none'; style-src 'unsafe-inline'; img-src data:"))
        #expect(html.contains("<title>Guidance &amp; accuracy &lt;Figure 2&gt;</title>"))
        #expect(html.contains("&quot;two&quot; striped &lt;rings&gt;"))
        #expect(html.contains("&lt;/details&gt;&lt;script&gt;"))
        #expect(html.contains("<b>Table 1.</b>"))
        #expect(html.matches(of: try Regex("data:image/png;base64,")).count == 8)
        #expect(html.contains("class=\"pixels\" width=\"128\" height=\"128\" alt=\"a small red disc left of a blue square, w = 1\""))
        if let path = ProcessInfo.processInfo.environment["LOAM_SAMPLE_REPORT"] { try sampleReport().write(to: path) }
    }

    @Test func `the same report gives the same bytes`() throws {
        #expect(try sampleReport().html() == sampleReport().html())
    }

    @Test func `every element that is opened is closed`() throws {
        let html = try sampleReport().html()
        for tag in ["main", "figure", "table", "tr", "td", "th", "details", "summary", "div", "svg", "p", "h1", "h2", "strong", "figcaption", "pre", "span"] {
            let opened = html.matches(of: try Regex("<\(tag)[ >\n]")).count
            let closed = html.matches(of: try Regex("</\(tag)>")).count
            #expect(opened == closed, "\(tag)")
        }
    }

    @Test(.enabled(if: hasGnuplot)) func `a plot is the same each time, names no program and escapes its labels`() throws {
        var plot = LinePlot(
            caption: "<title>", xLabel: "x 'quoted' & \"double\" `touch /tmp/loam-pwned` @x", yLabel: "$y {^2}_3\nnext",
            series: [.init("<b>&amp;\\n", [.init(1, 1), .init(2, .nan), .init(3, 2)])])
        plot.reference = (1.5, "chance")
        let svg = try plot.svg()
        #expect(try plot.svg() == svg)
        #expect(!svg.contains("GNUPLOT") && !svg.contains("Gnuplot"))
        #expect(svg.contains("<title>&lt;title&gt;</title>"))
        #expect(svg.contains("`touch /tmp/loam-pwned`"))
        #expect(Folder.kind(of: "/tmp/loam-pwned") == .missing)
        #expect(!svg.contains("<b>"))
        // Lines and texts follow the page's colour: no black that vanishes on a dark page.
        #expect(svg.matches(of: try Regex(#"(stroke|fill)=["'](black|rgb\( *0, *0, *0\))"#)).isEmpty)
        #expect(svg.contains("stroke='currentColor' stroke-opacity='0.15'"))
        #expect(XMLParser(data: Data(svg.utf8)).parse())
    }

    @Test func `plots that cannot be drawn say why`() throws {
        func message(_ change: (inout LinePlot) -> Void) -> String {
            var plot = LinePlot(xLabel: "x", yLabel: "y", series: [.init("a", [.init(0, 1), .init(1, -1)])])
            change(&plot)
            do { _ = try plot.script() } catch { return "\(error)" }
            return "no error"
        }
        #expect(message { _ in } == "no error")
        #expect(message { $0.series = [] } == "a plot needs at least one line, got none")
        #expect(message { $0.series[0].points = [.init(.nan, 1)] }.contains("has no point with finite x and y (1 points)"))
        #expect(message { $0.xIsLogarithmic = true }.contains("the x axis is logarithmic, but point 1 of the line \"a\" has x = 0.0; leave"))
        #expect(message { $0.yIsLogarithmic = true }.contains("point 2 of the line \"a\" has y = -1.0"))
        #expect { try Gnuplot.find(path: "/nowhere:/") } throws: { "\($0)".contains("Run `apt-get install gnuplot-nox`") }
    }

    @Test func `a picture that is no PNG is named by its place`() throws {
        let grid = ImageGrid(caption: "samples", rows: [[nil, .init(png: [0xFF, 0xD8, 0xFF, 0xE0])]])
        #expect { _ = try grid.html() } throws: {
            "\($0)" == "image in row 1, column 2 of the grid \"samples\": expected a PNG file's bytes, got 4 bytes that begin with 255 216 255 224"
        }
        #expect { _ = try ImageGrid(columnLabels: ["a"], rows: [[nil, nil]]).html() } throws: { "\($0)".contains("2 columns, but 1 column labels") }
        #expect { _ = try ImageGrid(rows: []).html() } throws: { "\($0)".contains("at least one image") }
    }
}
