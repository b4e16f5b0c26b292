/// Base64 of RFC 4648 with padding: the alphabet of `data:` addresses and of bytes in JSON.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// Encodes bytes, without line breaks.
    static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var index = 0
        while index < bytes.count {
            let second = index + 1 < bytes.count ? bytes[index + 1] : 0
            let third = index + 2 < bytes.count ? bytes[index + 2] : 0
            let word = Int(bytes[index]) << 16 | Int(second) << 8 | Int(third)
            text.append(alphabet[word >> 18])
            text.append(alphabet[word >> 12 & 63])
            text.append(index + 1 < bytes.count ? alphabet[word >> 6 & 63] : UInt8(ascii: "="))
            text.append(index + 2 < bytes.count ? alphabet[word & 63] : UInt8(ascii: "="))
            index += 3
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static let values: [UInt8?] = {
        var values = [UInt8?](repeating: nil, count: 256)
        for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
        return values
    }()

    /// Decodes padded base64; nil for anything else.
    static func decode(_ text: String) -> [UInt8]? {
        let characters = Array(text.utf8)
        guard characters.count % 4 == 0 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(characters.count / 4 * 3)
        for start in stride(from: 0, to: characters.count, by: 4) {
            let last = start + 4 == characters.count
            let padding = !last ? 0 : characters[start + 2] == UInt8(ascii: "=") ? 2 : characters[start + 3] == UInt8(ascii: "=") ? 1 : 0
            var word = 0
            for position in 0..<4 {
                if position >= 4 - padding {
                    guard characters[start + position] == UInt8(ascii: "=") else { return nil }
                    word <<= 6
                } else {
                    guard let value = values[Int(characters[start + position])] else { return nil }
                    word = word << 6 | Int(value)
                }
            }
            bytes.append(UInt8(word >> 16))
            if padding < 2 { bytes.append(UInt8(word >> 8 & 255)) }
            if padding < 1 { bytes.append(UInt8(word & 255)) }
        }
        return bytes
    }
}
