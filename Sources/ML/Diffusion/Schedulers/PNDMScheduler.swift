/// Pseudo numerical methods for diffusion models: a linear multistep method over the DDIM step, with or without a Runge-Kutta start.
///
/// x_prev = √(ᾱ_prev / ᾱ) x - (ᾱ_prev - ᾱ) e / (ᾱ √(1 - ᾱ_prev) + √(ᾱ (1 - ᾱ) ᾱ_prev)), where e joins up to four answers by Adams and
/// Bashforth's weights. Without the start, the second call repeats the first step with the mean of two answers.
///
/// Liu et al. 2022, arXiv:2202.09778, equation 9 and algorithm 2.
public struct PNDMScheduler: Scheduler {
  public let timesteps: [Double]
  /// Calls of the Runge-Kutta start.
  private let startCount: Int
  private let stride: Int
  private let alphaBars: [Float]
  private let finalAlphaBar: Float
  private let prediction: Prediction

  private var order = CallOrder()
  /// Up to four answers, the newest last.
  private var answers: [Tensor] = []
  /// Sum of the weighted answers of a Runge-Kutta step so far.
  private var sum: Tensor?
  /// Where the step started that takes more than one call.
  private var origin: Tensor?

  init(_ list: StepList, _ options: SchedulerOptions, _ schedule: NoiseSchedule, _ prediction: Prediction) throws {
    guard prediction != .clean else { throw ModelError("sampler: \(options.kind.rawValue) knows networks that predict noise or velocity, not the clean picture") }
    let times = try list.whole()
    let stride = list.total / list.steps
    try prediction.check(firstAlphaBar: schedule.alphaBars[times[0]])
    if options.kind == .plms {
      startCount = 0
      timesteps = (times.count > 1 ? [times[0], times[1]] + times[1...] : times).map(Double.init)
    } else {
      guard times.count >= 4 else { throw ModelError("sampler: pndm starts with four Runge-Kutta steps, so it needs at least 4, got \(times.count); plms does without") }
      // Each Runge-Kutta step asks at its two ends and twice in the middle.
      let grid = times.prefix(4).reversed().flatMap { [$0, $0 + stride / 2] }
      let start = grid.dropLast().flatMap { [$0, $0] }.dropFirst().dropLast().reversed()
      startCount = start.count
      timesteps = (start + times.dropFirst(3)).map(Double.init)
    }
    self.stride = stride
    alphaBars = schedule.alphaBars.map { Float($0) }
    finalAlphaBar = options.finalAlpha == .one ? 1 : alphaBars[0]
    self.prediction = prediction
  }

  public var initialNoiseScale: Double { 1 }

  public func scaledModelInput(_ sample: Tensor, at index: Int) throws -> Tensor { sample }

  public func needsNoise(at index: Int) -> Bool { false }

  public mutating func step(_ output: Tensor, at index: Int, sample: Tensor, noise: Tensor?) throws -> (previous: Tensor, clean: Tensor) {
    try check(output, at: index, sample: sample, noise: noise)
    try order.take(index)
    let calls = order.count - 1
    guard startCount == 0 || calls == index else { throw ModelError("sampler: pndm's Runge-Kutta start cannot be entered at call \(index); plms does without") }
    return try withoutTracking {
      let present = alphaBars[Int(timesteps[index])]
      let clean = try prediction.clean(output, sample: sample, signal: present.squareRoot(), spread: (1 - present).squareRoot())
      return (try calls < startCount ? startStep(output, calls: calls, index: index, sample: sample)
        : multistep(output, calls: calls, index: index, sample: sample), clean)
    }
  }

  /// One of the four calls of a Runge-Kutta step.
  private mutating func startStep(_ output: Tensor, calls: Int, index: Int, sample: Tensor) throws -> Tensor {
    let previous = Int(timesteps[index]) - (calls % 2 == 1 ? 0 : stride / 2)
    var answer = output
    switch calls % 4 {
    case 0:
      sum = try output * (1 / 6.0)
      answers.append(output)
      origin = sample
    case 3:
      if let sum { answer = try sum + output * (1 / 6.0) }
      sum = nil
    default:
      if let sum { self.sum = try sum + output * (1 / 3.0) }
    }
    return try transfer(origin ?? sample, answer, from: Int(timesteps[calls / 4 * 4]), to: previous)
  }

  private mutating func multistep(_ output: Tensor, calls: Int, index: Int, sample: Tensor) throws -> Tensor {
    var time = Int(timesteps[index]), previous = time - stride
    var sample = sample
    let repeats = startCount == 0 && calls == 1
    if repeats {
      (time, previous) = (time + stride, time)
    } else {
      answers = answers.suffix(3) + [output]
    }
    let answer: Tensor
    switch answers.count {
    case 1 where repeats:
      answer = try (output + answers[0]) / 2
      sample = origin ?? sample
      origin = nil
    case 1:
      answer = output
      origin = sample
    case 2: answer = try (answers[1] * 3 - answers[0]) / 2
    case 3: answer = try (answers[2] * 23 - answers[1] * 16 + answers[0] * 5) / 12
    default: answer = try (answers[3] * 55 - answers[2] * 59 + answers[1] * 37 - answers[0] * 9) / 24
    }
    return try transfer(sample, answer, from: time, to: previous)
  }

  private func transfer(_ sample: Tensor, _ answer: Tensor, from time: Int, to previous: Int) throws -> Tensor {
    guard alphaBars.indices.contains(time) else {
      throw ModelError("sampler: plms needs training step \(time), but there are \(alphaBars.count); start at an earlier step")
    }
    let present = alphaBars[time], next = previous >= 0 ? alphaBars[previous] : finalAlphaBar
    var noise = answer
    if prediction == .velocity { noise = try answer * Double(present.squareRoot()) + sample * Double((1 - present).squareRoot()) }
    let divisor = present * (1 - next).squareRoot() + (present * (1 - present) * next).squareRoot()
    return try sample * Double((next / present).squareRoot()) - noise * Double((next - present) / divisor)
  }

  public func noised(_ clean: Tensor, noise: Tensor, at index: Int) throws -> Tensor {
    try check(index)
    return try .mixture(clean, noise, alphaBar: Double(alphaBars[Int(timesteps[index])]))
  }
}
