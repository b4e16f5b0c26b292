#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A module under training: optimiser, schedule, average, history; steps, checkpoints and resumption.
///
/// A step is a pure function of the state before it and of its number, so a run that was killed and continued from its
/// checkpoint ends with the same bytes as an unbroken one.
public final class TrainingLoop {
  public let module: any Module
  public let options: OptimizationOptions
  /// Text that must agree between a checkpoint and the run that continues it, such as the options as JSON.
  public let identity: String
  public let average: MovingAverage?
  /// Steps done.
  public private(set) var step = 0
  /// Loss of every step done.
  public private(set) var losses: [Float] = []
  /// Where the last good state is, for error messages.
  private(set) var lastCheckpoint: (path: String, step: Int)?
  /// Called after each optimiser step, for constraints on weights.
  public var afterStep: (() throws -> Void)?
  /// Of a step that takes less, who interrupts waits for the end.
  var shortStep = Duration.milliseconds(300)
  /// Work that a kill may cost, unless saving takes more than a twentieth of it.
  var longestUnsaved = Duration.seconds(60)
  private let optimizer: AdamW
  /// Moves the hidden matrices if the options say so; `optimizer` has the rest then.
  private let muon: Muon?
  private let schedule: WarmupCosine
  private let parameters: [(name: String, parameter: Parameter)]

  /// Prepares training from the module's weights as they are.
  public init(_ module: any Module, options: OptimizationOptions, identity: String) throws {
    try options.validate()
    self.module = module
    self.options = options
    self.identity = identity
    parameters = module.namedParameters()
    let hidden = options.optimizer == .muon ? parameters.filter { Muon.suits($0.name, $0.parameter) } : []
    muon = hidden.isEmpty ? nil : try Muon(parameters: hidden, learningRate: options.learningRate, weightDecay: options.weightDecay)
    let rest = hidden.isEmpty ? parameters : parameters.filter { !Muon.suits($0.name, $0.parameter) }
    let layers = try LayerDecay(decay: options.layerDecay, names: parameters.map(\.name))
    optimizer = try AdamW(parameters: rest, learningRate: options.learningRate, beta1: options.beta1, beta2: options.beta2,
                          epsilon: options.epsilon, weightDecay: options.weightDecay, factor: layers.factor)
    schedule = WarmupCosine(base: options.learningRate, warmupSteps: options.warmupSteps, totalSteps: options.steps,
                            final: options.finalLearningRate)
    average = try options.averageDecay.map { try MovingAverage(module, decay: $0) }
  }

  public var isFinished: Bool { step >= options.steps }

  /// Does one step.
  ///
  /// - Parameter loss: the scalar loss of the step with the given number, counted from 0.
  /// - Throws: `TrainingError.notFinite` before any weight is touched, if loss or gradients are not finite.
  @discardableResult
  public func advance(_ loss: (Int) throws -> Tensor) throws -> StepReport {
    let value = try loss(step)
    let number = try value.item()
    guard number.isFinite else { throw notFinite("loss") }
    var gradients = try value.backward()
    let norm = try gradients.clip(parameters.map(\.parameter.value), to: options.gradientClip ?? .infinity)
    guard norm.isFinite else { throw notFinite("gradient") }
    let rate = schedule.rate(at: step)
    // Weights that moved and weights that did not must not stand side by side.
    try Cancellation.deferred {
      try optimizer.step(gradients, learningRate: rate)
      try muon?.step(gradients, learningRate: rate)
      try afterStep?()
      try average?.update()
    }
    losses.append(Float(number))
    step += 1
    return StepReport(step: step, steps: options.steps, loss: number, learningRate: rate, gradientNorm: norm)
  }

