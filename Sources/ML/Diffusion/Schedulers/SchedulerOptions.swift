/// The samplers.
public enum SchedulerKind: String, Codable, Sendable, CaseIterable {
  case ddim, ddpm
  /// Pseudo numerical methods with a Runge-Kutta start: 9 model calls more than steps.
  case pndm
  /// Pseudo numerical methods without that start: one model call more than steps (Stable Diffusion v1's default).
  case plms
  case euler
  case eulerAncestral = "euler_ancestral"
  case heun
  /// DPM-Solver++, several steps of one model call each.
  case dpmSolver = "dpm++2m"
  /// The same for the stochastic equation.
  case dpmSolverStochastic = "dpm++2m_sde"
  case unipc
  case lcm
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

/// How much noise a DDPM step adds.
public enum StepVariance: String, Codable, Sendable, CaseIterable {
  /// The variance of x_prev if x_0 were known.
  case fixedSmall = "fixed_small"
  /// The same number, by way of its logarithm.
  case fixedSmallLog = "fixed_small_log"
  /// 1 - ᾱ_t / ᾱ_prev.
  case fixedLarge = "fixed_large"
}

/// The second order of DPM-Solver++, and the weights of UniPC.
public enum SolverForm: String, Codable, Sendable, CaseIterable {
  case midpoint, heun
  case bh1, bh2
}

/// Options of the samplers; each of them is a point where implementations differ. A sampler looks at those it knows.
public struct SchedulerOptions: Sendable, Equatable {
  public var kind: SchedulerKind
  public var spacing: StepSpacing = .leading
  /// Added to every step of `.leading`.
  public var offset = 0
  /// DDIM: 0 makes it deterministic given the start noise; 1 adds as much noise as DDPM.
  public var eta = 0.0
  /// DDIM: where a step leads to.
  public var previous = PreviousStep.fixedStride
  /// DDIM, PNDM: where the last step leads to.
  public var finalAlpha = FinalAlpha.one
  /// DDIM, DDPM, Heun, LCM: the predicted clean picture is cut to ± this; nil leaves it. Right for models of pixels, wrong for latents.
  public var clip: Double?
  /// DDIM: whether the noise is computed again from the cut picture (diffusers `use_clipped_model_output`).
  public var recomputesNoise = false
  /// DDPM.
  public var variance = StepVariance.fixedSmall
  /// Euler, Heun, DPM-Solver++, UniPC.
  public var sigmas = SigmaSpacing.schedule
  /// Euler, UniPC: the ends of Karras's or exponential levels; nil takes the schedule's.
  public var smallestSigma: Double?, largestSigma: Double?
  /// Euler, DPM-Solver++, UniPC.
  public var finalSigma = FinalSigma.zero
  /// DPM-Solver++ (1 to 3; the stochastic one 1 or 2), UniPC (1 to 4).
  public var order = 2
  /// DPM-Solver++ (midpoint or heun), UniPC (bh1 or bh2).
  public var form = SolverForm.midpoint
  /// DPM-Solver++, UniPC: whether the last steps are of lower order; DPM-Solver++ then also needs fewer than 15 steps.
  public var lowersOrderAtEnd = true
  /// DPM-Solver++: whether the last step is of order 1 in any case.
  public var endsWithEuler = false
  /// DPM-Solver++: steps with a smaller log(√ᾱ / √(1 - ᾱ)) are left out.
  public var smallestLogarithmicRatio = -Double.infinity
  /// UniPC: steps, from 0, after which nothing is corrected.
  public var uncorrectedSteps: [Int] = []
  /// LCM: the steps that the model was distilled with.
  public var originalSteps = 50
  /// LCM: the times' factor in the boundary condition.
  public var timeScale = 10.0

  /// The options that diffusers' class has if nothing else is said.
  public init(_ kind: SchedulerKind) {
    self.kind = kind
    switch kind {
    case .ddim, .ddpm: clip = 1
    case .pndm, .plms: finalAlpha = .first
    case .euler, .eulerAncestral, .heun, .dpmSolver, .dpmSolverStochastic: spacing = .linspace
    case .unipc: (spacing, form) = (.linspace, .bh2)
    case .lcm: break
    }
  }

  /// For models of pixels: trailing steps, of DDIM down to a picture without noise, the clean picture cut to [-1, 1].
  public static func pixels(_ kind: SchedulerKind = .ddim, eta: Double = 0) -> SchedulerOptions {
    var options = SchedulerOptions(kind)
    options.spacing = .trailing
    options.eta = eta
    options.clip = 1
    options.recomputesNoise = true
    return options
  }

  /// Stable Diffusion v1's DDIM: leading steps plus one, ᾱ_0 at the end, nothing clipped.
  public static func stableDiffusion(eta: Double = 0) -> SchedulerOptions {
    var options = SchedulerOptions(.ddim)
    options.offset = 1
    options.eta = eta
    options.finalAlpha = .first
    options.clip = nil
    return options
  }

  /// A sampler of this kind.
  ///
  /// - Parameters:
  ///   - steps: S ≥ 1; the model calls are more for PNDM and Heun.
  ///   - schedule: of the model's training.
  ///   - prediction: what the model's output means.
  /// - Throws: `ModelError` for more steps than the training had, for a step outside of them, and for options that lead to no number.
  public func scheduler(steps: Int, schedule: NoiseSchedule, prediction: Prediction) throws -> any Scheduler {
    let list = try StepList(spacing, steps: steps, total: schedule.trainingSteps, offset: offset)
    switch kind {
    case .ddim: return try DDIMScheduler(list, self, schedule, prediction)
    case .ddpm: return try DDPMScheduler(list, self, schedule, prediction)
    case .pndm, .plms: return try PNDMScheduler(list, self, schedule, prediction)
    case .euler: return try EulerScheduler(list, self, schedule, prediction)
    case .eulerAncestral: return try EulerAncestralScheduler(list, self, schedule, prediction)
    case .heun: return try HeunScheduler(list, self, schedule, prediction)
    case .dpmSolver, .dpmSolverStochastic: return try DPMSolverScheduler(list, self, schedule, prediction)
    case .unipc: return try UniPCScheduler(list, self, schedule, prediction)
    case .lcm: return try LCMScheduler(list, self, schedule, prediction)
    }
  }
}

/// A sampler's options together with what the model's training fixed: all that diffusers' `scheduler_config.json` says.
public struct SchedulerConfiguration: Sendable, Equatable {
  public var options: SchedulerOptions
  public var schedule: NoiseSchedule
  public var prediction: Prediction

  /// Joins the three.
  public init(_ options: SchedulerOptions, schedule: NoiseSchedule, prediction: Prediction) {
    self.options = options
    self.schedule = schedule
    self.prediction = prediction
  }

  /// A fresh sampler; see `SchedulerOptions.scheduler`.
  public func scheduler(steps: Int) throws -> any Scheduler {
    try options.scheduler(steps: steps, schedule: schedule, prediction: prediction)
  }
}
