import ArgumentParser
import Bindings
import struct Host.Program

/// Counts what a script would do.
struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Say what a script would have to do: images, FLOPs, bytes and hours on this machine.",
    discussion: "The script runs with stand-ins for the results of its stages; each kind of work is done once, a little of it, and timed. Nothing is stored.")

  @OptionGroup var script: ScriptOptions

  mutating func run() throws {
    let (state, session) = try script.world()
    let plan = StagePlan()
    session.plan = plan
    // What a script prints of stand-ins says nothing.
    try state.run("print = function() end; io.write = function() return io.stdout end")
    let status = Program(state).run(file: script.file, arguments: script.arguments)
    guard status == Program.Status.success else { throw ExitCode(status) }
    print(try plan.table().terminalText())
  }
}
