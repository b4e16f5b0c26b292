/// A stage that is to be run: its folders, and the way to store what it made.
///
/// Both folders outlive a kill. The stage writes results into ``outputFolder`` and whatever helps it to continue into
/// ``checkpointFolder``; when ``isResumed`` is true they hold what the killed run left. Dropped without a commit, the work stays
/// for the next run.
public final class StageWork {
    public let key: StageKey
    /// Whether an earlier run of the same stage was broken off; its files are still here.
    public let isResumed: Bool
    /// Why the stage runs.
    public let reasons: [String]
    /// What is in here when ``commit(value:printed:)`` is called becomes the result.
    public let outputFolder: String
    /// For the stage's own use; gone after ``commit(value:printed:)``.
    public let checkpointFolder: String
    private let store: StageStore
    private let lock: StageLock
    private let start = ContinuousClock.now

    init(store: StageStore, key: StageKey, lock: StageLock, isResumed: Bool, reasons: [String]) {
        self.store = store
        self.key = key
        self.lock = lock
        self.isResumed = isResumed
        self.reasons = reasons
        outputFolder = store.workFolder(key.hash) + "/entry/files"
        checkpointFolder = store.workFolder(key.hash) + "/checkpoint"
    }

    /// Stores the result: hashes and flushes the files, writes the manifest, and publishes both in one step.
    /// - Parameters:
    ///   - value: what the stage returned.
    ///   - printed: what it printed, to be shown again when the stored result is used.
    ///   - read: what it read beside its inputs, see ``FileWitness``; while that stays as it is the result is used again.
    ///   - written: files outside of the result that it wrote; with any the result is not used again.
    /// - Throws: ``FileFault`` or ``StoreError``; the work stays and can be committed by the next run.
    public func commit(value: StoreValue = .null, printed: String = "", read: [Observation] = [], written: [String] = []) throws -> StageResult {
        var outputs: [StageManifest.Output] = []
        var folders: Set<String> = [outputFolder]
        for file in try Folder.files(under: outputFolder) {
            let path = outputFolder + "/" + file.path
            if Folder.name(of: file.path).hasPrefix(AtomicFile.temporaryPrefix) {
                try Folder.remove(path)
                continue
            }
            let read = try ContentHash.ofFile(path)
            try Folder.synchronizeFile(path)
            Folder.protect(path)
            var folder = Folder.parent(of: path)
            while folders.insert(folder).inserted { folder = Folder.parent(of: folder) }
            outputs.append(.init(path: file.path, size: read.size, hash: read.hash))
        }
        for folder in folders { try Folder.synchronize(folder) }
        let elapsed = (ContinuousClock.now - start).seconds
        let manifest = try StageManifest(
            key: key, outputs: outputs, value: value, printed: printed, reasons: reasons, created: Timestamp.now(), elapsed: elapsed,
            read: read, written: written)
        let entry = Folder.parent(of: outputFolder)
        try AtomicFile.write(manifest.json, to: entry + "/" + StageManifest.fileName)
        try store.publish(key.hash)
        let place = store.entryFolder(key.hash)
        guard let hold = EntryHold(path: place + "/" + StageManifest.fileName) else {
            throw StoreError("the result of stage \"\(key.name)\" vanished from \(place) as it was stored; is something deleting files there?")
        }
        lock.release()
        return StageResult(manifest: manifest, folder: place + "/files", hold: hold)
    }

    /// Gives the stage back, unfinished; another run may continue it.
    public func abandon() { lock.release() }
}

extension Duration {
    /// The duration in seconds.
    public var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
