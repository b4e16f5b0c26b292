#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Pictures inside a terminal, for those that say that they can show them.
public enum TerminalGraphics: String, CaseIterable, Sendable {
    case kitty, iterm, sixel

    /// Decodes a PNG file: width, height, and bytes of red, green and blue.
    public typealias Decoder = ([UInt8]) throws -> (width: Int, height: Int, pixels: [UInt8])

    /// How the terminal of this process shows pictures; nil if it does not, or does not say.
    ///
    /// - Parameters:
    ///   - environment: the variables; LOAM_GRAPHICS = kitty, iterm, sixel or none says it outright.
    ///   - ask: writes to the terminal and gives its answer.
    init?(environment: (String) -> String? = variable, ask: (String) -> String? = Self.answer) {
        if let wanted = environment("LOAM_GRAPHICS") {
            self.init(rawValue: wanted)
            return
        }
        guard environment("TERM").map({ $0 != "dumb" }) ?? false else { return nil }
        if environment("TERM_PROGRAM") == "iTerm.app" || environment("LC_TERMINAL") == "iTerm2" {
            self = .iterm
            return
        }
        guard let answer = ask(Self.question) else { return nil }
        if answer.contains("_Gi=31;OK") { self = .kitty } else if Self.attributes(answer).contains("4") { self = .sixel } else { return nil }
    }

    /// A picture of one pixel in kitty's way, only to be looked at, and the question for the terminal's attributes, which all terminals answer.
    static let question = "\u{1B}_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\u{1B}\\\u{1B}[c"

    /// The numbers of an answer `ESC [ ? 62 ; 4 c`.
    private static func attributes(_ answer: String) -> [Substring] {
        guard let start = answer.range(of: "\u{1B}[?"), let end = answer[start.upperBound...].firstIndex(of: "c") else { return [] }
        return answer[start.upperBound..<end].split(separator: ";")
    }

    /// What the terminal answers to a question within 300 ms; nil if nobody is there, or if the user is typing ahead.
    static func answer(_ question: String) -> String? {
        guard isatty(STDIN_FILENO) != 0, isatty(STDOUT_FILENO) != 0 else { return nil }
        var before = termios()
        guard tcgetattr(STDIN_FILENO, &before) == 0 else { return nil }
        var plain = before
        plain.c_lflag &= ~tcflag_t(ICANON | ECHO)
        tcsetattr(STDIN_FILENO, TCSANOW, &plain)
        defer { tcsetattr(STDIN_FILENO, TCSANOW, &before) }
        var waiting = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, 0) == 0 else { return nil }
        fputs(question, stdout)
        fflush(stdout)
        var answer: [UInt8] = []
        let end = ContinuousClock.now + .milliseconds(300)
        while ContinuousClock.now < end, poll(&waiting, 1, 300) == 1 {
            var byte: UInt8 = 0
            guard read(STDIN_FILENO, &byte, 1) == 1 else { break }
            answer.append(byte)
            if byte == UInt8(ascii: "c"), String(decoding: answer, as: UTF8.self).contains("\u{1B}[?") { break }
        }
        return String(decoding: answer, as: UTF8.self)
    }

    /// What is written to the terminal to show a PNG file.
    public func text(png: [UInt8], decode: Decoder) throws -> String {
        switch self {
        case .iterm: return "\u{1B}]1337;File=inline=1;size=\(png.count):\(Base64.encode(png))\u{07}\n"
        case .kitty:
            let encoded = Array(Base64.encode(png).utf8)
            var text = ""
            for start in stride(from: 0, to: encoded.count, by: Self.chunk) {
                let end = min(start + Self.chunk, encoded.count)
                text += "\u{1B}_G\(start == 0 ? "a=T,f=100,q=2," : "")m=\(end < encoded.count ? 1 : 0);"
                text += String(decoding: encoded[start..<end], as: UTF8.self) + "\u{1B}\\"
            }
            return text + "\n"
        case .sixel:
            let picture = try decode(png)
            return Sixel.text(width: picture.width, height: picture.height, pixels: picture.pixels) + "\n"
        }
    }

    /// Characters in one of kitty's pieces.
    private static let chunk = 4096
}
