import CZeroMQ
import Foundation

/// The sockets of a kernel, all served by one thread, so that a busy Lua thread never keeps a front end from an answer, an interrupt or a
/// heartbeat.
final class KernelTransport: KernelLink, @unchecked Sendable {
    /// What the Lua thread has to do next.
    enum Task {
        case answer(KernelMessage, isAborted: Bool)
        case stop
    }

    private let context: UnsafeMutableRawPointer
    private var sockets: [ConnectionFile.Channel: KernelSocket] = [:]
    private let description: KernelDescription
    private let interrupt: Interrupt
    private let encoder: WireFormat
    private var decoder: WireFormat
    private let session = UUID().uuidString
    private var capture: OutputCapture?
    /// The pipe that ends the thread's waiting.
    private var wakeEnds: [Int32] = [0, 0]

    // All below is shared by both threads and guarded by `condition`.
    private let condition = NSCondition()
    private var tasks: [Task] = []
    private var outgoing: [(channel: ConnectionFile.Channel, frames: [[UInt8]])] = []
    private var outgoingBytes = 0
    private var messageCount = 0
    private var streamOwner: KernelMessage?
    private var replies: [StoreValue] = []
    private var isAborting = false
    private var isClosing = false
    private var isClosed = false
    private var isStopping = false

    /// Bytes that may wait to be sent before a script has to wait.
    private static let mostOutgoing = 32 << 20
    /// Seconds between two looks at what a script wrote, while it goes on writing.
    private static let outputInterval = 0.02
    /// Seconds in which cells that were sent together surely arrive.
    private static let grace = 0.03
    /// Seconds that a running cell has to end after the front end asked the kernel to go.
    private static let patience = 1.5

