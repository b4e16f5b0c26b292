/// Results that travel with a project: what stages returned, without the files that they made.
///
/// A folder of `.jsonl` files holds one manifest in each line. A clean clone reads every number from them and runs nothing; a stage that needs
/// the files of a kept result has that one run first.
public final class KeptResults {
    /// Larger returned values are left out: they belong into files.
    private static let largestValue = 256 << 10
    private let folder: String
    private var lines: [String: ArraySlice<UInt8>]?

    /// - Parameter folder: read when a result is first looked for; one that is missing is empty.
    public init(folder: String) { self.folder = folder }

    /// The manifest of a kept result; nil when there is none.
    ///
    /// - Throws: ``StoreError`` naming the line that is not what was kept, ``FileFault`` for a file that cannot be read.
    func manifest(_ key: ContentHash) throws -> StageManifest? {
        let lines = try lines ?? read()
        self.lines = lines
        guard let line = lines[key.hex] else { return nil }
        do {
            let manifest = try StageManifest(json: Array(line))
            guard manifest.key == key else { throw StageDamage("it is the result of another key") }
            return manifest
        } catch {
            throw StoreError("\(folder) keeps a result of key \(key.short) that cannot be used: \(error); remove its line")
        }
    }

    private func read() throws -> [String: ArraySlice<UInt8>] {
        guard Folder.kind(of: folder) == .folder else { return [:] }
        var found: [String: ArraySlice<UInt8>] = [:]
        // In a line of our own writing the result's own key is the first text that follows a list (of the inputs, which have keys as well): quotes
        // within texts are escaped.
        let mark = Array("],\"key\":\"".utf8)
        for name in try Folder.names(in: folder) where name.hasSuffix(".jsonl") {
            for line in try Folder.contents(folder + "/" + name).split(separator: UInt8(ascii: "\n")) {
                guard let place = line.firstRange(of: mark), line.endIndex - place.upperBound > 64 else {
                    throw StoreError("\(folder)/\(name) has a line that is no kept result; remove it")
                }
                found[String(decoding: line[place.upperBound..<place.upperBound + 64], as: UTF8.self)] = line
            }
        }
        return found
    }

    /// Writes results as one file, ordered by name and key; the same results give the same bytes.
    public static func write(_ results: [StageManifest], to path: String) throws {
        var seen: Set<ContentHash> = []
        let lines = results.filter { seen.insert($0.key).inserted && $0.value.json().utf8.count <= largestValue }
            .sorted { ($0.name, $0.key.hex) < ($1.name, $1.key.hex) }.map { $0.keptLine + "\n" }
        let bytes = Array(lines.joined().utf8)
        if Folder.kind(of: path) == .file, try Folder.contents(path) == bytes { return }
        try Folder.create(Folder.parent(of: path))
        try AtomicFile.write(bytes, to: path)
    }
}

extension StageStore {
    /// The manifest of a result of the store, or of a kept one.
    public func manifest(_ key: ContentHash) throws -> StageManifest? {
        if Folder.kind(of: entryFolder(key) + "/" + StageManifest.fileName) == .file { return try readManifest(entryFolder(key), key: key) }
        return try kept?.manifest(key)
    }
}
