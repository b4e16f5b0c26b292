import Foundation
import GRDB

/// The record of all runs of a project: one SQLite file in write-ahead mode, usually `.loam/runs.sqlite`.
///
/// Several processes may write at once. What was recorded before a kill stays; a run whose process died shows as killed.
public final class RunDatabase {
    /// The path of the SQLite file.
    public let path: String
    private let pool: DatabasePool

    /// Opens the record, making file and folder when missing.
    /// - Throws: ``FileFault`` or ``StoreError`` when the file cannot be used, with what to do.
    public init(path: String) throws {
        self.path = path
        try Folder.create(Folder.parent(of: path))
        var configuration = Configuration()
        configuration.busyMode = .timeout(20)
        configuration.maximumReaderCount = 2
        do {
            pool = try DatabasePool(path: path, configuration: configuration)
            // Another process may be making the tables at this moment: the second look finds them made.
            do { try Self.migrator.migrate(pool) } catch { try Self.migrator.migrate(pool) }
        } catch {
            throw Self.told(error, path: path)
        }
    }

    private static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("runs 1") { database in
            try database.execute(sql: """
                CREATE TABLE runs (
                    id INTEGER PRIMARY KEY AUTOINCREMENT, script TEXT NOT NULL, script_sha256 TEXT, preset TEXT, seed INTEGER,
                    parameters TEXT NOT NULL, version TEXT NOT NULL, machine TEXT NOT NULL, started TEXT NOT NULL, finished TEXT,
                    status TEXT NOT NULL, message TEXT, host TEXT NOT NULL, process INTEGER NOT NULL, process_start TEXT);
                CREATE TABLE metrics (
                    run INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE, name TEXT NOT NULL, step INTEGER NOT NULL, value REAL,
                    PRIMARY KEY (run, name, step)) WITHOUT ROWID;
                CREATE TABLE artifacts (
                    run INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE, name TEXT NOT NULL, path TEXT NOT NULL,
                    size INTEGER NOT NULL, sha256 TEXT NOT NULL, PRIMARY KEY (run, name)) WITHOUT ROWID;
                CREATE TABLE stages (
                    run INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE, name TEXT NOT NULL, key TEXT NOT NULL,
                    result TEXT NOT NULL, was_stored INTEGER NOT NULL, elapsed REAL NOT NULL, PRIMARY KEY (run, key)) WITHOUT ROWID;
                """)
        }
        return migrator
    }

    func write<Result>(_ body: (Database) throws -> Result) throws -> Result {
        do { return try pool.write(body) } catch { throw Self.told(error, path: path) }
    }

    func read<Result>(_ body: (Database) throws -> Result) throws -> Result {
        do { return try pool.read(body) } catch { throw Self.told(error, path: path) }
    }

    private static func told(_ error: Error, path: String) -> Error {
        guard let fault = error as? DatabaseError else { return error }
        switch fault.resultCode {
        case .SQLITE_FULL: return FileFault("write", path, code: ENOSPC)
        case .SQLITE_READONLY: return FileFault("write", path, code: Folder.kind(of: path) == .file && access(path, W_OK) == 0 ? EROFS : EACCES)
        case .SQLITE_CANTOPEN:
            return FileFault("open", path, reason: "the record of runs cannot be opened or made there",
                             aftermath: "Check the owner and the mode of the folder (`ls -ld \(Folder.parent(of: path))`).")
        case .SQLITE_NOTADB, .SQLITE_CORRUPT:
            return StoreError("the record of runs \(path) is damaged (\(fault.message ?? "not an SQLite file")). Move it away "
                + "(`mv \(path) \(path).damaged`) and a new one is begun; stored results are not affected. `sqlite3 \(path).damaged .recover` may save its content.")
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            return StoreError("the record of runs \(path) is locked by another program for more than 20 seconds; close what holds it (an sqlite3 shell?) and try again")
        default:
            return StoreError("the record of runs \(path) failed: \(fault.message ?? "SQLite error \(fault.resultCode.rawValue)")")
        }
    }

    /// Begins a run of this process.
    public func begin(_ description: RunDescription) throws -> Run {
        let started = Timestamp.now()
        let process = Int(getpid())
        let id = try write { database in
            try database.execute(sql: """
                INSERT INTO runs (script, script_sha256, preset, seed, parameters, version, machine, started, status, host, process, process_start)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'running', ?, ?, ?)
                """, arguments: [
                    description.script, description.scriptHash?.hex, description.preset, description.seed, description.parameters.json(),
                    description.version, description.machine, started, Machine.hostName, process, Machine.startOfProcess(process),
                ])
            return Int(database.lastInsertedRowID)
        }
        return Run(id: id, database: self)
    }

    /// The newest runs first.
    /// - Parameters:
    ///   - limit: at most so many.
    ///   - script: only runs of this script.
    public func list(limit: Int = 50, script: String? = nil) throws -> [RunRecord] {
        try read { database in
            try Row.fetchAll(
                database, sql: "SELECT * FROM runs WHERE ?1 IS NULL OR script = ?1 ORDER BY id DESC LIMIT ?2", arguments: [script, limit]
            ).map(Self.record)
        }
    }

    /// One run.
    /// - Throws: ``StoreError`` naming the newest run when there is none of that number.
    public func run(_ id: Int) throws -> RunRecord {
        let (row, newest) = try read { database in
            (try Row.fetchOne(database, sql: "SELECT * FROM runs WHERE id = ?", arguments: [id]),
             try Int.fetchOne(database, sql: "SELECT max(id) FROM runs"))
        }
        guard let row else {
            throw StoreError("there is no run \(id) in \(path); " + (newest.map { "the newest is \($0)" } ?? "no run is recorded yet"))
        }
        return try Self.record(row)
    }

    /// The metrics of a run, by name and then step.
    public func metrics(run: Int, name: String? = nil) throws -> [RunMetric] {
        try read { database in
            try Row.fetchAll(
                database, sql: "SELECT * FROM metrics WHERE run = ?1 AND (?2 IS NULL OR name = ?2) ORDER BY name, step", arguments: [run, name]
            ).map { RunMetric(run: $0["run"], name: $0["name"], step: $0["step"], value: $0["value"] ?? .nan) }
        }
    }

    /// The files that a run made, by name.
    public func artifacts(run: Int) throws -> [RunArtifact] {
        try read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM artifacts WHERE run = ? ORDER BY name", arguments: [run]).map {
                RunArtifact(run: $0["run"], name: $0["name"], path: $0["path"], size: $0["size"], hash: try Self.hash($0["sha256"]))
            }
        }
    }

    /// The stages that a run used, by name.
    public func stages(run: Int) throws -> [RunStage] {
        try read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM stages WHERE run = ? ORDER BY name, key", arguments: [run]).map {
                RunStage(run: $0["run"], name: $0["name"], key: try Self.hash($0["key"]), result: try Self.hash($0["result"]),
                         wasStored: $0["was_stored"], elapsed: $0["elapsed"])
            }
        }
    }

    /// The keys of all stages that the newest `count` runs used: what ``StageStore/collect(keeping:includingUnfinished:trial:)`` should keep.
    public func stageKeys(lastRuns count: Int) throws -> Set<ContentHash> {
        try read { database in
            Set(try String.fetchAll(
                database, sql: "SELECT DISTINCT key FROM stages WHERE run IN (SELECT id FROM runs ORDER BY id DESC LIMIT ?)", arguments: [count]
            ).map(Self.hash))
        }
    }

    private static func hash(_ text: String) throws -> ContentHash {
        guard let hash = ContentHash(hex: text) else { throw StoreError("the record of runs holds \"\(text)\" where a hash belongs") }
        return hash
    }

    private static func record(_ row: Row) throws -> RunRecord {
        var status = RunStatus(rawValue: row["status"]) ?? .failed
        if status == .running, row["host"] == Machine.hostName {
            let start: String? = row["process_start"]
            if start == nil || Machine.startOfProcess(row["process"]) != start { status = .killed }
        }
        let scriptHash: String? = row["script_sha256"]
        let description = RunDescription(
            script: row["script"], scriptHash: scriptHash.flatMap(ContentHash.init(hex:)), preset: row["preset"], seed: row["seed"],
            parameters: try StoreValue(json: row["parameters"] as String), version: row["version"], machine: row["machine"])
        return RunRecord(
            id: row["id"], description: description, status: status, started: row["started"], finished: row["finished"], message: row["message"])
    }
}
