/// One token of Lua text.
struct LuaToken: Equatable {
    enum Kind {
        case name, keyword, number, string, symbol
    }

    let kind: Kind
    let text: String
    /// Where it stands, as offsets of bytes.
    let range: Range<Int>
    /// How many blocks, and how many brackets inside the innermost block, are open before it.
    let blocks: Int
    let brackets: Int
    let isFirstOnLine: Bool

    /// Whether an expression can end with this token.
    var endsExpression: Bool {
        switch kind {
        case .name, .number, .string: return true
        case .keyword: return ["end", "nil", "true", "false"].contains(text)
        case .symbol: return [")", "]", "}", "..."].contains(text)
        }
    }
}

/// Splits Lua text into tokens and counts what is open. Never fails: what is no token is a symbol of one byte.
struct LuaScanner {
    private let bytes: [UInt8]
    private var position = 0
    private var blocks = 0
    /// Open brackets, one count for each open block; functions may stand inside brackets.
    private var brackets = [0]
    private var isFirstOnLine = true
    private(set) var tokens: [LuaToken] = []

    /// The tokens of a text.
    static func tokens(_ text: String) -> [LuaToken] {
        var scanner = LuaScanner(bytes: Array(text.utf8))
        scanner.scan()
        return scanner.tokens
    }

    /// How deep the end of a text lies in blocks and brackets, for the indentation of the next line.
    static func openDepth(_ text: String) -> Int {
        var scanner = LuaScanner(bytes: Array(text.utf8))
        scanner.scan()
        return max(0, scanner.blocks + scanner.brackets.reduce(0, +))
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private func byte(_ offset: Int = 0) -> UInt8? {
        position + offset < bytes.count ? bytes[position + offset] : nil
    }

    private mutating func scan() {
        while let next = byte() {
            switch next {
            case 10:
                isFirstOnLine = true
                position += 1
            case 9...13, 32: position += 1
            case UInt8(ascii: "-") where byte(1) == UInt8(ascii: "-"): skipComment()
            default: token(next)
            }
        }
    }

    private mutating func skipLine() {
        while let next = byte(), next != 10 { position += 1 }
    }

    private mutating func skipComment() {
        position += 2
        if byte() == UInt8(ascii: "["), let level = longBracket() { skipLong(level) } else { skipLine() }
    }

    /// The number of signs between the brackets of `[==[`, or nil if no long bracket begins here.
    private func longBracket() -> Int? {
        var level = 0
        while byte(1 + level) == UInt8(ascii: "=") { level += 1 }
        return byte(1 + level) == UInt8(ascii: "[") ? level : nil
    }

    private mutating func skipLong(_ level: Int) {
        position += level + 2
        while let next = byte() {
            position += 1
            guard next == UInt8(ascii: "]") else { continue }
            if (0..<level).allSatisfy({ byte($0) == UInt8(ascii: "=") }), byte(level) == UInt8(ascii: "]") {
                position += level + 1
                return
            }
        }
    }

    private mutating func skipQuoted(_ quote: UInt8) {
        position += 1
        while let next = byte(), next != quote, next != 10 {
            position += next == UInt8(ascii: "\\") ? 2 : 1
        }
        position = min(position + 1, bytes.count)
    }

    private mutating func token(_ next: UInt8) {
        let start = position
        switch next {
        case UInt8(ascii: "\""), UInt8(ascii: "'"):
            skipQuoted(next)
            add(.string, from: start)
        case UInt8(ascii: "[") where longBracket() != nil:
            skipLong(longBracket() ?? 0)
            add(.string, from: start)
        case UInt8(ascii: "0")...UInt8(ascii: "9"): number(from: start)
        case UInt8(ascii: ".") where byte(1).map(isDigit) == true: number(from: start)
        case _ where isLetter(next):
            while let letter = byte(), isLetter(letter) || isDigit(letter) { position += 1 }
            word(from: start)
        default: symbol(from: start)
        }
    }

    private mutating func number(from start: Int) {
        let exponent = UInt8(ascii: byte(1).map { $0 | 32 } == UInt8(ascii: "x") ? "p" : "e")
        while let next = byte() {
            let isSign = next == UInt8(ascii: "+") || next == UInt8(ascii: "-")
            let isPoint = next == UInt8(ascii: ".") && byte(1) != UInt8(ascii: ".")
            guard isLetter(next) || isDigit(next) || isPoint || isSign && position > start && bytes[position - 1] | 32 == exponent else { break }
            position += 1
        }
        add(.number, from: start)
    }

    private mutating func word(from start: Int) {
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        guard luaKeywords.contains(text) else { return add(.name, from: start) }
        switch text {
        case "function", "if", "do", "repeat":
            add(.keyword, from: start)
            blocks += 1
            brackets.append(0)
        case "end", "until":
            add(.keyword, from: start)
            blocks -= 1
            if brackets.count > 1 { brackets.removeLast() }
        default: add(.keyword, from: start)
        }
    }

    private mutating func symbol(from start: Int) {
        let longest = ["...", "..", "==", "~=", "<=", ">=", "//", "::", "<<", ">>"].first { bytes[start...].starts(with: $0.utf8) }
        position += longest?.utf8.count ?? 1
        // A character beyond ASCII stays whole.
        while let next = byte(), longest == nil, bytes[start] >= 0x80, next & 0xC0 == 0x80 { position += 1 }
        add(.symbol, from: start)
        switch bytes[start] {
        case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"): brackets[brackets.count - 1] += 1
        case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"): brackets[brackets.count - 1] -= 1
        default: break
        }
    }

    private mutating func add(_ kind: LuaToken.Kind, from start: Int) {
        tokens.append(LuaToken(
            kind: kind, text: String(decoding: bytes[start..<position], as: UTF8.self), range: start..<position, blocks: blocks,
            brackets: brackets.last ?? 0, isFirstOnLine: isFirstOnLine))
        isFirstOnLine = false
    }

    private func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
    private func isLetter(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "_") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 32) }
}
