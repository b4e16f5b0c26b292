import CLuaBridge
import Synchronization
#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Something outside of the store that a stage looked at while it ran, and how it was then.
public struct Observation: Equatable, Sendable {
    /// The path: below the working folder as it is seen from there, else whole.
    public let path: String
    /// Of a file: of its content. Of a folder: of the names in it. Nil: there was nothing.
    public let hash: ContentHash?
    /// Whether all that lies below a folder counts, not only its names.
    public let isTree: Bool
    /// Of what is large: sizes and times. As long as they stay the content is not read once more; when they change it decides.
    public let stamp: String?

    init(path: String, hash: ContentHash?, isTree: Bool = false, stamp: String? = nil) {
        self.path = path
        self.hash = hash
        self.isTree = isTree
        self.stamp = stamp
    }

    /// Looks at what there is at a place now.
    init(_ place: String, shownAs path: String, isTree: Bool = false) {
        self.init(path: path, hash: Self.hash(place, isTree: isTree), isTree: isTree, stamp: Self.stamp(place, isTree: isTree))
    }

    private static let large = 64 << 20

    /// Nil for nothing, and for what has no fixed content, such as a device.
    private static func hash(_ place: String, isTree: Bool) -> ContentHash? {
        switch Folder.kind(of: place) {
        case .file: return FileMemory.hash(of: place)
        case .folder:
            if isTree { return (try? FileContent(reading: place))?.hash }
            return try? ContentHash(of: .list(Folder.names(in: place).filter { !$0.hasPrefix(".") }.map { .string($0) }))
        case .missing, .other: return nil
        }
    }

    private static func stamp(_ place: String, isTree: Bool) -> String? {
        func one(_ path: String) -> String? {
            var status = stat()
            return stat(path, &status) == 0 ? "\(status.st_size) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)" : nil
        }
        guard isTree else {
            var status = stat()
            return stat(place, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && status.st_size >= large ? one(place) : nil
        }
        guard let files = try? Folder.files(under: place, followingLinks: true) else { return nil }
        return ContentHash(of: Array(files.map { "\($0.path) \(one(place + "/" + $0.path) ?? "")\n" }.joined().utf8)).hex
    }

    /// What became of it, as a sentence; nil if it is as it was.
    ///
    /// - Parameter needsPresence: whether something that is gone counts as changed.
    func change(needsPresence: Bool = true) -> String? {
        if let stamp, stamp == Self.stamp(path, isTree: isTree) { return nil }
        let now = Self.hash(path, isTree: isTree)
        if now == hash || now == nil && !needsPresence { return nil }
        return hash == nil ? "\(path), which it looked for, is there now" : now == nil ? "\(path), which it read, is gone" : "\(path), which it read, changed"
    }
}

/// Hashes of files that were read a moment ago, so that many stages that read one file do not each read it again.
private enum FileMemory {
    private struct Mark: Equatable {
        let device: UInt64, inode: UInt64, size: Int, changed: Int, changedPart: Int, modified: Int, modifiedPart: Int
    }
    private static let known = Mutex<[String: (mark: Mark, hash: ContentHash)]>([:])

    static func hash(of path: String) -> ContentHash? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        let mark = Mark(
            device: UInt64(status.st_dev), inode: UInt64(status.st_ino), size: Int(status.st_size), changed: status.st_ctim.tv_sec,
            changedPart: status.st_ctim.tv_nsec, modified: status.st_mtim.tv_sec, modifiedPart: status.st_mtim.tv_nsec)
        if let found = known.withLock({ $0[path] }), found.mark == mark { return found.hash }
        guard let hash = try? ContentHash.ofFile(path).hash else { return nil }
        // A file of the last two seconds may change once more without a sign of it.
        if time(nil) - status.st_ctim.tv_sec > 2 { known.withLock { $0[path] = (mark, hash) } }
        return hash
    }
}

/// Notes which files a piece of work reads and writes by Lua's own functions and by Loam's.
public final class FileWitness: Sendable {
    private struct State {
        var seen: [String: Observation] = [:]
        /// Files seen in each folder, and folders that count as a whole because these were many.
        var counts: [String: Int] = [:]
        var trees: Set<String> = []
        var written: Set<String> = []
        /// Named as inputs: they are part of the key.
        var declared: Set<String> = []
    }

    /// Folders whose files do not count, each with a slash at its end.
    private let ignored: [String]
    private let workingFolder = Folder.resolved(".").map { $0 + "/" } ?? ""
    private let state = Mutex(State())

