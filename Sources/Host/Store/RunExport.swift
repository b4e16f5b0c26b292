extension RunDatabase {
    /// A run as JSON Lines: the run itself, then its stages, metrics and artifacts, each with its kind under "type".
    ///
    /// NaN is null and an infinity 1e999, which JSON readers take for one.
    public func exportJSONLines(run id: Int) throws -> String {
        var lines = [line("run", try run(id).value)]
        lines += try stages(run: id).map {
            line("stage", [
                "run": .integer($0.run), "name": .string($0.name), "key": .string($0.key.hex), "result": .string($0.result.hex),
                "was_stored": .bool($0.wasStored), "elapsed_seconds": .number($0.elapsed),
            ])
        }
        lines += try metrics(run: id).map {
            line("metric", ["run": .integer($0.run), "name": .string($0.name), "step": .integer($0.step), "value": .number($0.value)])
        }
        lines += try artifacts(run: id).map {
            line("artifact", [
                "run": .integer($0.run), "name": .string($0.name), "path": .string($0.path), "size": .integer($0.size),
                "sha256": .string($0.hash.hex),
            ])
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func line(_ type: String, _ value: StoreValue) -> String {
        guard case .table(let entries) = value else { return "" }
        return StoreValue.table([StoreEntry("type", .string(type))] + entries).plainJSON()
    }

    /// The metrics of a run as CSV with the columns run, name, step, value; NaN is an empty cell.
    public func exportMetricsCSV(run id: Int) throws -> String {
        _ = try run(id)
        return CSV.text([["run", "name", "step", "value"]] + (try metrics(run: id).map {
            ["\($0.run)", $0.name, "\($0.step)", $0.value.isNaN ? "" : "\($0.value)"]
        }))
    }

    /// All runs as CSV, oldest first, with the parameters as JSON in one column.
    public func exportRunsCSV() throws -> String {
        let columns = ["id", "script", "script_sha256", "preset", "seed", "parameters", "version", "machine", "status", "started", "finished", "message"]
        return CSV.text([columns] + (try list(limit: .max).reversed().map { record in
            let value = record.value
            return columns.map { column in
                switch value[column] ?? .null {
                case .null: return ""
                case .string(let text): return text
                case let other: return other.plainJSON()
                }
            }
        }))
    }
}
