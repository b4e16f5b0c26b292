/// Stochastic gradient descent with momentum and L2 decay, as in PyTorch; with `trust` it is LARS, for very large batches.
///
/// d = g + decay · w; b = momentum · b + d (b = d at the first step); w = w - lr · b. LARS scales the step of each tensor by the length of its
/// weights before the momentum: d = trust · |w| / |d| · d where the parameter decays and neither length is zero. You et al. 2017,
/// arXiv:1708.03888, with biases and norms left alone as in the linear probes of He et al. 2022, arXiv:2111.06377.
public final class SGD {
  private let parameters: [(name: String, parameter: Parameter)]
  private var velocity: [TensorData?]
  public private(set) var stepCount = 0
  public let learningRate, momentum, weightDecay: Double
  /// What LARS scales steps by; nil for plain descent.
  public let trust: Double?

  /// - Parameters:
  ///   - learningRate: used when a step names none; >= 0.
  ///   - momentum: in [0, 1), default 0.
  ///   - weightDecay: >= 0, default 0; parameters with `decays` false are neither decayed nor scaled.
  ///   - trust: > 0 for LARS, default nil.
  public init(parameters: [(name: String, parameter: Parameter)], learningRate: Double, momentum: Double = 0, weightDecay: Double = 0,
              trust: Double? = nil) throws {
    guard learningRate >= 0, (0..<1).contains(momentum), weightDecay >= 0, trust ?? 1 > 0 else {
      throw TensorError.invalidArgument(operation: "SGD", message: "expected learning rate and decay of at least 0, momentum in [0, 1) and trust above 0; got \(learningRate), \(weightDecay), \(momentum)\(trust.map { ", \($0)" } ?? "")")
    }
    self.parameters = parameters
    self.learningRate = learningRate
    self.momentum = momentum
    self.weightDecay = weightDecay
    self.trust = trust
    velocity = [TensorData?](repeating: nil, count: parameters.count)
  }

  /// Moves every parameter that has a gradient, in place.
  public func step(_ gradients: Gradients, learningRate: Double? = nil) throws {
    // Weights that moved and weights that did not must not stand side by side.
    try Cancellation.deferred { try wholeStep(gradients, rate: learningRate ?? self.learningRate) }
  }

  private func wholeStep(_ gradients: Gradients, rate: Double) throws {
    stepCount += 1
    for (index, entry) in parameters.enumerated() {
      guard let gradient = gradients[entry.parameter.value] else { continue }
      let weights = entry.parameter.value.data
      var direction = try gradient.copy().data
      if weightDecay > 0 && entry.parameter.decays { try backend.accumulate(weights, scale: weightDecay, into: direction) }
      if let trust, entry.parameter.decays {
        let length = try Tensor(weights).square().sum().item().squareRoot(), slope = try Tensor(direction).square().sum().item().squareRoot()
        if length > 0 && slope > 0 { direction = try backend.binaryScalar(.multiply, direction, trust * length / slope, reversed: false) }
      }
      guard momentum > 0 else {
        try backend.accumulate(direction, scale: -rate, into: weights)
        continue
      }
      if let previous = velocity[index] { try backend.accumulate(previous, scale: momentum, into: direction) }
      velocity[index] = direction
      try backend.accumulate(direction, scale: -rate, into: weights)
    }
  }

  /// The velocities as named tensors, and the number of steps, for a checkpoint.
  public func state() throws -> [(name: String, tensor: Tensor)] {
    var out: [(name: String, tensor: Tensor)] = [("optimizer.step", try Tensor([stepCount]))]
    for (index, entry) in parameters.enumerated() {
      if let velocity = velocity[index] { out.append(("optimizer.velocity.\(entry.name)", Tensor(velocity))) }
    }
    return out
  }

  /// Continues from what `state` returned.
  public func restore(_ state: [String: Tensor]) throws {
    guard let steps = state["optimizer.step"] else { throw TensorError.invalidArgument(operation: "restore", message: "the checkpoint has no tensor optimizer.step") }
    for (index, entry) in parameters.enumerated() {
      guard let saved = state["optimizer.velocity.\(entry.name)"] else { continue }
      guard saved.shape == entry.parameter.value.shape else {
        throw TensorError.shapeMismatch(operation: "restore of \(entry.name)", left: entry.parameter.value.shape, right: saved.shape, remedy: "the checkpoint belongs to another model")
      }
      velocity[index] = try saved.copy().data
    }
    stepCount = try steps.integers()[0]
  }
}
