import Crypto

/// Messages as frames of bytes: identities, a delimiter, a signature and four JSON texts. Anything that is not exactly that is refused.
struct WireFormat {
    /// Why frames are no message.
    enum Fault: Error, Equatable {
        case noDelimiter, tooFewFrames, wrongSignature, repeated, notJSON
    }

    private static let delimiter = Array("<IDS|MSG>".utf8)
    private let key: SymmetricKey?
    private var seen: Set<[UInt8]> = []
    private var order: [[UInt8]] = []
    private var oldest = 0
    /// Signatures that are remembered, so that a message that is sent twice counts once.
    static let remembered = 1 << 16

    /// - Parameter key: shared with the front end; empty means that nothing is signed.
    init(key: String) { self.key = key.isEmpty ? nil : SymmetricKey(data: Array(key.utf8)) }

    /// The frames of a message.
    func frames(_ message: KernelMessage) -> [[UInt8]] {
        let parts = [message.header.json, message.parent, Array("{}".utf8), Array(message.content.plainJSON().utf8)]
        return message.identities + [Self.delimiter, signature(parts)] + parts
    }

    /// The message that frames hold.
    /// - Throws: ``Fault``; frames of a stranger are never parsed.
    mutating func message(_ frames: [[UInt8]]) throws -> KernelMessage {
        guard let delimiter = frames.firstIndex(of: Self.delimiter) else { throw Fault.noDelimiter }
        let rest = Array(frames[(delimiter + 1)...])
        guard rest.count >= 5 else { throw Fault.tooFewFrames }
        let parts = Array(rest[1...4])
        if key != nil {
            guard isSigned(parts, by: rest[0]) else { throw Fault.wrongSignature }
            guard remember(rest[0]) else { throw Fault.repeated }
        }
        guard let header = KernelMessage.Header(json: parts[0]), (try? StoreValue(json: parts[1])) != nil, (try? StoreValue(json: parts[2])) != nil,
              let content = try? StoreValue(json: parts[3]), case .table = content
        else { throw Fault.notJSON }
        return KernelMessage(identities: Array(frames[..<delimiter]), header: header, parent: parts[1], content: content)
    }

    private func signature(_ parts: [[UInt8]]) -> [UInt8] {
        guard let key else { return [] }
        return hexadecimal(digest(parts, key))
    }

    private func digest(_ parts: [[UInt8]], _ key: SymmetricKey) -> HMAC<SHA256>.MAC {
        var code = HMAC<SHA256>(key: key)
        for part in parts { code.update(data: part) }
        return code.finalize()
    }

    /// Compares in a time that tells nothing about the right signature.
    private func isSigned(_ parts: [[UInt8]], by signature: [UInt8]) -> Bool {
        guard let key, signature.count == 64 else { return false }
        let right = hexadecimal(digest(parts, key))
        return zip(right, signature).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private func hexadecimal(_ code: HMAC<SHA256>.MAC) -> [UInt8] {
        let digits = Array("0123456789abcdef".utf8)
        return code.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    }

    /// Notes a signature; false if it was seen before.
    private mutating func remember(_ signature: [UInt8]) -> Bool {
        guard seen.insert(signature).inserted else { return false }
        if order.count < Self.remembered {
            order.append(signature)
        } else {
            seen.remove(order[oldest])
            order[oldest] = signature
            oldest = (oldest + 1) % Self.remembered
        }
        return true
    }
}
