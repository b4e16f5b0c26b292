/// The canonical encoding of ``StoreValue``: the bytes that are hashed.
///
/// Each value starts with a tag that fixes its length or is followed by its length, so no two values share an encoding.
/// Integers and lengths are 8 bytes, least significant first.
///
/// | value | encoding |
/// |---|---|
/// | null, false, true | `n`, `f`, `t` |
/// | integer | `i`, two's complement |
/// | number | `d`, IEEE 754 bits; every NaN as 0x7FF8000000000000; -0 and 0 differ |
/// | string | `s`, length in bytes, UTF-8 |
/// | bytes | `b`, length, bytes |
/// | list | `l`, count, elements |
/// | table | `m`, count, then key and value of each entry, ordered by the bytes of the encoded key |
/// | file | `F`, size, SHA-256 of its bytes |
/// | folder | `D`, size, SHA-256 over path (as a string), size and SHA-256 of each file, ordered by the bytes of the path |
struct CanonicalEncoder {
    private(set) var bytes: [UInt8] = []

    /// Values nested deeper are refused, so that a hostile one cannot exhaust the stack.
    static let deepest = 200

    mutating func append(tag: Character) { bytes.append(tag.asciiValue ?? 0) }

    mutating func append(word: UInt64) {
        for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift))) }
    }

    mutating func append(count: Int) { append(word: UInt64(count)) }

    mutating func append(text: String) {
        append(tag: "s")
        append(count: text.utf8.count)
        bytes.append(contentsOf: text.utf8)
    }

    mutating func append(tag: Character, digest: ContentHash, size: Int) {
        append(tag: tag)
        append(count: size)
        bytes.append(contentsOf: digest.bytes)
    }

    mutating func append(_ value: StoreValue, depth: Int = 0) throws {
        guard depth < Self.deepest else {
            throw StoreError("a stored value is nested more than \(Self.deepest) levels deep; keep it flatter, or save it to a file")
        }
        switch value {
        case .null: append(tag: "n")
        case .bool(let flag): append(tag: flag ? "t" : "f")
        case .integer(let integer):
            append(tag: "i")
            append(word: UInt64(bitPattern: Int64(integer)))
        case .number(let number):
            append(tag: "d")
            append(word: number.isNaN ? 0x7FF8_0000_0000_0000 : number.bitPattern)
        case .string(let text): append(text: text)
        case .bytes(let raw):
            append(tag: "b")
            append(count: raw.count)
            bytes.append(contentsOf: raw)
        case .list(let values):
            append(tag: "l")
            append(count: values.count)
            for element in values { try append(element, depth: depth + 1) }
        case .table(let entries): try append(entries, depth: depth)
        case .file(let path): try append(.content(FileContent(reading: path)), depth: depth)
        case .content(let content):
            append(tag: content.members == nil ? "F" : "D", digest: content.hash, size: content.size)
        }
    }

    private mutating func append(_ entries: [StoreEntry], depth: Int) throws {
        append(tag: "m")
        append(count: entries.count)
        let encoded = try entries.map { entry in
            var key = CanonicalEncoder()
            try key.append(entry.key, depth: depth + 1)
            return (key: key.bytes, entry: entry)
        }.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        for (index, item) in encoded.enumerated() {
            if index > 0, encoded[index - 1].key == item.key {
                throw StoreError("a table to be stored has the key \(item.entry.key.summary()) twice")
            }
            bytes.append(contentsOf: item.key)
            try append(item.entry.value, depth: depth + 1)
        }
    }
}

extension StoreValue {
    /// The canonical encoding; files are read now.
    /// - Throws: ``FileFault`` for a file that cannot be read, ``StoreError`` for a repeated key or too deep a nesting.
    public func encoded() throws -> [UInt8] {
        var encoder = CanonicalEncoder()
        try encoder.append(self)
        return encoder.bytes
    }
}

extension StoreValue: Equatable {
    /// Compares the canonical encodings, so files are compared by content; values without an encoding equal nothing.
    public static func == (left: StoreValue, right: StoreValue) -> Bool {
        guard let first = try? left.encoded(), let second = try? right.encoded() else { return false }
        return first == second
    }
}
