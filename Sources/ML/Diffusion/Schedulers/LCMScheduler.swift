/// The sampler of latent consistency models, which were distilled to answer with a clean picture at a few chosen steps.
///
/// x̂ = c_out x̂_0 + c_skip x with c_skip = ¼ / (τ² + ¼), c_out = τ / √(τ² + ¼), τ = time · timeScale; then noise brings x̂ to the next step.
///
/// Luo et al. 2023, arXiv:2310.04378, algorithm 3.
public struct LCMScheduler: Scheduler, Sendable {
  public let timesteps: [Double]
  private let alphaBars: [Float]
  private let options: SchedulerOptions
  private let prediction: Prediction

  init(_ list: StepList, _ options: SchedulerOptions, _ schedule: NoiseSchedule, _ prediction: Prediction) throws {
    let original = options.originalSteps
    guard (1...list.total).contains(original) else { throw ModelError("sampler: lcm's original steps must lie in 1 to \(list.total), got \(original)") }
    guard list.steps <= original else { throw ModelError("sampler: lcm takes at most its \(original) original steps, got \(list.steps)") }
    let stride = list.total / original
    let times = (0..<list.steps).map { index -> Int in
      let place = Int((Double(index) * (Double(original) / Double(list.steps))).rounded(.down))
      return (original - place) * stride - 1
    }
    try prediction.check(firstAlphaBar: schedule.alphaBars[times[0]])
    timesteps = times.map(Double.init)
    alphaBars = times.map { Float(schedule.alphaBars[$0]) }
    self.options = options
    self.prediction = prediction
  }

  public var initialNoiseScale: Double { 1 }

  public func scaledModelInput(_ sample: Tensor, at index: Int) throws -> Tensor { sample }

  public func needsNoise(at index: Int) -> Bool { index + 1 < timesteps.count }

  public func step(_ output: Tensor, at index: Int, sample: Tensor, noise: Tensor?) throws -> (previous: Tensor, clean: Tensor) {
    try check(output, at: index, sample: sample, noise: noise)
    let present = alphaBars[index]
    let time = Float(timesteps[index] * options.timeScale)
    let divisor = time * time + 0.25
    return try withoutTracking {
      let predicted = try prediction.clean(output, sample: sample, signal: present.squareRoot(), spread: (1 - present).squareRoot()).clipped(options.clip)
      let clean = try predicted * Double(time / divisor.squareRoot()) + sample * Double(0.25 / divisor)
      guard needsNoise(at: index), let noise else { return (clean, clean) }
      return (try .mixture(clean, noise, alphaBar: Double(alphaBars[index + 1])), clean)
    }
  }

  public func noised(_ clean: Tensor, noise: Tensor, at index: Int) throws -> Tensor {
    try check(index)
    return try .mixture(clean, noise, alphaBar: Double(alphaBars[index]))
  }
}
