import Host
import ML

/// How Lua trains: state kept in a folder, an interrupt between steps, a callback after each.
struct TrainingRun {
  /// Where the state is kept and continued from; nil for nowhere.
  let folder: String?
  /// Steps between saves.
  let every: Int
  /// States kept of the last saves.
  var keep = 1
  /// Called with the step, its loss and its rates; it ends the training by returning false.
  let onStep: LuaFunction?
  let interrupt: Interrupt

  /// Trains to the end, from the state in the folder when there is one.
  func run(_ loop: TrainingLoop, loss: (Int) throws -> Tensor) throws {
    let file = folder.map { $0 + "/training.safetensors" }
    if let folder, let file {
      try Host.Folder.create(folder)
      try loop.restoreIfPresent(from: file)
    }
    do {
      try loop.run(
        checkpoint: file, every: every, keep: keep,
        report: { state in
          try interrupt.check()
          let rates: LuaValue = .record(["learning_rate": .number(state.learningRate), "gradient_norm": .number(state.gradientNorm)])
          if case .boolean(false) = try onStep?.call(.integer(state.step), .record(["loss": .number(state.loss)]), rates).first { throw Ended() }
        }, loss: loss)
    } catch is Ended {}
  }

  /// The script wants no more steps; the state was saved as at any error of a report.
  private struct Ended: Error {}
}
