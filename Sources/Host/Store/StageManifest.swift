/// What is written beside a stored result: all that its key is made of, its outputs by hash, and how it came about.
public struct StageManifest: Sendable {
    /// One file that the stage made.
    public struct Output: Equatable, Sendable {
        /// Path below the result's folder.
        public let path: String
        /// Size in bytes.
        public let size: Int
        public let hash: ContentHash
    }

    /// A part of the key as it is kept for explanations; values above 64 KiB are kept as a summary only.
    public struct Part: Sendable {
        public let name: String
        public let hash: ContentHash
        public let shown: StoreValue
    }

    public let name: String
    public let version: String
    public let key: ContentHash
    public let parts: [Part]
    public let dependencies: [StageKey.Dependency]
    public let outputs: [Output]
    /// What the stage returned.
    public let value: StoreValue
    /// What the stage printed; shown again when the stored result is used.
    public let printed: String
    /// Hash of the value and the outputs; date, time taken and printed text are not in it.
    public let result: ContentHash
    /// Why the stage ran, one sentence each.
    public let reasons: [String]
    /// When the result was stored, in UTC: "2026-01-31T12:00:00.123Z". For people; nothing is decided by it.
    public let created: String
    /// Seconds that the last (uninterrupted) part of the work took.
    public let elapsed: Double
    /// Files and folders that the stage read although nobody had named them as inputs.
    public let read: [Observation]
    /// Files outside of its result that the stage wrote: a stored result does not bring them back, so that it is never used.
    public let written: [String]

    static let formatName = "loam stage 1"
    static let fileName = "manifest.json"
    private static let largestShown = 64 << 10

    init(
        key: StageKey, outputs: [Output], value: StoreValue, printed: String, reasons: [String], created: String, elapsed: Double,
        read: [Observation] = [], written: [String] = []
    ) throws {
        name = key.name
        version = key.version
        self.key = key.hash
        parts = key.parts.map { part in
            let isSmall = part.value.json().utf8.count <= Self.largestShown
            return Part(name: part.name, hash: part.hash, shown: isSmall ? part.value : .string(part.value.summary()))
        }
        dependencies = key.dependencies
        self.outputs = outputs
        self.value = try value.reading()
        self.printed = printed
        self.reasons = reasons
        self.created = created
        self.elapsed = elapsed
        self.read = read
        self.written = written
        result = try Self.resultHash(value: self.value, outputs: outputs)
    }

    static func resultHash(value: StoreValue, outputs: [Output]) throws -> ContentHash {
        var encoder = CanonicalEncoder()
        encoder.append(text: "loam result 1")
        try encoder.append(value)
        encoder.append(count: outputs.count)
        for output in outputs {
            encoder.append(text: output.path)
            encoder.append(tag: "F", digest: output.hash, size: output.size)
        }
        return ContentHash(of: encoder.bytes)
    }

    /// The manifest as JSON with ordered keys, ending with a line feed.
    public var json: String { table(showingParts: true).json(pretty: true) + "\n" }

    /// The manifest in one line, without the values of the key's parts: their hashes are enough to check it.
    var keptLine: String { table(showingParts: false).json() }

    private func table(showingParts: Bool) -> StoreValue {
        let told: StoreValue = [
            "format": .string(Self.formatName), "name": .string(name), "version": .string(version), "key": .string(key.hex),
            "parts": .list(parts.map { ["name": .string($0.name), "sha256": .string($0.hash.hex), "value": showingParts ? $0.shown : .null] }),
            "inputs": .list(dependencies.map {
                ["role": .string($0.role), "name": .string($0.name), "key": .string($0.key.hex), "result": .string($0.result.hex)]
            }),
            "outputs": .list(outputs.map {
                ["path": .string($0.path), "size": .integer($0.size), "sha256": .string($0.hash.hex)]
            }),
            "value": value, "printed": .string(printed), "result": .string(result.hex),
            "reasons": .list(reasons.map { .string($0) }), "created": .string(created), "elapsed_seconds": .number(elapsed),
        ]
        guard case .table(var entries) = told, !read.isEmpty || !written.isEmpty else { return told }
        entries.append(StoreEntry("read", .list(read.map {
            ["path": .string($0.path), "sha256": $0.hash.map { .string($0.hex) } ?? .null, "tree": .bool($0.isTree), "stamp": $0.stamp.map { .string($0) } ?? .null]
        })))
        entries.append(StoreEntry("written", .list(written.map { .string($0) })))
        return .table(entries)
    }

