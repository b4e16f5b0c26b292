/// A value that can be part of a stage's key, a stage's result, or a run's record.
///
/// Two values are equal when their canonical encodings are: 1 and 1.0 differ, "é" in one or two code points differ,
/// every NaN is the same NaN, the order of a table's entries does not matter.
public enum StoreValue: Sendable {
    case null
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    /// Bytes that need not be text, such as captured code.
    case bytes([UInt8])
    case list([StoreValue])
    /// Keys of any kind, each at most once. A list, not a dictionary: Swift holds strings equal that differ in bytes.
    case table([StoreEntry])
    /// A file or a folder that counts by its content, read anew whenever the value is encoded.
    case file(String)
    /// What ``file(_:)`` becomes once it has been read.
    case content(FileContent)
}

/// One entry of a ``StoreValue/table(_:)``.
public struct StoreEntry: Sendable {
    public let key: StoreValue
    public let value: StoreValue

    public init(_ key: StoreValue, _ value: StoreValue) {
        self.key = key
        self.value = value
    }
}

/// The content of a file, or of a folder with all files below it, by hash.
public struct FileContent: Sendable {
    /// One file of a folder.
    public struct Member: Equatable, Sendable {
        /// Path below the folder.
        public let path: String
        /// Size in bytes.
        public let size: Int
        public let hash: ContentHash
    }

    /// The path as given; it is shown, never hashed.
    public let path: String
    /// Size in bytes; of a folder, the sum over its files.
    public let size: Int
    /// Of a file: of its bytes. Of a folder: of its files' paths and hashes.
    public let hash: ContentHash
    /// The files of a folder, ordered by the bytes of their path; nil for a file.
    public let members: [Member]?

    /// Reads a file, or a folder with everything below it (symbolic links are followed).
    /// - Throws: ``FileFault``.
    public init(reading path: String) throws {
        guard Folder.kind(of: path) == .folder else {
            let read = try ContentHash.ofFile(path)
            self.init(path: path, size: read.size, hash: read.hash, members: nil)
            return
        }
        var members: [Member] = []
        for file in try Folder.files(under: path, followingLinks: true) {
            let read = try ContentHash.ofFile(path + "/" + file.path)
            members.append(Member(path: file.path, size: read.size, hash: read.hash))
        }
        self.init(path: path, members: members)
    }

    init(path: String, members: [Member]) {
        var encoder = CanonicalEncoder()
        for member in members {
            encoder.append(text: member.path)
            encoder.append(tag: "F", digest: member.hash, size: member.size)
        }
        self.init(path: path, size: members.reduce(0) { $0 + $1.size }, hash: ContentHash(of: encoder.bytes), members: members)
    }

    init(path: String, size: Int, hash: ContentHash, members: [Member]?) {
        self.path = path
        self.size = size
        self.hash = hash
        self.members = members
    }
}

extension StoreValue {
    /// A table with text keys.
    public static func table(_ entries: KeyValuePairs<String, StoreValue>) -> StoreValue {
        .table(entries.map { StoreEntry(.string($0.key), $0.value) })
    }

    /// The value under a text key of a table; nil for other values and other keys.
    public subscript(key: String) -> StoreValue? {
        guard case .table(let entries) = self else { return nil }
        for entry in entries {
            if case .string(let name) = entry.key, name.utf8.elementsEqual(key.utf8) { return entry.value }
        }
        return nil
    }

    /// The element at a 0-based position of a list; nil outside.
    public subscript(position: Int) -> StoreValue? {
        guard case .list(let values) = self, values.indices.contains(position) else { return nil }
        return values[position]
    }

    public var text: String? { if case .string(let value) = self { value } else { nil } }
    public var integer: Int? { if case .integer(let value) = self { value } else { nil } }
    /// A number or an integer as a number.
    public var number: Double? {
        switch self {
        case .number(let value): return value
        case .integer(let value): return Double(value)
        default: return nil
        }
    }

    /// The same value with every ``file(_:)`` in it read.
    /// - Throws: ``FileFault``.
    public func reading() throws -> StoreValue {
        switch self {
        case .file(let path): return .content(try FileContent(reading: path))
        case .list(let values): return .list(try values.map { try $0.reading() })
        case .table(let entries):
            return .table(try entries.map { StoreEntry(try $0.key.reading(), try $0.value.reading()) })
        default: return self
        }
    }
}

extension StoreValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral {
    public init(nilLiteral: ()) { self = .null }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(integerLiteral value: Int) { self = .integer(value) }
    public init(floatLiteral value: Double) { self = .number(value) }
    public init(stringLiteral value: String) { self = .string(value) }
    public init(arrayLiteral values: StoreValue...) { self = .list(values) }
    public init(dictionaryLiteral entries: (StoreValue, StoreValue)...) { self = .table(entries.map { StoreEntry($0.0, $0.1) }) }
}
