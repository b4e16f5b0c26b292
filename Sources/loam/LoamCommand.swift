import ArgumentParser
import Bindings
import Foundation
import class Host.Interrupt
import class Host.LuaState
import enum Host.Folder
import struct Host.Program
import struct Host.RunReport

/// The command line: thin, everything it does lives in Bindings and Host.
@main
struct LoamCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "loam", abstract: "A research notebook host: Lua scripts over a compiled tensor, diffusion and representation-learning core.",
    discussion: """
      Without a command Loam talks: an interactive Lua with help(f), completion and history. A file instead of a command is run as lua runs it, and so are \
      lua's options before one: loam [-e CODE] [-l MODULE] [-i] [-v] [-E] [-W] [-g] [FILE|-] [ARGUMENTS]; -g makes globals strict.
      """,
    version: Loam.version, subcommands: [RunCommand.self, PlanCommand.self, DoctorCommand.self, BenchCommand.self, StoreCommand.self, RunsCommand.self, NotebookCommand.self, KernelCommand.self, ReferenceCommand.self])

  @Option(name: .short, help: "Run this piece of Lua instead of talking.") var execute: String?
  @OptionGroup var machine: MachineOptions

  static func main() {
    let words = Array(CommandLine.arguments.dropFirst())
    // What lua would understand is not for this parser, which would take a script's arguments for its own.
    guard let first = words.first, !first.hasPrefix("--") || first == "--", first != "-h", first != "help", !commandNames.contains(first) else { return main(words) }
    do { Foundation.exit(try LuaCommand.run(words)) } catch { Self.exit(withError: error) }
  }

  private static let commandNames = Set(configuration.subcommands.map { $0.configuration.commandName ?? "" })

  mutating func run() throws {
    try machine.apply()
    throw ExitCode(try LuaCommand.run(execute.map { ["-e", $0] } ?? []))
  }
}

/// Options that every working command shares.
struct MachineOptions: ParsableArguments {
  @Option(help: "Threads to compute with; results do not depend on it. Default: all processors.") var threads: Int?
  @Option(help: "Most memory that tensors may take, and most that Lua may, such as 8G or 500M.") var memoryLimit: String?
  @Option(help: "Seconds after which the work is interrupted, as by Ctrl-C.") var timeLimit: Double?

  func validate() throws {
    if let threads, threads < 1 { throw ValidationError("--threads must be at least 1, got \(threads)") }
    if let memoryLimit { _ = try Self.bytes(memoryLimit) }
    if let timeLimit, !(timeLimit > 0 && timeLimit < 1e9) { throw ValidationError("--time-limit takes a number of seconds, got \(timeLimit)") }
  }

  func apply() throws {
    Loam.configure(threads: threads, memoryLimit: try memoryLimit.map(Self.bytes))
    guard let timeLimit else { return }
    Thread.detachNewThread {
      // Signals belong to the main thread.
      var all = sigset_t()
      sigfillset(&all)
      pthread_sigmask(SIG_BLOCK, &all, nil)
      Thread.sleep(forTimeInterval: timeLimit)
      FileHandle.standardError.write(Data("loam: the time limit of \(timeLimit) s is over\n".utf8))
      Interrupt.shared.raise()
    }
  }

  /// "8G" as a number of bytes; the letters K, M, G and T count in powers of 1024.
  static func bytes(_ text: String) throws -> Int {
    let units: [Character: Int] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40]
    let unit = text.last.flatMap { units[Character($0.uppercased())] }
    guard let number = Double(unit == nil ? text : String(text.dropLast())), number > 0, number * Double(unit ?? 1) < 1e15 else {
      throw ValidationError("--memory-limit takes a size such as 8G or 500M, got '\(text)'")
    }
    return Int(number * Double(unit ?? 1))
  }
}

/// What `run` and `plan` are told of a script.
struct ScriptOptions: ParsableArguments {
  @Argument(help: "The script.") var file: String
  @Option(help: "Which of the script's presets to use.") var preset: String?
  @Option(help: "The experiment's seed.") var seed: Int?
  @Option(help: "Folder of cached stages and of the record of runs.") var store: String = ".loam"
  @Option(help: "Folder of kept results, which stand in for stages that were never run here; default notebooks/results beside the script's folder.") var kept: String?
  @Flag(help: "Use no kept results.") var fresh = false
  @Flag(help: "Make it an error to read a global variable that was never assigned, or to assign a new one inside a function.") var strict = false
  @OptionGroup var machine: MachineOptions
  @Argument(parsing: .postTerminator, help: "The script's own parameters, as --name value.") var arguments: [String] = []

