/// The schedulers of diffusers that can be read, with the keys that each knows besides the common ones.
private let diffusersClasses: [(name: String, kind: SchedulerKind, keys: String)] = [
  ("DDIMScheduler", .ddim, "clip_sample clip_sample_range set_alpha_to_one rescale_betas_zero_snr" + thresholding),
  ("DDPMScheduler", .ddpm, "clip_sample clip_sample_range variance_type rescale_betas_zero_snr" + thresholding),
  ("PNDMScheduler", .pndm, "skip_prk_steps set_alpha_to_one"),
  ("EulerDiscreteScheduler", .euler, "interpolation_type sigma_min sigma_max timestep_type rescale_betas_zero_snr final_sigmas_type" + levels),
  ("EulerAncestralDiscreteScheduler", .eulerAncestral, "rescale_betas_zero_snr"),
  ("HeunDiscreteScheduler", .heun, "clip_sample clip_sample_range" + levels),
  ("DPMSolverMultistepScheduler", .dpmSolver,
   "solver_order algorithm_type solver_type lower_order_final euler_at_final use_lu_lambdas final_sigmas_type lambda_min_clipped variance_type rescale_betas_zero_snr"
     + thresholding + levels + flow),
  ("UniPCMultistepScheduler", .unipc,
   "solver_order predict_x0 solver_type lower_order_final disable_corrector solver_p final_sigmas_type rescale_betas_zero_snr sigma_min sigma_max shift_terminal"
     + thresholding + levels + flow),
  ("LCMScheduler", .lcm,
   "original_inference_steps clip_sample clip_sample_range set_alpha_to_one timestep_scaling rescale_betas_zero_snr" + thresholding),
]
private let thresholding = " thresholding dynamic_thresholding_ratio sample_max_value"
private let levels = " use_karras_sigmas use_exponential_sigmas use_beta_sigmas"
private let flow = " use_flow_sigmas flow_shift use_dynamic_shifting time_shift_type"
private let common = Set(words("num_train_timesteps beta_start beta_end beta_schedule trained_betas prediction_type timestep_spacing steps_offset"))

private func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }

/// What a key must say if it is there, because its other values are not built.
private let onlyValues: [String: JSONValue] = [
  "trained_betas": .null, "thresholding": .boolean(false), "use_beta_sigmas": .boolean(false), "use_lu_lambdas": .boolean(false),
  "use_flow_sigmas": .boolean(false), "use_dynamic_shifting": .boolean(false), "interpolation_type": .string("linear"),
  "timestep_type": .string("discrete"), "predict_x0": .boolean(true), "solver_p": .null, "shift_terminal": .null,
]

extension SchedulerKind {
  /// Names of the classes in diffusers that can be read.
  public static var diffusersNames: [String] { diffusersClasses.map(\.name) }

  fileprivate var diffusersClass: (name: String, kind: SchedulerKind, keys: String)? {
    let kind: SchedulerKind = self == .plms ? .pndm : self == .dpmSolverStochastic ? .dpmSolver : self
    return diffusersClasses.first { $0.kind == kind }
  }
}

extension SchedulerConfiguration {
  /// Reads diffusers' `scheduler_config.json`.
  ///
  /// Keys that the scheduler has no use for are passed over, as diffusers does, if they belong to another one; a key that none knows,
  /// and a value that is not built, are errors, because the pictures would differ.
  ///
  /// - Parameters:
  ///   - json: the file's text.
  ///   - kind: another sampler than the file's, which then takes what the file says where it knows the key, and its own defaults
  ///     elsewhere (diffusers `from_config`); default nil.
  ///   - source: where the text comes from, for messages.
  /// - Throws: `FormatError` for broken JSON, `ModelError` that names the key.
  public init(json: String, as kind: SchedulerKind? = nil, source: String = "scheduler_config.json") throws {
    // Python writes an infinite number so, which is not JSON.
    let text = json.split(separator: "\n", omittingEmptySubsequences: false).map { line -> String in
      line.contains("\"lambda_min_clipped\"") ? String(line.replacing("-Infinity", with: "null")) : String(line)
    }.joined(separator: "\n")
    let object = try JSONParser.parse(Array(text.utf8), format: "scheduler configuration", source: source)
    guard object.members != nil else { throw ModelError("\(source): an object was expected, got \(object.kind)") }
    try self.init(SchedulerSettings(object, as: kind, source: source))
  }

