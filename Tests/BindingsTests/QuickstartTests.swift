import Foundation
import Host
import Testing

@testable import Bindings

extension BindingsTests {
  @Suite(.serialized) struct QuickstartTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

    @Test func `the quickstart runs from captions to its report, and a second time from the store to the same bytes`() throws {
      let folder = NSTemporaryDirectory() + "quickstart-\(UUID().uuidString)"
      defer { try? FileManager.default.removeItem(atPath: folder) }
      func run() throws -> [String] {
        let script = QuickstartTests.root + "/scripts/quickstart.lua"
        let state = try LuaState(interrupt: Interrupt())
        let session = try Loam.install(
          into: state,
          options: SessionOptions(
            script: script, preset: "smoke", arguments: ["--out", folder, "--generator", QuickstartTests.root + "/models/scenes.safetensors"],
            storeFolder: folder + "/store"))
        _ = try state.runFile(script, arguments: [], program: "loam")
        try session.finish(error: nil)
        return try ["report.html", "table.csv", "table.json"].map { try String(contentsOfFile: folder + "/" + $0, encoding: .utf8) }
      }
      let first = try run()
      #expect(first[0].contains("Linear probes") && first[0].contains("data:image/png"))
      #expect(first[1].split(separator: "\n").count == 8)
      for arm in ["random features", "SimCLR, real", "CLIP, synthetic", "StableRep, synthetic", "StableRep+, synthetic"] {
        #expect(first[2].contains(arm))
      }
      #expect(try run() == first)
    }
  }
}
