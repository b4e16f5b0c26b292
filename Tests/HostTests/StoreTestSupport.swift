import Foundation
@testable import Host

/// A folder of a test's own, removed when the test ends.
final class TestFolder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "loam-test-" + UUID().uuidString
        try Folder.create(path)
    }

    func file(_ name: String) -> String { path + "/" + name }

    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        try Folder.create(Folder.parent(of: file(name)))
        try AtomicFile.write(text, to: file(name))
        return file(name)
    }

    func read(_ name: String) throws -> String { String(decoding: try Folder.contents(file(name)), as: UTF8.self) }

    deinit { try? Folder.remove(path) }
}

/// The program of Tests/StoreProbe, built beside the tests.
enum StoreProbe {
    static let path: String? = {
        let runner = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        let path = Folder.parent(of: runner) + "/StoreProbe"
        return FileManager.default.isExecutableFile(atPath: path) ? path : nil
    }()

    static var isBuilt: Bool { path != nil }

    /// Starts the probe; its standard output can be read line by line.
    static func start(_ arguments: [String]) throws -> Running {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path ?? "")
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        return Running(process: process, output: pipe.fileHandleForReading)
    }

    struct Running {
        let process: Process
        let output: FileHandle

        func kill() {
            Foundation.kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }

        /// The first text that arrives.
        func firstOutput() -> String { String(decoding: output.availableData, as: UTF8.self) }

        /// All output after the process has ended.
        func wait() -> String {
            let data = output.readDataToEndOfFile()
            process.waitUntilExit()
            return String(decoding: data, as: UTF8.self)
        }
    }
}

/// The package's folder of golden numbers.
enum Golden {
    static func text(_ name: String, file: String = #filePath) throws -> String {
        let tests = Folder.parent(of: Folder.parent(of: file))
        return String(decoding: try Folder.contents("\(tests)/Golden/\(name)"), as: UTF8.self)
    }
}
