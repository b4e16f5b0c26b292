/// Answers the requests of Jupyter front ends, one at a time, on the thread of its Lua state.
final class Kernel {
    let state: LuaState
    let scope: CellScope
    let link: any KernelLink
    let description: KernelDescription
    let history: ExecutionHistory
    /// The number of the last cell that counts.
    var executionCount = 0
    /// The request that is being answered.
    private(set) var current: KernelMessage?

    /// - Parameter historyPath: the file that keeps cells from session to session; nil keeps them in memory.
    init(_ state: LuaState, description: KernelDescription, display: DisplayOutput, link: any KernelLink, historyPath: String? = nil) throws {
        self.state = state
        self.link = link
        self.description = description
        history = try ExecutionHistory(path: historyPath)
        scope = CellScope(state)
        try Workspace(state, scope: scope).install()
        display.handler = { [unowned self] in try show($0) }
        try installInput()
    }

    /// Answers one request: tells that the kernel is busy, does what is asked, tells that it is idle.
    func handle(_ request: KernelMessage, isAborted: Bool = false) {
        current = request
        link.flushOutput(for: request)
        link.publish("status", ["execution_state": "busy"], for: request)
        defer {
            link.flushOutput(for: request)
            link.publish("status", ["execution_state": "idle"], for: request)
        }
        // What was asked to stop before has stopped.
        state.interrupt.clear()
        let content = request.content
        switch request.header.type {
        case "execute_request" where isAborted: answer(["status": "aborted"])
        case "execute_request": execute(content)
        case "complete_request": answer(complete(code: content["code"]?.text ?? "", cursor: content["cursor_pos"]?.integer))
        case "inspect_request":
            answer(inspect(code: content["code"]?.text ?? "", cursor: content["cursor_pos"]?.integer, detail: content["detail_level"]?.integer ?? 0))
        case "is_complete_request": answer(isComplete(content["code"]?.text ?? ""))
        case "history_request": answer(["status": "ok", "history": history.answer(content)])
        case "kernel_info_request": answer(description.content)
        case "comm_info_request": answer(["status": "ok", "comms": [:]])
        case "comm_open": refuse(content)
        default: break
        }
    }

    /// Answers the present request.
    func answer(_ content: StoreValue) {
        guard let current else { return }
        let type = current.header.type
        link.reply((type.hasSuffix("_request") ? String(type.dropLast("_request".count)) : type) + "_reply", content, to: current)
    }

    /// There are no comms in Lua: one that a front end opens is closed at once, as the protocol asks.
    private func refuse(_ content: StoreValue) {
        guard let identifier = content["comm_id"]?.text else { return }
        link.publish("comm_close", ["comm_id": .string(identifier), "data": [:]], for: current)
    }

    /// Whether code can be run as it is, or goes on.
    private func isComplete(_ code: String) -> StoreValue {
        if HelpRequest(code) != nil { return ["status": "complete"] }
        do {
            if try scope.compile(code, chunkName: "=code") != nil { return ["status": "complete"] }
        } catch { return ["status": "invalid"] }
        return ["status": "incomplete", "indent": .string(String(repeating: "  ", count: LuaScanner.openDepth(code)))]
    }

    // MARK: What scripts show

    private func show(_ request: DisplayOutput.Request) throws {
        link.flushOutput(for: current)
        switch request {
        case .show(let data, let identifier):
            link.publish("display_data", [
                "data": data.data, "metadata": data.metadata, "transient": identifier.map { ["display_id": .string($0)] } ?? [:],
            ], for: current)
        case .update(let data, let identifier):
            link.publish("update_display_data", ["data": data.data, "metadata": data.metadata, "transient": ["display_id": .string(identifier)]], for: current)
        case .clear(let waits): link.publish("clear_output", ["wait": .bool(waits)], for: current)
        }
    }
}

/// What the kernel says of itself.
struct KernelDescription {
    let version: String

    /// The answer to `kernel_info_request`.
    var content: StoreValue {
        [
            "status": "ok", "protocol_version": .string(KernelMessage.Header.protocolVersion), "implementation": "loam",
            "implementation_version": .string(version), "banner": .string("Loam \(version), Lua 5.4. help() lists the libraries, help(f) explains a function."),
            "debugger": false, "help_links": [["text": "Lua 5.4", "url": "https://www.lua.org/manual/5.4/"]],
            "language_info": [
                "name": "lua", "version": "5.4", "mimetype": "text/x-lua", "file_extension": ".lua", "pygments_lexer": "lua",
                "codemirror_mode": "lua", "nbconvert_exporter": "script",
            ],
        ]
    }
}
