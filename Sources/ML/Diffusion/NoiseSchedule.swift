/// How the noise grows over the training steps.
public enum NoiseScheduleKind: String, Codable, Sendable, CaseIterable {
  /// β from `start` to `end` in equal steps (DDPM: 0.0001 to 0.02).
  case linear
  /// √β in equal steps (Stable Diffusion: 0.00085 to 0.012).
  case scaledLinear = "scaled_linear"
  /// ᾱ(t) = cos²((t/T + 0.008) / 1.008 · π/2), β cut at 0.999.
  case cosine
}

/// The noise schedule of a diffusion model: ᾱ_t, the share of the signal's variance that step t keeps.
///
/// x_t = √ᾱ_t x_0 + √(1 - ᾱ_t) ε. All numbers are computed in double precision.
///
/// Ho et al. 2020, arXiv:2006.11239, equation 4; Nichol & Dhariwal 2021, arXiv:2102.09672, equation 17 (cosine).
public struct NoiseSchedule: Codable, Sendable, Equatable {
  public let kind: NoiseScheduleKind
  /// T, the number of training steps; steps are 0..<T.
  public let trainingSteps: Int
  /// β of the first step; `cosine` has no use for it.
  public let start: Double
  /// β of the last step; `cosine` has no use for it.
  public let end: Double
  /// ᾱ_t for each training step, falling.
  public let alphaBars: [Double]

  private enum CodingKeys: String, CodingKey { case kind, trainingSteps = "training_steps", start = "beta_start", end = "beta_end" }

  /// Makes a schedule.
  ///
  /// - Parameters:
  ///   - kind: default `.scaledLinear`.
  ///   - trainingSteps: T ≥ 1, default 1000.
  ///   - start: first β in (0, 1); default 0.0001 for `.linear`, 0.00085 otherwise.
  ///   - end: last β in (0, 1); default 0.02 for `.linear`, 0.012 otherwise.
  /// - Throws: `ModelError` for numbers outside these ranges.
  public init(_ kind: NoiseScheduleKind = .scaledLinear, trainingSteps: Int = 1000, start: Double? = nil, end: Double? = nil) throws {
    let first = start ?? (kind == .linear ? 0.0001 : 0.00085)
    let last = end ?? (kind == .linear ? 0.02 : 0.012)
    guard trainingSteps >= 1 else { throw ModelError("noise schedule: training steps must be at least 1, got \(trainingSteps)") }
    guard first > 0, first < 1, last > 0, last < 1 else {
      throw ModelError("noise schedule: betas must lie between 0 and 1, got \(first) and \(last)")
    }
    self.kind = kind
    self.trainingSteps = trainingSteps
    self.start = first
    self.end = last
    var product = 1.0
    var alphaBars: [Double] = []
    alphaBars.reserveCapacity(trainingSteps)
    for step in 0..<trainingSteps {
      let share = trainingSteps > 1 ? Double(step) / Double(trainingSteps - 1) : 0
      let beta: Double
      switch kind {
      case .linear: beta = first + (last - first) * share
      case .scaledLinear:
        let root = first.squareRoot() + (last.squareRoot() - first.squareRoot()) * share
        beta = root * root
      case .cosine:
        let now = NoiseSchedule.cosineShare(Double(step) / Double(trainingSteps))
        let next = NoiseSchedule.cosineShare(Double(step + 1) / Double(trainingSteps))
        beta = min(1 - next / now, 0.999)
      }
      product *= 1 - beta
      alphaBars.append(product)
    }
    self.alphaBars = alphaBars
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(values.decode(NoiseScheduleKind.self, forKey: .kind), trainingSteps: values.decode(Int.self, forKey: .trainingSteps),
                  start: values.decodeIfPresent(Double.self, forKey: .start), end: values.decodeIfPresent(Double.self, forKey: .end))
  }

  private static func cosineShare(_ time: Double) -> Double {
    let value = Double.cosine((time + 0.008) / 1.008 * Double.pi / 2)
    return value * value
  }

  /// ᾱ_t / (1 - ᾱ_t), the signal-to-noise ratio of a step.
  public func signalToNoise(_ step: Int) -> Double { alphaBars[step] / (1 - alphaBars[step]) }
}

/// What the network's output means.
public enum Prediction: String, Codable, Sendable, CaseIterable {
  /// ε, the noise.
  case noise
  /// v = √ᾱ ε - √(1 - ᾱ) x_0.
  case velocity
  /// x_0, the picture without noise.
  case clean

  /// The factors that turn an output into the clean picture and the noise.
  ///
  /// x_0 = `clean.sample` x_t + `clean.output` out, ε = `noise.sample` x_t + `noise.output` out.
  ///
  /// Salimans & Ho 2022, arXiv:2202.00512, appendix D.
  public func factors(alphaBar: Double) -> (clean: (sample: Double, output: Double), noise: (sample: Double, output: Double)) {
    let signal = alphaBar.squareRoot()
    let spread = (1 - alphaBar).squareRoot()
    switch self {
    case .noise: return ((1 / signal, -spread / signal), (0, 1))
    case .velocity: return ((signal, -spread), (spread, signal))
    case .clean: return ((0, 1), (1 / spread, -signal / spread))
    }
  }

  /// The factors of the training target: target = `clean` x_0 + `noise` ε.
  public func target(alphaBar: Double) -> (clean: Double, noise: Double) {
    switch self {
    case .noise: return (0, 1)
    case .velocity: return (-(1 - alphaBar).squareRoot(), alphaBar.squareRoot())
    case .clean: return (1, 0)
    }
  }
}
