extension NoiseLevels {
  /// The levels of the samplers that follow x_0 + σ ε step by step: times may lie between two training steps.
  init(_ list: StepList, _ options: SchedulerOptions, _ schedule: NoiseSchedule) throws {
    let training = TrainingSigmas(schedule)
    var times = try list.fractional()
    var sigmas = times.map(training.value)
    if options.sigmas != .schedule, let first = sigmas.first, let last = sigmas.last {
      sigmas = options.sigmas.levels(from: options.largestSigma ?? first, to: options.smallestSigma ?? last, count: times.count)
      times = sigmas.map { Double(Float(training.time(of: $0))) }
    }
    try self.init(times: times, sigmas: sigmas, final: options.finalSigma == .zero ? 0 : Double(training.values[0]))
  }

  /// The deviation of the first sample: that of x_0 + σ ε for `leading`, of σ ε for the others, as k-diffusion and diffusers have it.
  func initialNoiseScale(_ spacing: StepSpacing) -> Double {
    let largest = sigmas.max() ?? 0
    return Double(spacing == .linspace || spacing == .trailing ? largest : (largest * largest + 1).squareRoot())
  }
}

/// Euler's method for the probability flow: x += (x - x̂_0) / σ · (σ_next - σ).
///
/// Karras et al. 2022, arXiv:2206.00364, algorithm 2 without churn.
public struct EulerScheduler: Scheduler, Sendable {
  let levels: NoiseLevels
  private let prediction: Prediction
  public let initialNoiseScale: Double

  init(_ list: StepList, _ options: SchedulerOptions, _ schedule: NoiseSchedule, _ prediction: Prediction) throws {
    levels = try NoiseLevels(list, options, schedule)
    initialNoiseScale = levels.initialNoiseScale(options.spacing)
    self.prediction = prediction
  }

  public var timesteps: [Double] { levels.times }

  public var sigmas: [Double]? { levels.sigmas.map(Double.init) }

  public func scaledModelInput(_ sample: Tensor, at index: Int) throws -> Tensor {
    try check(index)
    return try NoiseLevels.scaled(sample, sigma: levels.sigmas[index])
  }

  public func needsNoise(at index: Int) -> Bool { false }

  public func step(_ output: Tensor, at index: Int, sample: Tensor, noise: Tensor?) throws -> (previous: Tensor, clean: Tensor) {
    try check(output, at: index, sample: sample, noise: noise)
    let sigma = levels.sigmas[index]
    return try withoutTracking {
      let clean = try prediction.clean(output, sample: sample, sigma: sigma)
      let slope = try (sample - clean).divided(by: sigma)
      return (try sample + slope * Double(levels.sigmas[index + 1] - sigma), clean)
    }
  }

  public func noised(_ clean: Tensor, noise: Tensor, at index: Int) throws -> Tensor {
    try check(index)
    return try withoutTracking { try clean + noise * Double(levels.sigmas[index]) }
  }
}

/// Euler's method for the stochastic equation: a step down to σ_down, then noise up to σ_next.
///
/// σ_up² = σ_next² (σ² - σ_next²) / σ², σ_down² = σ_next² - σ_up².
///
/// Karras et al. 2022, arXiv:2206.00364; the split of DDPM's ancestral sampling, as k-diffusion named it.
public struct EulerAncestralScheduler: Scheduler, Sendable {
  let levels: NoiseLevels
  private let prediction: Prediction
  public let initialNoiseScale: Double

  init(_ list: StepList, _ options: SchedulerOptions, _ schedule: NoiseSchedule, _ prediction: Prediction) throws {
    var plain = options
    (plain.sigmas, plain.finalSigma) = (.schedule, .zero)
    guard plain == options else { throw ModelError("sampler: euler_ancestral follows the schedule's noise levels down to zero; other levels are for euler, heun, dpm++2m and unipc") }
    levels = try NoiseLevels(list, options, schedule)
    initialNoiseScale = levels.initialNoiseScale(options.spacing)
    self.prediction = prediction
  }

  public var timesteps: [Double] { levels.times }

  public var sigmas: [Double]? { levels.sigmas.map(Double.init) }

  public func scaledModelInput(_ sample: Tensor, at index: Int) throws -> Tensor {
    try check(index)
    return try NoiseLevels.scaled(sample, sigma: levels.sigmas[index])
  }

  public func needsNoise(at index: Int) -> Bool { levels.sigmas[index + 1] > 0 }

  public func step(_ output: Tensor, at index: Int, sample: Tensor, noise: Tensor?) throws -> (previous: Tensor, clean: Tensor) {
    try check(output, at: index, sample: sample, noise: noise)
    let from = levels.sigmas[index], to = levels.sigmas[index + 1]
    let up = (to * to * (from * from - to * to) / (from * from)).squareRoot()
    let down = max(0, to * to - up * up).squareRoot()
    return try withoutTracking {
      let clean = try prediction.clean(output, sample: sample, sigma: from)
      let slope = try (sample - clean).divided(by: from)
      let next = try sample + slope * Double(down - from)
      guard up > 0, let noise else { return (next, clean) }
      return (try next + noise * Double(up), clean)
    }
  }

  public func noised(_ clean: Tensor, noise: Tensor, at index: Int) throws -> Tensor {
    try check(index)
    return try withoutTracking { try clean + noise * Double(levels.sigmas[index]) }
  }
}
