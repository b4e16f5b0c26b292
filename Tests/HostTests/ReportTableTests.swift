import Foundation
import Testing
@testable import Host

/// A table with every kind of cell.
func sampleTable() throws -> Table {
    var table = try Table(caption: "Linear probe, top-1 accuracy (%)", columns: [
        .init("method"), .init("images", decimals: 0), .init("paper", decimals: 1), .init("ours", decimals: 1, best: .highest),
        .init("loss", best: .lowest),
    ])
    try table.add([.text("SimCLR, real"), .integer(2000), .number(60.4), .estimate(Estimate(mean: 61.25, lower: 60.05, upper: 62.45, count: 3)), .number(0.51234)])
    try table.add([.text("StableRep 日本"), .integer(64000), .missing, .estimate(Estimate(mean: 72.04, lower: 61.9, upper: 82.18, count: 3)), .number(0.0000123)])
    try table.add([.text("a | b & <c>_d"), .integer(5), .number(.nan), .estimate(Estimate(mean: 9.96, count: 1)), .number(12)])
    table.notes = ["Interval: 95 %, 3 seeds."]
    return table
}

@Suite struct ReportTableTests {
    @Test func `the terminal form is aligned by columns, wide characters included`() throws {
        #expect(try sampleTable().terminalText() == """
            Linear probe, top-1 accuracy (%)
            method          images  paper         ours      loss
            ──────────────  ──────  ─────  ───────────  ────────
            SimCLR, real      2000   60.4  61.2 ±  1.2    0.5123
            StableRep 日本   64000      –  72.0 ± 10.1  1.23e-05
            a | b & <c>_d        5    nan  10.0               12
            Interval: 95 %, 3 seeds.

            """)
    }

    @Test func `a narrow terminal cuts the text columns only`() throws {
        let lines = try sampleTable().terminalText(width: 46).split(separator: "\n")
        #expect(lines[3] == "SimCLR,…    2000   60.4  61.2 ±  1.2    0.5123")
        #expect(lines[4] == "StableR…   64000      –  72.0 ± 10.1  1.23e-05")
    }

    @Test func `the best cells are bold, control characters harmless`() throws {
        #expect(try sampleTable().terminalText(styled: true).contains("\u{1B}[1m72.0 ± 10.1\u{1B}[0m"))
        #expect(try sampleTable().terminalText(styled: true).contains("\u{1B}[1m1.23e-05\u{1B}[0m"))
        var table = try Table(columns: [.init("x")])
        try table.add([.text("a\u{1B}[2Jb\nc\u{9B}1m")])
        #expect(table.terminalText() == "x\n─────────\na [2Jb c 1m\n".replacing("─────────", with: String(repeating: "─", count: 11)))
    }

    @Test func `CSV has full precision and quotes what needs it`() throws {
        #expect(try sampleTable().csv() == """
            method,images,paper,ours,ours lower,ours upper,loss
            "SimCLR, real",2000,60.4,61.25,60.05,62.45,0.51234
            StableRep 日本,64000,,72.04,61.9,82.18,1.23e-05
            a | b & <c>_d,5,,9.96,,,12.0

            """)
        #expect(CSV.text([["a\"b", "c\nd", " e", ""]]) == "\"a\"\"b\",\"c\nd\",\" e\",\n")
    }

    @Test func `Markdown escapes, aligns and marks the best`() throws {
        #expect(try sampleTable().markdown() == """
            | method | images | paper | ours | loss |
            |:---|---:|---:|---:|---:|
            | SimCLR, real | 2000 | 60.4 | 61.2 ± 1.2 | 0.5123 |
            | StableRep 日本 | 64000 | – | **72.0 ± 10.1** | **1.23e-05** |
            | a \\| b & \\<c\\>\\_d | 5 | nan | 10.0 | 12 |

            : Linear probe, top-1 accuracy (%)

            Interval: 95 %, 3 seeds.

            """)
    }

    @Test func `LaTeX escapes its special characters`() throws {
        let text = try sampleTable().latex()
        #expect(text.contains("\\begin{tabular}{lrrrr}\n\\toprule\nmethod & images"))
        #expect(text.contains("a | b \\& $<$c$>$\\_d & 5 & nan & 10.0 & 12 \\\\"))
        #expect(text.contains("\\textbf{72.0 $\\pm$ 10.1}"))
        #expect(text.contains("\\caption{Linear probe, top-1 accuracy (\\%)}"))
    }

    @Test func `JSON is read by others and keeps the estimates`() throws {
        let object = try JSONSerialization.jsonObject(with: Data(sampleTable().json().utf8)) as? [String: Any]
        let rows = object?["rows"] as? [[String: Any]]
        #expect(rows?.count == 3)
        #expect((rows?[1]["ours"] as? [String: Any])?["upper"] as? Double == 82.18)
        #expect(rows?[1]["paper"] is NSNull)
        #expect(object?["columns"] as? [String] == ["method", "images", "paper", "ours", "loss"])
    }

    @Test func `HTML escapes every text`() throws {
        let html = try sampleTable().html(label: "Table 1")
        #expect(html.contains("<td>a | b &amp; &lt;c&gt;_d</td>"))
        #expect(html.contains("<td class=\"number\"><strong>72.0</strong> <span class=\"interval\">± 10.1</span></td>"))
        #expect(html.contains("<figcaption><b>Table 1.</b> Linear probe"))
        #expect(HTML.escape("<a href='x' b=\"&\">\u{1}\u{7F}") == "&lt;a href=&#39;x&#39; b=&quot;&amp;&quot;&gt;\u{FFFD}\u{FFFD}")
    }

    @Test func `wrong rows and columns are refused`() throws {
        var table = try sampleTable()
        #expect { try table.add([.missing]) } throws: {
            "\($0)".hasPrefix("row 4 of the table has 1 cells, but the table has 5 columns (method, images, paper, ours, loss)")
        }
        #expect { _ = try Table(columns: [.init("a"), .init("a")]) } throws: { "\($0)".contains("two columns \"a\"") }
        #expect { _ = try Table(columns: []) } throws: { "\($0)".contains("at least one column") }
    }

    @Test func `unequal ends are printed in brackets`() throws {
        var table = try Table(columns: [.init("p", decimals: 2)])
        try table.add([.estimate(Estimate(mean: 0.5, lower: 0.3, upper: 0.6))])
        #expect(table.markdown().contains("| 0.50 \\[0.30, 0.60\\] |"))
    }

    @Test func `means and intervals equal scipy's`() throws {
        guard case .list(let cases) = try StoreValue(json: Golden.text("report/interval.json")) else { return }
        #expect(cases.count == 7)
        for item in cases {
            guard case .list(let samples)? = item["samples"] else { continue }
            let estimate = try Estimate(samples: samples.compactMap(\.number))
            for (ours, name) in [(estimate.mean, "mean"), (estimate.lower ?? 0, "lower"), (estimate.upper ?? 0, "upper")] {
                let expected = item[name]?.number ?? .nan
                #expect(abs(ours - expected) <= 1e-11 * abs(expected), "\(samples.count) samples, \(name)")
            }
        }
        #expect(try Estimate(samples: [3]) == Estimate(mean: 3, count: 1))
        #expect { _ = try Estimate(samples: []) } throws: { "\($0)".contains("at least one sample") }
        // scipy.stats.t.ppf(0.975, [1, 2, 9999, 20000])
        for (degrees, quantile) in [(1, 12.706204736174694), (2, 4.302652729749462), (9999, 1.960201263621357), (20000, 1.9600826051581348)] {
            #expect(abs(Estimate.tQuantile(degrees: degrees) - quantile) < 1e-8, "\(degrees)")
        }
    }

    @Test func `columns of texts equal those of wcwidth`() throws {
        guard case .list(let cases) = try StoreValue(json: Golden.text("report/width.json")) else { return }
        #expect(cases.count > 15)
        for item in cases { #expect(DisplayWidth.of(item[0]?.text ?? "?") == item[1]?.integer, "\(item[0]?.text ?? "")") }
        #expect(DisplayWidth.cut("日本語です", to: 6) == "日本…")
        #expect(DisplayWidth.cut("plain", to: 5) == "plain")
    }

    @Test(arguments: [(1.005, 2, "1.00"), (0.5, 0, "0"), (1.5, 0, "2"), (-0.001, 2, "0.00"), (-0.5, 1, "-0.5"), (.nan, 1, "nan"), (-.infinity, 1, "-inf")])
    func `decimals are rounded as printf does`(number: Double, places: Int, text: String) {
        #expect(Decimals.text(number, places: places) == text)
    }
}
