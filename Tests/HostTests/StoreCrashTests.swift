import Foundation
import Testing
@testable import Host

@Suite struct StoreCrashTests {
    @Test(.enabled(if: StoreProbe.isBuilt)) func `stages killed at random moments end with the bytes of an unbroken run`() throws {
        let whole = try TestFolder()
        let expected = try StoreProbe.start(["stages", whole.path, "30", "300"]).wait()
        #expect(expected.count == 130)
        let broken = try TestFolder()
        var random = SystemRandomNumberGenerator()
        var kills = 0
        for _ in 0..<40 {
            let probe = try StoreProbe.start(["stages", broken.path, "30", "300"])
            usleep(.random(in: 3_000...25_000, using: &random))
            if probe.process.isRunning { kills += 1 }
            probe.kill()
        }
        #expect(try StoreProbe.start(["stages", broken.path, "30", "300"]).wait() == expected)
        #expect(kills >= 5)
        func files(_ folder: TestFolder) throws -> [String] {
            try Folder.files(under: folder.file("store")).map(\.path).filter { !$0.hasSuffix("manifest.json") }
        }
        #expect(try files(broken) == files(whole))
        for path in try files(whole) { #expect(try broken.read("store/" + path) == whole.read("store/" + path)) }
        for name in ["work", "locks"] { #expect(try Folder.names(in: broken.file(name)) == [], "\(name)") }
        #expect(Folder.kind(of: broken.file("damaged")) == .missing)
    }

    @Test func `a result that was finished but not published is published, not made again`() throws {
        let test = try TestStore()
        let result = try test.stage("a") { work in
            try AtomicFile.write("1", to: work.outputFolder + "/x")
            return 1
        }.result
        let work = test.store.workFolder(result.key)
        try Folder.create(work + "/checkpoint")
        try Folder.move(test.store.entryFolder(result.key), to: work + "/entry")
        #expect(try !test.stage("a") { _ in 2 }.ran)
        #expect(try test.folderNames("work") == [])
        // The same with a file that was changed meanwhile: the stage starts afresh.
        try Folder.create(work)
        try Folder.move(test.store.entryFolder(result.key), to: work + "/entry")
        chmod(work + "/entry/files/x", 0o644)
        try AtomicFile.write("2", to: work + "/entry/files/x")
        guard case .run(let afresh) = try test.store.open(test.store.key(name: "a", parts: [])) else {
            Issue.record("a changed result was published")
            return
        }
        #expect(!afresh.isResumed)
    }

    @Test func `a work folder left after publishing is cleared`() throws {
        let test = try TestStore()
        let result = try test.stage("a") { _ in 1 }.result
        let checkpoints = test.store.workFolder(result.key) + "/checkpoint"
        try Folder.create(checkpoints)
        try AtomicFile.write("1", to: checkpoints + "/x")
        #expect(try !test.stage("a").ran)
        #expect(try test.folderNames("work") == [])
    }

    @Test(.enabled(if: StoreProbe.isBuilt)) func `the second process waits for the first and takes its result`() throws {
        let folder = try TestFolder()
        let probe = try StoreProbe.start(["hold", folder.path, "400"])
        #expect(probe.firstOutput().contains("runs"))
        var said: [String] = []
        let store = StageStore(root: folder.path, version: "1") { said.append($0) }
        guard case .stored(let result) = try store.open(store.key(name: "held", parts: [("a", 1)])) else {
            Issue.record("the stage ran twice")
            return
        }
        #expect(result.value == 42)
        #expect(said.first == "stage held: process \(probe.process.processIdentifier) on \(Machine.hostName) is running it; waiting")
        #expect(said.count == 2)
        _ = probe.wait()
    }

    @Test(.enabled(if: StoreProbe.isBuilt)) func `a killed process gives its stage free and a wait can be interrupted`() throws {
        struct Interrupt: Error {}
        let folder = try TestFolder()
        let probe = try StoreProbe.start(["hold", folder.path, "60000"])
        _ = probe.firstOutput()
        let store = StageStore(root: folder.path, version: "1") { _ in }
        store.checkInterrupt = { throw Interrupt() }
        let key = try store.key(name: "held", parts: [("a", 1)])
        #expect(throws: Interrupt.self) { _ = try store.open(key) }
        probe.kill()
        guard case .run(let work) = try store.open(key) else { return }
        #expect(work.isResumed)
    }
}
