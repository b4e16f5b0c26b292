import Foundation

/// A program of the system that does a part of the work: found in `PATH`, run with files for its streams.
struct ExternalProgram {
    let name: String
    let path: String

    /// - Parameters:
    ///   - purpose: what cannot be done without it, "plots need", for the message.
    ///   - package: the Debian package that has it.
    ///   - path: the folders to search.
    /// - Throws: ``StoreError`` saying how to install it.
    init(_ name: String, purpose: String, package: String, path: String? = ProcessInfo.processInfo.environment["PATH"]) throws {
        for folder in (path ?? "/usr/local/bin:/usr/bin").split(separator: ":") {
            let program = "\(folder)/\(name)"
            if Folder.kind(of: program) == .file, access(program, X_OK) == 0 {
                self.name = name
                self.path = program
                return
            }
        }
        throw StoreError("\(purpose) the program \(name), which is not installed. Run `apt-get install \(package)`.")
    }

    /// Runs the program and waits for its end.
    ///
    /// - Parameters:
    ///   - folder: an existing folder, where the program runs; what it says goes to files in it.
    ///   - input: becomes its standard input.
    ///   - environment: beside PATH and a home folder without the user's settings.
    /// - Returns: exit status, standard output, and what it said on standard error.
    func run(_ arguments: [String], in folder: String, input: [UInt8] = [], environment: [String: String] = [:]) throws -> (status: Int32, output: [UInt8], messages: String) {
        // Files, not pipes: a pipe can fill up, and its end can vanish.
        try AtomicFile.write(input, to: folder + "/.input")
        for stream in ["/.output", "/.messages"] { try AtomicFile.write("", to: folder + stream) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.environment = ["PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": folder].merging(environment) { $1 }
        process.standardInput = try FileHandle(forReadingFrom: URL(fileURLWithPath: folder + "/.input"))
        process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: folder + "/.output"))
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: folder + "/.messages"))
        do { try process.run() } catch { throw StoreError("could not start \(path): \(error.localizedDescription)") }
        process.waitUntilExit()
        return (process.terminationStatus, try Folder.contents(folder + "/.output"), String(decoding: (try? Folder.contents(folder + "/.messages")) ?? [], as: UTF8.self))
    }

    /// Runs `body` with a folder of its own, which is gone afterwards.
    static func inTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
        let folder = FileManager.default.temporaryDirectory.path + "/loam-" + UUID().uuidString
        try Folder.create(folder)
        defer { try? Folder.remove(folder) }
        return try body(folder)
    }
}
