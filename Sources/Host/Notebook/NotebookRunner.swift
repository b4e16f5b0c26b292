/// What a notebook needs of the world around it: a fresh Lua state, and how values are shown.
public struct NotebookEnvironment {
    let state: LuaState
    let display: (LuaValue) throws -> NotebookDisplay?
    let receive: (NotebookReceiver) -> Void
    let finish: (NotebookRun) throws -> Void
    let version: String

    /// - Parameters:
    ///   - state: with its libraries, fresh.
    ///   - version: of the program, for the record.
    ///   - display: the forms of a value; nil shows its text.
    ///   - receive: is given what takes in stages and shown values while the notebook runs.
    ///   - finish: is called when the run is over, failed ones included.
    public init(state: LuaState, version: String, display: @escaping (LuaValue) throws -> NotebookDisplay?, receive: @escaping (NotebookReceiver) -> Void,
                finish: @escaping (NotebookRun) throws -> Void = { _ in }) {
        self.state = state
        self.version = version
        self.display = display
        self.receive = receive
        self.finish = finish
    }
}

/// Takes in what a running notebook tells beside its values.
public final class NotebookReceiver {
    fileprivate var showValue: (LuaValue) throws -> Void = { _ in }
    fileprivate var showForms: (DisplayData) throws -> Void = { _ in }
    fileprivate var addStage: (NotebookStage) -> Void = { _ in }
    fileprivate var setMetric: (String, Double) -> Void = { _, _ in }

    /// Adds a value to the outputs of the cell that runs.
    public func show(_ value: LuaValue) throws { try showValue(value) }

    /// Adds something that was made for showing, as a picture if it is one, else as text.
    public func show(_ data: DisplayData) throws { try showForms(data) }

    /// Notes that the notebook used a stage.
    public func used(_ stage: NotebookStage) { addStage(stage) }

    /// Notes a value that the notebook recorded under a name; the last one counts.
    public func recorded(_ name: String, _ value: Double) { setMetric(name, value) }
}

/// Runs a notebook from top to bottom in a fresh state.
public final class NotebookRunner {
    private let environment: NotebookEnvironment
    private let program: NotebookProgram
    private let placement: NotebookParameters.Placement
    private var run: NotebookRun
    private var current: Int?
    private var count = 0
    private var printed = 0
    /// Called when a cell is over, and when the run is.
    public var onProgress: (NotebookRun) throws -> Void = { _ in }
    /// Called with what cells print, as they print it.
    public var onOutput: (String) -> Void = { _ in }
    /// Bytes that one cell may print; the rest is counted.
    private static let mostPrinted = 4 << 20

    /// - Throws: ``NotebookError`` for faulty options and unknown parameters. Faults of the code itself are part of the run's result.
    public init(_ notebook: Notebook, file: String, parameters: NotebookParameters = NotebookParameters(), environment: NotebookEnvironment) throws {
        self.environment = environment
        let head = try FrontMatter.value(notebook.frontMatter, file: file, line: 2)
        placement = try parameters.placed(in: notebook, head: head, file: file)
        var injected: [Int: String] = [:]
        if let cell = placement.cell { injected[cell] = placement.assignments }
        program = try NotebookProgram(notebook, file: file, head: head, injected: injected) { [state = environment.state] in (try? state.load($0)) != nil }
        run = NotebookRun(file: file, notebook: notebook, head: head, results: notebook.cells.map { _ in .init() }, version: environment.version)
        run.parameters = placement.record
        if let cell = placement.cell, !placement.assignments.isEmpty { run.injection = (cell, placement.assignments) }
        for piece in program.pieces { run.results[piece.cell].options = piece.options }
    }

