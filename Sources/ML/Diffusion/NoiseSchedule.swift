/// How the noise grows over the training steps.
public enum NoiseScheduleKind: String, Codable, Sendable, CaseIterable {
  /// β from `start` to `end` in equal steps (DDPM: 0.0001 to 0.02).
  case linear
  /// √β in equal steps (Stable Diffusion: 0.00085 to 0.012).
  case scaledLinear = "scaled_linear"
  /// ᾱ(t) = cos²((t/T + 0.008) / 1.008 · π/2), β cut at 0.999.
  case cosine
}

/// The numbers that a noise schedule is computed in.
public enum NoiseSchedulePrecision: String, Codable, Sendable, CaseIterable {
  /// As CompVis computes them.
  case double
  /// β and ᾱ rounded to 32 bits, as diffusers computes them; the last steps of `cosine` differ visibly from `double`.
  case single
}

/// The noise schedule of a diffusion model: ᾱ_t, the share of the signal's variance that step t keeps.
///
/// x_t = √ᾱ_t x_0 + √(1 - ᾱ_t) ε.
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
  /// Whether √ᾱ is shifted and stretched so that the last step holds no signal at all (diffusers `rescale_betas_zero_snr`).
  public let endsInNoise: Bool
  public let precision: NoiseSchedulePrecision
  /// ᾱ_t for each training step, falling.
  public let alphaBars: [Double]

  private enum CodingKeys: String, CodingKey {
    case kind, trainingSteps = "training_steps", start = "beta_start", end = "beta_end", endsInNoise = "zero_terminal_snr", precision
  }

  /// Makes a schedule.
  ///
  /// - Parameters:
  ///   - kind: default `.scaledLinear`.
  ///   - trainingSteps: T ≥ 1, default 1000.
  ///   - start: first β in (0, 1); default 0.0001 for `.linear`, 0.00085 otherwise.
  ///   - end: last β in (0, 1); default 0.02 for `.linear`, 0.012 otherwise.
  ///   - endsInNoise: whether the last step is pure noise; default false. Lin et al. 2023, arXiv:2305.08891, algorithm 1.
  ///   - precision: default `.double`.
  /// - Throws: `ModelError` for numbers outside these ranges.
  public init(_ kind: NoiseScheduleKind = .scaledLinear, trainingSteps: Int = 1000, start: Double? = nil, end: Double? = nil,
              endsInNoise: Bool = false, precision: NoiseSchedulePrecision = .double) throws {
    let first = start ?? (kind == .linear ? 0.0001 : 0.00085)
    let last = end ?? (kind == .linear ? 0.02 : 0.012)
    guard trainingSteps >= 1 else { throw ModelError("noise schedule: training steps must be at least 1, got \(trainingSteps)") }
    guard first > 0, first < 1, last > 0, last < 1 else {
      throw ModelError("noise schedule: betas must lie between 0 and 1, got \(first) and \(last)")
    }
    guard trainingSteps > 1 || !endsInNoise else { throw ModelError("noise schedule: one training step cannot both hold a signal and end in noise") }
    self.kind = kind
    self.trainingSteps = trainingSteps
    self.start = first
    self.end = last
    self.endsInNoise = endsInNoise
    self.precision = precision
    switch precision {
    case .double:
      let betas = (0..<trainingSteps).map { step in
        let share = trainingSteps > 1 ? Double(step) / Double(trainingSteps - 1) : 0
        switch kind {
        case .linear: return first + (last - first) * share
        case .scaledLinear:
          let root = first.squareRoot() + (last.squareRoot() - first.squareRoot()) * share
          return root * root
        case .cosine: return NoiseSchedule.cosineBeta(step, of: trainingSteps)
        }
      }
      alphaBars = NoiseSchedule.alphaBars(betas, endsInNoise: endsInNoise)
    case .single:
      let betas: [Float]
      switch kind {
      case .linear: betas = NoiseSchedule.equalSteps(from: Float(first), to: Float(last), count: trainingSteps)
      case .scaledLinear:
        betas = NoiseSchedule.equalSteps(from: Float(first.squareRoot()), to: Float(last.squareRoot()), count: trainingSteps).map { $0 * $0 }
      case .cosine: betas = (0..<trainingSteps).map { Float(NoiseSchedule.cosineBeta($0, of: trainingSteps)) }
      }
      alphaBars = NoiseSchedule.alphaBars(betas, endsInNoise: endsInNoise).map(Double.init)
    }
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(values.decode(NoiseScheduleKind.self, forKey: .kind), trainingSteps: values.decode(Int.self, forKey: .trainingSteps),
                  start: values.decodeIfPresent(Double.self, forKey: .start), end: values.decodeIfPresent(Double.self, forKey: .end),
                  endsInNoise: values.decodeIfPresent(Bool.self, forKey: .endsInNoise) ?? false,
                  precision: values.decodeIfPresent(NoiseSchedulePrecision.self, forKey: .precision) ?? .double)
  }

  /// Writes the settings; those that older files lack only where they are not the default, so that files keep their bytes.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(kind, forKey: .kind)
    try values.encode(trainingSteps, forKey: .trainingSteps)
    try values.encode(start, forKey: .start)
    try values.encode(end, forKey: .end)
    if endsInNoise { try values.encode(true, forKey: .endsInNoise) }
    if precision != .double { try values.encode(precision, forKey: .precision) }
  }

  /// Equal steps from both ends towards the middle, each one multiply-add: the order in which torch's `linspace` rounds.
  private static func equalSteps(from start: Float, to end: Float, count: Int) -> [Float] {
    guard count > 1 else { return [start] }
    let step = (end - start) / Float(count - 1)
    return (0..<count).map { $0 < count / 2 ? start.addingProduct(step, Float($0)) : end.addingProduct(-step, Float(count - 1 - $0)) }
  }

  /// The running product of 1 - β, kept in double precision and rounded when it is handed out.
  private static func products<Number: BinaryFloatingPoint>(_ betas: [Number]) -> [Number] {
    var product = 1.0
    return betas.map { beta in
      product *= Double(1 - beta)
      return Number(product)
    }
  }

  private static func alphaBars<Number: BinaryFloatingPoint>(_ betas: [Number], endsInNoise: Bool) -> [Number] {
    let plain = products(betas)
    guard endsInNoise, let first = plain.first?.squareRoot(), let last = plain.last?.squareRoot() else { return plain }
    let stretched = plain.map { alphaBar in
      let root = (alphaBar.squareRoot() - last) * (first / (first - last))
      return root * root
    }
    // By way of β again, since that is what rounds ᾱ where this is done elsewhere.
    return products(stretched.indices.map { 1 - ($0 == 0 ? stretched[0] : stretched[$0] / stretched[$0 - 1]) })
  }

  private static func cosineBeta(_ step: Int, of total: Int) -> Double {
    let now = cosineShare(Double(step) / Double(total))
    let next = cosineShare(Double(step + 1) / Double(total))
    return min(1 - next / now, 0.999)
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
