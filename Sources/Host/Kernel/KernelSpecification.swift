#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// What tells Jupyter that there is a kernel: a folder with a description of how to start it.
public struct KernelSpecification {
    /// The program to start.
    let executable: String

    public init(executable: String) { self.executable = executable }

    /// The text of `kernel.json`.
    func json() -> String {
        let value: StoreValue = [
            "argv": .list([executable, "kernel", "run", "-f", "{connection_file}"].map { .string($0) }), "display_name": "Loam (Lua 5.4)",
            "language": "lua", "interrupt_mode": "message", "metadata": ["debugger": false],
        ]
        return value.plainJSON(pretty: true) + "\n"
    }

    /// Writes the folder `kernels/loam` and returns its path.
    ///
    /// - Parameter dataFolder: one of those that Jupyter searches.
    public func install(in dataFolder: String) throws -> String {
        let folder = dataFolder + "/kernels/loam"
        try Folder.create(folder)
        try AtomicFile.write(json(), to: folder + "/kernel.json")
        try AtomicFile.write(Self.papermillTranslator, to: folder + "/loam_papermill.py")
        return folder
    }

    /// Where Jupyter keeps the data of one user.
    public static func userDataFolder(environment: (String) -> String? = variable) -> String {
        if let folder = environment("JUPYTER_DATA_DIR") { return folder }
        let home = environment("HOME") ?? "."
        #if os(macOS)
        return home + "/Library/Jupyter"
        #else
        return (environment("XDG_DATA_HOME") ?? home + "/.local/share") + "/jupyter"
        #endif
    }

    /// Where Jupyter looks for what all users share.
    public static let systemDataFolder = "/usr/local/share/jupyter"

    /// The path of the running program.
    public static func runningProgram() -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        guard count > 0 else { return CommandLine.arguments[0] }
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
