import Foundation
import Testing
@testable import Host

@Suite struct StoreExplainTests {
    private func reasons(_ test: TestStore, _ parts: [(name: String, value: StoreValue)], inputs: [(role: String, result: StageResult)] = []) throws -> [String] {
        try test.store.explain(test.store.key(name: "train", parts: parts, dependencies: inputs)).reasons
    }

    @Test func `each changed part is named with both values`() throws {
        let test = try TestStore()
        let code = "local a = 1\nlocal b = 2\nreturn a"
        try test.stage("train", [("code", .bytes(Array(code.utf8))), ("parameters", ["steps": 50, "rate": 0.1, "name": "x"])])
        let edited = code.replacing("b = 2", with: "b = 3")
        #expect(try reasons(test, [("code", .bytes(Array(edited.utf8))), ("parameters", ["steps": 50, "rate": 0.1, "name": "x"])])
            == ["code changed: line 2 is `local b = 3`, was `local b = 2`"])
        #expect(try reasons(test, [("code", .bytes(Array(code.utf8))), ("parameters", ["steps": 30, "rate": 0.1, "warm": true])])
            == ["parameters.name is gone (was \"x\")", "parameters.warm is new (true)", "parameters.steps is 30, was 50"])
        #expect(try reasons(test, [("code", .bytes(Array(code.utf8))), ("seed", 1)])
            == ["seed is new (1)", "parameters is gone (was {\"name\":\"x\",\"rate\":0.1,\"steps\":50})"])
        #expect(try test.store.explain(test.store.key(name: "train", parts: [
            ("code", .bytes(Array(code.utf8))), ("parameters", ["steps": 50, "rate": 0.1, "name": "x"]),
        ])).isStored)
        let newer = StageStore(root: test.store.root, version: "2") { _ in }
        #expect(try newer.explain(newer.key(name: "train", parts: [
            ("code", .bytes(Array(code.utf8))), ("parameters", ["steps": 50, "rate": 0.1, "name": "x"]),
        ])).description.hasSuffix("runs because:\n  - the version is 2, was 1"))
    }

    @Test func `a changed file is named, of a folder the files`() throws {
        let test = try TestStore()
        try test.folder.write("d/a", "1")
        try test.folder.write("d/b", "1")
        let data = test.folder.file("d")
        let list = try test.folder.write("list.txt", "x")
        try test.stage("train", [("data", .file(data)), ("list", .file(list))])
        try test.folder.write("d/a", "2")
        try test.folder.write("d/c", "2")
        try Folder.remove(test.folder.file("d/b"))
        try test.folder.write("list.txt", "xy")
        #expect(try reasons(test, [("data", .file(data)), ("list", .file(list))]) == [
            "data: in the folder \(data), files: 1 added (c), 1 changed (a), 1 removed (b)",
            "list: the content of \(list) changed (2 bytes, 1 before)",
        ])
    }

    @Test func `a changed input names the stage that made it`() throws {
        let test = try TestStore()
        let old = try test.stage("images", [("w", 1)]) { _ in 1 }.result
        let new = try test.stage("images", [("w", 2)]) { _ in 2 }.result
        try test.stage("train", inputs: [("images", old)])
        #expect(try reasons(test, [], inputs: [("images", new)])
            == ["the input images changed: the result of stage images is \(new.hash.short), was \(old.hash.short)"])
    }

    @Test func `after a sweep the nearest result is compared, not the last`() throws {
        let test = try TestStore()
        for guidance in [1.0, 2.0, 8.0] { try test.stage("train", [("code", "v1"), ("guidance", .number(guidance))]) }
        #expect(try reasons(test, [("code", "v2"), ("guidance", 2.0)]) == ["code is \"v2\", was \"v1\""])
        #expect(try reasons(test, [("code", "v1"), ("guidance", 4.0)]) == ["guidance is 4.0, was 8.0"])
    }

    @Test func `the history keeps why each result was made`() throws {
        let test = try TestStore()
        try test.stage("train", [("seed", 1)])
        usleep(3000)
        try test.stage("train", [("seed", 2)])
        try test.stage("train of another name", [("seed", 2)])
        #expect(try test.store.history(of: "train").map(\.reasons) == [["seed is 2, was 1"], ["no result of this stage is stored yet"]])
        #expect(test.said[1] == "stage train: runs: seed is 2, was 1")
    }

    @Test func `collection keeps what recorded runs need and what that was made from`() throws {
        let test = try TestStore()
        let images = try test.stage("images") { work in
            try AtomicFile.write("12345", to: work.outputFolder + "/x")
            return 1
        }
        let train = try test.stage("train", inputs: [("images", images.result)])
        try test.stage("images", [("w", 2)]) { work in
            try AtomicFile.write("12345", to: work.outputFolder + "/x")
            return .null
        }
        let held = try test.stage("held").result
        guard case .run(let broken) = try test.store.open(test.store.key(name: "broken", parts: [])) else { return }
        broken.abandon()
        let trial = try test.store.collect(keeping: [train.result.key], trial: true)
        #expect(trial.removed.map(\.name) == ["images"])
        #expect(trial.inUse == 1)
        #expect(try test.store.list().count == 4)
        let done = try test.store.collect(keeping: [train.result.key])
        #expect(done.kept == 2)
        #expect(done.bytes > 5)
        #expect(done.unfinished == 0)
        #expect(done.description.hasPrefix("removed 1 results and 0 unfinished stages"))
        #expect(try test.store.list().map(\.manifest.name) == ["held", "images", "train"])
        withExtendedLifetime(held) {}
        #expect(try test.store.collect(keeping: [], includingUnfinished: true).unfinished == 1)
        #expect(try test.folderNames("work") == [])
    }
}
