/// DPM-Solver++: the probability flow solved in λ, by what the last one to three answers say about the clean picture.
///
/// With h = λ_next - λ: x_next = (s_next / s) x - α_next (e^-h - 1) D, where D is x̂_0 continued to the first or second order.
/// The stochastic form replaces e^-h by e^-2h and adds noise of deviation s_next √(1 - e^-2h).
///
/// Lu et al. 2022, arXiv:2211.01095, algorithm 2 and appendix.
public struct DPMSolverScheduler: Scheduler {
  let plan: LogarithmicLevels
  private let options: SchedulerOptions
  private let prediction: Prediction

  private var calls = CallOrder()
  /// What the last answers said of the clean picture, the newest first.
  private var cleans: [Tensor] = []

  init(_ list: StepList, _ options: SchedulerOptions, _ schedule: NoiseSchedule, _ prediction: Prediction) throws {
    let highest = options.kind == .dpmSolverStochastic ? 2 : 3
    guard (1...highest).contains(options.order) else { throw ModelError("sampler: \(options.kind.rawValue) has the orders 1 to \(highest), got \(options.order)") }
    guard options.form == .midpoint || options.form == .heun else {
      throw ModelError("sampler: \(options.kind.rawValue) has the forms midpoint and heun, got \(options.form.rawValue)")
    }
    plan = try LogarithmicLevels(list, options, schedule, roundsAllTimes: false)
    self.options = options
    self.prediction = prediction
    // The last of Karras's or exponential levels is the one that `sigma_min` ends at, and the bent forms divide by the distance.
    guard plan.sigmas.last == plan.sigmas.dropLast().last, plan.times.count > 1, options.form == .heun || options.order == 3 else { return }
    guard options.endsWithEuler || lowersOrder else {
      throw ModelError("sampler: the last two noise levels of \(options.kind.rawValue) are both \(plan.sigmas.last ?? 0), and its \(options.order == 3 ? "third order" : "heun form") divides by their distance; let it end at zero, or with euler")
    }
  }

  /// Whether the last two steps are of lower order because there are few.
  private var lowersOrder: Bool { options.lowersOrderAtEnd && timesteps.count < 15 }

  public var timesteps: [Double] { plan.times }

  public var sigmas: [Double]? { plan.sigmas.map(Double.init) }

  public var initialNoiseScale: Double { 1 }

  public func scaledModelInput(_ sample: Tensor, at index: Int) throws -> Tensor { sample }

  public func needsNoise(at index: Int) -> Bool { options.kind == .dpmSolverStochastic && plan.sigmas[index + 1] > 0 }

  /// The order of a step: low at the start for want of answers, and low at the end, where few steps would swing.
  private func order(at index: Int) -> Int {
    let count = timesteps.count
    if index == count - 1, options.endsWithEuler || lowersOrder || options.finalSigma == .zero { return 1 }
    return min(options.order, cleans.count, index == count - 2 && lowersOrder ? 2 : 3)
  }

  public mutating func step(_ output: Tensor, at index: Int, sample: Tensor, noise: Tensor?) throws -> (previous: Tensor, clean: Tensor) {
    try check(output, at: index, sample: sample, noise: noise)
    try calls.take(index)
    let present = plan.levels[index], next = plan.levels[index + 1]
    let h = next.ratio - present.ratio
    return try withoutTracking {
      let clean = try prediction.clean(output, sample: sample, signal: present.signal, spread: present.spread)
      cleans = [clean] + cleans.prefix(options.order - 1)
      let order = order(at: index)
      let stochastic = options.kind == .dpmSolverStochastic
      // -α (e^-h - 1) or α (1 - e^-2h): the weight of the clean picture.
      let decay = Float(Double.exponential(Double(stochastic ? -2 * h : -h)))
      let weight = next.signal * (1 - decay)
      var result = try sample * Double(next.spread / present.spread * (stochastic ? Float(Double.exponential(Double(-h))) : 1)) + clean * Double(weight)
      if order > 1 {
        let last = (present.ratio - plan.levels[index - 1].ratio) / h
        var slope = try (clean - cleans[1]) * Double(1 / last)
        let heun = options.form == .heun || order == 3
        // 1 - (1 - e^-h) / h, and its counterpart with 2h.
        let bend = stochastic ? (1 - decay) / (-2 * h) + 1 : (decay - 1) / h + 1
        if order == 3 {
          let before = (plan.levels[index - 1].ratio - plan.levels[index - 2].ratio) / h
          let curve = try slope - (cleans[1] - cleans[2]) * Double(1 / before)
          slope = try slope + curve * Double(last / (last + before))
          result = try result - curve * Double(1 / (last + before) * next.signal * ((decay - 1 + h) / (h * h) - 0.5))
        }
        result = try result + slope * Double(heun ? next.signal * bend : 0.5 * weight)
      }
      if needsNoise(at: index), let noise { result = try result + noise * Double(next.spread * (1 - decay).squareRoot()) }
      return (result, clean)
    }
  }

  public func noised(_ clean: Tensor, noise: Tensor, at index: Int) throws -> Tensor {
    try check(index)
    return try plan.mixture(clean, noise, at: index)
  }
}
