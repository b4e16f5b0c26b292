import Foundation
@testable import Host

/// A connection to a port of this machine, without any library for HTTP.
final class RawClient {
    private let descriptor: Int32
    private var received = ""

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let isConnected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        } == 0
        guard isConnected else { throw StoreError("no connection: \(String(cString: strerror(errno)))") }
    }

    func send(_ text: String) { send(Array(text.utf8)) }
    func send(_ bytes: [UInt8]) { _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) }

    /// What came up to a text; all that came, if the other side ends before.
    func read(upTo text: String) -> String {
        while !received.contains(text), receive() {}
        guard let range = received.range(of: text) else { return received }
        defer { received = String(received[range.upperBound...]) }
        return String(received[..<range.upperBound])
    }

    /// All that comes until the other side ends.
    func readToEnd() -> String {
        while receive() {}
        return received
    }

    private func receive() -> Bool {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, 20_000) == 1 else { return false }
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { return false }
        received += String(decoding: bytes[..<count], as: UTF8.self)
        return true
    }

    deinit { close(descriptor) }

    /// The answer to one request.
    static func answer(port: Int, _ request: String) throws -> String {
        let client = try RawClient(port: port)
        client.send(request)
        return client.readToEnd()
    }
}