  /// A state with all of Loam in it, ready to run the script.
  func world() throws -> (state: LuaState, session: ScriptSession) {
    try machine.apply()
    let state = try LuaState()
    let keptFolder = fresh ? nil : kept ?? (file == "-" ? "." : Folder.parent(of: file)) + "/../notebooks/results"
    let session = try Loam.install(
      into: state, options: SessionOptions(script: file, preset: preset, seed: seed, arguments: arguments, storeFolder: store, keptFolder: keptFolder))
    try state.installHelp()
    if strict { try state.makeGlobalsStrict() }
    Interrupt.shared.handleControlC()
    return (state, session)
  }
}

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "run", abstract: "Run a Lua script; - reads it from standard input.")
  @OptionGroup var script: ScriptOptions

  mutating func run() throws {
    let (state, session) = try script.world()
    let status = Program(state).run(file: script.file, arguments: script.arguments)
    try session.finish(status: status)
    throw ExitCode(status)
  }
}

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "doctor", abstract: "Look over the machine and the libraries; each problem comes with its cure.")
  @OptionGroup var machine: MachineOptions

  mutating func run() throws {
    try machine.apply()
    print(Doctor.text(try Doctor.examine()))
  }
}

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "bench", abstract: "Time Loam's own work; make bench compares with PyTorch.")
  @Argument(help: "Names of cases; all of them when none is given.") var cases: [String] = []
  @Flag(help: "One line of JSON for each case.") var json = false
  @Flag(help: "Only list the cases.") var list = false
  @OptionGroup var machine: MachineOptions

  mutating func run() throws {
    try machine.apply()
    if list { return print(Benchmark.names.joined(separator: "\n")) }
    try Benchmark.run(cases.isEmpty ? Benchmark.names : cases, json: json) { print($0) }
  }
}

struct StoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "store", abstract: "Look at cached stages.", subcommands: [Explain.self, List.self, Collect.self])

  struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Say why a stage ran.")
    @Argument(help: "The stage's name.") var name: String
    @Option(help: "Folder of the store.") var store: String = ".loam"
    mutating func run() throws { print(try StoreReport.explain(name, folder: store)) }
  }
  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the results that are kept.")
    @Option(help: "Folder of the store.") var store: String = ".loam"
    mutating func run() throws { print(try StoreReport.list(folder: store)) }
  }
  struct Collect: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "gc", abstract: "Remove results that none of the last runs used.")
    @Option(help: "How many runs count.") var runs: Int = 20
    @Flag(help: "Only tell what would go.") var trial = false
    @Option(help: "Folder of the store.") var store: String = ".loam"
    mutating func run() throws { print(try StoreReport.collect(keepingRuns: runs, trial: trial, folder: store)) }
  }
}

struct RunsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runs", abstract: "Look at recorded runs.", subcommands: [List.self, Show.self, Compare.self, Export.self], defaultSubcommand: List.self)

  struct StoreOption: ParsableArguments {
    @Option(help: "Folder of the store.") var store: String = ".loam"
    func report() throws -> RunReport { try RunReport(folder: store) }
  }
  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the newest runs.")
    @Option(help: "How many.") var limit: Int = 50
    @OptionGroup var store: StoreOption
    mutating func run() throws { print(try store.report().list(limit: limit)) }
  }
  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Tell everything about one run: parameters, stages, metrics, artifacts.")
    @Argument(help: "The run's number.") var number: Int
    @OptionGroup var store: StoreOption
    mutating func run() throws { print(try store.report().show(number)) }
  }
  struct Compare: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show what differs between runs: parameters, version, machine, last values of metrics.")
    @Argument(help: "The runs' numbers.") var runs: [Int]
    @OptionGroup var store: StoreOption
    mutating func run() throws { print(try store.report().compare(runs)) }
  }
  struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write a run: to FILE.jsonl everything, to FILE.csv its metrics, to a folder an event file of TensorBoard.")
    @Argument(help: "The run's number.") var number: Int
    @Argument(help: "A file that ends in .jsonl or .csv, or a folder.") var path: String
    @OptionGroup var store: StoreOption
    mutating func run() throws { print("wrote \(try store.report().export(number, to: path))") }
  }
}

struct ReferenceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "reference", abstract: "Write the reference of all Lua functions and stubs for editors.")
  @Argument(help: "The folder to write into.") var folder: String
  mutating func run() throws { try LuaReferenceFiles.write(to: folder) }
}