    /// Runs all cells. An error of theirs ends the run and is in its result; what the handlers throw is thrown.
    public func start() throws -> NotebookRun {
        let state = environment.state
        try state.redirectOutput { [unowned self] in self.add($0) }
        let receiver = NotebookReceiver()
        receiver.showValue = { [unowned self] in try self.show($0, isResult: false) }
        receiver.showForms = { [unowned self] data in
            try self.show(NotebookDisplay(data.summary, form: data.bytes("image/png").map { .picture($0) } ?? .text), isResult: false)
        }
        receiver.addStage = { [unowned self] in self.run.stages.append($0) }
        receiver.setMetric = { [unowned self] name, value in
            if let place = self.run.metrics.firstIndex(where: { $0.name == name }) { self.run.metrics[place].value = value } else { self.run.metrics.append((name, value)) }
        }
        environment.receive(receiver)
        if !placement.table.isEmpty { try state.setGlobal("params", .record(try placement.table.map { ($0.key.text ?? "", try luaValue($0.value)) })) }
        do {
            let chunk: LuaFunction
            do { chunk = try state.load(program.source, chunkName: "@" + program.name) } catch let error as LuaError {
                // Nothing has run; the fault still stands in its cell.
                current = program.line(in: error.message).flatMap(program.piece)?.cell
                throw error
            }
            _ = try chunk.call(arguments: hooks())
            try finishCell()
        } catch let error as LuaError {
            fail(error)
        }
        try environment.finish(run)
        try onProgress(run)
        return run
    }

    private func luaValue(_ value: StoreValue) throws -> LuaValue {
        try environment.state.run("return " + (try NotebookParameters.literal(value)), chunkName: "=params").first ?? .none
    }

    /// The functions that the chunk calls: a cell begins, a value is shown, a cell that may fail.
    private func hooks() -> [LuaValue] {
        let begin = Function(direct: "cell", "Begins a cell.", [ArgumentDescription("index", "integer", "its position")]) { [unowned self] call in
            try self.finishCell()
            self.count += 1
            self.printed = 0
            self.current = call.integer(1)
            if let current = self.current { self.run.results[current].executionCount = self.count }
            return 0
        }
        let value = Function(
            "value", "Shows the trailing values of a cell.", .boolean("isShown", "whether they are shown"), .rest(.any("values", "the values")), returns: .none
        ) { [unowned self] (isShown: Bool, values: [LuaValue]) in
            guard isShown else { return }
            for value in values { try self.show(value, isResult: values.count == 1) }
        }
        let attempt = Function("attempt", "Runs a cell that may fail.", .callback("body", "the cell"), returns: .none) { [unowned self] body in
            do { try body.call() } catch let error as LuaError where !error.isInterrupt {
                self.append(self.output(error))
            }
        }
        return [begin, value, attempt].map(environment.state.value)
    }

    private func finishCell() throws {
        if current != nil { try onProgress(run) }
        current = nil
    }

    private func add(_ text: String) {
        onOutput(text)
        guard let current else { return }
        printed += text.utf8.count
        guard printed <= Self.mostPrinted else {
            if printed - text.utf8.count <= Self.mostPrinted { append(.stream("\n(what this cell printed after \(Self.mostPrinted) bytes is left out)\n")) }
            return
        }
        if case .stream(let before)? = run.results[current].outputs.last {
            run.results[current].outputs[run.results[current].outputs.count - 1] = .stream(before + text)
        } else {
            run.results[current].outputs.append(.stream(text))
        }
    }

    private func append(_ output: NotebookOutput) {
        if let current { run.results[current].outputs.append(output) }
    }

    private func show(_ value: LuaValue, isResult: Bool) throws {
        if case .none = value, !isResult { return }
        // A function that is called for its effect returns nothing or nil.
        if case .none = value { return }
        try show(environment.display(value) ?? NotebookDisplay(ValuePrinter(environment.state).text(value)), isResult: isResult)
    }

    private func show(_ display: NotebookDisplay, isResult: Bool) throws {
        let display = try display.prepared()
        onOutput(display.text + "\n")
        append(.display(display, isResult: isResult))
    }

    private func output(_ error: LuaError) -> NotebookOutput {
        let message = program.located(error.message)
        // What Loam put around the cell is none of the reader's business.
        let lines = program.located(ErrorReport.text(error)).split(separator: "\n").map(String.init).filter { !$0.contains("'__try'") }
        return .error(message: message, traceback: lines)
    }

    private func fail(_ error: LuaError) {
        if let current, run.results[current].executionCount == nil {
            count += 1
            run.results[current].executionCount = count
        }
        append(error.isInterrupt ? .error(message: "interrupted", traceback: ["interrupted"]) : output(error))
        let message = error.isInterrupt ? "interrupted" : program.located(ErrorReport.text(error))
        run.failure = NotebookRun.Failure(cell: current, message: message, isInterrupt: error.isInterrupt)
        current = nil
    }
}
