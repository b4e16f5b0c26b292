import Foundation
import Testing
@testable import Host

/// A store in a folder of its own that keeps what it announces.
final class TestStore {
    let folder: TestFolder
    private(set) var said: [String] = []
    lazy var store = StageStore(root: folder.file(".loam"), version: "1") { [unowned self] in said.append($0) }

    init() throws { folder = try TestFolder() }

    /// Runs a stage; the value tells how often `body` ran in this test.
    @discardableResult
    func stage(
        _ name: String, _ parts: [(name: String, value: StoreValue)] = [], inputs: [(role: String, result: StageResult)] = [],
        refresh: Bool = false, _ body: (StageWork) throws -> StoreValue = { _ in .null }
    ) throws -> (result: StageResult, ran: Bool) {
        switch try store.open(store.key(name: name, parts: parts, dependencies: inputs), refresh: refresh) {
        case .stored(let result), .kept(let result): return (result, false)
        case .run(let work): return (try work.commit(value: body(work), printed: "said by \(name)\n"), true)
        }
    }

    func folderNames(_ name: String) throws -> [String] {
        Folder.kind(of: folder.file(".loam/" + name)) == .folder ? try Folder.names(in: folder.file(".loam/" + name)) : []
    }
}

@Suite struct StoreStageTests {
    @Test func `a stored result comes back with value, files and printed text`() throws {
        let test = try TestStore()
        for round in 0..<2 {
            let (result, ran) = try test.stage("make", [("guidance", 2.0)]) { work in
                try AtomicFile.write("picture", to: work.outputFolder + "/a.png")
                try Folder.create(work.outputFolder + "/more")
                try AtomicFile.write("", to: work.outputFolder + "/more/empty")
                try AtomicFile.write("7", to: work.checkpointFolder + "/step")
                return ["accuracy": 0.5, "names": ["x", nil, 1]]
            }
            #expect(ran == (round == 0))
            #expect(result.value == ["accuracy": 0.5, "names": ["x", nil, 1]])
            #expect(result.printed == "said by make\n")
            #expect(try String(decoding: Folder.contents(result.path(of: "a.png")), as: UTF8.self) == "picture")
            #expect(try Folder.files(under: result.folder).map(\.path) == ["a.png", "more/empty"])
            #expect { _ = try result.path(of: "b.png") } throws: {
                "\($0)" == "stage \"make\" has no output \"b.png\"; it has a.png, more/empty"
            }
        }
        #expect(test.said.count == 2)
        #expect(test.said[0] == "stage make: runs: no result of this stage is stored yet")
        #expect(test.said[1].contains("stored result"))
        #expect(try test.folderNames("work") == [])
        #expect(try test.folderNames("locks") == [])
    }

    @Test func `any changed part, file, input or version is another key`() throws {
        let test = try TestStore()
        let file = try test.folder.write("data.csv", "1")
        let base: [(name: String, value: StoreValue)] = [("code", .bytes(Array("return 1".utf8))), ("file", .file(file)), ("seed", 1)]
        let first = try test.store.key(name: "a", parts: base).hash
        #expect(try test.store.key(name: "a", parts: base.reversed()).hash == first)
        #expect(try test.store.key(name: "b", parts: base).hash != first)
        #expect(try test.store.key(name: "a", parts: Array(base.dropLast())).hash != first)
        #expect(try test.store.key(name: "a", parts: base + [("more", nil)]).hash != first)
        #expect(try StageStore(root: "x", version: "2").key(name: "a", parts: base).hash != first)
        var status = stat()
        stat(file, &status)
        try AtomicFile.write("2", to: file)
        // The old time stamp on new content: a time stamp must not count.
        var times = [timeval(tv_sec: status.st_mtim.tv_sec, tv_usec: 0), timeval(tv_sec: status.st_mtim.tv_sec, tv_usec: 0)]
        utimes(file, &times)
        #expect(try test.store.key(name: "a", parts: base).hash != first)
        try AtomicFile.write("1", to: file)
        #expect(try test.store.key(name: "a", parts: base).hash == first)
        try test.folder.write("moved.csv", "1")
        let moved: [(name: String, value: StoreValue)] = [base[0], ("file", .file(test.folder.file("moved.csv"))), base[2]]
        #expect(try test.store.key(name: "a", parts: moved).hash == first)
        #expect { _ = try test.store.key(name: "a", parts: [("x", 1), ("x", 2)]) } throws: { "\($0)".contains("given \"x\" twice") }
        #expect { _ = try test.store.key(name: "", parts: []) } throws: { "\($0)".contains("needs a name") }
        #expect { _ = try test.store.key(name: "a", parts: [("x", .file(test.folder.file("none")))]) } throws: { "\($0)".contains("no such file") }
    }

    @Test func `a stage follows the bytes of its input, not the code that made them`() throws {
        let test = try TestStore()
        func chain(code: StoreValue, output: StoreValue) throws -> [Bool] {
            let images = try test.stage("images", [("code", code)]) { _ in output }
            let train = try test.stage("train", inputs: [("images", images.result)])
            return [images.ran, train.ran]
        }
        #expect(try chain(code: "v1", output: 5) == [true, true])
        #expect(try chain(code: "v1", output: 5) == [false, false])
        #expect(try chain(code: "v2", output: 5) == [true, false])
        #expect(try chain(code: "v3", output: 6) == [true, true])
        #expect(try chain(code: "v1", output: 5) == [false, false])
    }

    @Test func `two stages of one name and different code do not share a result`() throws {
        let test = try TestStore()
        #expect(try test.stage("setup", [("document", "a.md"), ("code", "1")]) { _ in 1 }.result.value == 1)
        #expect(try test.stage("setup", [("document", "b.md"), ("code", "1")]) { _ in 2 }.result.value == 2)
        #expect(try test.stage("setup", [("document", "a.md"), ("code", "1")]) { _ in 3 }.result.value == 1)
    }

    @Test(arguments: ["changed", "cut", "gone", "added", "manifest", "no manifest", "value", "key"])
    func `a damaged result is told, moved aside and made again`(damage: String) throws {
        let test = try TestStore()
        func make() throws -> (result: StageResult, ran: Bool) {
            try test.stage("make") { work in
                try AtomicFile.write("picture", to: work.outputFolder + "/a.png")
                return ["accuracy": 0.5]
            }
        }
        let key = try make().result.key
        let entry = test.store.entryFolder(key)
        let manifest = entry + "/manifest.json"
        let text = String(decoding: try Folder.contents(manifest), as: UTF8.self)
        chmod(entry + "/files/a.png", 0o644)
        switch damage {
        case "changed": try AtomicFile.write("pictura", to: entry + "/files/a.png")
        case "cut": truncate(entry + "/files/a.png", 3)
        case "gone": try Folder.remove(entry + "/files/a.png")
        case "added": try AtomicFile.write("x", to: entry + "/files/b.png")
        case "manifest": try AtomicFile.write(text.prefix(100).utf8.map { $0 }, to: manifest)
        case "no manifest": try Folder.remove(manifest)
        case "value": try AtomicFile.write(text.replacing("0.5", with: "0.9"), to: manifest)
        default: try AtomicFile.write(text.replacing("\"version\": \"1\"", with: "\"version\": \"2\""), to: manifest)
        }
        let (again, ran) = try make()
        #expect(ran)
        #expect(again.value == ["accuracy": 0.5])
        #expect(test.said.contains { $0.contains("is damaged:") && $0.contains("moved to") })
        #expect(try test.folderNames("damaged").count == 1)
        #expect(try !make().ran)
    }

    @Test func `a broken-off stage finds its files and checkpoint again`() throws {
        let test = try TestStore()
        struct Broken: Error {}
        let key = try test.store.key(name: "long", parts: [])
        do {
            guard case .run(let work) = try test.store.open(key) else { return }
            #expect(!work.isResumed)
            try AtomicFile.write("1", to: work.outputFolder + "/1")
            try AtomicFile.write("state", to: work.checkpointFolder + "/state")
            _ = FileManager.default.createFile(atPath: work.outputFolder + "/" + AtomicFile.temporaryPrefix + "4194303-1", contents: nil)
        }
        guard case .run(let work) = try test.store.open(key) else { return }
        #expect(work.isResumed)
        #expect(try String(decoding: Folder.contents(work.checkpointFolder + "/state"), as: UTF8.self) == "state")
        let result = try work.commit()
        #expect(result.manifest.outputs.map(\.path) == ["1"])
        #expect(test.said.last == "stage long: continues (key \(key.hash.short))")
    }

    @Test func `refresh runs from the start and keeps the old result until the new one is whole`() throws {
        let test = try TestStore()
        let old = try test.stage("a") { _ in 1 }.result
        guard case .run(let work) = try test.store.open(test.store.key(name: "a", parts: []), refresh: true) else { return }
        #expect(!work.isResumed)
        #expect(work.reasons == ["a refresh was asked for"])
        work.abandon()
        #expect(try test.stage("a") { _ in 3 }.result.value == 1)
        #expect(try test.stage("a", refresh: true) { _ in 2 }.ran)
        #expect(try test.stage("a") { _ in 3 }.result.value == 2)
        #expect(old.value == 1)
        #expect(try test.folderNames("trash") == [])
    }

    @Test func `a stage that calls itself is refused`() throws {
        let test = try TestStore()
        #expect { try test.stage("loop") { _ in try test.stage("loop").result.value } } throws: {
            "\($0)".contains("stage \"loop\" is already running in this process with the same key; a stage cannot call itself")
        }
        #expect(try test.stage("loop") { _ in 1 }.ran)
    }

    @Test func `a symbolic link among the outputs is refused`() throws {
        let test = try TestStore()
        #expect { try test.stage("link") { work in
            symlink("/etc/hosts", work.outputFolder + "/hosts")
            return .null
        } } throws: { "\($0)".contains("symbolic link") && "\($0)".contains("Copy the file instead") }
    }

    @Test func `date and time taken are not part of the result's hash`() throws {
        let first = try TestStore()
        let second = try TestStore()
        let one = try first.stage("a") { _ in usleep(20_000); return 1 }.result
        let other = try second.stage("a") { _ in 1 }.result
        #expect(one.hash == other.hash)
        #expect(one.elapsed > other.elapsed)
        #expect(one.manifest.created != other.manifest.created)
    }
}
