import Foundation
import RegexBuilder

/// The program gnuplot, which draws the plots.
public enum Gnuplot {
    /// The path of the program; the folders of `PATH` are searched.
    /// - Throws: ``StoreError`` saying how to install it. Called before a long run it saves a surprise after it.
    @discardableResult
    public static func find(path: String? = ProcessInfo.processInfo.environment["PATH"]) throws -> String {
        try ExternalProgram("gnuplot", purpose: "plots need", package: "gnuplot-nox", path: path).path
    }

    /// A colour that no plot uses, for the grid: it is replaced by a faint version of the text's colour.
    static let gridColour = "#010203"
    private static let gridPaint = "rgb(  1,   2,   3)"

    /// Text as a gnuplot string. In single quotes nothing is special but the quote itself.
    static func quoted(_ text: String) -> String {
        "'" + DisplayWidth.oneLine(text).replacing("'", with: "''") + "'"
    }

    /// A file format for drawings.
    public enum Format: String, CaseIterable, Sendable {
        case svg, png, pdf

        /// The width on the page is the same in all; PNG has three pixels for each of the page's so that it stays sharp in print.
        fileprivate func terminal(height: Int) -> String {
            switch self {
            case .svg: return "svg size 640,\(height) dynamic noenhanced font 'sans-serif,15' linewidth 1 rounded"
            case .png: return "pngcairo size 1920,\(3 * height) noenhanced font 'sans-serif,11' fontscale 3 linewidth 3 pointscale 3 rounded"
            case .pdf: return "pdfcairo size 6.4in,\(Double(height) / 100)in noenhanced font 'sans-serif,11' linewidth 1 rounded"
            }
        }
    }

    /// Runs a program and returns the drawing as SVG, its colours made to follow those of the page.
    /// - Parameters:
    ///   - script: without terminal and output.
    ///   - height: of the drawing, whose width is 640.
    ///   - title: the drawing's accessible name.
    static func svg(script: String, height: Int, title: String) throws -> String {
        themed(String(decoding: try draw(script: script, height: height, title: title, format: .svg), as: UTF8.self), title: title)
    }

    /// Runs a program and returns the drawing as a file's bytes.
    static func draw(script: String, height: Int, title: String, format: Format) throws -> [UInt8] {
        let program = try ExternalProgram("gnuplot", purpose: "plots need", package: "gnuplot-nox")
        return try ExternalProgram.inTemporaryFolder { folder in
            let head = "set terminal \(format.terminal(height: height))\nset output 'plot'\n"
            // Only SVG can follow the page's colours.
            let script = format == .svg ? script : script.replacing(gridColour, with: "#d8d8d8")
            try AtomicFile.write(head + script + "set output\n", to: folder + "/plot.gp")
            // Nothing of the user's own settings may change the drawing.
            let run = try program.run(["-d", "plot.gp"], in: folder, environment: ["LC_ALL": "C"])
            let drawn = (try? Folder.contents(folder + "/plot")) ?? []
            let isWhole = format == .svg ? String(decoding: drawn, as: UTF8.self).contains("</svg>") : drawn.count > 64
            guard run.status == 0, isWhole else {
                throw StoreError("gnuplot could not draw the plot \"\(title)\" (status \(run.status)): \(run.messages.isEmpty ? "no message" : run.messages)")
            }
            return format == .pdf ? withoutDate(drawn) : drawn
        }
    }

    /// A PDF file with a fixed date of creation in place of the real one, digit for digit, so that no offset in it moves.
    private static func withoutDate(_ file: [UInt8]) -> [UInt8] {
        var file = file
        let mark = Array("/CreationDate (D:".utf8)
        guard let start = file.indices.first(where: { file[$0...].starts(with: mark) }) else { return file }
        for (offset, digit) in "20000101000000".utf8.enumerated() where (48...57).contains(file[start + mark.count + offset]) { file[start + mark.count + offset] = digit }
        return file
    }

    /// gnuplot spells black in several ways, by what asked for it.
    private static var blackPaint: some RegexComponent<(Substring, Substring)> {
        Regex {
            Capture { ChoiceOf { "stroke"; "fill" } }
            "="
            CharacterClass.anyOf("\"'")
            ChoiceOf {
                "black"
                Regex { "rgb("; ZeroOrMore(" "); "0,"; ZeroOrMore(" "); "0,"; ZeroOrMore(" "); "0)" }
            }
            CharacterClass.anyOf("\"'")
        }
    }

    private static func themed(_ drawing: String, title: String) -> String {
        var lines: [String] = []
        for line in drawing.split(separator: "\n", omittingEmptySubsequences: false) {
            // The version of gnuplot, and a title that says only "Gnuplot".
            if line.hasPrefix("<desc>") { continue }
            lines.append(line.hasPrefix("<title>") && lines.count < 20 ? "<title>\(HTML.escape(title))</title>" : String(line))
        }
        return lines.joined(separator: "\n")
            .replacing("stroke='\(gridPaint)'", with: "stroke='currentColor' stroke-opacity='0.15'")
            .replacing("color=\"\(gridPaint)\"", with: "")
            .replacing("color=\"black\"", with: "")
            .replacing(blackPaint) { "\($0.output.1)='currentColor'" }
    }

    /// A drawing for use inside a page: without XML declaration, and with names that no other drawing on the page has.
    static func inline(_ svg: String, prefix: String) -> String {
        guard let start = svg.range(of: "<svg") else { return "" }
        return String(svg[start.lowerBound...])
            .replacing("id='", with: "id='\(prefix)").replacing("id=\"", with: "id=\"\(prefix)")
            .replacing("href='#", with: "href='#\(prefix)").replacing("url(#", with: "url(#\(prefix)")
    }
}
