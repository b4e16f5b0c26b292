import Foundation
import Testing
@testable import Host

/// A folder of its own for one test.
func inNotebookFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
    let folder = NSTemporaryDirectory() + "notebooks-\(UUID().uuidString)"
    try Folder.create(folder)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
}

/// A fresh Lua state without libraries for each notebook.
func plainEnvironment(_ file: String) throws -> NotebookEnvironment {
    NotebookEnvironment(state: try LuaState(interrupt: Interrupt()), version: "test", display: { _ in nil }, receive: { _ in })
}

/// Reads a notebook from text.
func notebook(_ text: String, as spelling: NotebookSpelling = .markdown, file: String? = nil) throws -> Notebook {
    try spelling.notebook(Array(text.utf8), file: file ?? "test.\(spelling.rawValue)")
}

/// Runs a notebook given as text.
func run(_ text: String, as spelling: NotebookSpelling = .markdown, parameters: [String] = []) throws -> NotebookRun {
    let file = "test.\(spelling.rawValue)"
    return try NotebookRunner(
        notebook(text, as: spelling, file: file), file: file, parameters: NotebookParameters(pairs: parameters), environment: plainEnvironment(file)).start()
}

extension NotebookRun {
    /// What each code cell put out, as text.
    var texts: [String] {
        zip(notebook.cells, results).filter { $0.0.kind == .code }.map { _, result in
            result.outputs.map { output in
                switch output {
                case .stream(let text): return text
                case .display(let display, _): return display.text + "\n"
                case .error(let message, _): return "error: \(message)\n"
                }
            }.joined()
        }
    }
}

/// The sentence of the error that `body` throws.
func fault(_ body: () throws -> Void) -> String {
    do {
        try body()
        return "no error"
    } catch { return "\(error)" }
}
