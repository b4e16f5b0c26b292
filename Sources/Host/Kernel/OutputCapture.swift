import Foundation

/// Catches everything that the process writes to standard output or standard error, whoever writes it: Lua, C modules, child processes.
final class OutputCapture: @unchecked Sendable {
    /// One of the two streams.
    private struct Stream {
        let name: String
        /// The end of the pipe that is read, without waiting.
        let source: Int32
        /// Bytes of a character that has not come whole.
        var rest: [UInt8] = []
    }

    private var streams: [Stream] = []
    private let lock = NSLock()
    private let deliver: (_ name: String, _ text: String) -> Void

    /// What can be polled for new output.
    var descriptors: [Int32] { streams.map(\.source) }

    /// Takes the two streams over for the rest of the process's life.
    init(deliver: @escaping (_ name: String, _ text: String) -> Void) throws {
        self.deliver = deliver
        for (name, target) in [("stdout", STDOUT_FILENO), ("stderr", STDERR_FILENO)] {
            var ends: [Int32] = [0, 0]
            guard pipe(&ends) == 0 else { throw StoreError("a pipe could not be made: \(String(cString: strerror(errno)))") }
            _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
            _ = fcntl(ends[0], F_SETFD, FD_CLOEXEC)
            #if os(Linux)
            // F_SETPIPE_SZ, which the C library shows to GNU programs only: a script that prints fast then waits less often.
            _ = fcntl(ends[1], 1031, 1 << 20)
            #endif
            dup2(ends[1], target)
            close(ends[1])
            streams.append(Stream(name: name, source: ends[0]))
        }
        // Lines appear while a cell runs, not when a buffer is full.
        setvbuf(stdout, nil, _IOLBF, 1 << 16)
    }

    /// Delivers what has been written. Any thread may call it.
    ///
    /// - Parameter isFinal: whether half a character at the end is delivered too, as nothing will complete it.
    func drain(isFinal: Bool) {
        lock.lock()
        defer { lock.unlock() }
        for index in streams.indices {
            var bytes = streams[index].rest
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                let count = read(streams[index].source, &buffer, buffer.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { break }
                bytes += buffer[..<count]
                if bytes.count > 1 << 20 { break }
            }
            let whole = isFinal ? bytes.count : Self.wholeCharacters(bytes)
            streams[index].rest = Array(bytes[whole...])
            if whole > 0 { deliver(streams[index].name, String(decoding: bytes[..<whole], as: UTF8.self)) }
        }
    }

    /// The number of bytes before a character that is cut off at the end.
    static func wholeCharacters(_ bytes: [UInt8]) -> Int {
        for back in 1..<4 where back <= bytes.count {
            let byte = bytes[bytes.count - back]
            if byte & 0xC0 == 0x80 { continue }
            let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
            return length > back ? bytes.count - back : bytes.count
        }
        return bytes.count
    }
}
