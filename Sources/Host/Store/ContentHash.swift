import Crypto
#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A SHA-256 digest: the name of a value, a file or a stored result by its content.
public struct ContentHash: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The 32 bytes of the digest.
    public let bytes: [UInt8]

    /// The digest as 64 lower-case hexadecimal digits.
    public var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(64)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The first 8 digits, for messages.
    public var short: String { String(hex.prefix(8)) }

    public var description: String { hex }

    /// Reads 64 hexadecimal digits; nil for anything else.
    public init?(hex: String) {
        var digest: [UInt8] = []
        var high: UInt8?
        for character in hex.utf8 {
            let digit: UInt8
            switch character {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = character - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = character - UInt8(ascii: "a") + 10
            default: return nil
            }
            if let upper = high {
                digest.append(upper << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        guard digest.count == 32, high == nil else { return nil }
        bytes = digest
    }

    fileprivate init(digest: SHA256.Digest) { bytes = Array(digest) }

    /// The digest of bytes.
    public init(of bytes: [UInt8]) { self.init(digest: SHA256.hash(data: bytes)) }

    /// The digest of a value's canonical encoding; files in it are read now.
    /// - Throws: ``FileFault`` for a file that cannot be read, ``StoreError`` for a value without an encoding.
    public init(of value: StoreValue) throws { self.init(of: try value.encoded()) }

    /// The digest of a file's content, read now, in pieces of 1 MiB.
    /// - Returns: the digest and the number of bytes read.
    /// - Throws: ``FileFault``.
    public static func ofFile(_ path: String) throws -> (hash: ContentHash, size: Int) {
        let descriptor = retryingInterrupts { open(path, O_RDONLY | O_CLOEXEC) }
        guard descriptor >= 0 else { throw FileFault("read", path, code: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileFault("read", path, code: errno) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw FileFault("hash", path, reason: "it is not a regular file, so its content is not fixed")
        }
        var hasher = SHA256()
        var size = 0
        let capacity = 1 << 20
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 64)
        defer { buffer.deallocate() }
        while true {
            let count = retryingInterrupts { read(descriptor, buffer.baseAddress!, capacity) }
            guard count >= 0 else { throw FileFault("read", path, code: errno) }
            if count == 0 { break }
            hasher.update(bufferPointer: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            size += count
        }
        return (ContentHash(digest: hasher.finalize()), size)
    }

    public static func < (left: ContentHash, right: ContentHash) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}