  private init(_ file: SchedulerSettings) throws {
    var options = SchedulerOptions(file.kind)
    options.spacing = try file.choice("timestep_spacing", ["leading": .leading, "trailing": .trailing, "linspace": .linspace], options.spacing)
    options.offset = try file.integer("steps_offset", 0)
    options.finalAlpha = try file.flag("set_alpha_to_one", options.finalAlpha == .one) ? .one : .first
    options.clip = try file.flag("clip_sample", options.clip != nil) ? file.number("clip_sample_range") ?? 1 : nil
    if file.kind == .ddpm {
      let names = Dictionary(uniqueKeysWithValues: StepVariance.allCases.map { ($0.rawValue, $0) })
      options.variance = try file.choice("variance_type", names, .fixedSmall)
    } else {
      try file.require("variance_type", .null)
    }
    options.sigmas = try file.flag("use_karras_sigmas", false) ? .karras : file.flag("use_exponential_sigmas", false) ? .exponential : .schedule
    options.smallestSigma = try file.number("sigma_min")
    options.largestSigma = try file.number("sigma_max")
    options.finalSigma = try file.choice("final_sigmas_type", ["zero": .zero, "sigma_min": .smallest], .zero)
    options.order = try file.integer("solver_order", options.order)
    // diffusers puts its default in the place of a form that belongs to another solver.
    options.form = try file.choice(
      "solver_type", file.kind == .unipc ? ["bh1": .bh1, "bh2": .bh2, "midpoint": .bh2, "heun": .bh2, "logrho": .bh2]
        : ["midpoint": .midpoint, "heun": .heun, "logrho": .midpoint, "bh1": .midpoint, "bh2": .midpoint], options.form)
    options.lowersOrderAtEnd = try file.flag("lower_order_final", true)
    options.endsWithEuler = try file.flag("euler_at_final", false)
    options.smallestLogarithmicRatio = try file.number("lambda_min_clipped") ?? -.infinity
    options.uncorrectedSteps = try file.integers("disable_corrector")
    options.originalSteps = try file.integer("original_inference_steps", 50)
    options.timeScale = try file.number("timestep_scaling") ?? 10

    let latent = file.kind == .heun || file.kind == .lcm
    let kinds: [String: NoiseScheduleKind] = ["linear": .linear, "scaled_linear": .scaledLinear, "squaredcos_cap_v2": .cosine]
    self.init(
      options,
      schedule: try NoiseSchedule(
        file.choice("beta_schedule", kinds, file.kind == .lcm ? .scaledLinear : .linear), trainingSteps: file.integer("num_train_timesteps", 1000),
        start: file.number("beta_start") ?? (latent ? 0.00085 : 0.0001), end: file.number("beta_end") ?? (latent ? 0.012 : 0.02),
        endsInNoise: file.flag("rescale_betas_zero_snr", false), precision: .single),
      prediction: try file.choice("prediction_type", ["epsilon": .noise, "v_prediction": .velocity, "sample": .clean], .noise))
  }
}

/// The members of a scheduler's file, as far as the scheduler knows them.
private struct SchedulerSettings {
  let kind: SchedulerKind
  private let known: Set<String>
  private let object: JSONValue
  private let source: String

