/// Recorded runs in words and tables, for people.
public struct RunReport {
    private let database: RunDatabase
    private let folder: String

    /// - Parameter folder: of the store, usually `.loam`.
    public init(folder: String) throws {
        self.folder = folder
        database = try RunDatabase(path: folder + "/runs.sqlite")
    }

    /// The newest runs, one in each line.
    public func list(limit: Int = 50) throws -> String {
        let runs = try database.list(limit: limit)
        guard !runs.isEmpty else { return "\(folder) has no recorded runs" }
        var table = try Table(columns: [.init("run"), .init("status"), .init("preset"), .init("seed"), .init("started"), .init("script")])
        for run in runs {
            try table.add([
                .integer(run.id), .text(run.status.rawValue), .text(run.description.preset ?? ""), run.description.seed.map { .integer($0) } ?? .missing,
                .text(String(run.started.prefix(19))), .text(run.description.script),
            ])
        }
        return table.terminalText()
    }

    /// Everything that is known of a run: parameters, stages, the last value of each metric, artifacts.
    public func show(_ id: Int) throws -> String {
        let run = try database.run(id)
        var lines = ["run \(id): \(run.description.script), \(run.status.rawValue)" + (run.message.map { ": \($0)" } ?? "")]
        lines.append("started \(run.started)" + (run.finished.map { ", ended \($0)" } ?? "") + ", version \(run.description.version), \(run.description.machine)")
        if let hash = run.description.scriptHash { lines.append("script's hash \(hash.hex)") }
        lines.append("parameters:")
        lines += Self.parameters(run).map { "  \($0.name) = \($0.text)" }
        let stages = try database.stages(run: id)
        if !stages.isEmpty { lines.append("stages:") }
        lines += stages.map { "  \($0.name) (\($0.key.short)) \($0.wasStored ? "stored" : "run in \(ElapsedTime.text(seconds: $0.elapsed))")" }
        let metrics = try lastMetrics(id)
        if !metrics.isEmpty { lines.append("metrics, last value:") }
        lines += metrics.map { "  \($0.name) = \($0.value) at step \($0.step)" }
        let artifacts = try database.artifacts(run: id)
        if !artifacts.isEmpty { lines.append("artifacts:") }
        lines += artifacts.map { "  \($0.name): \($0.path) (\($0.size) bytes, \($0.hash.short))" }
        return lines.joined(separator: "\n")
    }

    /// What differs between runs: parameters, version and machine that are not the same in all, and the last value of each metric.
    ///
    /// - Throws: ``StoreError`` for fewer than two runs or one that is not recorded.
    public func compare(_ ids: [Int]) throws -> String {
        guard ids.count >= 2, Set(ids).count == ids.count else { throw StoreError("a comparison needs at least two different runs, got \(ids)") }
        let runs = try ids.map(database.run)
        var rows: [(name: String, cells: [Table.Cell])] = []
        var told: [[String: String]] = []
        var names: [String] = []
        for run in runs {
            let own = [("script", run.description.script), ("preset", run.description.preset ?? ""), ("version", run.description.version), ("machine", run.description.machine)]
                + Self.parameters(run).map { ($0.name, $0.text) }
            told.append(Dictionary(own, uniquingKeysWith: { first, _ in first }))
            names += own.map(\.0).filter { !names.contains($0) }
        }
        for name in names where Set(told.map { $0[name] }).count > 1 { rows.append((name, told.map { $0[name].map { .text($0) } ?? .missing })) }
        let metrics = try ids.map { try Dictionary(lastMetrics($0).map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first }) }
        for name in Set(metrics.flatMap(\.keys)).sorted() { rows.append((name, metrics.map { $0[name].map { .number($0) } ?? .missing })) }
        guard !rows.isEmpty else { return "the runs \(ids.map(String.init).joined(separator: ", ")) differ in nothing that is recorded" }
        var table = try Table(columns: [.init("what differs")] + ids.map { .init("run \($0)") })
        for row in rows { try table.add([.text(row.name)] + row.cells) }
        return table.terminalText()
    }

    /// Writes a run: `.jsonl` everything, `.csv` its metrics; any other path is a folder that gets an event file of TensorBoard.
    ///
    /// - Returns: the file written.
    @discardableResult
    public func export(_ id: Int, to path: String) throws -> String {
        if path.hasSuffix(".jsonl") || path.hasSuffix(".csv") {
            try AtomicFile.write(try path.hasSuffix(".csv") ? database.exportMetricsCSV(run: id) : database.exportJSONLines(run: id), to: path)
            return path
        }
        let run = try database.run(id), metrics = try database.metrics(run: id)
        guard !metrics.isEmpty else { throw StoreError("run \(id) recorded no metrics, so there is nothing to show; run.record(name, step, value) records one") }
        try Folder.create(path)
        let seconds = Timestamp.seconds(run.started) ?? 0
        let file = "\(path)/events.out.tfevents.\(Int(seconds)).run-\(id)"
        try AtomicFile.write(EventFile.bytes(metrics, time: seconds), to: file)
        return file
    }

    private func lastMetrics(_ id: Int) throws -> [RunMetric] {
        var last: [String: RunMetric] = [:]
        for metric in try database.metrics(run: id) where metric.step >= last[metric.name]?.step ?? .min { last[metric.name] = metric }
        return last.values.sorted { $0.name < $1.name }
    }

    private static func parameters(_ run: RunRecord) -> [(name: String, text: String)] {
        guard case .table(let entries) = run.description.parameters else { return [] }
        return entries.map { entry in (entry.key.text ?? "", entry.value.text ?? entry.value.plainJSON()) }
    }
}
