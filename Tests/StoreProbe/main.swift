// A process that the store's tests start in order to kill it, limit it, or let it hold a lock.
import Foundation
import Host

let arguments = CommandLine.arguments
func say(_ text: String) {
    print(text)
    fflush(stdout)
}

do {
    switch arguments.dropFirst().first {
    case "stages":
        // Two stages, the second taking in the first; each writes files and continues from what is there.
        try runStages(root: arguments[2], count: Int(arguments[3]) ?? 0, pause: UInt32(arguments[4]) ?? 0)
    case "hold":
        let store = StageStore(root: arguments[2], version: "1") { say($0) }
        if case .run(let work) = try store.open(store.key(name: "held", parts: [("a", 1)])) {
            say("holding")
            usleep((UInt32(arguments[3]) ?? 0) * 1000)
            _ = try work.commit(value: 42)
        }
    case "rewrite":
        // Writes the file again and again, all bytes equal within one version.
        for version in 0... {
            try AtomicFile.write([UInt8](repeating: UInt8(65 + version % 26), count: 300_000), to: arguments[2])
            if version == 0 { say("writing") }
        }
    case "limited":
        var limit = rlimit(rlim_cur: 10_000, rlim_max: 10_000)
        #if os(Linux)
        setrlimit(__rlimit_resource_t(1), &limit)
        #else
        setrlimit(RLIMIT_FSIZE, &limit)
        #endif
        do {
            try AtomicFile.write([UInt8](repeating: 1, count: 100_000), to: arguments[2])
            say("written")
        } catch { say("\(error)") }
    case "run":
        let run = try RunDatabase(path: arguments[2]).begin(RunDescription(script: "endless.lua", version: "1"))
        for step in 0..<100 { try run.record("loss", step: step, value: 1 / Double(step + 1)) }
        try run.flush()
        say("recording")
        sleep(60)
    default:
        say("usage: StoreProbe stages|hold|rewrite|limited|run ...")
    }
} catch {
    say("failed: \(error)")
    exit(1)
}

func runStages(root: String, count: Int, pause: UInt32) throws {
    let store = StageStore(root: root, version: "1") { _ in }
    func stage(_ name: String, _ inputs: [(role: String, result: StageResult)]) throws -> StageResult {
        switch try store.open(store.key(name: name, parts: [("count", .integer(count))], dependencies: inputs)) {
        case .stored(let result), .kept(let result): return result
        case .run(let work):
            var sum = 0
            for index in 0..<count {
                let path = work.outputFolder + "/part/\(index).txt"
                try Folder.create(work.outputFolder + "/part")
                if Folder.kind(of: path) == .missing {
                    try AtomicFile.write("\(name) \(index * index)\n", to: path)
                    try AtomicFile.write("\(index)", to: work.checkpointFolder + "/next")
                    usleep(pause)
                }
                sum += index * index
            }
            return try work.commit(value: ["sum": .integer(sum)], printed: "made \(count) files\n")
        }
    }
    let first = try stage("first", [])
    let second = try stage("second", [("numbers", first)])
    say("\(first.hash) \(second.hash)")
}
