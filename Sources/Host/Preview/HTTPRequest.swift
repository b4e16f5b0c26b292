/// The head of a request, as far as a server of pages needs it.
struct HTTPRequest: Equatable {
    let method: String
    /// The path with its percent signs decoded, without a query.
    let path: String
    /// The name and port that the client believes it talks to.
    let host: String?

    /// Bytes that a head may have.
    static let mostBytes = 16 << 10

    /// What the bytes of a connection say.
    enum Reading: Equatable {
        case request(HTTPRequest)
        /// The head is not whole yet.
        case unfinished
        /// No request at all, or one that is too long.
        case faulty
    }

    /// Reads a head: a line `GET /path HTTP/1.1`, then lines `Name: value`, then an empty one.
    static func reading(_ bytes: [UInt8]) -> Reading {
        let end: [UInt8] = [13, 10, 13, 10]
        guard let length = (0..<max(0, bytes.count - 3)).first(where: { bytes[$0..<($0 + 4)].elementsEqual(end) }) else {
            return bytes.count > mostBytes ? .faulty : .unfinished
        }
        guard length <= mostBytes, let text = String(validating: bytes[..<length], as: UTF8.self) else { return .faulty }
        var lines = text.utf8.split(separator: 10, omittingEmptySubsequences: false).map { line in String(Substring(line.last == 13 ? line.dropLast() : line)) }[...]
        let words = (lines.popFirst() ?? "").split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, words[2].hasPrefix("HTTP/1."), words[1].hasPrefix("/"), let path = decoded(words[1].prefix { $0 != "?" && $0 != "#" }) else { return .faulty }
        var host: String?
        for line in lines {
            guard let colon = line.firstIndex(of: ":") else { return .faulty }
            guard line[..<colon].lowercased() == "host" else { continue }
            // Two of them would let each reader believe another one.
            guard host == nil else { return .faulty }
            host = String(line[line.index(after: colon)...].drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
        return .request(HTTPRequest(method: String(words[0]), path: path, host: host))
    }

    /// A path with %XX replaced by bytes; nil if they are no text, or hold a control character.
    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        guard bytes.allSatisfy({ $0 >= 32 && $0 != 127 }) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }
}

/// The answer to a request.
struct HTTPResponse {
    var status = 200
    var type = "text/plain; charset=utf-8"
    var headers: [(name: String, value: String)] = []
    var body: [UInt8]

    init(_ body: [UInt8], type: String) {
        self.body = body
        self.type = type
    }

    /// An answer that says what is wrong.
    init(status: Int) {
        self.status = status
        body = Array("\(status) \(Self.reasons[status] ?? "")\n".utf8)
    }

    private static let reasons = [
        200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 421: "Misdirected Request", 503: "Service Unavailable",
    ]

    /// The bytes to send. Nothing is kept by browsers, nothing is shown as anything but what it says to be.
    ///
    /// - Parameter hasBody: false answers HEAD.
    func bytes(hasBody: Bool) -> [UInt8] {
        var head = "HTTP/1.1 \(status) \(Self.reasons[status] ?? "")\r\nContent-Type: \(type)\r\nContent-Length: \(body.count)\r\nConnection: close\r\n"
        for (name, value) in Self.always + headers { head += "\(name): \(value)\r\n" }
        return Array((head + "\r\n").utf8) + (hasBody ? body : [])
    }

    /// The head of a stream of events, which ends when the connection does.
    static let eventStream = Array(("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n"
        + always.map { "\($0.name): \($0.value)\r\n" }.joined() + "\r\n").utf8)

    private static let always: [(name: String, value: String)] = [
        ("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"), ("Cross-Origin-Resource-Policy", "same-origin"),
    ]
}
