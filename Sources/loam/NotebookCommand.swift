import ArgumentParser
import Bindings
import Foundation
import class Host.Interrupt
import class Host.LuaState
import class Host.NotebookPreview
import enum Host.AtomicFile
import enum Host.Folder
import enum Host.NotebookConversion
import enum Host.NotebookSpelling
import enum Host.TangledScript
import struct Host.NotebookBuilder
import struct Host.NotebookParameters
import struct Host.NotebookRun
import struct Host.NotebookSweep
import struct Host.Program

/// Everything about notebooks.
struct NotebookCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "notebook", abstract: "Run, build, check and convert notebooks.",
    discussion: "A notebook is Markdown with ```lua cells, a .lua file with -- %% cells, or .ipynb.",
    subcommands: [Run.self, Build.self, Verify.self, Convert.self, Tangle.self, Explain.self, New.self, Preview.self])

  /// What running a notebook needs.
  struct RunOptions: ParsableArguments {
    @Option(name: .customShort("p"), help: "A parameter, as name=value; may be given several times.") var parameter: [String] = []
    @Option(help: "A YAML file of parameters; -p goes before it.") var parameters: String?
    @Option(help: "Which of the presets of run.preset to use.") var preset: String?
    @Option(help: "The experiment's seed.") var seed: Int?
    @Option(help: "Folder of cached stages and of the record of runs.") var store: String = ".loam"
    @Flag(help: "Run every stage once more, its stored result notwithstanding.") var refresh = false
    @Flag(help: "Compute here what only the kept results in the folder 'results' beside the notebook know.") var fresh = false
    @OptionGroup var machine: MachineOptions

    func world() throws -> NotebookWorld {
      try machine.apply()
      Interrupt.shared.handleControlC()
      return NotebookWorld(options: SessionOptions(preset: preset, seed: seed, storeFolder: store, refresh: refresh), usesKept: !fresh)
    }
    func values() throws -> NotebookParameters { try NotebookParameters(pairs: parameter, yaml: parameters) }
  }

  /// Where results go, and in which forms.
  struct OutputOptions: ParsableArguments {
    @Flag(help: "Keep what the stages returned in the folder 'results' beside the notebook, for clones that shall not compute it again.") var keep = false
    @Option(help: "The folder of the results.") var out: String?
    @Option(help: "Forms beside Markdown and .ipynb: html, tex, pdf, separated by commas; none for no more.") var to: String = "html"

    func formats() throws -> Set<NotebookBuilder.Format> {
      try Set(to == "none" ? [] : to.split(separator: ",").map { word in
        guard let format = NotebookBuilder.Format(rawValue: String(word)) else { throw ValidationError("--to takes md, ipynb, html, tex or pdf, got '\(word)'") }
        return format
      })
    }
  }

  fileprivate static func status(_ runs: [NotebookRun]) -> ExitCode {
    if runs.contains(where: { $0.failure?.isInterrupt == true }) { return ExitCode(Program.Status.interrupted) }
    return ExitCode(runs.contains { $0.failure != nil } ? Program.Status.failure : Program.Status.success)
  }

  fileprivate static func tell(_ line: String) { FileHandle.standardError.write(Data((line + "\n").utf8)) }

  struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Run one notebook and write its results.",
      discussion: "With --sweep once for each value, or for each point of the grid when several are given; the results and a summary go to NAME-sweep.")
    @Argument(help: "The notebook.") var file: String
    @Option(help: "A parameter and its values, as name=1,2,3 or name=1..5; may be given several times.") var sweep: [String] = []
    @OptionGroup var output: OutputOptions
    @OptionGroup var settings: RunOptions

    mutating func run() throws {
      let world = try settings.world()
      var builder = NotebookBuilder(
        output: output.out ?? Self.folder(of: file) + "/output", formats: try output.formats(), announce: NotebookCommand.tell, environment: world.environment)
      builder.onOutput = { text in
        print(text, terminator: "")
        fflush(stdout)
      }
      let parameters = try settings.values()
      guard sweep.isEmpty else {
        let (runs, summary) = try builder.sweep(file, over: try NotebookSweep(sweep), parameters: parameters)
        if output.keep { for run in runs where run.failure == nil { try world.keep(run) } }
        print(summary.terminalText(), terminator: "")
        throw NotebookCommand.status(runs)
      }
      let result = try builder.build(file, parameters: parameters)
      if output.keep, result.failure == nil { try world.keep(result) }
      throw NotebookCommand.status([result])
    }

    static func folder(of file: String) -> String { Folder.parent(of: file) }
  }

  struct Build: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Run all notebooks of a folder and write their results and an index page.")
    @Argument(help: "The folder.") var folder: String
    @OptionGroup var output: OutputOptions
    @OptionGroup var settings: RunOptions

    mutating func run() throws {
      let world = try settings.world()
      let builder = NotebookBuilder(output: output.out ?? folder + "/output", formats: try output.formats(), announce: NotebookCommand.tell, environment: world.environment)
      let runs = try builder.buildAll(in: folder, parameters: try settings.values())
      if output.keep { for run in runs where run.failure == nil { try world.keep(run) } }
      let loaded = runs.flatMap(\.stages).filter(\.wasStored).count, computed = runs.flatMap(\.stages).count - loaded
      NotebookCommand.tell("\(runs.count) notebooks, \(computed) stages computed, \(loaded) loaded; open \(builder.output)/index.\(builder.formats.contains(.html) ? "html" : "md")")
      throw NotebookCommand.status(runs)
    }
  }

  struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Run a notebook afresh and compare with its stored outputs; says which cell differs.")
    @Argument(help: "The notebook: an .ipynb with outputs, or one that was built.") var file: String
    @Option(help: "The folder of the results, for a notebook that was built.") var out: String?
    @OptionGroup var settings: RunOptions

    mutating func run() throws {
      let world = try settings.world()
      let builder = NotebookBuilder(output: out ?? Folder.parent(of: file) + "/output", formats: [], announce: NotebookCommand.tell, environment: world.environment)
      let verification = try builder.verify(file, parameters: try settings.values())
      print(verification)
      throw ExitCode(verification.isEqual ? Program.Status.success : Program.Status.failure)
    }
  }

  struct Convert: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write a notebook in another form; nothing is run.",
      discussion: "To .md, .lua or .ipynb: another spelling of the same notebook. To .html or .tex: with the outputs that an .ipynb holds, as far as they are harmless.")
    @Argument(help: "The notebook.") var file: String
    @Argument(help: "What to write; the ending decides.") var result: String

    mutating func run() throws { try NotebookConversion.convert(file, to: result, version: Loam.version) }
  }

  struct Tangle: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Write the Lua of a notebook as a script.")
    @Argument(help: "The notebook.") var file: String
    @Argument(help: "The script; standard output when left out.") var script: String?
    @Option(name: .customShort("p"), help: "A parameter, as name=value.") var parameter: [String] = []

    mutating func run() throws {
      let state = try LuaState()
      let text = try TangledScript.text(try NotebookSpelling.read(file), file: file, parameters: try NotebookParameters(pairs: parameter)) { (try? state.load($0)) != nil }
      if let script { try AtomicFile.write(text, to: script) } else { print(text, terminator: "") }
    }
  }

  struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Say which stages the last run of a notebook computed or loaded, and why.")
    @Argument(help: "The notebook.") var file: String
    @Option(help: "Folder of the store.") var store: String = ".loam"

    mutating func run() throws { print(try NotebookReport.explain(file, storeFolder: store)) }
  }

  struct New: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Write a notebook to begin with.")
    @Argument(help: "The file: .md, .lua or .ipynb.") var file: String

    mutating func run() throws {
      guard Folder.kind(of: file) == .missing else { throw ValidationError("\(file) exists already") }
      try AtomicFile.write(try NotebookSpelling(path: file).text(NotebookConversion.starter()), to: file)
      print("\(file) is written; loam notebook run \(file)")
    }
  }

  struct Preview: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show a notebook, or all of a folder, in a browser, and run it again whenever it is saved.",
      discussion: "The pages are for the browsers of this machine alone. Ctrl-C ends the preview.")
    @Argument(help: "The notebook or the folder.") var path: String
    @Option(help: "The folder of the results.") var out: String?
    @Option(help: "The port on 127.0.0.1; chosen when left out.") var port: Int = 0
    @OptionGroup var settings: RunOptions

    func validate() throws {
      guard (0...65_535).contains(port) else { throw ValidationError("--port is a number from 0 to 65535, got \(port)") }
    }

    mutating func run() throws {
      let world = try settings.world()
      let folder = Folder.kind(of: path) == .folder ? path : Folder.parent(of: path)
      let builder = NotebookBuilder(output: out ?? folder + "/output", formats: [.html], announce: NotebookCommand.tell, environment: world.environment)
      let preview = try NotebookPreview(path, builder: builder, parameters: try settings.values(), port: port)
      print("\(preview.address)   (Ctrl-C ends)")
      fflush(stdout)
      preview.run { Interrupt.shared.isRaised }
    }
  }
}