    /// Binds all sockets and begins to serve them.
    ///
    /// - Parameters:
    ///   - connection: where; ports that are 0 are chosen and filled in.
    ///   - capturesOutput: whether standard output and standard error go to the front ends.
    init(_ connection: inout ConnectionFile, description: KernelDescription, interrupt: Interrupt, capturesOutput: Bool) throws {
        guard let context = zmq_ctx_new() else { throw StoreError("ZeroMQ could not be started") }
        self.context = context
        self.description = description
        self.interrupt = interrupt
        encoder = WireFormat(key: connection.key)
        decoder = WireFormat(key: connection.key)
        for channel in ConnectionFile.Channel.allCases {
            let kind = channel == .iopub ? ZMQ_XPUB : channel == .hb ? ZMQ_REP : ZMQ_ROUTER
            let socket = try KernelSocket(context, kind: kind, endpoint: connection.endpoint(channel))
            if connection.transport == "tcp" { connection.ports[channel] = socket.port }
            sockets[channel] = socket
        }
        guard pipe(&wakeEnds) == 0 else { throw StoreError("a pipe could not be made: \(String(cString: strerror(errno)))") }
        for end in wakeEnds { _ = fcntl(end, F_SETFL, O_NONBLOCK); _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        if capturesOutput {
            capture = try OutputCapture { [unowned self] name, text in
                publish("stream", ["name": .string(name), "text": .string(text)], for: locked { streamOwner })
            }
        }
        let thread = Thread { [self] in serve() }
        thread.name = "kernel sockets"
        thread.start()
        publish("status", ["execution_state": "starting"], for: nil)
    }

    // MARK: The Lua thread's side

    /// Waits for something to do.
    func next() -> Task {
        condition.lock()
        defer { condition.unlock() }
        while tasks.isEmpty { condition.wait() }
        return tasks.removeFirst()
    }

    /// Sends what waits and closes the sockets.
    func close() {
        capture?.drain(isFinal: true)
        locked { isClosing = true }
        wake()
        condition.lock()
        while !isClosed { condition.wait() }
        condition.unlock()
        zmq_ctx_term(context)
    }

    func reply(_ type: String, _ content: StoreValue, to request: KernelMessage) { send(.shell, type, content, request.identities, request.header.json) }

    func publish(_ type: String, _ content: StoreValue, for request: KernelMessage?) {
        send(.iopub, type, content, [Array(type.utf8)], request?.header.json ?? Array("{}".utf8))
    }

    func flushOutput(for request: KernelMessage?) {
        fflush(nil)
        capture?.drain(isFinal: true)
        locked { streamOwner = request }
    }

    func ask(_ prompt: String, password: Bool, for request: KernelMessage) throws -> String {
        locked { replies = [] }
        send(.stdin, "input_request", ["prompt": .string(prompt), "password": .bool(password)], request.identities, request.header.json)
        condition.lock()
        defer { condition.unlock() }
        while replies.isEmpty {
            // The interrupt may come from a signal, which wakes nobody.
            _ = condition.wait(until: Date(timeIntervalSinceNow: 0.05))
            if interrupt.isRaised { throw LuaError.interrupted }
            if isStopping { throw LuaError("the kernel is shutting down") }
        }
        return replies.removeFirst()["value"]?.text ?? ""
    }

    func abortWaiting() {
        // Cells that were sent together with this one may still be on their way.
        Thread.sleep(forTimeInterval: Self.grace)
        condition.lock()
        defer { condition.unlock() }
        // The thread marks what has arrived by now, on the socket too.
        isAborting = true
        wake()
        while isAborting && !isClosed { condition.wait() }
    }

    private func send(_ channel: ConnectionFile.Channel, _ type: String, _ content: StoreValue, _ identities: [[UInt8]], _ parent: [UInt8]) {
        let number = locked { messageCount += 1; return messageCount }
        let header = KernelMessage.Header(type: type, session: session, number: number)
        let frames = encoder.frames(KernelMessage(identities: identities, header: header, parent: parent, content: content))
        let size = frames.reduce(0) { $0 + $1.count }
        condition.lock()
        if Thread.current.name != "kernel sockets" {
            while outgoingBytes > Self.mostOutgoing, !isClosed { _ = condition.wait(until: Date(timeIntervalSinceNow: 0.05)) }
        }
        outgoing.append((channel, frames))
        outgoingBytes += size
        condition.unlock()
        wake()
    }

    private func wake() {
        var byte: UInt8 = 0
        _ = write(wakeEnds[1], &byte, 1)
    }

    private func locked<Result>(_ body: () -> Result) -> Result {
        condition.lock()
        defer { condition.unlock() }
        return body()
    }

    // MARK: The sockets' thread

    private func serve() {
        var stopTime: Date?
        var nextOutput = Date.distantPast
        let channels = ConnectionFile.Channel.allCases
        while true {
            var items = channels.map { zmq_pollitem_t(socket: sockets[$0]!.handle, fd: 0, events: Int16(ZMQ_POLLIN), revents: 0) }
            items.append(zmq_pollitem_t(socket: nil, fd: wakeEnds[0], events: Int16(ZMQ_POLLIN), revents: 0))
            let pause = nextOutput.timeIntervalSinceNow
            if let capture, pause <= 0 {
                items += capture.descriptors.map { zmq_pollitem_t(socket: nil, fd: $0, events: Int16(ZMQ_POLLIN), revents: 0) }
            }
            zmq_poll(&items, Int32(items.count), pause > 0 ? max(1, Int(pause * 1000)) : 500)
            if items[channels.count].revents != 0 {
                var bytes = [UInt8](repeating: 0, count: 256)
                while read(wakeEnds[0], &bytes, bytes.count) > 0 {}
            }
            if items.dropFirst(channels.count + 1).contains(where: { $0.revents != 0 }) {
                capture?.drain(isFinal: false)
                nextOutput = Date(timeIntervalSinceNow: Self.outputInterval)
            }
            for channel in channels { receive(channel) }
            sendWaiting()
            condition.lock()
            if isAborting {
                tasks = tasks.map { if case .answer(let message, _) = $0 { .answer(message, isAborted: true) } else { $0 } }
                isAborting = false
                condition.broadcast()
            }
            let isLast = isClosing && outgoing.isEmpty
            if isStopping, stopTime == nil { stopTime = Date() }
            condition.unlock()
            if isLast { break }
            // A cell that does not end, such as one inside a C module, must not keep the kernel.
            if let stopTime, -stopTime.timeIntervalSinceNow > Self.patience { _exit(0) }
            if hasLostParent { _exit(1) }
        }
        sockets = [:]
        locked { isClosed = true; condition.broadcast() }
    }

    /// Whether the program that started the kernel is gone, so that nobody will ever stop it.
    private var hasLostParent: Bool { startedByFrontEnd && getppid() == 1 }
    private let startedByFrontEnd = variable("JPY_PARENT_PID").map { $0 != "1" } ?? false

    private func sendWaiting() {
        while true {
            let waiting = locked { () -> [(channel: ConnectionFile.Channel, frames: [[UInt8]])] in
                defer { outgoing = []; outgoingBytes = 0; condition.broadcast() }
                return outgoing
            }
            if waiting.isEmpty { return }
            for message in waiting { sockets[message.channel]?.send(message.frames) }
        }
    }

    private func receive(_ channel: ConnectionFile.Channel) {
        guard let socket = sockets[channel] else { return }
        while let frames = socket.receive() {
            switch channel {
            case .hb: socket.send(frames.isEmpty ? [[]] : frames)
            case .iopub: welcome(frames)
            default:
                // What is no message of this kernel's front ends is dropped without a word.
                guard let message = try? decoder.message(frames) else { continue }
                switch channel {
                case .control: control(message)
                case .stdin: if message.header.type == "input_reply" { locked { replies = [message.content]; condition.broadcast() } }
                default: take(message)
                }
            }
        }
    }

    private func take(_ message: KernelMessage) {
        if message.header.type == "shutdown_request" { return control(message, on: .shell) }
        locked { tasks.append(.answer(message, isAborted: false)); condition.broadcast() }
    }

    /// A front end that has begun to listen is told so: from now on it misses nothing.
    private func welcome(_ frames: [[UInt8]]) {
        guard let frame = frames.first, frame.first == 1 else { return }
        let topic = Array(frame.dropFirst())
        send(.iopub, "iopub_welcome", ["subscription": .string(String(decoding: topic, as: UTF8.self))], [topic], Array("{}".utf8))
    }

    /// Requests that are answered while Lua runs.
    private func control(_ request: KernelMessage, on channel: ConnectionFile.Channel = .control) {
        publish("status", ["execution_state": "busy"], for: request)
        var answer: StoreValue?
        switch request.header.type {
        case "kernel_info_request": answer = description.content
        case "interrupt_request":
            interrupt.raise()
            // Programs that a cell has started belong to the kernel's group, as those of a terminal do to its own; front ends make the kernel its leader.
            if getpgrp() == getpid() { kill(0, SIGINT) }
            answer = ["status": "ok"]
        case "shutdown_request":
            let restarts = if case .bool(true)? = request.content["restart"] { true } else { false }
            answer = ["status": "ok", "restart": .bool(restarts)]
        default: break
        }
        if let answer {
            let type = request.header.type.dropLast("request".count) + "reply"
            send(channel, String(type), answer, request.identities, request.header.json)
            if request.header.type == "shutdown_request" { publish(String(type), answer, for: request) }
        }
        publish("status", ["execution_state": "idle"], for: request)
        guard request.header.type == "shutdown_request" else { return }
        locked { tasks = [.stop]; isStopping = true; condition.broadcast() }
        interrupt.raise()
    }
}
