#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Results of costly stages, kept under keys made of everything they depend on.
///
/// Below the root, usually `.loam`:
///
/// | folder | what it holds |
/// |---|---|
/// | `store/<key>/` | a finished result: `manifest.json` and `files/`; it appears in one step |
/// | `work/<key>/` | a stage that runs or was killed: `checkpoint/` is its own, `entry/` becomes the result |
/// | `locks/<key>.lock` | held while a stage runs |
/// | `damaged/` | results that no longer were what had been stored |
/// | `trash/` | on the way out |
///
/// A process may be killed at any moment: the next one finds finished results whole and continues the rest.
public final class StageStore {
    /// The folder that holds all.
    public let root: String
    /// Part of every key.
    public let version: String
    /// Results without files that stand in for stages that were never run here.
    public var kept: KeptResults?
    /// Called with one sentence for each thing a user should know: stored result used, why a stage runs, waiting, damage.
    public var announce: (String) -> Void
    /// Asked while waiting for another process; what it throws (an interrupt) ends the wait.
    public var checkInterrupt: () throws -> Void = {}

    /// Opens a store; its folders are made when the first stage runs.
    /// - Parameters:
    ///   - root: the folder, `.loam` in the project.
    ///   - version: the version of the program; another version is another key.
    ///   - announce: receives messages; by default they go to the standard error stream.
    public init(root: String, version: String, announce: ((String) -> Void)? = nil) {
        self.root = root
        self.version = version
        self.announce = announce ?? { fputs($0 + "\n", stderr) }
    }

    private func place(_ folder: String, _ key: ContentHash) -> String { "\(root)/\(folder)/\(key.hex)" }
    func entryFolder(_ key: ContentHash) -> String { place("store", key) }
    func workFolder(_ key: ContentHash) -> String { place("work", key) }
    func lockFile(_ key: ContentHash) -> String { place("locks", key) + ".lock" }
    var storeFolder: String { root + "/store" }

    /// The key of a stage under this store's version; files among the parts are read now.
    public func key(
        name: String, parts: [(name: String, value: StoreValue)], dependencies: [(role: String, result: StageResult)] = []
    ) throws -> StageKey {
        try StageKey(name: name, version: version, parts: parts, dependencies: dependencies.map {
            StageKey.Dependency(role: $0.role, name: $0.result.name, key: $0.result.key, result: $0.result.hash)
        })
    }

    /// Finds the result of a stage, or the right and the folder to make it.
    ///
    /// If another process is running the stage, waits for it. A result that is no longer what was stored is moved aside.
    /// - Parameters:
    ///   - key: from ``key(name:parts:dependencies:)``.
    ///   - refresh: whether to run the stage from its start even if its result is stored; the old one stays until the new one is whole.
    ///   - needsFiles: whether a result without its files will not do.
    /// - Returns: the stored or kept result, or the work to do and to ``StageWork/commit(value:printed:)``.
    /// - Throws: ``FileFault`` when the store cannot be read or written; ``StoreError`` when the stage calls itself.
    public func open(_ key: StageKey, refresh: Bool = false, needsFiles: Bool = false) throws -> StageOutcome {
        var faults: [String] = []
        if !refresh, case .result(let result)? = try? load(key.hash) {
            faults = result.manifest.faults()
            if faults.isEmpty { return stored(result, key) }
        }
        let refresh = refresh || !faults.isEmpty
        if !refresh, !needsFiles, let manifest = try kept?.manifest(key.hash), manifest.faults(isKept: true).isEmpty {
            announce("stage \(key.name): kept result \(key.hash.short), not run here (it took \(ElapsedTime.text(seconds: manifest.elapsed)) on \(manifest.created.prefix(10)))")
            return .kept(StageResult(manifest: manifest, folder: entryFolder(key.hash) + "/files", hold: nil))
        }
        let lock = try acquire(key)
        do {
            if refresh {
                try Folder.remove(workFolder(key.hash))
            } else if let result = try recover(key) {
                lock.release()
                return stored(result, key)
            }
            return .run(try begin(key, lock: lock, refresh: refresh, faults: faults))
        } catch {
            lock.release()
            throw error
        }
    }

    /// The stored or kept result of a stage, if there is one; nothing is announced, run or moved.
    public func existing(_ key: StageKey) throws -> StageResult? {
        if case .result(let result)? = try? load(key.hash) { return result.manifest.faults().isEmpty ? result : nil }
        return try kept?.manifest(key.hash).flatMap { $0.faults(isKept: true).isEmpty ? $0 : nil }.map { StageResult(manifest: $0, folder: entryFolder(key.hash) + "/files", hold: nil) }
    }

    private func stored(_ result: StageResult, _ key: StageKey) -> StageOutcome {
        FileWitness.tell(of: result.manifest)
        announce("stage \(key.name): stored result \(key.hash.short) (it took \(ElapsedTime.text(seconds: result.elapsed)))")
        // A process killed right after publishing leaves its work folder or its lock's file.
        let isLeft = Folder.kind(of: workFolder(key.hash)) == .folder || Folder.kind(of: lockFile(key.hash)) == .file
        if isLeft, let lock = StageLock.tryAcquire(path: lockFile(key.hash)) {
            try? Folder.remove(workFolder(key.hash))
            lock.release()
        }
        return .stored(result)
    }

