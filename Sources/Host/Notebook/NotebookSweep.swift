/// A grid of parameter values, over which one notebook is run.
public struct NotebookSweep: Sendable {
    /// The parameters in the order in which they were given, each with its values.
    public let axes: [(name: String, values: [StoreValue])]

    /// More runs than these are taken for a mistake.
    private static let mostRuns = 10_000

    /// - Parameter texts: `name=1,2,3` or `name=1..5` as the command line has them, one for each parameter.
    /// - Throws: ``NotebookError`` for a text without "=", a parameter that comes twice, and a grid that is too large.
    public init(_ texts: [String]) throws {
        var axes: [(name: String, values: [StoreValue])] = []
        for text in texts {
            guard let sign = text.firstIndex(of: "="), sign > text.startIndex, text.index(after: sign) < text.endIndex else {
                throw NotebookError("a sweep is given as --sweep name=1,2,3 or name=1..5, got '\(text)'")
            }
            let name = String(text[..<sign])
            guard !axes.contains(where: { $0.name == name }) else { throw NotebookError("the sweep names the parameter '\(name)' twice; give all its values at once") }
            axes.append((name, try Self.values(String(text[text.index(after: sign)...]), of: name)))
        }
        let count = axes.reduce(1.0) { $0 * Double($1.values.count) }
        guard count <= Double(Self.mostRuns) else { throw NotebookError("the sweep has \(Int(count)) runs; at most \(Self.mostRuns) are made") }
        self.axes = axes
    }

    private static func values(_ text: String, of name: String) throws -> [StoreValue] {
        if let range = text.wholeMatch(of: #/(-?[0-9]+)\.\.(-?[0-9]+)/#) {
            guard let first = Int(range.1), let last = Int(range.2), first <= last, last - first < mostRuns else {
                throw NotebookError("the sweep of '\(name)' takes whole numbers from the smaller to the larger, got '\(text)'")
            }
            return (first...last).map(StoreValue.integer)
        }
        return text.split(separator: ",", omittingEmptySubsequences: false).map { NotebookParameters.value(String($0)) }
    }

    /// One point of the grid for each run; the last parameter changes first.
    var points: [[(name: String, value: StoreValue)]] {
        axes.reduce([[]]) { points, axis in points.flatMap { point in axis.values.map { point + [(axis.name, $0)] } } }
    }

    /// What results of a point are called: "seed-1_w-2.5".
    static func name(of point: [(name: String, value: StoreValue)]) -> String {
        point.map { "\($0.name)-\(text($0.value))" }.joined(separator: "_")
    }

    private static func text(_ value: StoreValue) -> String { value.text ?? value.plainJSON() }

    /// A table with a row for each run: its parameters, the last value of each name that it recorded, and how it ended where not all ended well.
    static func summary(_ runs: [(point: [(name: String, value: StoreValue)], run: NotebookRun)], caption: String) throws -> Table {
        var metrics: [String] = []
        for run in runs { for metric in run.run.metrics where !metrics.contains(metric.name) { metrics.append(metric.name) } }
        let parameters = runs.first?.point.map(\.name) ?? []
        let hasFailures = runs.contains { $0.run.failure != nil }
        // A name that is both a parameter and recorded is told apart.
        let columns = parameters.map { Table.Column($0) } + metrics.map { Table.Column(parameters.contains($0) ? $0 + " (recorded)" : $0, decimals: nil) }
        var table = try Table(caption: caption, columns: columns + (hasFailures ? [Table.Column("ended")] : []))
        for (point, run) in runs {
            let found = metrics.map { name in run.metrics.first { $0.name == name }.map { Table.Cell.number($0.value) } ?? .missing }
            try table.add(point.map { cell($0.value) } + found + (hasFailures ? [.text(run.failure == nil ? "well" : "failed")] : []))
        }
        return table
    }

    private static func cell(_ value: StoreValue) -> Table.Cell {
        switch value {
        case .integer(let integer): return .integer(integer)
        case .number(let number): return .number(number)
        default: return .text(text(value))
        }
    }
}

extension NotebookBuilder {
    /// Runs a notebook once for each point of a grid and writes the results of all, with a summary as Markdown, CSV and LaTeX, into the folder
    /// `<name>-sweep`.
    ///
    /// A failed run does not keep the others from being made.
    ///
    /// - Parameters:
    ///   - parameters: for all runs; those of the grid go before them.
    /// - Returns: the runs, failed ones among them, and the summary.
    public func sweep(_ file: String, over sweep: NotebookSweep, parameters: NotebookParameters = NotebookParameters()) throws -> (runs: [NotebookRun], summary: Table) {
        var place = self
        place.output = "\(output)/\(Self.name(of: file))-sweep"
        var runs: [(point: [(name: String, value: StoreValue)], run: NotebookRun)] = []
        var names: Set<String> = []
        for point in sweep.points {
            var given = parameters
            for (name, value) in point { given.set(name, value) }
            // Values that file names cannot tell apart get numbers.
            let wanted = Self.fileName(NotebookSweep.name(of: point))
            var name = wanted
            while !names.insert(name).inserted { name = "\(wanted)-\(names.count)" }
            announce("\(file): " + point.map { "\($0.name) = \($0.value.plainJSON())" }.joined(separator: ", "))
            let run = try place.build(file, parameters: given, name: name)
            runs.append((point, run))
            if run.failure?.isInterrupt == true { break }
        }
        let summary = try NotebookSweep.summary(runs, caption: "\(Folder.name(of: file)) over " + sweep.axes.map(\.name).joined(separator: ", "))
        try Self.put(Array(summary.markdown().utf8), to: place.output + "/summary.md")
        try Self.put(Array(summary.csv().utf8), to: place.output + "/summary.csv")
        try Self.put(Array(summary.latex().utf8), to: place.output + "/summary.tex")
        return (runs.map(\.run), summary)
    }
}
