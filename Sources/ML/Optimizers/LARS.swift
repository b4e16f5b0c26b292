/// LARS: momentum whose step for each layer is in proportion to the length of its weights, for very large batches.
///
/// d = g + decay · w; d = trust · |w| / |d| · d where the parameter decays and neither length is zero; b = momentum · b + d; w = w - lr · b.
/// You et al. 2017, arXiv:1708.03888, with biases and norms left alone as in the linear probes of He et al. 2022, arXiv:2111.06377.
public final class LARS {
  private let parameters: [(name: String, parameter: Parameter)]
  private var velocity: [TensorData?]
  public private(set) var stepCount = 0
  public let learningRate, momentum, weightDecay, trust: Double

  /// - Parameters:
  ///   - learningRate: used when a step names none; >= 0.
  ///   - momentum: in [0, 1), default 0.9.
  ///   - weightDecay: >= 0, default 0; parameters with `decays` false are neither decayed nor scaled.
  ///   - trust: > 0, default 0.001.
  public init(parameters: [(name: String, parameter: Parameter)], learningRate: Double, momentum: Double = 0.9, weightDecay: Double = 0, trust: Double = 0.001) throws {
    guard learningRate >= 0, (0..<1).contains(momentum), weightDecay >= 0, trust > 0 else {
      throw TensorError.invalidArgument(operation: "LARS", message: "expected learning rate and decay of at least 0, momentum in [0, 1) and trust above 0; got \(learningRate), \(weightDecay), \(momentum), \(trust)")
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
    stepCount += 1
    let rate = learningRate ?? self.learningRate
    for (index, entry) in parameters.enumerated() {
      guard let gradient = gradients[entry.parameter.value] else { continue }
      let weights = entry.parameter.value.data
      let direction = try gradient.copy().data
      var scale = 1.0
      if entry.parameter.decays {
        if weightDecay > 0 { try backend.accumulate(weights, scale: weightDecay, into: direction) }
        let length = try Tensor(weights).square().sum().item().squareRoot(), slope = try Tensor(direction).square().sum().item().squareRoot()
        if length > 0 && slope > 0 { scale = trust * length / slope }
      }
      let moved = try velocity[index] ?? backend.full(direction.shape, 0, direction.dtype)
      if velocity[index] != nil { try backend.copy(try backend.binaryScalar(.multiply, moved, momentum, reversed: false), into: moved) }
      try backend.accumulate(direction, scale: scale, into: moved)
      velocity[index] = moved
      try backend.accumulate(moved, scale: -rate, into: weights)
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
}
