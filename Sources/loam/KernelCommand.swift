import ArgumentParser
import Bindings
import class Host.LuaState
import struct Host.KernelProgram
import struct Host.KernelSpecification

/// Jupyter's way in.
struct KernelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kernel", abstract: "Be a kernel of Jupyter: install it, or run it.", subcommands: [Install.self, Run.self])

  struct Install: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Tell Jupyter about this kernel.")
    @Flag(help: "For this user alone; otherwise for all users of the machine.") var user = false
    @Option(help: "The folder of a Python environment, for its Jupyter alone.") var prefix: String?

    func validate() throws {
      if user && prefix != nil { throw ValidationError("--user and --prefix name two different places; give one of them") }
    }

    mutating func run() throws {
      let folder = prefix.map { $0 + "/share/jupyter" } ?? (user ? KernelSpecification.userDataFolder() : KernelSpecification.systemDataFolder)
      let specification = KernelSpecification(executable: KernelSpecification.runningProgram())
      print("installed the kernel 'loam' in \(try specification.install(in: folder))")
    }
  }

  struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Run the kernel; Jupyter does this by itself.")
    @Option(name: .shortAndLong, help: "The connection file. Default: a new one in Jupyter's folder.") var file: String?
    @Option(help: "Folder of cached stages and of the record of runs.") var store: String = ".loam"
    @OptionGroup var machine: MachineOptions

    mutating func run() throws {
      try machine.apply()
      let state = try LuaState()
      let session = try Loam.install(into: state, options: SessionOptions(storeFolder: store), asGlobals: true)
      try state.installHelp()
      try KernelProgram(state, display: session.display, version: Loam.version).run(connectionFile: file)
      try session.finish()
    }
  }
}
