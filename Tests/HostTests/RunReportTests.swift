import Foundation
import Testing

@testable import Host

@Suite struct RunReportTests {
  private func recorded(_ folder: TestFolder) throws -> [Int] {
    let database = try RunDatabase(path: folder.file("runs.sqlite"))
    return try [("laptop", 0.1), ("smoke", 0.2)].map { preset, rate in
      let run = try database.begin(RunDescription(script: "a.lua", preset: preset, seed: 1, parameters: ["rate": .number(rate), "steps": 3], version: "1", machine: "m"))
      for step in 1...3 { try run.record("loss", step: step, value: rate * Double(step)) }
      try run.finish(.finished)
      return run.id
    }
  }

  @Test func `a run is shown with its parameters and last metrics, and a comparison names only what differs`() throws {
    let folder = try TestFolder()
    let ids = try recorded(folder)
    let report = try RunReport(folder: folder.path)
    #expect(try report.list().contains("smoke"))
    let shown = try report.show(ids[0])
    #expect(shown.contains("rate = 0.1") && shown.contains("loss = 0.3") && shown.contains("at step 3"))
    let compared = try report.compare(ids)
    #expect(compared.contains("rate") && compared.contains("preset") && compared.contains("loss") && !compared.contains("steps") && !compared.contains("script"))
    #expect(throws: StoreError.self) { try report.compare([ids[0]]) }
    #expect(throws: StoreError.self) { try report.show(99) }
  }

  @Test func `metrics are exported as an event file of TensorBoard`() throws {
    let folder = try TestFolder()
    let ids = try recorded(folder)
    let report = try RunReport(folder: folder.path)
    let bytes = EventFile.bytes([RunMetric(run: 1, name: "loss", step: 300, value: 0.5)], time: 1.5)
    // Written by tensorboard 2.21's RecordWriter: Event(wall_time=1.5, file_version="brain.Event:2"), Event(wall_time=1.5, step=300, summary=[loss: 0.5]).
    #expect(bytes.map { String(format: "%02x", $0) }.joined() == "1800000000000000a37f4b2209000000000000f83f1a0d627261696e2e4576656e743a322a28646c1b000000000000001a0d9e1309000000000000f83f10ac022a0d0a0b0a046c6f7373150000003f69f9315b")
    let file = try report.export(ids[0], to: folder.file("board"))
    #expect(try Folder.contents(file).count > 3 * 40)
    #expect(try report.export(ids[0], to: folder.file("a.csv")).hasSuffix("a.csv"))
    #expect(try folder.read("a.csv").split(separator: "\n").count == 4)
  }
}