    /// Reads a manifest and checks that its key follows from its parts and its result hash from its value and outputs.
    /// - Throws: ``StageDamage``.
    init(json bytes: [UInt8]) throws {
        let table: StoreValue
        do { table = try StoreValue(json: bytes) } catch { throw StageDamage("its manifest cannot be read (\(error))") }
        guard table["format"]?.text == Self.formatName else { throw StageDamage("its manifest is of another format") }
        func text(_ name: String, in value: StoreValue? = nil) throws -> String {
            guard let text = (value ?? table)[name]?.text else { throw StageDamage("its manifest lacks the text \"\(name)\"") }
            return text
        }
        func hash(_ name: String, in value: StoreValue? = nil) throws -> ContentHash {
            guard let hash = ContentHash(hex: try text(name, in: value)) else {
                throw StageDamage("its manifest has no hash in \"\(name)\"")
            }
            return hash
        }
        func list(_ name: String) throws -> [StoreValue] {
            guard case .list(let values)? = table[name] else { throw StageDamage("its manifest lacks the list \"\(name)\"") }
            return values
        }
        name = try text("name")
        version = try text("version")
        key = try hash("key")
        parts = try list("parts").map { Part(name: try text("name", in: $0), hash: try hash("sha256", in: $0), shown: $0["value"] ?? .null) }
        dependencies = try list("inputs").map {
            StageKey.Dependency(
                role: try text("role", in: $0), name: try text("name", in: $0), key: try hash("key", in: $0),
                result: try hash("result", in: $0))
        }
        outputs = try list("outputs").map {
            guard let size = $0["size"]?.integer else { throw StageDamage("its manifest lacks the size of an output") }
            return Output(path: try text("path", in: $0), size: size, hash: try hash("sha256", in: $0))
        }
        value = table["value"] ?? .null
        printed = try text("printed")
        result = try hash("result")
        reasons = try list("reasons").compactMap(\.text)
        created = try text("created")
        elapsed = table["elapsed_seconds"]?.number ?? 0
        read = try table["read"] == nil ? [] : list("read").map {
            let isTree = if case .bool(true)? = $0["tree"] { true } else { false }
            return Observation(path: try text("path", in: $0), hash: $0["sha256"]?.text == nil ? nil : try hash("sha256", in: $0), isTree: isTree, stamp: $0["stamp"]?.text)
        }
        written = try table["written"] == nil ? [] : list("written").compactMap(\.text)
        let expected = StageKey.hash(
            name: name, version: version, parts: parts.map { ($0.name, $0.hash) },
            dependencies: dependencies.map { ($0.role, $0.result) })
        guard key == expected else { throw StageDamage("its key does not follow from the parts in its manifest") }
        guard try result == Self.resultHash(value: value, outputs: outputs) else {
            throw StageDamage("its value is not the one that was stored")
        }
    }

    /// Why the result may not be used although its key is right: a sentence for each file that changed or that using it would not bring back.
    ///
    /// - Parameter isKept: whether it came from another machine, which may have files that are not here.
    func faults(isKept: Bool = false) -> [String] {
        read.compactMap { $0.change(needsPresence: !isKept) } + written.map { "it writes \($0), which is no part of its result; stage:path(name) gives a place that is" }
    }

    /// Compares the files in a folder with the outputs, by size and content.
    /// - Throws: ``StageDamage`` for a file that is missing, changed, or not in the manifest.
    func verify(filesIn folder: String) throws {
        let present = Folder.kind(of: folder) == .folder ? try Folder.files(under: folder, followingLinks: true) : []
        let expected = Dictionary(outputs.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
        for file in present where expected[file.path] == nil {
            throw StageDamage("the file \(file.path) was added to it")
        }
        guard present.count == outputs.count else {
            let names = Set(present.map(\.path))
            throw StageDamage("the file \(outputs.first { !names.contains($0.path) }?.path ?? "?") is missing from it")
        }
        for output in outputs {
            let read = try ContentHash.ofFile(folder + "/" + output.path)
            guard read.size == output.size, read.hash == output.hash else {
                throw StageDamage("the content of \(output.path) is not what was stored (\(read.size) bytes, were \(output.size))")
            }
        }
    }
}

/// A stored result that is not what was stored; the store moves it aside and the stage runs again.
struct StageDamage: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
