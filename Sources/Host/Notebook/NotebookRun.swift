/// A stage that a notebook used.
public struct NotebookStage: Equatable, Sendable {
    public let name: String
    public let key: ContentHash
    /// Seconds that making the result took, whenever that was.
    public let elapsed: Double
    /// Whether the result was stored already when this run asked for it.
    public let wasStored: Bool

    public init(name: String, key: ContentHash, elapsed: Double, wasStored: Bool) {
        self.name = name
        self.key = key
        self.elapsed = elapsed
        self.wasStored = wasStored
    }
}

/// What became of a notebook that was run.
public struct NotebookRun: Sendable {
    /// What became of a cell.
    public struct CellResult: Sendable {
        public var options = CellOptions()
        public var outputs: [NotebookOutput] = []
        /// The cell's number in the order of execution, from 1; nil if it did not run.
        public var executionCount: Int?
    }

    /// Why the run ended before the last cell.
    public struct Failure: Error, CustomStringConvertible, Sendable {
        /// The cell's position, from 0; nil when no cell had begun.
        public let cell: Int?
        public let message: String
        public let isInterrupt: Bool
        public var description: String { message }
    }

    public let file: String
    public let notebook: Notebook
    /// The front matter as values.
    public let head: StoreValue
    /// One for each cell of the notebook.
    public internal(set) var results: [CellResult]
    public internal(set) var failure: Failure?
    /// The parameters given from outside.
    public internal(set) var parameters: StoreValue = .table([StoreEntry]())
    /// The cell tagged `parameters` and what was assigned behind it.
    var injection: (cell: Int, code: String)?
    public internal(set) var stages: [NotebookStage] = []
    /// The last value of each name that was recorded, in the order in which the names came.
    public internal(set) var metrics: [(name: String, value: Double)] = []
    let version: String

    /// The notebook with the outputs in it, parameters, stages and version in its metadata: what `.ipynb` shows.
    public func executed() throws -> Notebook {
        var executed = notebook
        for (index, result) in results.enumerated() where notebook.cells[index].kind == .code {
            executed.cells[index].executionCount = result.executionCount
            executed.cells[index].outputs = try result.outputs.map { try $0.stored(executionCount: result.executionCount ?? 0) }
        }
        if let injection {
            let code = "-- Parameters\n" + injection.code.replacing("; ", with: "\n").split(separator: "\n").joined(separator: "\n")
            executed.cells.insert(
                Notebook.Cell(.code, code, id: "injected-parameters", metadata: ["tags": ["injected-parameters"]]), at: injection.cell + 1)
        }
        var own: [StoreEntry] = [StoreEntry("version", .string(version)), StoreEntry("parameters", parameters)]
        own.append(StoreEntry("stages", .list(stages.map { ["name": .string($0.name), "key": .string($0.key.hex)] })))
        if !metrics.isEmpty { own.append(StoreEntry("metrics", .table(metrics.map { StoreEntry(.string($0.name), .number($0.value)) }))) }
        if case .table(let entries) = executed.metadata { executed.metadata = .table(entries.filter { $0.key.text != "loam" } + [StoreEntry("loam", .table(own))]) }
        return executed
    }

    /// The outputs that a notebook brings along, as far as they can be shown without trust; nothing is run.
    public static func stored(in notebook: Notebook, file: String, version: String) throws -> NotebookRun {
        let head = try FrontMatter.value(notebook.frontMatter, file: file, line: 2)
        let results = try notebook.cells.map { cell in
            CellResult(options: try CellOptions(cell, defaults: head["execute"], file: file) { cell.line + $0 },
                       outputs: cell.outputs.compactMap(NotebookOutput.init(untrusted:)), executionCount: cell.executionCount)
        }
        return NotebookRun(file: file, notebook: notebook, head: head, results: results, version: version)
    }
}
