/// The ancestral sampler of DDPM, over some of the training's steps.
///
/// With α = ᾱ_t / ᾱ_prev and β = 1 - α: μ = (√ᾱ_prev β x̂_0 + √α (1 - ᾱ_prev) x_t) / (1 - ᾱ_t); noise of the chosen variance is added
/// except at training step 0.
///
/// Ho et al. 2020, arXiv:2006.11239, equations 6 and 7.
public struct DDPMScheduler: Scheduler, Sendable {
  public let timesteps: [Double]
  private let alphaBars: [Float]
  private let options: SchedulerOptions
  private let prediction: Prediction

  init(_ list: StepList, _ options: SchedulerOptions, _ schedule: NoiseSchedule, _ prediction: Prediction) throws {
    let times = try list.whole()
    try prediction.check(firstAlphaBar: schedule.alphaBars[times[0]])
    timesteps = times.map(Double.init)
    alphaBars = times.map { Float(schedule.alphaBars[$0]) } + [1]
    self.options = options
    self.prediction = prediction
  }

  public var initialNoiseScale: Double { 1 }

  public func scaledModelInput(_ sample: Tensor, at index: Int) throws -> Tensor { sample }

  public func needsNoise(at index: Int) -> Bool { timesteps[index] > 0 }

  public func step(_ output: Tensor, at index: Int, sample: Tensor, noise: Tensor?) throws -> (previous: Tensor, clean: Tensor) {
    try check(output, at: index, sample: sample, noise: noise)
    let present = alphaBars[index], previous = alphaBars[index + 1]
    let alpha = present / previous
    let beta = 1 - alpha
    return try withoutTracking {
      let clean = try prediction.clean(output, sample: sample, signal: present.squareRoot(), spread: (1 - present).squareRoot()).clipped(options.clip)
      var next = try clean * Double(previous.squareRoot() * beta / (1 - present))
        + sample * Double(alpha.squareRoot() * (1 - previous) / (1 - present))
      if needsNoise(at: index), let noise {
        let small = max((1 - previous) / (1 - present) * beta, 1e-20)
        next = try next + noise * Double((options.variance == .fixedLarge ? beta : small).squareRoot())
      }
      return (next, clean)
    }
  }

  public func noised(_ clean: Tensor, noise: Tensor, at index: Int) throws -> Tensor {
    try check(index)
    return try .mixture(clean, noise, alphaBar: Double(alphaBars[index]))
  }
}
