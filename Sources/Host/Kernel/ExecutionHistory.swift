import Foundation
import GRDB

/// The cells that were run, in this session and in earlier ones, as `history_request` asks for them.
///
/// Several kernels may write into one file at once: each has a session, and sessions are numbered as they begin. Without a file, or where it cannot be
/// used, the cells of this session are kept in memory.
final class ExecutionHistory {
    private struct Entry {
        let session: Int
        let number: Int
        let input: String
        let output: String?
    }

    private let database: DatabaseQueue
    /// The number of this session, given when its first cell is run.
    private var session: Int?
    private var lastNumber = 0

    /// Cells that the file keeps; older ones go when a session begins.
    private static let mostEntries = 100_000

    /// - Parameter path: the SQLite file, which nobody but its owner can read; nil keeps cells in memory.
    init(path: String? = nil) throws {
        if let path, let opened = try? Self.opened(path) { database = opened } else {
            database = try DatabaseQueue()
            try Self.prepare(database)
        }
    }

    private static func opened(_ path: String) throws -> DatabaseQueue {
        try Folder.create(Folder.parent(of: path))
        // SQLite gives its other files the mode of this one.
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileFault("open", path, code: errno) }
        fchmod(descriptor, 0o600)
        close(descriptor)
        var configuration = Configuration()
        configuration.busyMode = .timeout(2)
        // A cell that is lost with the machine's power is no harm; a flush for each cell would be.
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL") }
        let database = try DatabaseQueue(path: path, configuration: configuration)
        try prepare(database)
        return database
    }

    private static func prepare(_ database: DatabaseQueue) throws {
        try database.write { database in
            try database.execute(sql: """
                CREATE TABLE IF NOT EXISTS sessions (id INTEGER PRIMARY KEY AUTOINCREMENT, started TEXT NOT NULL);
                CREATE TABLE IF NOT EXISTS cells (
                    session INTEGER NOT NULL REFERENCES sessions(id), number INTEGER NOT NULL, input TEXT NOT NULL, output TEXT,
                    PRIMARY KEY (session, number)) WITHOUT ROWID;
                """)
        }
    }

    /// Where kernels keep their cells: `$LOAM_KERNEL_HISTORY`, nowhere if that is empty; else in the user's data folder.
    static func defaultPath() -> String? {
        if let path = getenv("LOAM_KERNEL_HISTORY") { return path.pointee == 0 ? nil : String(cString: path) }
        if let folder = variable("XDG_DATA_HOME") { return folder + "/loam/kernel-history.sqlite" }
        return variable("HOME").map { $0 + "/.local/share/loam/kernel-history.sqlite" }
    }

    // MARK: Writing

    /// Keeps a cell. A file that fails from now on, such as on a full disk, loses cells; it does not keep them from running.
    func add(_ input: String, number: Int) {
        lastNumber = number
        try? database.write { database in
            let session = try self.session ?? Self.begin(database)
            self.session = session
            try database.execute(sql: "INSERT OR REPLACE INTO cells (session, number, input) VALUES (?, ?, ?)", arguments: [session, number, input])
        }
    }

    private static func begin(_ database: Database) throws -> Int {
        try database.execute(sql: "INSERT INTO sessions (started) VALUES (?)", arguments: [Timestamp.now()])
        let session = Int(database.lastInsertedRowID)
        let oldest = try Int.fetchOne(database, sql: "SELECT session FROM cells ORDER BY session DESC, number DESC LIMIT 1 OFFSET ?", arguments: [mostEntries])
        if let oldest { try database.execute(sql: "DELETE FROM cells WHERE session <= ?", arguments: [oldest]) }
        return session
    }

    /// Notes what the last cell gave.
    func setOutput(_ output: String) {
        guard let session else { return }
        try? database.write { try $0.execute(sql: "UPDATE cells SET output = ? WHERE session = ? AND number = ?", arguments: [output, session, lastNumber]) }
    }

    // MARK: Reading

    /// The text of a cell of this session; nil if it was not kept.
    func input(_ number: Int) -> String? {
        guard let session else { return nil }
        return try? database.read { try String.fetchOne($0, sql: "SELECT input FROM cells WHERE session = ? AND number = ?", arguments: [session, number]) }
    }

    /// The entries that a request names, the oldest first.
    func answer(_ request: StoreValue) -> StoreValue {
        let withOutput = if case .bool(true)? = request["output"] { true } else { false }
        let found = (try? database.read { try chosen(request, $0) }) ?? []
        return .list(found.map { entry in
            let input = StoreValue.string(entry.input)
            return [.integer(entry.session), .integer(entry.number), withOutput ? [input, entry.output.map { .string($0) } ?? .null] : input]
        })
    }

    private static let columns = "SELECT session, number, input, output FROM cells "
    private static let newestFirst = "ORDER BY session DESC, number DESC "

    private func chosen(_ request: StoreValue, _ database: Database) throws -> [Entry] {
        let limit = request["n"]?.integer.map { max(0, $0) } ?? .max
        switch request["hist_access_type"]?.text {
        case "range":
            let wanted = request["session"]?.integer ?? 0
            guard let session = try number(ofSession: wanted, database) else { return [] }
            let rows = try Row.fetchCursor(
                database, sql: Self.columns + "WHERE session = ? AND number >= ? AND number < ? ORDER BY number",
                arguments: [session, request["start"]?.integer ?? 1, request["stop"]?.integer ?? .max])
            return try Self.entries(rows, limit: .max) { _ in true }
        case "search":
            let pattern = Array((request["pattern"]?.text ?? "*").unicodeScalars)
            var seen: Set<String>?
            if case .bool(true)? = request["unique"] { seen = [] }
            let rows = try Row.fetchCursor(database, sql: Self.columns + Self.newestFirst)
            return try Self.entries(rows, limit: limit) { entry in
                Self.matches(Array(entry.input.unicodeScalars)[...], pattern[...]) && seen?.insert(entry.input).inserted ?? true
            }.reversed()
        default:
            return try Self.entries(Row.fetchCursor(database, sql: Self.columns + Self.newestFirst), limit: limit) { _ in true }.reversed()
        }
    }

    /// The number of a session as requests name it: 0 is this one, -1 the one before it, others mean themselves.
    private func number(ofSession wanted: Int, _ database: Database) throws -> Int? {
        if wanted > 0 { return wanted }
        if wanted == 0 { return session }
        return try Int.fetchOne(
            database, sql: "SELECT DISTINCT session FROM cells WHERE session < ? ORDER BY session DESC LIMIT 1 OFFSET ?",
            arguments: [session ?? .max, -(wanted + 1)])
    }

    private static func entries(_ rows: RowCursor, limit: Int, _ isWanted: (Entry) -> Bool) throws -> [Entry] {
        var found: [Entry] = []
        while found.count < limit, let row = try rows.next() {
            let entry = Entry(session: row["session"], number: row["number"], input: row["input"], output: row["output"])
            if isWanted(entry) { found.append(entry) }
        }
        return found
    }

    /// Whether a text matches a pattern of `*` and `?`, in a time bounded by the product of their lengths.
    private static func matches(_ text: ArraySlice<Unicode.Scalar>, _ pattern: ArraySlice<Unicode.Scalar>) -> Bool {
        var (place, mark) = (text.startIndex, pattern.startIndex)
        var star: (mark: Int, place: Int)?
        while place < text.endIndex {
            if mark < pattern.endIndex, pattern[mark] == "*" {
                star = (mark, place)
                mark += 1
            } else if mark < pattern.endIndex, pattern[mark] == "?" || pattern[mark] == text[place] {
                place += 1
                mark += 1
            } else if let last = star {
                star = (last.mark, last.place + 1)
                (mark, place) = (last.mark + 1, last.place + 1)
            } else {
                return false
            }
        }
        return pattern[mark...].allSatisfy { $0 == "*" }
    }
}
