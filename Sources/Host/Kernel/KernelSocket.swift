import CZeroMQ
#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// One bound socket of ZeroMQ; used by one thread.
final class KernelSocket {
    let handle: UnsafeMutableRawPointer
    /// The port that it was bound to; 0 for other transports than TCP.
    let port: Int

    /// A frame beyond this size ends the connection that sent it, before it is stored.
    static let largestFrame: Int64 = 32 << 20
    /// A message of more bytes or frames is read and dropped.
    private static let largestMessage = 64 << 20
    private static let mostFrames = 256

    /// Binds a socket of a kind such as `ZMQ_ROUTER`.
    init(_ context: UnsafeMutableRawPointer, kind: Int32, endpoint: String) throws {
        guard let handle = zmq_socket(context, kind) else { throw StoreError("a socket could not be made: \(Self.reason())") }
        self.handle = handle
        var linger: Int32 = 1000
        zmq_setsockopt(handle, ZMQ_LINGER, &linger, MemoryLayout<Int32>.size)
        var limit = Self.largestFrame
        zmq_setsockopt(handle, ZMQ_MAXMSGSIZE, &limit, MemoryLayout<Int64>.size)
        if kind == ZMQ_XPUB {
            // Every subscription is told, so that each front end is welcomed; front ends that are slow for a moment lose nothing.
            var yes: Int32 = 1
            zmq_setsockopt(handle, ZMQ_XPUB_VERBOSE, &yes, MemoryLayout<Int32>.size)
            var waiting: Int32 = 20_000
            zmq_setsockopt(handle, ZMQ_SNDHWM, &waiting, MemoryLayout<Int32>.size)
        }
        if kind == ZMQ_ROUTER {
            // A front end that comes back under its old name takes the place of its old connection.
            var yes: Int32 = 1
            zmq_setsockopt(handle, ZMQ_ROUTER_HANDOVER, &yes, MemoryLayout<Int32>.size)
        }
        guard zmq_bind(handle, endpoint) == 0 else {
            let reason = Self.reason()
            zmq_close(handle)
            throw StoreError("cannot listen on \(endpoint): \(reason)")
        }
        var bound = [CChar](repeating: 0, count: 256)
        var size = bound.count
        zmq_getsockopt(handle, ZMQ_LAST_ENDPOINT, &bound, &size)
        let text = String(decoding: bound.prefix(max(0, size - 1)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        port = text.hasPrefix("tcp:") ? text.split(separator: ":").last.flatMap { Int($0) } ?? 0 : 0
    }

    deinit { zmq_close(handle) }

    private static func reason() -> String { String(cString: zmq_strerror(zmq_errno())) }

    /// The next message that waits, as frames; nil if none does. One that is too large comes as no frames.
    func receive() -> [[UInt8]]? {
        var frames: [[UInt8]] = []
        var size = 0
        var isFirst = true
        while true {
            var message = zmq_msg_t()
            zmq_msg_init(&message)
            defer { zmq_msg_close(&message) }
            var count = zmq_msg_recv(&message, handle, isFirst ? ZMQ_DONTWAIT : 0)
            while count < 0, zmq_errno() == EINTR { count = zmq_msg_recv(&message, handle, isFirst ? ZMQ_DONTWAIT : 0) }
            guard count >= 0 else { return isFirst ? nil : [] }
            isFirst = false
            size += Int(count)
            if size <= Self.largestMessage, frames.count < Self.mostFrames {
                frames.append([UInt8](UnsafeRawBufferPointer(start: zmq_msg_data(&message), count: Int(count))))
            } else {
                size = .max / 2
                frames = []
            }
            if zmq_msg_more(&message) == 0 { return frames }
        }
    }

    /// Sends a message; one that nobody can take is dropped.
    func send(_ frames: [[UInt8]]) {
        for (index, frame) in frames.enumerated() {
            let flags = ZMQ_DONTWAIT | (index + 1 < frames.count ? ZMQ_SNDMORE : 0)
            var result = frame.withUnsafeBytes { zmq_send(handle, $0.baseAddress, $0.count, flags) }
            while result < 0, zmq_errno() == EINTR { result = frame.withUnsafeBytes { zmq_send(handle, $0.baseAddress, $0.count, flags) } }
            if result < 0 { return }
        }
    }

    /// Whether a message waits.
    var isReadable: Bool {
        var events: Int32 = 0
        var size = MemoryLayout<Int32>.size
        return zmq_getsockopt(handle, ZMQ_EVENTS, &events, &size) == 0 && events & Int32(ZMQ_POLLIN) != 0
    }
}
