/// Which training steps a sampler visits. For S steps of T, c = ⌊T / S⌋:
public enum StepSpacing: String, Codable, Sendable, CaseIterable {
  /// diffusers "leading": (S - 1) c, …, 2c, c, 0, plus an offset.
  case leading
  /// diffusers "trailing": T, T - T/S, … rounded, minus 1; it starts at the noisiest step.
  case trailing
  /// diffusers "linspace": T - 1 … 0 in equal steps.
  case linspace
  /// CompVis: every c-th step plus 1. If S does not divide T that is more than S steps.
  case compvis
}

/// The lists of training steps of each spacing, with the rounding of numpy, where diffusers makes them.
struct StepList {
  let spacing: StepSpacing
  /// S, as asked for.
  let steps: Int
  /// T.
  let total: Int
  /// Added to each step of `leading`.
  let offset: Int

  /// - Throws: `ModelError` for less than one step or more than the training had.
  init(_ spacing: StepSpacing, steps: Int, total: Int, offset: Int) throws {
    guard steps >= 1 else { throw ModelError("sampler: at least one step is needed, got \(steps)") }
    guard steps <= total else {
      throw ModelError("sampler: \(steps) steps asked for, but the model was trained with \(total); ask for at most \(total)")
    }
    self.spacing = spacing
    self.steps = steps
    self.total = total
    self.offset = offset
  }

  /// Whole steps, noisiest first.
  func whole() throws -> [Int] {
    switch spacing {
    case .leading: return try checked(leading(every: total / steps, count: steps))
    case .compvis: return try checked(compvis)
    case .trailing: return try checked(trailing(from: total))
    case .linspace: return try checked(equalSteps(from: total - 1, count: steps).map { Int($0.rounded(.toNearestOrEven)) })
    }
  }

  /// As `whole`, but `linspace` is not rounded to whole steps, only to 32 bits.
  func fractional() throws -> [Double] {
    guard spacing == .linspace else { return try whole().map(Double.init) }
    return equalSteps(from: total - 1, count: steps).map { Double(Float($0)) }
  }

  /// The list of solvers that plan S + 1 steps and leave out the one without noise.
  ///
  /// - Parameter end: training steps at the noisy end that are left out.
  func withoutLast(skipping end: Int = 0) throws -> [Int] {
    let last = total - end
    switch spacing {
    case .leading: return try checked(Array(leading(every: last / (steps + 1), count: steps + 1).dropLast()))
    case .compvis: return try checked(compvis)
    case .trailing: return try checked(trailing(from: last))
    case .linspace:
      return try checked(equalSteps(from: last - 1, count: steps + 1).dropLast().map { Int($0.rounded(.toNearestOrEven)) })
    }
  }

  private func leading(every stride: Int, count: Int) -> [Int] { (0..<count).reversed().map { $0 * stride + offset } }

  private var compvis: [Int] { stride(from: 0, to: total, by: total / steps).reversed().map { $0 + 1 } }

  private func trailing(from last: Int) -> [Int] {
    let ratio = Double(total) / Double(steps)
    // numpy's arange has ceil(last / ratio) numbers, at multiples of the difference of its first two, and its round sends halves to
    // the even neighbour. For 62 of S in 1...1000, 61 the first, that is one number too many, just above 0, which diffusers takes as
    // step -1, the noisiest. It is left out here.
    let count = Int((Double(last) / ratio).rounded(.up))
    let difference = (Double(last) - ratio) - Double(last)
    return (0..<count).map { Int((Double(last) + Double($0) * difference).rounded(.toNearestOrEven)) - 1 }.filter { $0 >= 0 }
  }

  /// From `last` down to 0.
  private func equalSteps(from last: Int, count: Int) -> [Double] {
    guard count > 1 else { return [0] }
    let step = Double(last) / Double(count - 1)
    return (0..<count).reversed().map { $0 == count - 1 ? Double(last) : Double($0) * step }
  }

  /// The list if each step exists and is below the one before.
  private func checked(_ list: [Int]) throws -> [Int] {
    let plan = "sampler: \(spacing.rawValue) spacing with \(steps) steps" + (spacing == .leading ? " and offset \(offset)" : "")
    if let outside = list.first(where: { $0 < 0 || $0 >= total }) {
      throw ModelError("\(plan) asks for training step \(outside), but steps are 0 to \(total - 1); take fewer steps or another spacing")
    }
    if let repeated = zip(list, list.dropFirst()).first(where: { $0 <= $1 })?.1 {
      throw ModelError("\(plan) visits training step \(repeated) twice; take fewer steps or another spacing")
    }
    return list
  }
}
