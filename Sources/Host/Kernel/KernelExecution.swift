extension Kernel {
    /// Runs a cell and answers.
    func execute(_ content: StoreValue) {
        let code = content["code"]?.text ?? ""
        let isSilent = content["silent"]?.isTrue ?? false
        let isKept = !isSilent && content["store_history"]?.isTrue ?? true
        if isKept {
            executionCount += 1
            history.add(code, number: executionCount)
        }
        if !isSilent {
            link.publish("execute_input", ["code": .string(code), "execution_count": .integer(executionCount)], for: current)
        }
        var payload: [StoreValue] = []
        do {
            if let help = HelpRequest(code) {
                payload.append(["source": "page", "start": 0, "data": DisplayData(state.help(on: help.subject(in: scope, state))).data])
            } else {
                try run(code, isSilent: isSilent, isKept: isKept)
            }
        } catch {
            let description = Self.described(error)
            link.flushOutput(for: current)
            if !isSilent { link.publish("error", .table(description), for: current) }
            // Later cells mostly need what this one should have made. What the front end sends once it has the answer is run again.
            if content["stop_on_error"]?.isTrue ?? true { link.abortWaiting() }
            return answer(.table(description + [
                StoreEntry("status", "error"), StoreEntry("execution_count", .integer(executionCount)), StoreEntry("payload", []), StoreEntry("user_expressions", [:]),
            ]))
        }
        let expressions = evaluate(content["user_expressions"])
        link.flushOutput(for: current)
        answer(["status": "ok", "execution_count": .integer(executionCount), "payload": .list(payload), "user_expressions": expressions])
    }

    private func run(_ code: String, isSilent: Bool, isKept: Bool) throws {
        let name = "=In[\(executionCount)]"
        guard let cell = try scope.compile(code, chunkName: name) else {
            _ = try state.load(code, chunkName: name)
            return
        }
        let values = try cell.run()
        guard let first = values.first, !isSilent else { return }
        try state.setGlobal("_", first)
        guard !cell.isSilent else { return }
        let data = DisplayData(values, printer: ValuePrinter(state))
        if isKept { history.setOutput(data.plainText ?? "") }
        link.flushOutput(for: current)
        link.publish("execute_result", ["execution_count": .integer(executionCount), "data": data.data, "metadata": data.metadata], for: current)
    }

    /// An error as the protocol has it. Front ends know an interrupt by the name that Python gives it.
    private static func described(_ error: any Error) -> [StoreEntry] {
        let isInterrupt = (error as? LuaError)?.isInterrupt == true
        let lines = ErrorReport.text(error).split(separator: "\n", omittingEmptySubsequences: false)
        return [
            StoreEntry("ename", .string(isInterrupt ? "KeyboardInterrupt" : "LuaError")),
            StoreEntry("evalue", .string(isInterrupt ? "interrupted" : (error as? LuaError)?.message ?? "\(error)")),
            StoreEntry("traceback", .list(lines.map { .string(String($0)) })),
        ]
    }

    /// The values of expressions by name, each with an error of its own.
    private func evaluate(_ expressions: StoreValue?) -> StoreValue {
        guard case .table(let entries)? = expressions else { return [:] }
        return .table(entries.map { entry in
            do {
                let chunk = try scope.compile("return " + (entry.value.text ?? ""), chunkName: "=expression")
                let data = DisplayData(try chunk?.run() ?? [], printer: ValuePrinter(state))
                return StoreEntry(entry.key, ["status": "ok", "data": data.data, "metadata": data.metadata])
            } catch { return StoreEntry(entry.key, .table([StoreEntry("status", "error")] + Self.described(error))) }
        })
    }
}

extension StoreValue {
    /// The value of a flag; nil for anything else.
    fileprivate var isTrue: Bool? { if case .bool(let flag) = self { flag } else { nil } }
}