  init(_ object: JSONValue, as asked: SchedulerKind?, source: String) throws {
    self.object = object
    self.source = source
    var own: SchedulerKind?
    if asked == nil {
      guard let name = object["_class_name"]?.string else { throw ModelError("\(source): \"_class_name\" must name the scheduler") }
      guard let found = diffusersClasses.first(where: { $0.name == name }) else {
        throw ModelError("\(source): the scheduler \(name) is not built" + (nearest(name, in: SchedulerKind.diffusersNames).map { "; did you mean \($0)?" } ?? "")
          + " (there are \(SchedulerKind.diffusersNames.joined(separator: ", ")))")
      }
      own = found.kind
    }
    var kind = asked ?? own ?? .ddim
    let keys = kind.diffusersClass?.keys ?? ""
    known = common.union(words(keys))
    let all = diffusersClasses.reduce(common) { $0.union(words($1.keys)) }
    for member in object.members ?? [] where !member.key.hasPrefix("_") {
      guard all.contains(member.key) else {
        throw ModelError("\(source): nothing is known of the key \"\(member.key)\", which may change the pictures; remove it if it does not")
      }
    }
    if asked == nil, kind == .pndm, known.contains("skip_prk_steps"), object["skip_prk_steps"] == .boolean(true) { kind = .plms }
    if asked == nil, kind == .dpmSolver, let algorithm = object["algorithm_type"]?.string {
      switch algorithm {
      case "dpmsolver++", "deis": break
      case "sde-dpmsolver++": kind = .dpmSolverStochastic
      default: throw ModelError("\(source): algorithm_type \(algorithm) is not built; there are dpmsolver++ and sde-dpmsolver++")
      }
    }
    self.kind = kind
    for (key, value) in onlyValues { try require(key, value) }
  }

  /// The value of a key that this scheduler knows; nil if it is missing or null.
  private subscript(key: String) -> JSONValue? {
    guard known.contains(key), let value = object[key], value != .null else { return nil }
    return value
  }

  private func failure(_ key: String, _ expected: String, _ value: JSONValue) -> ModelError {
    ModelError("\(source): \(key) should be \(expected), got \(value.text)")
  }

  func require(_ key: String, _ only: JSONValue) throws {
    guard let value = self[key], value != only else { return }
    throw ModelError("\(source): \(key) = \(value.text) is not built; only \(only.text) is")
  }

  func number(_ key: String) throws -> Double? {
    switch self[key] {
    case nil: return nil
    case .integer(let value): return Double(value)
    case .fraction(let value): return value
    case .some(let value): throw failure(key, "a number", value)
    }
  }

  func integer(_ key: String, _ fallback: Int) throws -> Int {
    guard let value = self[key] else { return fallback }
    guard let integer = value.integer else { throw failure(key, "a whole number", value) }
    return integer
  }

  func integers(_ key: String) throws -> [Int] {
    guard let value = self[key] else { return [] }
    guard let list = value.array else { throw failure(key, "a list of whole numbers", value) }
    return try list.map { item in
      guard let integer = item.integer else { throw failure(key, "a list of whole numbers", value) }
      return integer
    }
  }

  func flag(_ key: String, _ fallback: Bool) throws -> Bool {
    switch self[key] {
    case nil: return fallback
    case .boolean(let value): return value
    case .some(let value): throw failure(key, "true or false", value)
    }
  }

  func choice<Value>(_ key: String, _ names: [String: Value], _ fallback: Value) throws -> Value {
    guard let value = self[key] else { return fallback }
    guard let name = value.string, let found = names[name] else {
      let near = value.string.flatMap { nearest($0, in: names.keys.sorted()) }
      throw failure(key, "one of " + names.keys.sorted().joined(separator: ", ") + (near.map { " (did you mean \($0)?)" } ?? ""), value)
    }
    return found
  }
}

/// The name with the fewest letters to insert, delete or replace, if they are at most a third.
private func nearest(_ typed: String, in names: [String]) -> String? {
  let letters = Array(typed.lowercased())
  let ranked = names.map { name -> (distance: Int, name: String) in
    let other = Array(name.lowercased())
    var row = Array(0...other.count)
    for (place, letter) in letters.enumerated() {
      var diagonal = row[0]
      row[0] = place + 1
      for column in other.indices {
        let replaced = diagonal + (other[column] == letter ? 0 : 1)
        diagonal = row[column + 1]
        row[column + 1] = min(replaced, row[column] + 1, diagonal + 1)
      }
    }
    return (row[other.count], name)
  }
  guard let best = ranked.min(by: { $0.distance < $1.distance }), best.distance * 3 <= max(letters.count, best.name.count) else { return nil }
  return best.name
}
