import Host
import ML

/// Gives notebooks fresh Lua states with all of Loam, and shows its values.
public final class NotebookWorld {
  private let options: SessionOptions
  private let interrupt: Interrupt
  private var session: ScriptSession?

  /// - Parameter options: preset, seed, arguments and store for each notebook; the script is set to the notebook's file.
  public init(options: SessionOptions = SessionOptions(), interrupt: Interrupt = .shared) {
    self.options = options
    self.interrupt = interrupt
  }

  /// A fresh world for a notebook; the record of the one before is closed.
  public func environment(_ file: String) throws -> NotebookEnvironment {
    try finish(nil)
    let state = try LuaState(interrupt: interrupt)
    var options = options
    options.script = file
    let session = try Loam.install(into: state, options: options, asGlobals: true)
    try state.installHelp()
    try state.setArguments(script: file, options.arguments)
    self.session = session
    return NotebookEnvironment(state: state, version: Loam.version, display: { try Self.display($0, state) }) { receiver in
      session.show = receiver.show
      session.onStage = { result, wasStored in
        receiver.used(NotebookStage(name: result.name, key: result.key, elapsed: result.elapsed, wasStored: wasStored))
      }
    }
  }

  /// Ends the record of the last run.
  public func finish(_ run: NotebookRun?) throws {
    try session?.finish(error: run?.failure)
    session = nil
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
