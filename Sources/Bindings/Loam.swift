import Host
import ML

/// Everything that Lua sees of Loam.
public enum Loam {
  /// Part of every stage's key and of every picture's provenance.
  public static let version = "0.1.0"

  /// Sets what holds for the whole process.
  ///
  /// - Parameters:
  ///   - threads: to compute with; nil leaves all processors. Results do not depend on it.
  ///   - memoryLimit: most bytes that tensors may take, and most that each Lua state may; nil leaves tensors all, and Lua half of the machine's.
  public static func configure(threads: Int? = nil, memoryLimit: Int? = nil) {
    if let threads { ThreadPool.setThreadCount(threads) }
    if let memoryLimit { MemoryPool.limit = memoryLimit }
    if let memoryLimit { LuaState.defaultMemoryLimit = memoryLimit }
  }

  /// The libraries of one state, in the order in which help lists them.
  public static func libraries(_ session: ScriptSession) -> [Library] {
    [
      TensorLibrary.library(session), RandomLibrary.library(session), NetworkLibrary.library(session), OptimLibrary.library, LossLibrary.library,
      DataLibrary.library(session), EncoderLibrary.library(session), DiffusionLibrary.library(session), EvaluationLibrary.library(session), StoreLibrary.library(session),
      ReportLibrary.library, PlotLibrary.library, RunLibrary.library(session), FileLibrary.library, ImageLibrary.library, TextLibrary.library,
      DisplayLibrary.library(session.display),
    ]
  }

  /// Gives a state all libraries, lets tensors press on its collector, and returns what the executable needs at the end.
  ///
  /// - Parameters:
  ///   - state: made on the thread that runs it.
  ///   - asGlobals: whether `loam` and each library are global variables too, as in the REPL.
  @discardableResult
  public static func install(into state: LuaState, options: SessionOptions = SessionOptions(), asGlobals: Bool = false) throws -> ScriptSession {
    let session = ScriptSession(options: options, interrupt: state.interrupt)
    prepare(state)
    try state.install(libraries(session), version: version, asGlobals: asGlobals)
    return session
  }

  /// What a state needs before libraries are installed in it, on the thread that will run it.
  public static func prepare(_ state: LuaState) {
    MemoryPressure.attach(state)
    Cancellation.watch(state.interrupt.flag)
    FileActivity.listener = { FileWitness.tell($0, writes: $1) }
    OpenBLAS.prepare()
  }
}
