/// A learning rate that rises linearly from zero and then falls along half a cosine.
///
/// rate(step) = base · step / warmup for step < warmup, else
/// final + (base - final) · (1 + cos(π (step - warmup) / (total - warmup))) / 2.
public struct WarmupCosine: Sendable, Equatable {
  /// The highest rate.
  public var base: Double
  /// Steps of linear rise; 0 for none.
  public var warmupSteps: Int
  /// Step at which the lowest rate is reached.
  public var totalSteps: Int
  /// The lowest rate, default 0.
  public var final: Double

  public init(base: Double, warmupSteps: Int, totalSteps: Int, final: Double = 0) {
    self.base = base
    self.warmupSteps = warmupSteps
    self.totalSteps = totalSteps
    self.final = final
  }

  /// The rate for a step, counted from 0. The first step of a warm-up already moves: it counts as step 1.
  public func rate(at step: Int) -> Double {
    let position = Double(step) + 1
    if step < warmupSteps { return base * position / Double(warmupSteps) }
    let progress = min(1, (position - Double(warmupSteps)) / Double(max(1, totalSteps - warmupSteps)))
    return final + (base - final) * 0.5 * (1 + Double.cosine(Double.pi * progress))
  }
}
