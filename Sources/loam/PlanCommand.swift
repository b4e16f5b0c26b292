import ArgumentParser
import Bindings
import class Host.Interrupt
import class Host.LuaState
import enum Host.Folder
import struct Host.Program

/// Counts what a script would do.
struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Say what a script would have to do: images, FLOPs, bytes and hours on this machine.",
    discussion: "The script runs with stand-ins for the results of its stages; each kind of work is done once, a little of it, and timed. Nothing is stored.")

  @Argument(help: "The script.") var file: String
  @Option(help: "Which of the script's presets to use.") var preset: String?
  @Option(help: "The experiment's seed.") var seed: Int?
  @Option(help: "Folder of cached stages.") var store: String = ".loam"
  @Flag(help: "Count what kept results know as well.") var fresh = false
  @OptionGroup var machine: MachineOptions
  @Argument(parsing: .postTerminator, help: "The script's own parameters, as --name value.") var arguments: [String] = []

  mutating func run() throws {
    try machine.apply()
    let state = try LuaState()
    let kept = fresh ? nil : Folder.parent(of: file) + "/../notebooks/results"
    let session = try Loam.install(
      into: state, options: SessionOptions(script: file, preset: preset, seed: seed, arguments: arguments, storeFolder: store, keptFolder: kept))
    try state.installHelp()
    let plan = StagePlan()
    session.plan = plan
    Interrupt.shared.handleControlC()
    // What a script prints of stand-ins says nothing.
    try state.run("print = function() end; io.write = function() return io.stdout end")
    let status = Program(state).run(file: file, arguments: arguments)
    guard status == Program.Status.success else { throw ExitCode(status) }
    print(try plan.table().terminalText())
  }
}