  /// Trains to the end (or to a given step), saving on the way.
  ///
  /// - Parameters:
  ///   - until: number of steps to have done; nil for all.
  ///   - checkpoint: where to save and to continue from; nil for nowhere.
  ///   - every: steps between saves, default 200. It is saved at the end too, after a minute of steps, and before an error of `report` leaves.
  ///   - keep: states kept, default 1. With more, those of the last `keep` regular saves stay beside `checkpoint`, numbered; see ``KeptStates``.
  ///   - report: called after each step; it may throw to interrupt.
  ///   - loss: the scalar loss of the step with the given number, counted from 0.
  public func run(until: Int? = nil, checkpoint: String? = nil, every: Int = 200, keep: Int = 1, report: (StepReport) throws -> Void = { _ in },
                  loss: (Int) throws -> Tensor) throws {
    let end = min(until ?? options.steps, options.steps)
    let clock = ContinuousClock()
    var lastStep = Duration.seconds(1), lastSave = clock.now, costOfSave = Duration.zero
    let kept = checkpoint.map { KeptStates(newest: $0, count: keep) }
    func save(isRegular: Bool = false) throws {
      guard let checkpoint else { return }
      let began = clock.now
      try Cancellation.deferred {
        try self.save(to: checkpoint)
        if isRegular { try kept?.keep(step: step) }
      }
      (lastSave, costOfSave) = (clock.now, clock.now - began)
    }
    while step < end {
      let began = clock.now
      // A short step is brought to its end, so that its state can be saved. A long one is given up where it is: nobody waits for it,
      // and who continues begins with the state that was saved last.
      let isShort = lastStep < shortStep
      let state = try checkpoint != nil && isShort ? Cancellation.deferred { try advance(loss) } : advance(loss)
      lastStep = clock.now - began
      let isRegular = step == end || (every > 0 && step % every == 0)
      let saves = isRegular || clock.now - lastSave > max(longestUnsaved, costOfSave * 20)
      if saves { try save(isRegular: isRegular) }
      do { try report(state) } catch {
        if !saves { try save() }
        throw error
      }
    }
  }

  /// Writes weights, optimiser, average, history and step as one safetensors file, whole or not at all.
  public func save(to path: String) throws {
    var tensors = module.namedTensors(prefix: "model.")
    tensors += try optimizer.state() + (muon?.state() ?? [])  // names start with "optimizer."
    if let average { tensors += try average.namedTensors(prefix: "average.") }
    tensors.append(("history.loss", try Tensor(losses, shape: [losses.count])))
    let metadata = ["loam.kind": "training", "loam.identity": identity, "loam.step": "\(step)", "loam.average_updates": "\(average?.updates ?? 0)"]
    try TensorFile.write(tensors, metadata: metadata, to: path)
    lastCheckpoint = (path, step)
  }

  /// Continues from a checkpoint if there is one; without it, from the last of the numbered states beside it.
  ///
  /// - Returns: whether there was one.
  /// - Throws: as `restore`; a checkpoint that cannot be read names the numbered states that could take its place.
  @discardableResult
  public func restoreIfPresent(from path: String) throws -> Bool {
    let older = try KeptStates(newest: path, count: 1).paths()
    guard FileManager.default.fileExists(atPath: path) else {
      guard let last = older.last else { return false }
      try restore(from: last)
      return true
    }
    do { try restore(from: path) } catch let error as FormatError where !older.isEmpty {
      throw TrainingError.notACheckpoint(path: path, problem: "\(error.problem); remove it to continue from \(older[older.count - 1])")
    }
    return true
  }

  /// Continues from a checkpoint.
  ///
  /// - Throws: `TrainingError.otherRun` if it was made with other options, `ModuleLoadError` if tensors do not fit.
  public func restore(from path: String) throws {
    let (tensors, metadata) = try TensorFile.read(path)
    guard metadata["loam.kind"] == "training", let saved = metadata["loam.step"].flatMap({ Int($0) }) else {
      throw TrainingError.notACheckpoint(path: path, problem: "it holds no step number")
    }
    guard metadata["loam.identity"] == identity else {
      throw TrainingError.otherRun(path: path, difference: TrainingLoop.difference(metadata["loam.identity"] ?? "", identity))
    }
    try module.load(tensors, prefix: "model.")
    let moments = Dictionary(tensors.filter { $0.name.hasPrefix("optimizer.") }.map { ($0.name, $0.tensor) }, uniquingKeysWith: { $1 })
    try optimizer.restore(moments)
    try muon?.restore(moments)
    try average?.restore(tensors, prefix: "average.", updates: metadata["loam.average_updates"].flatMap { Int($0) } ?? 0)
    guard let history = tensors.first(where: { $0.name == "history.loss" })?.tensor, history.count == saved else {
      throw TrainingError.notACheckpoint(path: path, problem: "its loss history does not have \(saved) entries")
    }
    losses = try history.floats()
    step = saved
    lastCheckpoint = (path, step)
  }

  private func notFinite(_ quantity: String) -> TrainingError {
    let good = lastCheckpoint.map { "The last good state is \($0.path), after step \($0.step)." }
      ?? "The weights in memory are still those after step \(step); no checkpoint was written."
    return .notFinite(step: step + 1, quantity: quantity, lastGood: good)
  }

  private static func difference(_ saved: String, _ present: String) -> String {
    let pairs = zip(saved.split(separator: ",", omittingEmptySubsequences: false), present.split(separator: ",", omittingEmptySubsequences: false))
    if let (old, new) = pairs.first(where: { $0 != $1 }) { return "it says \(old) where this run says \(new)" }
    return "its description has another length"
  }
}
