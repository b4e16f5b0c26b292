/// UniPC: a predictor of the chosen order, whose step is corrected once the answer at its end is known.
///
/// Both continue the clean picture from the last answers with weights ρ that solve Σ_m ρ_m r_m^(k-1) = B_k, with r_m = (λ_m - λ) / h.
///
/// Zhao et al. 2023, arXiv:2302.04867, equations 3 to 5 and algorithm 1, for networks read as clean pictures.
public struct UniPCScheduler: Scheduler {
  let plan: LogarithmicLevels
  private let options: SchedulerOptions
  private let prediction: Prediction

  private var calls = CallOrder()
  private var cleans: [Tensor] = []
  /// The sample that the last step started from, and that step's order.
  private var last: (sample: Tensor, order: Int)?

  init(_ list: StepList, _ options: SchedulerOptions, _ schedule: NoiseSchedule, _ prediction: Prediction) throws {
    guard (1...4).contains(options.order) else { throw ModelError("sampler: unipc has the orders 1 to 4, got \(options.order)") }
    guard options.form == .bh1 || options.form == .bh2 else { throw ModelError("sampler: unipc has the forms bh1 and bh2, got \(options.form.rawValue)") }
    guard options.lowersOrderAtEnd || options.order == 1 || options.finalSigma == .smallest else {
      throw ModelError("sampler: unipc must lower its order at the end (lower_order_final) if the last step leads to a noise level of zero")
    }
    plan = try LogarithmicLevels(list, options, schedule, roundsAllTimes: true)
    if let end = plan.sigmas.last, plan.sigmas.dropLast().last == end {
      throw ModelError("sampler: unipc's last two noise levels are both \(end); let it end at zero")
    }
    self.options = options
    self.prediction = prediction
  }

  public var timesteps: [Double] { plan.times }

  public var sigmas: [Double]? { plan.sigmas.map(Double.init) }

  public var initialNoiseScale: Double { 1 }

  public func scaledModelInput(_ sample: Tensor, at index: Int) throws -> Tensor { sample }

  public func needsNoise(at index: Int) -> Bool { false }

  public mutating func step(_ output: Tensor, at index: Int, sample: Tensor, noise: Tensor?) throws -> (previous: Tensor, clean: Tensor) {
    try check(output, at: index, sample: sample, noise: noise)
    try calls.take(index)
    return try withoutTracking {
      let level = plan.levels[index]
      let clean = try prediction.clean(output, sample: sample, signal: level.signal, spread: level.spread)
      var sample = sample
      if let last, !options.uncorrectedSteps.contains(index - 1) {
        sample = try continued(last.sample, from: index - 1, order: last.order, answer: clean)
      }
      cleans = [clean] + cleans.prefix(options.order - 1)
      let order = min(options.lowersOrderAtEnd ? min(options.order, timesteps.count - index) : options.order, calls.count)
      last = (sample, order)
      return (try continued(sample, from: index, order: order, answer: nil), clean)
    }
  }

  /// The sample one level further than `index`.
  ///
  /// - Parameter answer: what the network said of the clean picture there, to correct a step; nil to predict it.
  private func continued(_ sample: Tensor, from index: Int, order: Int, answer: Tensor?) throws -> Tensor {
    let present = plan.levels[index], next = plan.levels[index + 1]
    let h = next.ratio - present.ratio
    let growth = Float.exponentialMinusOne(-h)
    let scale = options.form == .bh1 ? -h : growth
    let ratios = (1..<max(1, order)).map { (plan.levels[index - $0].ratio - present.ratio) / h }
    var result = try sample * Double(next.spread / present.spread) - cleans[0] * Double(next.signal * growth)

    // Right sides: k! φ_(k+1)(-h) h / B(h).
    var sides: [Double] = []
    var phi = growth / -h - 1, factorial: Float = 1
    for power in 1...order {
      sides.append(Double(phi * factorial / scale))
      factorial *= Float(power + 1)
      phi = phi / -h - 1 / factorial
    }
    var weights: [Double]
    if answer == nil {
      weights = order == 2 ? [0.5] : solution(ratios, sides: sides)
    } else {
      weights = order == 1 ? [0.5] : solution(ratios + [1], sides: sides)
    }
    if let answer, let weight = weights.popLast() { result = try result - (answer - cleans[0]) * (Double(next.signal * scale) * weight) }
    for (place, weight) in weights.enumerated() {
      result = try result - (cleans[place + 1] - cleans[0]) * (Double(next.signal * scale) * weight / Double(ratios[place]))
    }
    return result
  }

  /// ρ of Σ_m ρ_m r_m^k = b_k for k = 0, 1, …, by elimination.
  private func solution(_ ratios: [Float], sides: [Double]) -> [Double] {
    let count = ratios.count
    var rows = (0..<count).map { power in ratios.map { Double.power(Double($0), Double(power)) } + [sides[power]] }
    for column in 0..<count {
      let pivot = (column..<count).max { abs(rows[$0][column]) < abs(rows[$1][column]) } ?? column
      rows.swapAt(column, pivot)
      for row in 0..<count where row != column {
        let factor = rows[row][column] / rows[column][column]
        for place in column...count { rows[row][place] -= factor * rows[column][place] }
      }
    }
    return (0..<count).map { rows[$0][count] / rows[$0][$0] }
  }

  public func noised(_ clean: Tensor, noise: Tensor, at index: Int) throws -> Tensor {
    try check(index)
    return try plan.mixture(clean, noise, at: index)
  }
}
