import Foundation
import Synchronization
import Testing
@testable import Host

@Suite struct StoreRunTests {
    private func description(_ script: String = "scripts/quickstart.lua") -> RunDescription {
        RunDescription(
            script: script, scriptHash: ContentHash(of: [1]), preset: "smoke", seed: 7, parameters: ["steps": 10, "rate": 0.1], version: "0.1",
            machine: "test machine")
    }

    @Test func `several that open a new record at one moment all find it made`() throws {
        for round in 0..<5 {
            let test = try TestStore()
            let path = test.folder.file("runs-\(round).sqlite")
            let faults = Mutex([any Error]())
            DispatchQueue.concurrentPerform(iterations: 8) { _ in
                do { _ = try RunDatabase(path: path) } catch { faults.withLock { $0.append(error) } }
            }
            #expect(faults.withLock { $0.isEmpty }, "\(faults.withLock { "\($0)" })")
        }
    }

    @Test func `a run keeps parameters, metrics, artifacts and stages`() throws {
        let test = try TestStore()
        let path = test.folder.file(".loam/runs.sqlite")
        let stage = try test.stage("train") { _ in 1 }
        do {
            let run = try RunDatabase(path: path).begin(description())
            for step in 0..<3 { try run.record("loss", step: step, value: 1 / Double(step + 1)) }
            try run.record("accuracy", step: 2, value: .nan)
            try run.record("bound", step: 2, value: .infinity)
            try run.record("loss", step: 2, value: 0.25)
            try run.addArtifact("table", path: test.folder.write("table.csv", "a,b\n"))
            try run.addStage(stage.result, wasStored: false)
            try run.finish()
        }
        let database = try RunDatabase(path: path)
        let record = try database.run(1)
        #expect(record.status == .finished)
        #expect(record.description.parameters == ["steps": 10, "rate": 0.1])
        #expect(record.description.seed == 7)
        #expect(try database.metrics(run: 1, name: "loss").map(\.value) == [1, 0.5, 0.25])
        let accuracy = try database.metrics(run: 1, name: "accuracy")
        #expect(accuracy.count == 1 && accuracy[0].value.isNaN)
        #expect(try database.artifacts(run: 1).map(\.size) == [4])
        #expect(try database.stages(run: 1).map(\.key) == [stage.result.key])
        #expect(try database.stageKeys(lastRuns: 1) == [stage.result.key])
        _ = try database.begin(description("other.lua"))
        #expect(try database.stageKeys(lastRuns: 1) == [])
        #expect(try database.list().map(\.id) == [2, 1])
        #expect(try database.list(script: "other.lua").map(\.status) == [.running])
        #expect { _ = try database.run(9) } throws: { "\($0)" == "there is no run 9 in \(path); the newest is 2" }
    }

    @Test func `the exports are read by other programs`() throws {
        let test = try TestStore()
        let database = try RunDatabase(path: test.folder.file("runs.sqlite"))
        let run = try database.begin(description("a, \"quoted\".lua"))
        try run.record("loss", step: 1, value: 0.5)
        try run.record("loss", step: 2, value: .nan)
        try run.finish(.failed, message: "line 3:\nbroken")
        let lines = try database.exportJSONLines(run: 1).split(separator: "\n").map {
            try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] ?? [:]
        }
        #expect(lines.map { $0["type"] as? String } == ["run", "metric", "metric"])
        #expect(lines[0]["message"] as? String == "line 3:\nbroken")
        #expect(lines[1]["value"] as? Double == 0.5)
        #expect(lines[2]["value"] is NSNull)
        #expect(try database.exportMetricsCSV(run: 1) == "run,name,step,value\n1,loss,1,0.5\n1,loss,2,\n")
        let runs = try database.exportRunsCSV()
        #expect(runs.hasPrefix("id,script,script_sha256,preset"))
        #expect(runs.contains("1,\"a, \"\"quoted\"\".lua\","))
        #expect(runs.contains("\"{\"\"rate\"\":0.1,\"\"steps\"\":10}\""))
    }

    @Test(.enabled(if: StoreProbe.isBuilt)) func `a killed run shows as killed and keeps what it recorded`() throws {
        let folder = try TestFolder()
        let probe = try StoreProbe.start(["run", folder.file("runs.sqlite")])
        #expect(probe.firstOutput() == "recording\n")
        let database = try RunDatabase(path: folder.file("runs.sqlite"))
        #expect(try database.run(1).status == .running)
        probe.kill()
        #expect(try database.run(1).status == .killed)
        #expect(try database.metrics(run: 1).count == 100)
    }

    @Test func `a damaged record is told with the way out`() throws {
        let folder = try TestFolder()
        let path = try folder.write("runs.sqlite", String(repeating: "this is no database. ", count: 100))
        #expect { _ = try RunDatabase(path: path) } throws: { "\($0)".contains("is damaged (file is not a database). Move it away (`mv \(path)") }
        #expect { _ = try RunDatabase(path: folder.path) } throws: { "\($0)".contains("cannot be opened") }
    }

    @Test func `this machine is described`() {
        #expect(Machine.description.contains("cores"))
        #expect(Machine.startOfProcess(Int(getpid())) != nil)
        #expect(Machine.startOfProcess(99_999_999) == nil)
    }

    @Test(arguments: [
        (0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.6, "1 min 00 s"), (200, "3 min 20 s"), (3599.6, "1 h 00 min"), (7500, "2 h 05 min"),
        (86_399, "1 d 0 h"), (277_200, "3 d 5 h"), (-1, "?"), (.infinity, "?"),
    ]) func `lengths of time read naturally`(seconds: Double, text: String) {
        #expect(ElapsedTime.text(seconds: seconds) == text)
    }
}
