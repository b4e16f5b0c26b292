import Host
import ML

/// How Lua trains: state kept in a folder, an interrupt between steps, a callback after each.
struct TrainingRun {
  /// Where the state is kept and continued from; nil for nowhere.
  let folder: String?
  /// Steps between saves.
  let every: Int
  /// Called with the step and its loss.
  let onStep: LuaFunction?
  let interrupt: Interrupt

  /// Trains to the end, from the state in the folder when there is one.
  func run(_ loop: TrainingLoop, loss: (Int) throws -> Tensor) throws {
    let file = folder.map { $0 + "/training.safetensors" }
    if let folder, let file {
      try Host.Folder.create(folder)
      try loop.restoreIfPresent(from: file)
    }
    try loop.run(
      checkpoint: file, every: every,
      report: { state in
        try interrupt.check()
        _ = try onStep?.call(.integer(state.step), .record(["loss": .number(state.loss)]))
      }, loss: loss)
  }
}
