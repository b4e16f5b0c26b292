import Foundation
import Host
import Testing

@testable import Bindings

extension BindingsTests {
  /// Results that travel with a project.
  @Suite(.serialized) struct KeptResultTests {
    private let folder = NSTemporaryDirectory() + "kept-\(UUID().uuidString)"
    private static let cells = """
      local made = store.stage{name = "made", code = function(stage)
        local file = assert(io.open(stage:path("a.txt"), "w")); file:write("four"):close()
        print("making")
        return {n = 4}
      end}
      local read = store.stage{name = "read", inputs = {made = made}, code = function()
        return {text = io.open(made.files["a.txt"]):read("a") .. made.n}
      end}
      """

    private func world(_ store: String, usesKept: Bool = true) -> NotebookWorld {
      NotebookWorld(options: SessionOptions(storeFolder: "\(folder)/\(store)"), usesKept: usesKept, interrupt: Interrupt())
    }

    /// - Returns: what the last cell shows, and the stages with an asterisk where they were not run.
    private func run(_ world: NotebookWorld, extra: String = "read.text", keep: Bool = false) throws -> (text: String, stages: [String]) {
      let file = folder + "/n.md"
      try Folder.create(folder)
      try AtomicFile.write("```lua\n\(Self.cells)\n```\n\n```lua\n\(extra)\n```\n", to: file)
      let run = try NotebookBuilder(output: folder + "/out", formats: [], announce: { _ in }, environment: world.environment).build(file)
      if let failure = run.failure { throw failure }
      if keep { try world.keep(run) }
      guard case .display(let display, _)? = run.results.last?.outputs.last else { return ("", []) }
      return (display.text, run.stages.map { $0.name + ($0.wasStored ? "*" : "") })
    }

    @Test func `a store that has nothing reads kept results, and a changed cell has the files made that it needs`() throws {
      defer { try? Folder.remove(folder) }
      let first = try run(world("first"), keep: true)
      #expect(first.text == "four4" && first.stages == ["made", "read"])
      let second = try run(world("second"))
      #expect(second.text == "four4" && second.stages == ["made*", "read*"])
      #expect(Folder.kind(of: folder + "/second/store") == .missing)
      // A stage that is new reads a file of the kept one, which runs for it.
      let third = try run(world("second"), extra: """
        local more = store.stage{name = "more", inputs = {made = made}, code = function() return {text = io.open(made.files["a.txt"]):read("a"):upper()} end}
        more.text
        """)
      #expect(third.text == "FOUR" && third.stages == ["made*", "read*", "more"])
      // So does whoever asks for the folder.
      #expect(try run(world("third"), extra: "io.open(made.stage.folder .. '/a.txt'):read('a')").text == "four")
      // And who wants everything computed here gets it.
      #expect(try run(world("fourth", usesKept: false)).stages == ["made", "read"])
    }

    @Test func `keeping the same results again changes no byte, and a damaged line is an error that names it`() throws {
      defer { try? Folder.remove(folder) }
      _ = try run(world("first"), keep: true)
      let path = folder + "/results/n.jsonl"
      let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
      _ = try run(world("second"), keep: true)
      #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == bytes)
      let damaged = String(decoding: bytes, as: UTF8.self).replacing("\"n\":4", with: "\"n\":5")
      #expect(damaged != String(decoding: bytes, as: UTF8.self))
      try AtomicFile.write(damaged, to: path)
      #expect { try run(world("third")) } throws: { "\($0)".contains("not the one that was stored") && "\($0)".contains("remove its line") }
    }

    @Test func `a kept result that this machine does not make again is told apart`() throws {
      defer { try? Folder.remove(folder) }
      let bench = SessionOptions(storeFolder: folder + "/a", keptFolder: folder + "/kept")
      let code = "made = store.stage{name = 'clock', code = function(s) local f = io.open(s:path('t'), 'w'); f:write(PLACE()):close() return {} end}"
      func session(_ options: SessionOptions, _ more: String) throws -> LuaValue? {
        let state = try LuaState()
        _ = try Loam.install(into: state, options: options, asGlobals: true)
        // A variable of the environment, which no key knows of, stands for the machine.
        return try state.run("function PLACE() return os.getenv('LOAM_TEST_PLACE') end\n" + code + "\n" + more).first
      }
      try Folder.create(folder + "/kept")
      setenv("LOAM_TEST_PLACE", "here", 1)
      defer { unsetenv("LOAM_TEST_PLACE") }
      let key = try session(bench, "return made.stage.key")?.asString ?? ""
      let hash = try #require(ContentHash(hex: key))
      let manifest = try #require(try StageStore(root: folder + "/a", version: Loam.version).manifest(hash))
      try KeptResults.write([manifest], to: folder + "/kept/x.jsonl")
      setenv("LOAM_TEST_PLACE", "there", 1)
      var other = bench
      other.storeFolder = folder + "/b"
      #expect { _ = try session(other, "return made.stage.folder") } throws: { "\($0)".contains("another kind of machine") && "\($0)".contains("--fresh") }
    }
  }
}
