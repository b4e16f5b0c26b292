/// What ``StageStore/collect(keeping:includingUnfinished:trial:)`` removed, or would remove.
public struct StageCollection: Sendable, CustomStringConvertible {
    /// Names and keys of the results removed.
    public internal(set) var removed: [(name: String, key: ContentHash)] = []
    /// Results that were to be removed but are in use by some process.
    public internal(set) var inUse = 0
    /// Results kept.
    public internal(set) var kept = 0
    /// Unfinished work removed: folders of killed stages.
    public internal(set) var unfinished = 0
    /// Bytes freed.
    public internal(set) var bytes = 0
    /// Whether nothing was really removed.
    public let isTrial: Bool

    public var description: String {
        "\(isTrial ? "would remove" : "removed") \(removed.count) results and \(unfinished) unfinished stages"
            + " (\(Decimals.text(Double(bytes) / 1e6, places: 1)) MB), \(isTrial ? "keeping" : "kept") \(kept)"
            + (inUse > 0 ? ", left \(inUse) that are in use" : "")
    }
}

extension StageStore {
    /// One stored result in a list.
    public struct Entry: Sendable {
        public let manifest: StageManifest
        /// Bytes of all outputs.
        public let bytes: Int
    }

    /// All stored results, by name and then newest first; entries whose manifest cannot be read are announced and left out.
    public func list() throws -> [Entry] {
        var entries: [Entry] = []
        for key in try storedKeys() {
            do {
                let manifest = try readManifest(entryFolder(key), key: key)
                entries.append(Entry(manifest: manifest, bytes: manifest.outputs.reduce(0) { $0 + $1.size }))
            } catch {
                announce("store: the result \(key.short) cannot be used: \(error)")
            }
        }
        return entries.sorted { ($0.manifest.name, $1.manifest.created) < ($1.manifest.name, $0.manifest.created) }
    }

    private func storedKeys() throws -> [ContentHash] {
        guard Folder.kind(of: storeFolder) == .folder else { return [] }
        return try Folder.names(in: storeFolder).compactMap(ContentHash.init(hex:))
    }

    /// Removes results that nothing needs: all but `keys` and the results that those were made from.
    ///
    /// Results in use by any process stay. Trash, damaged results, and work folders of stages that have finished go as well.
    /// - Parameters:
    ///   - keys: usually ``RunDatabase/stageKeys(lastRuns:)``.
    ///   - includingUnfinished: whether the work of killed stages, which could still be continued, goes too.
    ///   - trial: only count.
    public func collect(keeping keys: Set<ContentHash>, includingUnfinished: Bool = false, trial: Bool = false) throws -> StageCollection {
        var collection = StageCollection(isTrial: trial)
        let stored = try storedKeys()
        var manifests: [ContentHash: StageManifest] = [:]
        for key in stored { manifests[key] = try? readManifest(entryFolder(key), key: key) }
        var needed: Set<ContentHash> = []
        var open = Array(keys)
        while let key = open.popLast() {
            guard needed.insert(key).inserted else { continue }
            open.append(contentsOf: manifests[key]?.dependencies.map(\.key) ?? [])
        }
        for key in stored {
            if needed.contains(key), manifests[key] != nil {
                collection.kept += 1
                continue
            }
            guard let lock = freeForRemoval(key) else {
                collection.inUse += 1
                continue
            }
            defer { lock.release() }
            collection.removed.append((manifests[key]?.name ?? "(unreadable)", key))
            collection.bytes += size(of: entryFolder(key))
            if !trial { try discard(entryFolder(key), name: key.hex) }
        }
        try collectWork(&collection, includingUnfinished: includingUnfinished)
        for folder in ["/trash", "/damaged"] where Folder.kind(of: root + folder) == .folder {
            collection.bytes += size(of: root + folder)
            if !trial { try Folder.remove(root + folder) }
        }
        return collection
    }

    /// The stage's lock when neither a running stage nor a reader of the result is in the way.
    private func freeForRemoval(_ key: ContentHash) -> StageLock? {
        guard (try? Folder.create(root + "/locks")) != nil, let lock = StageLock.tryAcquire(path: lockFile(key)) else { return nil }
        if EntryHold.isFree(entryFolder(key) + "/" + StageManifest.fileName) { return lock }
        lock.release()
        return nil
    }

    private func collectWork(_ collection: inout StageCollection, includingUnfinished: Bool) throws {
        guard Folder.kind(of: root + "/work") == .folder else { return }
        for key in try Folder.names(in: root + "/work").compactMap(ContentHash.init(hex:)) {
            let isFinished = Folder.kind(of: entryFolder(key)) == .folder
            guard isFinished || includingUnfinished, let lock = StageLock.tryAcquire(path: lockFile(key)) else { continue }
            defer { lock.release() }
            collection.unfinished += 1
            collection.bytes += size(of: workFolder(key))
            if !collection.isTrial { try Folder.remove(workFolder(key)) }
        }
    }

    private func size(of folder: String) -> Int {
        ((try? Folder.files(under: folder, followingLinks: false)) ?? []).reduce(0) { $0 + $1.size }
    }
}
