/// The noise levels of solvers that work in λ = log(α / s), with α = 1 / √(σ² + 1) and s = σ α, so that x = α x_0 + s ε.
struct LogarithmicLevels: Sendable {
  struct Level: Sendable {
    let signal: Float
    let spread: Float
    /// λ; infinite without noise.
    let ratio: Float
  }

  let times: [Double]
  let sigmas: [Float]
  let levels: [Level]

  init(_ list: StepList, _ options: SchedulerOptions, _ schedule: NoiseSchedule, roundsAllTimes: Bool) throws {
    let training = TrainingSigmas(schedule)
    let skipped = options.smallestLogarithmicRatio == -.infinity ? 0 : training.count(belowLogarithmicRatio: options.smallestLogarithmicRatio)
    var times: [Double]
    var sigmas: [Double]
    var final = options.finalSigma == .zero ? 0 : Double(training.values[0])
    if options.sigmas == .schedule {
      times = try list.withoutLast(skipping: skipped).map(Double.init)
      sigmas = times.map(training.value)
    } else {
      let ends = (largest: options.largestSigma ?? Double(training.values.last ?? 0), smallest: options.smallestSigma ?? Double(training.values[0]))
      let count = options.spacing == .compvis ? try list.whole().count : list.steps
      sigmas = options.sigmas.levels(from: ends.largest, to: ends.smallest, count: count)
      // Whole steps, since that is what these solvers ask: rounded for Karras's levels, else cut off.
      let rounds = options.sigmas == .karras && (roundsAllTimes || schedule.kind != .cosine)
      times = sigmas.map { training.time(of: $0).rounded(rounds ? .toNearestOrEven : .down) }
      if options.finalSigma == .smallest, let last = sigmas.last, roundsAllTimes { final = last }
    }
    let plain = try NoiseLevels(times: times, sigmas: sigmas, final: final)
    (self.times, self.sigmas) = (plain.times, plain.sigmas)
    levels = plain.sigmas.map { sigma in
      let signal = 1 / (sigma * sigma + 1).squareRoot()
      return Level(signal: signal, spread: sigma * signal, ratio: Float.logarithm(signal) - Float.logarithm(sigma * signal))
    }
  }

  /// √ᾱ x_0 + √(1 - ᾱ) ε at a call.
  func mixture(_ clean: Tensor, _ noise: Tensor, at index: Int) throws -> Tensor {
    try withoutTracking { try clean * Double(levels[index].signal) + noise * Double(levels[index].spread) }
  }
}
