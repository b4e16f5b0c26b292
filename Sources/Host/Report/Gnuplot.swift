import Foundation
import RegexBuilder

/// The program gnuplot, which draws the plots.
public enum Gnuplot {
    /// The path of the program; the folders of `PATH` are searched.
    /// - Throws: ``StoreError`` saying how to install it. Called before a long run it saves a surprise after it.
    @discardableResult
    public static func find(path: String? = ProcessInfo.processInfo.environment["PATH"]) throws -> String {
        for folder in (path ?? "/usr/local/bin:/usr/bin").split(separator: ":") {
            let program = "\(folder)/gnuplot"
            if Folder.kind(of: program) == .file, access(program, X_OK) == 0 { return program }
        }
        throw StoreError("plots need the program gnuplot, which is not installed. Run `apt-get install gnuplot-nox`.")
    }

    /// A colour that no plot uses, for the grid: it is replaced by a faint version of the text's colour.
    static let gridColour = "#010203"
    private static let gridPaint = "rgb(  1,   2,   3)"

    /// Text as a gnuplot string. In single quotes nothing is special but the quote itself.
    static func quoted(_ text: String) -> String {
        "'" + DisplayWidth.oneLine(text).replacing("'", with: "''") + "'"
    }

    /// Runs a program and returns the drawing, its colours made to follow those of the page.
    /// - Parameters:
    ///   - script: without terminal and output.
    ///   - height: of the drawing, whose width is 640.
    ///   - title: the drawing's accessible name.
    static func svg(script: String, height: Int, title: String) throws -> String {
        let terminal = "svg size 640,\(height) dynamic noenhanced font 'sans-serif,15' linewidth 1 rounded"
        let drawn = try draw(script: script, terminal: terminal, title: title)
        guard let text = String(validating: drawn, as: UTF8.self), text.contains("</svg>") else {
            throw StoreError("gnuplot could not draw the plot \"\(title)\": what it wrote is no SVG")
        }
        return themed(text, title: title)
    }

    /// Runs a program and returns the drawing as a PNG file on white, with twice as many pixels on a side as the SVG has units.
    static func png(script: String, height: Int, title: String) throws -> [UInt8] {
        let terminal = "pngcairo size \(2 * 640),\(2 * height) noenhanced font 'sans-serif,15' fontscale 2 linewidth 2 pointscale 2 rounded background '#ffffff'"
        return try draw(script: script.replacing(gridColour, with: "#d9d9d9"), terminal: terminal, title: title)
    }

    private static func draw(script: String, terminal: String, title: String) throws -> [UInt8] {
        let program = try find()
        let folder = FileManager.default.temporaryDirectory.path + "/loam-plot-" + UUID().uuidString
        try Folder.create(folder)
        defer { try? Folder.remove(folder) }
        // Files, not pipes: a pipe can fill up, and its end can vanish.
        try AtomicFile.write("set terminal \(terminal)\nset output 'drawing'\n" + script + "set output\n", to: folder + "/plot.gp")
        try AtomicFile.write("", to: folder + "/messages")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = ["-d", "plot.gp"]
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        // Nothing of the user's own settings may change the drawing.
        process.environment = ["PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "HOME": folder]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: folder + "/messages"))
        do { try process.run() } catch { throw StoreError("could not start \(program): \(error.localizedDescription)") }
        process.waitUntilExit()
        let drawn = (try? Folder.contents(folder + "/drawing")) ?? []
        guard process.terminationStatus == 0, !drawn.isEmpty else {
            let said = String(decoding: (try? Folder.contents(folder + "/messages")) ?? [], as: UTF8.self)
            throw StoreError("gnuplot could not draw the plot \"\(title)\" (status \(process.terminationStatus)): \(said.isEmpty ? "no message" : said)")
        }
        return drawn
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
