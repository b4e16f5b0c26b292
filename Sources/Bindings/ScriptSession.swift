import Host
import ML

/// What the command line gave a script, and where results are kept.
public struct SessionOptions {
  /// The script's path; nil in the REPL.
  public var script: String?
  /// From `--preset`.
  public var preset: String?
  /// From `--seed`.
  public var seed: Int?
  /// What follows `--`.
  public var arguments: [String]
  /// The folder of stages and of the record of runs.
  public var storeFolder: String
  /// Whether each stage runs once more, its stored result notwithstanding.
  public var refresh: Bool
  /// Folder of results that travel with the project; nil for none.
  public var keptFolder: String?

  public init(
    script: String? = nil, preset: String? = nil, seed: Int? = nil, arguments: [String] = [], storeFolder: String = ".loam", refresh: Bool = false,
    keptFolder: String? = nil
  ) {
    self.script = script
    self.preset = preset
    self.seed = seed
    self.arguments = arguments
    self.storeFolder = storeFolder
    self.refresh = refresh
    self.keptFolder = keptFolder
  }
}

/// What the libraries of one Lua state share: options, the store, the run being recorded, the script's own random stream.
public final class ScriptSession {
  public let options: SessionOptions
  public let interrupt: Interrupt
  /// Where `display` shows things.
  public let display = DisplayOutput()
  /// Feeds functions that are given no stream.
  let defaultStream = StreamHandle(RandomStream(seed: 0, purpose: "script"))
  /// Parameters that `run.preset` resolved.
  var resolved: ResolvedParameters?
  /// Is told of each stage that was used, and whether its result was stored already.
  var onStage: ((StageResult, _ wasStored: Bool) -> Void)?
  /// Is told of each number that was recorded under a name.
  var onRecord: ((String, Double) -> Void)?
  /// Stages that this session ran because a refresh was asked for: once is enough.
  var refreshed: Set<ContentHash> = []
  /// Where stages are counted instead of run; nil runs them.
  public var plan: StagePlan?
  /// Stages whose kept results were used, and how their files are made.
  var kept: [ContentHash: () throws -> Void] = [:]
  private var openedStore: StageStore?
  private var openedRun: Run?

  public init(options: SessionOptions = SessionOptions(), interrupt: Interrupt = .shared) {
    self.options = options
    self.interrupt = interrupt
  }

  /// The store of stages; opened when first used.
  var store: StageStore {
    if let openedStore { return openedStore }
    let store = StageStore(root: options.storeFolder, version: Loam.version)
    store.checkInterrupt = { [interrupt] in try interrupt.check() }
    store.kept = options.keptFolder.map(KeptResults.init(folder:))
    openedStore = store
    return store
  }

  /// The run that is being recorded; nil before `run` began one.
  var currentRun: Run? { openedRun }

  /// The run of this script, begun when something is first recorded.
  func run() throws -> Run {
    if let openedRun { return openedRun }
    let database = try RunDatabase(path: options.storeFolder + "/runs.sqlite")
    let hash = options.script.flatMap { try? ContentHash.ofFile($0).hash }
    let run = try database.begin(RunDescription(
      script: options.script ?? "(interactive)", scriptHash: hash, preset: resolved?.preset ?? options.preset,
      seed: resolved?.seed ?? options.seed, parameters: resolved?.value ?? [:], version: Loam.version))
    openedRun = run
    return run
  }

  /// Takes parameters over and begins the record of this run, if a script is running.
  func adopt(_ parameters: ResolvedParameters) throws -> ResolvedParameters {
    resolved = parameters
    if options.script != nil, plan == nil { _ = try run() }
    return parameters
  }

  /// Ends the recorded run, if one was begun, by the exit status of the script.
  public func finish(status: Int32) throws {
    guard let run = openedRun else { return }
    openedRun = nil
    switch status {
    case Program.Status.success: try run.finish(.finished)
    case Program.Status.interrupted: try run.finish(.interrupted)
    default: try run.finish(.failed)
    }
  }

  /// Ends the recorded run, if one was begun, by the error that ended the script.
  public func finish(error: (any Error)? = nil) throws {
    guard let run = openedRun else { return }
    openedRun = nil
    let isInterrupt = (error as? LuaError)?.isInterrupt == true
    try run.finish(error == nil ? .finished : isInterrupt ? .interrupted : .failed, message: error.map { "\($0)" })
  }
}
