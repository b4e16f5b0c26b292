import GRDB

/// A run being recorded by this process.
public final class Run {
    /// Its number in the record, from 1.
    public let id: Int
    private let database: RunDatabase
    private var pending: [(name: String, step: Int, value: Double)] = []
    private var lastFlush = ContinuousClock.now
    private static let longestWait = Duration.milliseconds(500)

    init(id: Int, database: RunDatabase) {
        self.id = id
        self.database = database
    }

    /// Records a number at a step; a later value for the same name and step replaces it, so a resumed run may repeat steps.
    ///
    /// Values are written together, at the latest with the first call half a second after the last writing.
    /// - Parameters:
    ///   - name: such as "loss" or "probe/accuracy".
    ///   - step: counted from 0 or 1, as the caller likes.
    public func record(_ name: String, step: Int, value: Double) throws {
        pending.append((name, step, value))
        if ContinuousClock.now - lastFlush > Self.longestWait { try flush() }
    }

    /// Writes the numbers that wait.
    public func flush() throws {
        lastFlush = .now
        guard !pending.isEmpty else { return }
        try database.write { connection in
            let statement = try connection.cachedStatement(sql: "INSERT OR REPLACE INTO metrics (run, name, step, value) VALUES (?, ?, ?, ?)")
            for item in pending {
                // SQLite has no NaN: it becomes NULL, and NaN again when read.
                try statement.execute(arguments: [id, item.name, item.step, item.value.isNaN ? nil : item.value])
            }
        }
        pending.removeAll(keepingCapacity: true)
    }

    /// Records a file that the run made, by its content now.
    /// - Throws: ``FileFault`` when the file cannot be read.
    @discardableResult
    public func addArtifact(_ name: String, path: String) throws -> RunArtifact {
        let read = try ContentHash.ofFile(path)
        try database.write { connection in
            try connection.execute(
                sql: "INSERT OR REPLACE INTO artifacts (run, name, path, size, sha256) VALUES (?, ?, ?, ?, ?)",
                arguments: [id, name, path, read.size, read.hash.hex])
        }
        return RunArtifact(run: id, name: name, path: path, size: read.size, hash: read.hash)
    }

    /// Records that the run used a stage, so that its result is kept while the run is among the last.
    public func addStage(_ result: StageResult, wasStored: Bool) throws {
        try database.write { connection in
            try connection.execute(
                sql: "INSERT OR REPLACE INTO stages (run, name, key, result, was_stored, elapsed) VALUES (?, ?, ?, ?, ?, ?)",
                arguments: [id, result.name, result.key.hex, result.hash.hex, wasStored, result.elapsed])
        }
    }

    /// Ends the run.
    /// - Parameters:
    ///   - status: finished, failed or interrupted.
    ///   - message: the error, when one ended it.
    public func finish(_ status: RunStatus = .finished, message: String? = nil) throws {
        try flush()
        try database.write { connection in
            try connection.execute(
                sql: "UPDATE runs SET status = ?, message = ?, finished = ? WHERE id = ?",
                arguments: [status.rawValue, message, Timestamp.now(), id])
        }
    }
}
