import Host
import ML

/// A sampler in Lua's hands; those of several orders remember earlier answers.
final class SchedulerHandle: LuaObject {
  static let luaName = "Scheduler"
  var scheduler: any Scheduler
  let options: SchedulerOptions
  let steps: Int

  init(_ scheduler: any Scheduler, options: SchedulerOptions, steps: Int) {
    self.scheduler = scheduler
    self.options = options
    self.steps = steps
  }
}

/// The samplers by themselves, for loops written in Lua.
enum SchedulerLibrary {
  // What the model's training fixed.
  private static let file = Argument.optional(.string("config", "diffusers' scheduler_config.json; what is named beside it is put in its place"))
  private static let name = Argument.optional(.choice("name", "the sampler; default \"ddim\", or the file's", of: SchedulerKind.self))
  private static let steps = Argument.integer("steps", "sampler steps; pndm, plms and heun call the model more often", default: 50)
  private static let prediction = Argument.optional(.choice("prediction", "what the model's output means; default \"noise\"", of: Prediction.self))
  private static let schedule = Argument.choice("schedule", "how beta grows; this and the next five count only without a file", of: NoiseScheduleKind.self, default: .scaledLinear)
  private static let trainingSteps = Argument.integer("training_steps", "steps of the training", default: 1000)
  private static let betaStart = Argument.optional(.number("beta_start", "first beta; default 0.0001 for linear, else 0.00085"))
  private static let betaEnd = Argument.optional(.number("beta_end", "last beta; default 0.02 for linear, else 0.012"))
  private static let endsInNoise = Argument.boolean("zero_snr", "whether the last training step is pure noise", default: false)
  private static let precision = Argument.choice("precision", "of the schedule: single as diffusers, double as CompVis", of: NoiseSchedulePrecision.self, default: .single)

  // The sampler's own options; nil leaves the sampler's default or what the file says.
  private static let spacing = Argument.optional(.choice("spacing", "which training steps are visited", of: StepSpacing.self))
  private static let offset = Argument.optional(.integer("offset", "added to each step of leading spacing"))
  private static let eta = Argument.optional(.number("eta", "noise of ddim: 0 none, 1 as much as ddpm"))
  private static let previous = Argument.optional(.choice("previous", "where a step of ddim leads to", of: PreviousStep.self))
  private static let finalAlpha = Argument.optional(.choice("final_alpha", "where the last step of ddim and pndm leads to", of: FinalAlpha.self))
  private static let clip = Argument.optional(.number("clip", "the predicted clean picture is cut to plus and minus this; 0 leaves it"))
  private static let levels = Argument.optional(.choice("levels", "how the noise levels of euler, heun, dpm++2m and unipc fall", of: SigmaSpacing.self))
  private static let finalSigma = Argument.optional(.choice("final_sigma", "the noise level at the end", of: FinalSigma.self))
  private static let order = Argument.optional(.integer("order", "of dpm++2m and unipc"))
  private static let form = Argument.optional(.choice("form", "midpoint or heun of dpm++2m, bh1 or bh2 of unipc", of: SolverForm.self))
  private static let variance = Argument.optional(.choice("variance", "of ddpm's noise", of: StepVariance.self))
  private static let originalSteps = Argument.optional(.integer("original_steps", "steps that an lcm model was distilled with"))

  private static let make = Function(
    "scheduler", """
      Makes a sampler: the way from noise to a picture, which knows nothing of the model. A run starts from normal noise times start_scale; for each i from 1 to \
      #timesteps the model is asked about scale(x, i) at timesteps[i], and step gives the next x. A sampler serves one run.
      """,
    .options(
      "settings", "which one", name, steps, file, prediction, schedule, trainingSteps, betaStart, betaEnd, endsInNoise, precision, spacing, offset, eta, previous, finalAlpha,
      clip, levels, finalSigma, order, form, variance, originalSteps),
    returns: .object("a fresh sampler", SchedulerHandle.self),
    source: "Song et al. 2021, arXiv:2010.02502; Liu et al. 2022, arXiv:2202.09778; Karras et al. 2022, arXiv:2206.00364; Lu et al. 2022, arXiv:2211.01095; Zhao et al. 2023, arXiv:2302.04867",
    example: (example + "return table.concat(s.timesteps, \" \"), x", "999 749.25 499.5 249.75 0\ttensor({ 0.1000, -0.2000}, f32 [2])")
  ) { s in
    var configuration: SchedulerConfiguration
    if let path = s[file] {
      configuration = try SchedulerConfiguration(json: String(decoding: MappedFile.read(path), as: UTF8.self), as: s[name], source: path)
    } else {
      configuration = SchedulerConfiguration(
        SchedulerOptions(s[name] ?? .ddim),
        schedule: try NoiseSchedule(s[schedule], trainingSteps: s[trainingSteps], start: s[betaStart], end: s[betaEnd], endsInNoise: s[endsInNoise], precision: s[precision]),
        prediction: .noise)
    }
    configuration.prediction = s[prediction] ?? configuration.prediction
    var options = configuration.options
    options.spacing = s[spacing] ?? options.spacing
    options.offset = s[offset] ?? options.offset
    options.eta = s[eta] ?? options.eta
    options.previous = s[previous] ?? options.previous
    options.finalAlpha = s[finalAlpha] ?? options.finalAlpha
    if let bound = s[clip] { options.clip = bound > 0 ? bound : nil }
    options.sigmas = s[levels] ?? options.sigmas
    options.finalSigma = s[finalSigma] ?? options.finalSigma
    options.order = s[order] ?? options.order
    options.form = s[form] ?? options.form
    options.variance = s[variance] ?? options.variance
    options.originalSteps = s[originalSteps] ?? options.originalSteps
    configuration.options = options
    return SchedulerHandle(try configuration.scheduler(steps: s[steps]), options: options, steps: s[steps])
  }

