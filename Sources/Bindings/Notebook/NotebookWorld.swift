import Host
import ML

/// Gives notebooks fresh Lua states with all of Loam, and shows its values.
public final class NotebookWorld {
  private let options: SessionOptions
  private let interrupt: Interrupt
  private let usesKept: Bool

  /// - Parameters:
  ///   - options: preset, seed, arguments and store for each notebook; the script is set to the notebook's file.
  ///   - usesKept: whether the results that lie in `results` beside a notebook stand in for stages that were never run here.
  public init(options: SessionOptions = SessionOptions(), usesKept: Bool = true, interrupt: Interrupt = .shared) {
    self.options = options
    self.usesKept = usesKept
    self.interrupt = interrupt
  }

  /// A fresh world for a notebook. The record of its run is closed with it.
  public func environment(_ file: String) throws -> NotebookEnvironment {
    let state = try LuaState(interrupt: interrupt)
    var options = options
    options.script = file
    let folder = Folder.parent(of: file)
    if usesKept { options.keptFolder = folder + "/results" }
    let session = try Loam.install(into: state, options: options, asGlobals: true)
    try state.installHelp()
    try state.setArguments(script: file, options.arguments)
    // A project keeps its notebooks in one folder and beside it in `scripts` what they share.
    for place in ["/../scripts", ""] where Folder.kind(of: folder + place) == .folder { try state.searchFirst(folder + place) }
    return NotebookEnvironment(state: state, version: Loam.version, display: { try Self.display($0, state) }, receive: { receiver in
      session.display.valueHandler = receiver.show
      session.display.handler = { request in
        switch request {
        case .show(let data, _), .update(let data, _): try receiver.show(data)
        // What was shown stays: the page is the record of the run.
        case .clear: break
        }
      }
      session.onRecord = receiver.recorded
      session.onStage = { result, wasStored in
        receiver.used(NotebookStage(name: result.name, key: result.key, elapsed: result.elapsed, wasStored: wasStored))
      }
    }, finish: { run in
      if run.failure?.isInterrupt == true { try session.finish(status: Program.Status.interrupted) } else { try session.finish(error: run.failure) }
    })
  }

  /// Keeps what the stages of a run returned, in `results` beside the notebook.
  public func keep(_ run: NotebookRun) throws {
    let store = StageStore(root: options.storeFolder, version: Loam.version)
    let folder = Folder.parent(of: run.file) + "/results"
    store.kept = KeptResults(folder: folder)
    try KeptResults.write(try run.stages.compactMap { try store.manifest($0.key) }, to: "\(folder)/\(NotebookBuilder.name(of: run.file)).jsonl")
  }

  /// The forms of Loam's values; nil for all others.
  static func display(_ value: LuaValue, _ state: LuaState) throws -> NotebookDisplay? {
    guard case .object(let object) = value else { return nil }
    let text = ValuePrinter(state).text(value)
    switch object {
    case let handle as TableHandle: return NotebookDisplay(text, form: .table(handle.table))
    case let handle as PlotHandle: return NotebookDisplay(text, form: .plot(handle.plot))
    case let handle as PicturesHandle: return NotebookDisplay(text, form: .images(handle.grid, png: try handle.png()))
    default:
      // What shows as a picture elsewhere, such as a tensor of pixels, is one here too.
      guard let forms = try (object as? any Displayable)?.richForms()?.forms, case .bytes(let png)? = forms.first(where: { $0.type == "image/png" })?.content else { return nil }
      return NotebookDisplay(text, form: .picture(png))
    }
  }
}