    private func acquire(_ key: StageKey) throws -> StageLock {
        do {
            for folder in ["store", "work", "locks"] { try Folder.create(root + "/" + folder) }
            var isTold = false
            return try StageLock.acquire(path: lockFile(key.hash), stage: key.name) { holder in
                if !isTold { announce("stage \(key.name): \(holder.isEmpty ? "another process" : holder) is running it; waiting") }
                isTold = true
                try checkInterrupt()
            }
        } catch let fault as FileFault {
            throw StoreError("stage \"\(key.name)\" has no stored result (key \(key.hash.short)) and cannot be run: \(fault)")
        }
    }

    enum Lookup {
        case none
        case result(StageResult)
    }

    /// Reads and verifies an entry.
    /// - Throws: ``StageDamage`` when it is not what was stored, ``FileFault`` when it cannot be read.
    func load(_ key: ContentHash) throws -> Lookup {
        let folder = entryFolder(key)
        guard let hold = EntryHold(path: folder + "/" + StageManifest.fileName) else {
            if Folder.kind(of: folder) == .folder, Folder.kind(of: folder + "/" + StageManifest.fileName) == .missing {
                throw StageDamage("its manifest is missing")
            }
            return .none
        }
        let manifest = try readManifest(folder, key: key)
        do {
            try manifest.verify(filesIn: folder + "/files")
        } catch let fault as FileFault where fault.code == ENOENT {
            throw StageDamage("a file of it is missing")
        }
        return .result(StageResult(manifest: manifest, folder: folder + "/files", hold: hold))
    }

    func readManifest(_ folder: String, key: ContentHash) throws -> StageManifest {
        let manifest = try StageManifest(json: try Folder.contents(folder + "/" + StageManifest.fileName))
        guard manifest.key == key else { throw StageDamage("it is the result of another key") }
        return manifest
    }

    /// With the lock held: looks again, moves a damaged entry aside, publishes a result that was finished but not published.
    private func recover(_ key: StageKey) throws -> StageResult? {
        do {
            if case .result(let result) = try load(key.hash) { return result }
        } catch let damage as StageDamage {
            let kept = try setAside(entryFolder(key.hash), name: key.hash.hex)
            announce("stage \(key.name): the stored result \(key.hash.short) is damaged: \(damage). It was moved to \(kept); the stage runs again")
        }
        let entry = workFolder(key.hash) + "/entry"
        guard Folder.kind(of: entry + "/" + StageManifest.fileName) == .file else { return nil }
        guard let manifest = try? readManifest(entry, key: key.hash), (try? manifest.verify(filesIn: entry + "/files")) != nil else {
            // The manifest is written last, so a wrong one means that somebody touched the folder: start afresh.
            try Folder.remove(workFolder(key.hash))
            return nil
        }
        try publish(key.hash)
        if case .result(let result) = try load(key.hash) { return result }
        return nil
    }

    private func begin(_ key: StageKey, lock: StageLock, refresh: Bool, faults: [String]) throws -> StageWork {
        let work = workFolder(key.hash)
        let isResumed = Folder.kind(of: work) == .folder
        let reasons = !faults.isEmpty ? faults : refresh ? ["a refresh was asked for"] : try self.reasons(for: key)
        for folder in ["/entry/files", "/checkpoint"] { try Folder.create(work + folder) }
        announce("stage \(key.name): " + (isResumed ? "continues (key \(key.hash.short))" : "runs: " + reasons.joined(separator: "; ")))
        return StageWork(store: self, key: key, lock: lock, isResumed: isResumed, reasons: reasons)
    }

    /// Gives a finished entry its place; an older one of the same key goes out of the way first, unless it is whole and equal
    /// (then it stays, because another process may be reading it).
    func publish(_ key: ContentHash) throws {
        let entry = entryFolder(key)
        let finished = workFolder(key) + "/entry"
        var isEqual = false
        if Folder.kind(of: entry) != .missing {
            if case .result(let old)? = try? load(key) { isEqual = try old.hash == readManifest(finished, key: key).result }
            if !isEqual { try discard(entry, name: key.hex) }
        }
        if !isEqual {
            try Folder.move(finished, to: entry)
            try Folder.synchronize(storeFolder)
        }
        try Folder.remove(workFolder(key))
    }

    /// Takes something out of the store in one step, then deletes it.
    func discard(_ path: String, name: String) throws {
        try Folder.create(root + "/trash")
        let place = try freePlace(in: root + "/trash", name: name)
        try Folder.move(path, to: place)
        try Folder.remove(place)
    }

    private func setAside(_ path: String, name: String) throws -> String {
        try Folder.create(root + "/damaged")
        let place = try freePlace(in: root + "/damaged", name: name)
        try Folder.move(path, to: place)
        return place
    }

    private func freePlace(in folder: String, name: String) throws -> String {
        for number in 1... {
            let place = "\(folder)/\(name)-\(number)"
            if Folder.kind(of: place) == .missing { return place }
        }
        return folder
    }
}

/// What ``StageStore/open(_:refresh:)`` found.
public enum StageOutcome {
    /// The stage need not run.
    case stored(StageResult)
    /// The stage need not run, and its files are not here.
    case kept(StageResult)
    /// The stage must run in this folder.
    case run(StageWork)
}