  /// A model that always sees through the noise to the same two numbers.
  private static let example = """
    local s = diffusion.scheduler{name = "euler", steps = 5, prediction = "clean"}
    local x = tensor.normal(2, {stream = random.stream(1)}) * s.start_scale
    for i = 1, #s.timesteps do
      local output = tensor{0.1, -0.2}    -- what a model says of s:scale(x, i) at s.timesteps[i]
      x = s:step(output, i, x)
    end

    """

  private static let handle = Argument<SchedulerHandle>.object("self", "the sampler")
  private static let call = Argument<IndexArgument>.index("i", "which call, in order")

  private static let scale = Function(
    "scale", "Gives what the model is shown at a call: x, or x / sqrt(sigma^2 + 1) for samplers that count noise by sigma.", handle, .tensor("x", "the noisy sample"), call,
    returns: .tensor("for the model"),
    example: ("local s = diffusion.scheduler{name = \"euler\", steps = 5}\nreturn s:scale(tensor{1.0, 2.0} * s.start_scale, 1)", "tensor({0.9977, 1.9953}, f32 [2])")
  ) { handle, x, call in try handle.scheduler.scaledModelInput(x, at: call.resolved(count: handle.scheduler.timesteps.count)) }

  private static let noise = Argument.optional(Argument<Tensor>.tensor("noise", "fresh normal noise, where needs_noise says so"))

  private static let step = Function(
    "step", "Takes a step.", handle, .tensor("output", "what the model said, guidance done"), call, .tensor("x", "the noisy sample that it was asked about"), noise,
    returns: .several(.tensor("the next x"), .tensor("the clean picture, as this call foresees it")),
    example: ("""
      local s = diffusion.scheduler{name = "ddim", steps = 2, clip = 0}
      local x, clean = s:step(tensor{0.5, -0.5}, 1, tensor{1.0, 2.0})
      return x, clean
      """, "tensor({1.1073, 4.5972}, f32 [2])\ttensor({1.0932, 4.6138}, f32 [2])")
  ) { handle, output, call, x, noise in
    // A copy keeps exclusive access short: finalisers may run while tensors are allocated.
    var scheduler = handle.scheduler
    let result = try scheduler.step(output, at: call.resolved(count: scheduler.timesteps.count), sample: x, noise: noise)
    handle.scheduler = scheduler
    return (result.previous, result.clean)
  }

  private static let needsNoise = Function(
    "needs_noise", "Is true for calls that want fresh noise.", handle, call, returns: .boolean("whether"),
    example: ("local s = diffusion.scheduler{name = \"ddpm\", steps = 4}\nreturn s:needs_noise(1), s:needs_noise(4)", "true\tfalse")
  ) { handle, call in handle.scheduler.needsNoise(at: try call.resolved(count: handle.scheduler.timesteps.count)) }

  private static let noised = Function(
    "noised", "Adds as much noise to a clean picture as a call expects, to start there.", handle, .tensor("clean", "the picture"), .tensor("noise", "normal noise of its shape"),
    call, returns: .tensor("x for that call"),
    example: ("local s = diffusion.scheduler{name = \"euler\", steps = 5}\nreturn s:noised(tensor{1.0}, tensor{0.5}, 3)", "tensor({1.8078}, f32 [1])")
  ) { handle, clean, noise, call in
    try handle.scheduler.noised(clean, noise: noise, at: call.resolved(count: handle.scheduler.timesteps.count))
  }

  static let functions: [Function] = [make]

  static let type = ObjectType(
    SchedulerHandle.self, "A sampler: the way from noise to a picture.", methods: [scale, step, needsNoise, noised],
    properties: [
      Property("timesteps", "The training step of each model call.", .list(of: .value("a whole number, unless it lies between two steps", type: "number"))) { (s: SchedulerHandle) in
        s.scheduler.timesteps.map { $0 == $0.rounded() ? LuaValue.integer(Int($0)) : .number($0) }
      },
      Property("sigmas", "The noise level of each call and of the end; nil for samplers that do not count noise so.", .optional(.list(of: .number("sigma")))) {
        (s: SchedulerHandle) in s.scheduler.sigmas
      },
      Property("start_scale", "What normal noise is multiplied with to start.", .number("it")) { (s: SchedulerHandle) in s.scheduler.initialNoiseScale },
      Property("name", "Which sampler it is.", .string("as scheduler takes it")) { (s: SchedulerHandle) in s.options.kind.rawValue },
    ], describe: { "Scheduler \($0.options.kind.rawValue) of \($0.steps) steps" })
}
