import KernelInterface

/// AdamW: Adam with weight decay applied to the weights themselves.
///
/// m = β₁ m + (1 - β₁) g, v = β₂ v + (1 - β₂) g², w = w (1 - lr · decay) - lr · (m / (1 - β₁ᵗ)) / (√(v / (1 - β₂ᵗ)) + ε).
/// Loshchilov & Hutter 2019, arXiv:1711.05101, algorithm 2.
public final class AdamW {
  private let parameters: [(name: String, parameter: Parameter)]
  private var first: [TensorData] = []
  private var second: [TensorData] = []
  /// Steps taken.
  public private(set) var stepCount = 0
  public let learningRate, beta1, beta2, epsilon, weightDecay: Double

  /// - Parameters:
  ///   - parameters: named as in checkpoints; those with `decays` false are not decayed.
  ///   - learningRate: used when a step names none; >= 0, default 1e-3.
  ///   - beta1: in [0, 1), default 0.9.
  ///   - beta2: in [0, 1), default 0.999.
  ///   - epsilon: > 0, default 1e-8.
  ///   - weightDecay: >= 0, default 0.01.
  public init(parameters: [(name: String, parameter: Parameter)], learningRate: Double = 1e-3, beta1: Double = 0.9, beta2: Double = 0.999,
              epsilon: Double = 1e-8, weightDecay: Double = 0.01) throws {
    guard learningRate >= 0, (0..<1).contains(beta1), (0..<1).contains(beta2), epsilon > 0, weightDecay >= 0 else {
      throw TensorError.invalidArgument(operation: "AdamW", message: "expected learning rate and decay of at least 0, betas in [0, 1), epsilon above 0; got \(learningRate), \(weightDecay), \(beta1), \(beta2), \(epsilon)")
    }
    self.parameters = parameters
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    for (_, parameter) in parameters {
      first.append(try backend.full(parameter.value.shape, 0, parameter.value.dtype))
      second.append(try backend.full(parameter.value.shape, 0, parameter.value.dtype))
    }
  }

  /// Moves every parameter that has a gradient, in place.
  ///
  /// - Parameters:
  ///   - gradients: of the loss by the parameters.
  ///   - learningRate: for this step; default the one given at the start.
  public func step(_ gradients: Gradients, learningRate: Double? = nil) throws {
    // Weights that moved and weights that did not must not stand side by side.
    try Cancellation.deferred { try wholeStep(gradients, rate: learningRate ?? self.learningRate) }
  }

  private func wholeStep(_ gradients: Gradients, rate: Double) throws {
    stepCount += 1
    var step = AdamWStep<Double>(
      learningRate: rate, beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: 0,
      correction1: 1 - Double.power(beta1, Double(stepCount)), correction2: (1 - Double.power(beta2, Double(stepCount))).squareRoot())
    for (index, entry) in parameters.enumerated() {
      guard let gradient = gradients[entry.parameter.value] else { continue }
      step.weightDecay = entry.parameter.decays ? weightDecay : 0
      try backend.adamW(parameter: entry.parameter.value.data, gradient: try backend.contiguous(gradient.data), first: first[index],
                        second: second[index], step: step)
    }
  }

  /// The moments as named tensors, and the number of steps, for a checkpoint.
  public func state() throws -> [(name: String, tensor: Tensor)] {
    var out: [(name: String, tensor: Tensor)] = [("optimizer.step", try Tensor([stepCount]))]
    for (index, entry) in parameters.enumerated() {
      out.append(("optimizer.first.\(entry.name)", Tensor(first[index])))
      out.append(("optimizer.second.\(entry.name)", Tensor(second[index])))
    }
    return out
  }

  /// Continues from what `state` returned.
  ///
  /// - Throws: `TensorError.invalidArgument` naming a tensor that is missing or has another shape; nothing is changed then.
  public func restore(_ state: [String: Tensor]) throws {
    func find(_ name: String, _ shape: [Int]) throws -> Tensor {
      guard let tensor = state[name] else { throw TensorError.invalidArgument(operation: "restore", message: "the checkpoint has no tensor \(name)") }
      guard tensor.shape == shape else { throw TensorError.shapeMismatch(operation: "restore of \(name)", left: shape, right: tensor.shape, remedy: "the checkpoint belongs to another model") }
      return tensor
    }
    let steps = try find("optimizer.step", [1]).integers()[0]
    let firsts = try parameters.map { try find("optimizer.first.\($0.name)", $0.parameter.value.shape) }
    let seconds = try parameters.map { try find("optimizer.second.\($0.name)", $0.parameter.value.shape) }
    for index in parameters.indices {
      try Tensor(first[index]).assign(firsts[index])
      try Tensor(second[index]).assign(seconds[index])
    }
    stepCount = steps
  }
}
