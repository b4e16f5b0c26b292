import Foundation
import Host
import enum Host.Folder
import ML
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

    /// What a laboratory has, tiny: shards as img2dataset writes them, a folder of classes, and a Stable Diffusion of random weights.
    private func writeStandIns(_ folder: String) throws {
      let scenes = try DataLoading.scenes(
        .init(count: 60, side: 24, seed: 1, imagesPerCaption: 1, captionsPerImage: 1, combinations: .all,
              nuisances: SceneNuisanceLevels(pose: 0, lighting: 0, noise: 0, clutter: 0)), check: {})
      try FileManager.default.createDirectory(atPath: folder + "/cc12m", withIntermediateDirectories: true)
      let writer = try ShardWriter(prefix: folder + "/cc12m/0", maximumSamples: 25)
      for place in 0..<48 {
        try writer.add(key: "\(place)", fields: [
          ("jpg", try JPEG.encode(scenes.pictures[place].image(), quality: 90)), ("txt", Array(scenes.captions[place][0].utf8)),
          ("json", Array("{\"url\": \"none\", \"status\": \"success\"}".utf8)),
        ])
      }
      try writer.finish()
      for split in ["train", "val"] {
        for (label, name) in ["tench", "goldfish", "cock", "hen", "jay", "magpie"].enumerated() {
          try FileManager.default.createDirectory(atPath: folder + "/imagenet/\(split)/\(name)", withIntermediateDirectories: true)
          for number in 0..<6 {
            try ImageFile.write(scenes.pictures[label * 8 + number + (split == "val" ? 2 : 0)].image(), to: folder + "/imagenet/\(split)/\(name)/\(number).jpg")
          }
        }
      }
    }

    @Test func `the preset paper runs every experiment on small stand-ins for what a laboratory has`() throws {
      let manager = FileManager.default
      let project = NSTemporaryDirectory() + "laboratory-\(UUID().uuidString)"
      defer { try? manager.removeItem(atPath: project) }
      try manager.createDirectory(atPath: project + "/notebooks", withIntermediateDirectories: true)
      try manager.createSymbolicLink(atPath: project + "/scripts", withDestinationPath: Self.root + "/scripts")
      try writeStandIns(project)
      let arguments = [
        "--generator", Self.root + "/Tests/Golden/stable-diffusion/one", "--data", project + "/cc12m", "--probe", project + "/imagenet",
        "--pictures", "48", "--captions", "8", "--images", "3", "--views", "3", "--shard", "6", "--sampler_steps", "2", "--steps", "2", "--warmup", "1", "--crops", "12",
        "--micro_batch", "5", "--size", "16", "--picture_size", "20", "--patch", "8", "--mae_patch", "8", "--width", "24", "--depth", "1", "--heads", "2", "--text_width", "16",
        "--text_depth", "1", "--text_heads", "2", "--head_hidden", "16", "--head_output", "8", "--matching_width", "8", "--probe_train", "36", "--probe_test", "36",
      ]
      // Where the paper's own values of a notebook's parameters are too many or too large for a stand-in.
      let special = [
        "figure6_scaling": ["--shares", "0.5,1"], "table6_ablations": ["--widths", "16,24", "--guidances", "2,3"], "figure2_guidance": ["--guidances", "1,3"],
        "figure5_clip": ["--guidances", "1,3"], "beyond_fewer_steps": ["--step_counts", "1,2"], "table5_positives": ["--per_caption", "1,2,3"], "beyond_filtering": ["--kept", "0.7"],
      ]
      for file in try NotebookBuilder.notebooks(in: Self.root + "/notebooks") {
        let name = URL(fileURLWithPath: file).deletingPathExtension().lastPathComponent
        guard name != "tutorial", name != "index" else { continue }
        let copy = project + "/notebooks/\(name).md"
        try manager.copyItem(atPath: file, toPath: copy)
        let options = SessionOptions(preset: "paper", arguments: arguments + (special[name] ?? []), storeFolder: project + "/.loam")
        let world = NotebookWorld(options: options, interrupt: Interrupt())
        let run = try NotebookBuilder(output: project + "/out", formats: [], announce: { print($0) }, environment: world.environment).build(copy)
        #expect(run.failure == nil, "\(name): \(run.failure?.message ?? "")")
      }
    }

    @Test func `every experiment says what it would cost`() throws {
      let folder = NSTemporaryDirectory() + "plans-\(UUID().uuidString)"
      defer { try? FileManager.default.removeItem(atPath: folder) }
      for file in try NotebookBuilder.notebooks(in: Self.root + "/notebooks") {
        let name = URL(fileURLWithPath: file).deletingPathExtension().lastPathComponent
        guard name != "tutorial", name != "index" else { continue }
        let script = Self.root + "/scripts/\(name).lua"
        let state = try LuaState(interrupt: Interrupt())
        let session = try Loam.install(
          into: state, options: SessionOptions(script: script, preset: "smoke", arguments: ["--generator", Self.root + "/models/scenes.safetensors"], storeFolder: folder))
        let plan = StagePlan()
        session.plan = plan
        try state.run("print = function() end")
        #expect(throws: Never.self, "\(name)") { try state.runFile(script, arguments: [], program: "loam") }
        #expect(try plan.table().terminalText().contains(" step of "), "\(name)")
      }
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
