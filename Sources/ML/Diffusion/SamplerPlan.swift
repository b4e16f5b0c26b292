/// Which training steps a sampler visits. For S steps of T, c = ⌊T / S⌋:
public enum StepSpacing: String, Codable, Sendable, CaseIterable {
  /// diffusers "leading": (S - 1) c, …, 2c, c, 0, plus `offset`.
  case leading
  /// diffusers "trailing": T, T - T/S, … rounded, minus 1; it starts at the noisiest step.
  case trailing
  /// diffusers "linspace": T - 1 … 0 in equal steps, rounded.
  case linspace
  /// CompVis: every c-th step plus 1. If S does not divide T that is more than S steps.
  case compvis
}

/// Where a DDIM step leads to.
public enum PreviousStep: String, Codable, Sendable, CaseIterable {
  /// ⌊T / S⌋ below the present step, as diffusers has it; for `linspace` that is not the next step of the list.
  case fixedStride = "fixed_stride"
  /// The next step of the list.
  case listed
}

/// The ᾱ that the last step leads to.
public enum FinalAlpha: String, Codable, Sendable, CaseIterable {
  /// 1, a picture without noise (diffusers `set_alpha_to_one`).
  case one
  /// ᾱ_0 (Stable Diffusion).
  case first
}

/// Options of the DDIM sampler; each of them is a point where implementations differ.
public struct SamplerOptions: Codable, Sendable, Equatable {
  /// S, the number of network evaluations (times two with guidance).
  public var steps: Int
  /// 0 makes the sampler deterministic given the start noise; 1 adds as much noise as DDPM.
  public var eta: Double
  public var spacing: StepSpacing
  /// Added to every step of `.leading`.
  public var offset: Int
  public var previous: PreviousStep
  public var finalAlpha: FinalAlpha
  /// Whether the predicted clean picture is cut to [-1, 1] at each step. Right for models of pixels, wrong for latents.
  public var clipsClean: Bool
  /// Whether the noise is computed again from the cut picture (diffusers `use_clipped_model_output`).
  public var recomputesNoise: Bool

  /// Options for models of pixels: trailing steps down to a clean picture, clipped.
  public init(steps: Int = 50, eta: Double = 0, spacing: StepSpacing = .trailing, offset: Int = 0, previous: PreviousStep = .fixedStride,
              finalAlpha: FinalAlpha = .one, clipsClean: Bool = true, recomputesNoise: Bool = true) {
    self.steps = steps
    self.eta = eta
    self.spacing = spacing
    self.offset = offset
    self.previous = previous
    self.finalAlpha = finalAlpha
    self.clipsClean = clipsClean
    self.recomputesNoise = recomputesNoise
  }

  /// Stable Diffusion v1's: leading steps plus one, ᾱ_0 at the end, nothing clipped.
  public static func stableDiffusion(steps: Int = 50, eta: Double = 0) -> SamplerOptions {
    SamplerOptions(steps: steps, eta: eta, spacing: .leading, offset: 1, finalAlpha: .first, clipsClean: false, recomputesNoise: false)
  }
}

/// The steps that a sampler takes, with their ᾱ, fixed before anything is computed.
public struct SamplerPlan: Sendable, Equatable {
  public struct Step: Sendable, Equatable {
    /// The training step t that the network is asked about.
    public let time: Int
    public let alphaBar: Double
    /// ᾱ of where the step leads.
    public let previousAlphaBar: Double
  }

  public let steps: [Step]
  public let options: SamplerOptions

  /// Plans a run.
  ///
  /// - Throws: `ModelError` for more steps than the schedule has, for a step outside the schedule, or eta outside [0, 1].
  public init(_ options: SamplerOptions, schedule: NoiseSchedule) throws {
    let total = schedule.trainingSteps
    let count = options.steps
    guard count >= 1 else { throw ModelError("sampler: at least one step is needed, got \(count)") }
    guard count <= total else {
      throw ModelError("sampler: \(count) steps asked for, but the model was trained with \(total); ask for at most \(total)")
    }
    guard options.eta >= 0, options.eta <= 1 else { throw ModelError("sampler: eta must lie in [0, 1], got \(options.eta)") }
    let times = SamplerPlan.times(options, total: total)
    if let outside = times.first(where: { $0 < 0 || $0 >= total }) {
      throw ModelError("sampler: \(options.spacing.rawValue) spacing with \(count) steps"
        + (options.spacing == .leading ? " and offset \(options.offset)" : "")
        + " asks for training step \(outside), but steps are 0 to \(total - 1); take fewer steps or another spacing")
    }
    let final = options.finalAlpha == .one ? 1 : schedule.alphaBars[0]
    let listed = options.previous == .listed || options.spacing == .compvis
    steps = times.enumerated().map { index, time in
      let previous = listed ? (index + 1 < times.count ? times[index + 1] : -1) : time - total / count
      return Step(time: time, alphaBar: schedule.alphaBars[time],
                  previousAlphaBar: previous >= 0 ? schedule.alphaBars[previous] : final)
    }
    self.options = options
  }

  private static func times(_ options: SamplerOptions, total: Int) -> [Int] {
    let count = options.steps
    switch options.spacing {
    case .leading: return (0..<count).reversed().map { $0 * (total / count) + options.offset }
    case .compvis: return stride(from: 0, to: total, by: total / count).reversed().map { $0 + 1 }
    case .trailing:
      let ratio = Double(total) / Double(count)
      // numpy's arange makes ceil(T / ratio) numbers and its round sends halves to the even neighbour.
      let length = Int((Double(total) / ratio).rounded(.up))
      return (0..<length).map { Int((Double(total) - Double($0) * ratio).rounded(.toNearestOrEven)) - 1 }
    case .linspace:
      guard count > 1 else { return [0] }
      let step = Double(total - 1) / Double(count - 1)
      return (0..<count).reversed().map { index in
        index == count - 1 ? total - 1 : Int((Double(index) * step).rounded(.toNearestOrEven))
      }
    }
  }
}
