#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif
import Foundation

/// A web server for the programs of this machine alone: pages, and a stream of events.
///
/// One thread serves all connections. A request must name this very server as its host, so that no foreign page can reach it by a name of its own that
/// leads here.
final class LocalServer: @unchecked Sendable {
    /// The port on 127.0.0.1.
    let port: Int
    private let listener: Int32
    private var wakeEnds: [Int32] = [0, 0]
    private let answer: (String) -> HTTPResponse?
    private let lock = NSLock()
    private var events: [[UInt8]] = []
    private var isClosing = false
    private let ended = DispatchSemaphore(value: 0)

    /// The path under which events are heard.
    static let eventPath = "/events"
    /// Connections at a time.
    private static let mostConnections = 64
    /// Seconds in which a request must have come, and an answer must have been taken.
    private static let patience = 10.0

    private struct Connection {
        let descriptor: Int32
        var received: [UInt8] = []
        var waiting: [UInt8] = []
        var hearsEvents = false
        var isAnswered = false
        var deadline: Date
    }

    /// Begins to serve.
    ///
    /// - Parameters:
    ///   - port: 0 lets the system choose.
    ///   - answer: gives what lies under a path, nil for nothing; called on the server's thread.
    /// - Throws: ``StoreError`` when the port is taken.
    init(port: Int, answer: @escaping (String) -> HTTPResponse?) throws {
        self.answer = answer
        (listener, self.port) = try Self.listening(at: port)
        guard pipe(&wakeEnds) == 0 else { throw StoreError("a pipe could not be made: \(String(cString: strerror(errno)))") }
        for descriptor in wakeEnds + [listener] {
            _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        }
        let thread = Thread { [self] in serve() }
        thread.name = "local server"
        thread.start()
    }

    /// A socket that waits for connections from this machine, and its port.
    private static func listening(at port: Int) throws -> (Int32, Int) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard listener >= 0 else { throw StoreError("no socket could be made: \(String(cString: strerror(errno)))") }
        var yes: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(clamping: port)).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafePointer(to: &address) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, length) } } == 0
        guard isBound, listen(listener, 16) == 0 else {
            let reason = String(cString: strerror(errno))
            Glibc.close(listener)
            throw StoreError("port \(port) of 127.0.0.1 cannot be used: \(reason); leave --port out to have one chosen")
        }
        _ = withUnsafeMutablePointer(to: &address) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(listener, $0, &length) } }
        return (listener, Int(UInt16(bigEndian: address.sin_port)))
    }

    /// Tells everybody who listens.
    func tell(_ name: String, _ data: String) {
        let lines = data.split(separator: "\n", omittingEmptySubsequences: false).map { "data: \($0)\n" }.joined()
        lock.withLock { events.append(Array("event: \(name)\n\(lines)\n".utf8)) }
        wake()
    }

    /// Ends the server and all connections.
    func close() {
        lock.withLock { isClosing = true }
        wake()
        ended.wait()
    }

    private func wake() {
        var byte: UInt8 = 0
        _ = write(wakeEnds[1], &byte, 1)
    }

    // MARK: The server's thread

    private func serve() {
        var connections: [Connection] = []
        while !lock.withLock({ isClosing }) {
            var items = [pollfd(fd: wakeEnds[0], events: Int16(POLLIN), revents: 0)]
            items.append(pollfd(fd: connections.count < Self.mostConnections ? listener : -1, events: Int16(POLLIN), revents: 0))
            items += connections.map { pollfd(fd: $0.descriptor, events: Int16($0.waiting.isEmpty ? POLLIN : POLLIN | POLLOUT), revents: 0) }
            poll(&items, nfds_t(items.count), 1000)
            if items[0].revents != 0 {
                var bytes = [UInt8](repeating: 0, count: 256)
                while read(wakeEnds[0], &bytes, bytes.count) > 0 {}
            }
            let told = lock.withLock { () -> [UInt8] in
                defer { events = [] }
                return events.flatMap { $0 }
            }
            let now = Date()
            for index in connections.indices {
                if connections[index].hearsEvents { connections[index].waiting += told }
                if !attend(&connections[index], items[index + 2].revents) || !connections[index].hearsEvents && connections[index].deadline < now {
                    Glibc.close(connections[index].descriptor)
                    connections[index].deadline = .distantPast
                    connections[index].isAnswered = true
                    connections[index].hearsEvents = false
                    connections[index].waiting = []
                }
            }
            connections.removeAll { $0.deadline == .distantPast }
            if items[1].revents != 0 { accept(&connections) }
        }
        for connection in connections { Glibc.close(connection.descriptor) }
        for descriptor in wakeEnds + [listener] { Glibc.close(descriptor) }
        ended.signal()
    }

    private func accept(_ connections: inout [Connection]) {
        while connections.count < Self.mostConnections {
            let descriptor = Glibc.accept(listener, nil, nil)
            guard descriptor >= 0 else { return }
            _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            connections.append(Connection(descriptor: descriptor, deadline: Date(timeIntervalSinceNow: Self.patience)))
        }
    }

    /// Reads and writes what can be; false when the connection is over.
    private func attend(_ connection: inout Connection, _ state: Int16) -> Bool {
        if state & Int16(POLLIN | POLLHUP | POLLERR) != 0 {
            var bytes = [UInt8](repeating: 0, count: 4096)
            let count = read(connection.descriptor, &bytes, bytes.count)
            if count == 0 || count < 0 && errno != EAGAIN && errno != EINTR { return false }
            // What follows the first request is not read: the connection ends with its answer.
            if count > 0, !connection.isAnswered { connection.received += bytes[..<count] }
        }
        if !connection.isAnswered {
            switch HTTPRequest.reading(connection.received) {
            case .unfinished: break
            case .faulty: finish(&connection, HTTPResponse(status: 400), hasBody: true)
            case .request(let request): take(request, on: &connection)
            }
        }
        while !connection.waiting.isEmpty {
            let count = connection.waiting.withUnsafeBytes { send(connection.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count < 0 { return errno == EAGAIN || errno == EINTR }
            connection.waiting.removeFirst(count)
        }
        return !connection.isAnswered || connection.hearsEvents
    }

    private func take(_ request: HTTPRequest, on connection: inout Connection) {
        guard ["127.0.0.1:\(port)", "localhost:\(port)"].contains(request.host) else { return finish(&connection, HTTPResponse(status: 421), hasBody: true) }
        guard ["GET", "HEAD"].contains(request.method) else { return finish(&connection, HTTPResponse(status: 405), hasBody: true) }
        if request.path == Self.eventPath, request.method == "GET" {
            connection.isAnswered = true
            connection.hearsEvents = true
            connection.waiting = HTTPResponse.eventStream + Array(": welcome\n\n".utf8)
            return
        }
        finish(&connection, answer(request.path) ?? HTTPResponse(status: 404), hasBody: request.method == "GET")
    }

    private func finish(_ connection: inout Connection, _ response: HTTPResponse, hasBody: Bool) {
        connection.isAnswered = true
        connection.waiting = response.bytes(hasBody: hasBody)
        connection.deadline = Date(timeIntervalSinceNow: Self.patience)
    }
}
