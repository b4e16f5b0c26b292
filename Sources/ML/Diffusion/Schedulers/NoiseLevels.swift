/// How σ falls between the noisiest and the cleanest step.
public enum SigmaSpacing: String, Codable, Sendable, CaseIterable {
  /// As the training steps have it.
  case schedule
  /// σ^(1/7) in equal steps. Karras et al. 2022, arXiv:2206.00364, equation 5.
  case karras
  /// log σ in equal steps.
  case exponential
}

/// The σ that the last step leads to.
public enum FinalSigma: String, Codable, Sendable, CaseIterable {
  case zero
  /// σ of training step 0, so that a little noise stays.
  case smallest = "sigma_min"
}

/// σ_t = √((1 - ᾱ_t) / ᾱ_t) of a schedule, and the step that a σ belongs to. Kept in 32 bits, as diffusers keeps it.
struct TrainingSigmas {
  let values: [Float]
  private let alphaBars: [Float]
  private let logarithms: [Float]

  init(_ schedule: NoiseSchedule) {
    var alphaBars = schedule.alphaBars.map { Float($0) }
    // A schedule that ends in noise has an infinite σ there; the smallest number of 16 bits in the place of its ᾱ makes it 4096.
    if schedule.endsInNoise { alphaBars[alphaBars.count - 1] = 0x1p-24 }
    self.alphaBars = alphaBars
    var values = alphaBars.map { ((1 - $0) / $0).squareRoot() }
    if schedule.endsInNoise { values[values.count - 1] = 4096 }
    self.values = values
    logarithms = values.map(Float.logarithm)
  }

  /// σ between two steps, in a straight line.
  func value(at time: Double) -> Double {
    let low = min(max(0, Int(time)), values.count - 1)
    guard low + 1 < values.count else { return Double(values[low]) }
    return (Double(values[low + 1]) - Double(values[low])) * (time - Double(low)) + Double(values[low])
  }

  /// The step, in general between two, that has this σ; a straight line in log σ.
  func time(of sigma: Double) -> Double {
    guard values.count > 1 else { return 0 }
    let logarithm = Double.logarithm(max(sigma, 1e-10))
    let above = logarithms.firstIndex { Double($0) > logarithm } ?? logarithms.count
    let low = min(max(0, above - 1), logarithms.count - 2)
    let weight = (Double(logarithms[low]) - logarithm) / Double(logarithms[low] - logarithms[low + 1])
    let share = min(max(weight, 0), 1)
    return (1 - share) * Double(low) + share * Double(low + 1)
  }

  /// How many steps at the noisy end have a log(√ᾱ / √(1 - ᾱ)) below a bound.
  func count(belowLogarithmicRatio bound: Double) -> Int {
    alphaBars.count { Double(Float.logarithm($0.squareRoot()) - Float.logarithm((1 - $0).squareRoot())) < bound }
  }
}

extension SigmaSpacing {
  /// σ from the largest to the smallest in `count` numbers.
  func levels(from largest: Double, to smallest: Double, count: Int) -> [Double] {
    func share(_ index: Int) -> Double { count == 1 ? 0 : index == count - 1 ? 1 : Double(index) * (1 / Double(count - 1)) }
    switch self {
    case .schedule: return []
    case .karras:
      let high = Double.power(largest, 1 / 7.0), low = Double.power(smallest, 1 / 7.0)
      return (0..<count).map { Double.power(high + share($0) * (low - high), 7) }
    case .exponential:
      let high = Double.logarithm(largest), low = Double.logarithm(smallest)
      return (0..<count).map { index in
        Double.exponential(count > 1 && index == count - 1 ? low : high + Double(index) * ((low - high) / Double(max(1, count - 1))))
      }
    }
  }
}

/// The times and σ of a run that counts noise by σ: one time for each model call, and one σ more than steps.
struct NoiseLevels: Sendable {
  let times: [Double]
  /// σ of each step, and last where the run ends.
  let sigmas: [Float]

  /// - Throws: `ModelError` where two steps have one σ, which no solver of several steps can divide by.
  init(times: [Double], sigmas: [Double], final: Double) throws {
    self.times = times
    self.sigmas = (sigmas + [final]).map { Float($0) }
    if let repeated = zip(self.sigmas, self.sigmas.dropFirst()).dropLast().first(where: { $0 <= $1 })?.0 {
      throw ModelError("sampler: \(times.count) steps have the noise level \(repeated) twice; take fewer steps or another spacing")
    }
  }

  /// What a model that was trained on √ᾱ x_0 + √(1 - ᾱ) ε is shown in place of x_0 + σ ε.
  static func scaled(_ sample: Tensor, sigma: Float) throws -> Tensor {
    try withoutTracking { try sample.divided(by: (sigma * sigma + 1).squareRoot()) }
  }
}
