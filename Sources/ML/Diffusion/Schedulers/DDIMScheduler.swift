/// The DDIM sampler.
///
/// x̂_0 and ε̂ come from the network's output by `Prediction.factors`; then
/// x_prev = √ᾱ_prev x̂_0 + √(1 - ᾱ_prev - σ²) ε̂ + σ z, σ = η √((1 - ᾱ_prev) / (1 - ᾱ_t)) √(1 - ᾱ_t / ᾱ_prev).
///
/// Song et al. 2021, arXiv:2010.02502, equations 12 and 16.
public struct DDIMScheduler: Scheduler, Sendable {
  /// ᾱ of a step, and of where it leads.
  struct Step: Sendable, Equatable {
    let alphaBar: Double
    let previousAlphaBar: Double
  }

  public let timesteps: [Double]
  let steps: [Step]
  let options: SchedulerOptions
  let prediction: Prediction

  init(_ list: StepList, _ options: SchedulerOptions, _ schedule: NoiseSchedule, _ prediction: Prediction) throws {
    guard options.eta >= 0, options.eta <= 1 else { throw ModelError("sampler: eta must lie in [0, 1], got \(options.eta)") }
    let times = try list.whole()
    let final = options.finalAlpha == .one ? 1 : schedule.alphaBars[0]
    let listed = options.previous == .listed || options.spacing == .compvis
    try prediction.check(firstAlphaBar: schedule.alphaBars[times[0]])
    steps = times.enumerated().map { index, time in
      let previous = listed ? (index + 1 < times.count ? times[index + 1] : -1) : time - list.total / list.steps
      return Step(alphaBar: schedule.alphaBars[time], previousAlphaBar: previous >= 0 ? schedule.alphaBars[previous] : final)
    }
    timesteps = times.map(Double.init)
    self.options = options
    self.prediction = prediction
  }

  public var initialNoiseScale: Double { 1 }

  public func scaledModelInput(_ sample: Tensor, at index: Int) throws -> Tensor { sample }

  public func needsNoise(at index: Int) -> Bool { sigma(steps[index]) > 0 }

  public func step(_ output: Tensor, at index: Int, sample: Tensor, noise: Tensor?) throws -> (previous: Tensor, clean: Tensor) {
    try check(output, at: index, sample: sample, noise: noise)
    let step = steps[index]
    let factors = prediction.factors(alphaBar: step.alphaBar)
    let sigma = self.sigma(step)
    let direction = Float(max(0, 1 - step.previousAlphaBar - sigma * sigma).squareRoot())
    let signal = Float(step.previousAlphaBar.squareRoot())
    let cleanSample = Float(factors.clean.sample), cleanOutput = Float(factors.clean.output)
    let noiseSample = Float(factors.noise.sample), noiseOutput = Float(factors.noise.output)
    let inverseSpread = Float(1 / (1 - step.alphaBar).squareRoot())
    let present = Float(step.alphaBar.squareRoot())
    let bound = options.clip.map { Float($0) }
    let recomputes = options.recomputesNoise && bound != nil
    return try withoutTracking {
      try sample.withFloats { x in
        try output.withFloats { out in
          let clean = try Tensor.build(sample.shape) { buffer in
            for index in buffer.indices {
              let value = cleanSample * x[index] + cleanOutput * out[index]
              // Written so that NaN stays NaN and is noticed afterwards.
              buffer[index] = bound.map { value > $0 ? $0 : value < -$0 ? -$0 : value } ?? value
            }
          }
          var next = try clean.withFloats { clean in
            try Tensor.build(sample.shape) { buffer in
              for index in buffer.indices {
                let noise = recomputes ? (x[index] - present * clean[index]) * inverseSpread : noiseSample * x[index] + noiseOutput * out[index]
                buffer[index] = signal * clean[index] + direction * noise
              }
            }
          }
          if sigma > 0, let noise { next = try next + noise * sigma }
          return (next, clean)
        }
      }
    }
  }

  public func noised(_ clean: Tensor, noise: Tensor, at index: Int) throws -> Tensor {
    try check(index)
    return try .mixture(clean, noise, alphaBar: steps[index].alphaBar)
  }

  private func sigma(_ step: Step) -> Double {
    let variance = (1 - step.previousAlphaBar) / (1 - step.alphaBar) * (1 - step.alphaBar / step.previousAlphaBar)
    return options.eta * max(0, variance).squareRoot()
  }
}
