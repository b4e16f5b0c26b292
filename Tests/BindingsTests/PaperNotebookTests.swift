import Foundation
import Host
import Testing

@testable import Bindings

extension BindingsTests {
  /// The notebooks that rebuild the paper.
  @Suite(.serialized) struct PaperNotebookTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

    @Test func `all notebooks run with the preset smoke, the index sums them up, and a second build runs no stage and changes no byte`() throws {
      let manager = FileManager.default
      let project = NSTemporaryDirectory() + "paper-\(UUID().uuidString)"
      defer { try? manager.removeItem(atPath: project) }
      try manager.createDirectory(atPath: project, withIntermediateDirectories: true)
      try manager.createSymbolicLink(atPath: project + "/scripts", withDestinationPath: Self.root + "/scripts")
      try manager.createDirectory(atPath: project + "/notebooks", withIntermediateDirectories: true)
      for file in try NotebookBuilder.notebooks(in: Self.root + "/notebooks") {
        try manager.copyItem(atPath: file, toPath: project + "/notebooks/" + URL(fileURLWithPath: file).lastPathComponent)
      }
      func build() throws -> (runs: [NotebookRun], bytes: [String: Data]) {
        let options = SessionOptions(preset: "smoke", arguments: ["--generator", Self.root + "/models/scenes.safetensors"], storeFolder: project + "/.loam")
        let world = NotebookWorld(options: options, interrupt: Interrupt())
        let builder = NotebookBuilder(output: project + "/out", formats: [], announce: { print($0) }, environment: world.environment)
        let runs = try builder.buildAll(in: project + "/notebooks")
        let files = try Folder.files(under: project + "/out").map(\.path)
        return (runs, try Dictionary(uniqueKeysWithValues: files.map { ($0, try Data(contentsOf: URL(fileURLWithPath: project + "/out/" + $0))) }))
      }
      let first = try build()
      for run in first.runs { #expect(run.failure == nil, "\(run.file): \(run.failure?.message ?? "")") }
      #expect(first.runs.last?.file.hasSuffix("index.md") == true)
      let index = String(decoding: try #require(first.bytes["index.md"]), as: UTF8.self)
      for experiment in ["Figure 2, guidance", "Figure 3, methods", "Table 1, main", "Table 7, audits", "Figure 6, scaling", "Fewer steps", "Filtering", "Mixing"] {
        #expect(index.contains("| \(experiment) |"), "the index has no claim of \(experiment)")
      }
      let second = try build()
      #expect(second.runs.flatMap(\.stages).allSatisfy(\.wasStored) && second.bytes == first.bytes)
    }

    @Test func `the scripts of experiments are the Lua of their notebooks`() throws {
      let state = try LuaState(interrupt: Interrupt())
      for file in try NotebookBuilder.notebooks(in: Self.root + "/notebooks") where !file.hasSuffix("tutorial.md") {
        let name = URL(fileURLWithPath: file).deletingPathExtension().lastPathComponent
        let text = try TangledScript.text(try NotebookSpelling.read(file), file: file) { (try? state.load($0)) != nil }
        let script = try String(contentsOfFile: Self.root + "/scripts/\(name).lua", encoding: .utf8)
        #expect(text == script, "scripts/\(name).lua is not what notebooks/\(name).md says; run make scripts")
      }
    }
  }
}
