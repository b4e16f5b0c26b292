import Foundation

/// A kernel as a program: from the connection file to the last message.
public struct KernelProgram {
    let state: LuaState
    let display: DisplayOutput
    let description: KernelDescription

    /// - Parameters:
    ///   - state: with its libraries, on the thread that will run it.
    ///   - display: what the library `display` of that state writes to.
    public init(_ state: LuaState, display: DisplayOutput, version: String) {
        self.state = state
        self.display = display
        description = KernelDescription(version: version)
    }

    /// Serves front ends until one of them shuts the kernel down.
    ///
    /// - Parameter path: the connection file that a front end wrote; if there is none, a new one is written there, or in Jupyter's
    ///   folder for them when no path is given.
    public func run(connectionFile path: String?) throws {
        let isNew = path.map { Folder.kind(of: $0) == .missing } ?? true
        let file = path ?? ConnectionFile.runtimeFolder() + "/kernel-\(getpid()).json"
        var connection = isNew ? ConnectionFile() : try ConnectionFile(reading: file)
        if !isNew, connection.key.isEmpty {
            throw StoreError("\(file) has no key: without one every program on this machine could run code in this kernel")
        }
        if isNew { print("To connect another client to this kernel, use: --existing \(file)"); fflush(stdout) }
        let hadAllPorts = !connection.ports.isEmpty && connection.ports.values.allSatisfy { $0 > 0 }
        let transport = try KernelTransport(&connection, description: description, interrupt: state.interrupt, capturesOutput: true)
        if isNew || !hadAllPorts { try connection.write(to: file) }
        defer { if isNew { unlink(file) } }
        // Nobody types here: what would wait for a terminal comes to its end instead.
        let nothing = open("/dev/null", O_RDONLY)
        dup2(nothing, STDIN_FILENO)
        close(nothing)
        state.interrupt.handleControlC(endsProgram: false)
        var progressCount = 0
        ProgressOutput.standard = { [display] in
            progressCount += 1
            return ProgressDisplay.output(display, identifier: "progress-\(progressCount)")
        }
        let kernel = try Kernel(state, description: description, display: display, link: transport, historyPath: ExecutionHistory.defaultPath())
        while case .answer(let request, let isAborted) = transport.next() { kernel.handle(request, isAborted: isAborted) }
        transport.close()
    }
}
