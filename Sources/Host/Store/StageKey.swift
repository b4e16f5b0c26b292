/// The identity of a stage: everything that its result depends on, each part with its own hash.
///
/// hash = SHA-256 of the encoding of (name, version, (part, hash of its value)..., (role, result hash of the input)...), the parts and
/// roles ordered by their bytes. An input counts by the bytes of its result, not by the code that made it: when a stage is run
/// again and gives the same bytes, what follows is not run again.
public struct StageKey: Sendable {
    /// One named part of a key.
    public struct Part: Sendable {
        public let name: String
        /// The value with its files read.
        public let value: StoreValue
        public let hash: ContentHash
    }

    /// The result of another stage that this one takes in.
    public struct Dependency: Sendable {
        /// What the input is to this stage: "images".
        public let role: String
        /// The name of the stage that made it.
        public let name: String
        /// The key of the stage that made it.
        public let key: ContentHash
        /// The hash of the result itself.
        public let result: ContentHash
    }

    public let name: String
    /// The version of the program whose code the stage runs.
    public let version: String
    /// Ordered by name.
    public let parts: [Part]
    /// Ordered by role.
    public let dependencies: [Dependency]
    public let hash: ContentHash

    /// Reads the files among the parts and computes the key.
    /// - Throws: ``StoreError`` for an empty name or a part or role given twice, ``FileFault`` for a file that cannot be read.
    public init(name: String, version: String, parts: [(name: String, value: StoreValue)], dependencies: [Dependency] = []) throws {
        guard !name.isEmpty, name.count <= 200, !name.contains(where: \.isNewline) else {
            throw StoreError("a stage needs a name of one line and 1 to 200 characters, got \(StoreValue.string(name).summary())")
        }
        self.name = name
        self.version = version
        self.parts = try parts.map { part in
            let value = try part.value.reading()
            return Part(name: part.name, value: value, hash: try ContentHash(of: value))
        }.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        self.dependencies = dependencies.sorted { $0.role.utf8.lexicographicallyPrecedes($1.role.utf8) }
        for names in [self.parts.map(\.name), self.dependencies.map(\.role)] {
            for (first, second) in zip(names, names.dropFirst()) where first == second {
                throw StoreError("stage \"\(name)\" is given \"\(first)\" twice; each part of its key needs a name of its own")
            }
        }
        hash = Self.hash(
            name: name, version: version, parts: self.parts.map { ($0.name, $0.hash) },
            dependencies: self.dependencies.map { ($0.role, $0.result) })
    }

    static func hash(
        name: String, version: String, parts: [(String, ContentHash)], dependencies: [(String, ContentHash)]
    ) -> ContentHash {
        var encoder = CanonicalEncoder()
        encoder.append(text: "loam stage 1")
        encoder.append(text: name)
        encoder.append(text: version)
        for list in [parts, dependencies] {
            encoder.append(count: list.count)
            for (label, hash) in list {
                encoder.append(text: label)
                encoder.append(tag: "h", digest: hash, size: 32)
            }
        }
        return ContentHash(of: encoder.bytes)
    }
}
