/// Heun's method for the probability flow: an Euler step, then the same step once more with the mean of the slopes at both ends.
///
/// All steps but the last, which ends at σ = 0, take two model calls.
///
/// Karras et al. 2022, arXiv:2206.00364, algorithm 1.
public struct HeunScheduler: Scheduler {
  public let timesteps: [Double]
  /// σ of each call, and last where the run ends.
  private let levels: [Float]
  private let clip: Double?
  private let prediction: Prediction
  public let initialNoiseScale: Double

  private var order = CallOrder()
  /// The slope at the near end and where the step started, while the second call is due.
  private var half: (slope: Tensor, sample: Tensor)?

  init(_ list: StepList, _ options: SchedulerOptions, _ schedule: NoiseSchedule, _ prediction: Prediction) throws {
    guard options.finalSigma == .zero else { throw ModelError("sampler: heun ends at a noise level of zero") }
    let levels = try NoiseLevels(list, options, schedule)
    initialNoiseScale = levels.initialNoiseScale(options.spacing)
    func twiceButFirst<Number>(_ numbers: [Number]) -> [Number] { numbers.prefix(1) + numbers.dropFirst().flatMap { [$0, $0] } }
    timesteps = twiceButFirst(levels.times)
    self.levels = twiceButFirst(levels.sigmas.dropLast()) + levels.sigmas.suffix(1)
    clip = options.clip
    self.prediction = prediction
  }

  public var sigmas: [Double]? { levels.map(Double.init) }

  public func scaledModelInput(_ sample: Tensor, at index: Int) throws -> Tensor {
    try check(index)
    return try NoiseLevels.scaled(sample, sigma: levels[index])
  }

  public func needsNoise(at index: Int) -> Bool { false }

  public mutating func step(_ output: Tensor, at index: Int, sample: Tensor, noise: Tensor?) throws -> (previous: Tensor, clean: Tensor) {
    try check(output, at: index, sample: sample, noise: noise)
    try order.take(index)
    guard order.count > 1 || index % 2 == 0 else { throw ModelError("sampler: call \(index) is the second half of a Heun step; start at an even call") }
    let sigma = levels[index]
    return try withoutTracking {
      let clean = try prediction.clean(output, sample: sample, sigma: sigma).clipped(clip)
      let slope = try (sample - clean).divided(by: sigma)
      if let half {
        self.half = nil
        return (try half.sample + (half.slope + slope) / 2 * Double(sigma - levels[index - 1]), clean)
      }
      half = (slope, sample)
      return (try sample + slope * Double(levels[index + 1] - sigma), clean)
    }
  }

  public func noised(_ clean: Tensor, noise: Tensor, at index: Int) throws -> Tensor {
    try check(index)
    return try withoutTracking { try clean + noise * Double(levels[index]) }
  }
}
