extension Scheduler {
  /// Refuses a call that does not exist and tensors that do not fit together.
  func check(_ output: Tensor, at index: Int, sample: Tensor, noise: Tensor?) throws {
    try check(index)
    guard sample.shape == output.shape else {
      throw ModelError("sampler: the network answered with \(output.shape) to samples of \(sample.shape)")
    }
    if needsNoise(at: index) { _ = try required(noise, sample, at: index) }
  }

  func check(_ index: Int) throws {
    guard timesteps.indices.contains(index) else { throw ModelError("sampler: call \(index) of \(timesteps.count), which are counted from 0") }
  }

  /// The noise of a step that needs it.
  func required(_ noise: Tensor?, _ sample: Tensor, at index: Int) throws -> Tensor {
    guard let noise else { throw ModelError("sampler: call \(index) needs fresh noise") }
    guard noise.shape == sample.shape else { throw ModelError("sampler: noise of \(noise.shape) for samples of \(sample.shape)") }
    return noise
  }
}

/// Sees to it that the calls of a sampler with a memory come one after the other. The first may be any: a start from a given picture.
struct CallOrder: Sendable {
  /// Calls so far.
  private(set) var count = 0
  private var next: Int?

  /// - Throws: `ModelError` if the call is not the one after the last.
  mutating func take(_ index: Int) throws {
    if let next, next != index {
      throw ModelError("sampler: call \(index) after call \(next - 1); this sampler remembers earlier answers, so calls come in order, and each run needs a fresh one")
    }
    next = index + 1
    count += 1
  }
}

extension Prediction {
  /// x_0 from x = a x_0 + s ε.
  func clean(_ output: Tensor, sample: Tensor, signal: Float, spread: Float) throws -> Tensor {
    switch self {
    case .noise: return try (sample - output * Double(spread)).divided(by: signal)
    case .velocity: return try sample * Double(signal) - output * Double(spread)
    case .clean: return output
    }
  }

  /// x_0 from x = x_0 + σ ε, where the network was shown x / √(σ² + 1).
  func clean(_ output: Tensor, sample: Tensor, sigma: Float) throws -> Tensor {
    let square = sigma * sigma + 1
    switch self {
    case .noise: return try sample - output * Double(sigma)
    case .velocity: return try output * Double(-sigma / square.squareRoot()) + sample.divided(by: square)
    case .clean: return output
    }
  }

  /// Refuses to divide by a signal that is not there.
  func check(firstAlphaBar: Double) throws {
    guard self == .noise, firstAlphaBar == 0 else { return }
    throw ModelError("sampler: the first step is pure noise, and a network that predicts noise says nothing about the picture there; such models predict velocity or the clean picture")
  }
}

extension Tensor {
  /// Cut to ±bound, or as it is.
  func clipped(_ bound: Double?) throws -> Tensor { try bound.map { try clamp(lower: -$0, upper: $0) } ?? self }

  /// A division, where `/` would multiply with the inverse: first steps subtract numbers of thousands, so each rounding shows.
  func divided(by divisor: Float) throws -> Tensor { try self / Tensor([divisor]) }

  /// √ᾱ x_0 + √(1 - ᾱ) ε.
  static func mixture(_ clean: Tensor, _ noise: Tensor, alphaBar: Double) throws -> Tensor {
    try withoutTracking { try clean * alphaBar.squareRoot() + noise * (1 - alphaBar).squareRoot() }
  }
}