    /// More files than that of one folder count as the folder with all that is in it.
    private static let mostOfFolder = 200

    private init(ignoring ignored: [String], declared: [String]) {
        self.ignored = (ignored + declared.filter { Folder.kind(of: $0) == .folder } + ["/dev", "/proc", "/sys"]).map { (Folder.resolved($0) ?? $0) + "/" }
        state.withLock { $0.declared = Set(declared.map(Self.place)) }
    }

    // MARK: Who watches

    private static let witnesses = Mutex<[FileWitness]>([])

    private static let heard: @convention(c) (UnsafePointer<CChar>?, Int32) -> Void = { path, writes in
        if let path { FileWitness.tell(String(cString: path), writes: writes != 0) }
    }

    /// Runs a piece of work and notes its files; works inside one another are seen by all of their witnesses.
    ///
    /// - Parameters:
    ///   - ignored: folders whose files do not count, such as the store's.
    ///   - declared: files and folders that are known to matter already.
    /// - Returns: what the work returned, what it read, and the files that it wrote and left.
    public static func during<Result>(ignoring ignored: [String], declared: [String], _ body: () throws -> Result) rethrows
        -> (result: Result, read: [Observation], written: [String]) {
        let witness = FileWitness(ignoring: ignored, declared: declared)
        witnesses.withLock { $0.append(witness) }
        loam_listen_to_files(heard)
        defer {
            let isLast = witnesses.withLock { all in
                all.removeAll { $0 === witness }
                return all.isEmpty
            }
            if isLast { loam_listen_to_files(nil) }
        }
        let result = try body()
        return (result, witness.observations(), witness.leftovers())
    }

    /// Tells all witnesses of a file that is about to be opened; from any thread.
    public static func tell(_ path: String, writes: Bool) {
        for witness in witnesses.withLock({ $0 }) { witness.note(path, writes: writes) }
    }

    /// Tells all witnesses what a stored result was made from that is used now.
    static func tell(of manifest: StageManifest) {
        for witness in witnesses.withLock({ $0 }) {
            for observation in manifest.read { witness.note(observation, at: place(observation.path)) }
            for path in manifest.written { witness.note(path, writes: true) }
        }
    }

    // MARK: Noting

    private static func place(_ path: String) -> String {
        if let real = Folder.resolved(path) { return real }
        let above = Folder.parent(of: path)
        return (Folder.resolved(above) ?? above) + "/" + Folder.name(of: path)
    }

    private func shown(_ place: String) -> String {
        !workingFolder.isEmpty && place.hasPrefix(workingFolder) ? String(place.dropFirst(workingFolder.count)) : place
    }

    private func note(_ path: String, writes: Bool) {
        // A training asks for millions of pictures of a few folders.
        if !writes, path.hasPrefix("/"), state.withLock({ $0.trees.contains(Folder.parent(of: path)) }) { return }
        let place = Self.place(path)
        guard !path.isEmpty, Folder.kind(of: path) != .other, !ignored.contains(where: { (place + "/").hasPrefix($0) }) else { return }
        let isNews = state.withLock { state in
            if writes {
                state.written.insert(place)
                return false
            }
            return !state.written.contains(place) && !state.declared.contains(place) && state.seen[place] == nil && !state.trees.contains(Folder.parent(of: place))
        }
        if isNews { note(Observation(place, shownAs: shown(place)), at: place) }
    }

    private func note(_ observation: Observation, at place: String) {
        let folder = Folder.parent(of: place)
        state.withLock { state in
            guard state.seen.updateValue(observation, forKey: place) == nil else { return }
            state.counts[folder, default: 0] += 1
            guard state.counts[folder, default: 0] > Self.mostOfFolder else { return }
            state.trees.insert(folder)
            state.seen = state.seen.filter { Folder.parent(of: $0.key) != folder }
        }
    }

    private func observations() -> [Observation] {
        let (seen, trees) = state.withLock { (Array($0.seen.values), $0.trees) }
        return (seen + trees.map { Observation($0, shownAs: shown($0), isTree: true) }).sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    }

    /// Files that were written and are there still, but for those of `os.tmpname`.
    private func leftovers() -> [String] {
        state.withLock { $0.written }.filter { !$0.hasPrefix("/tmp/lua_") && Folder.kind(of: $0) == .file }.map(shown)
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}
