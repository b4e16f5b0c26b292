/// Muon: momentum whose matrix is made orthogonal before the step, so that all directions of a matrix move alike.
///
/// b = μ b + (1 - μ) g, u = (1 - μ) g + μ b, o = orthogonal(u), w = w (1 - lr · decay) - lr · 0.2 √max(rows, columns) · o. The last
/// factor gives steps the size of AdamW's, so that both take the same learning rate (Liu et al. 2025, arXiv:2502.16982, equation 4).
/// A convolution's weight is the matrix [out, in · k · k]. Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks".
///
/// It is meant for the hidden matrices of a network; embeddings, biases, norms, the first and the last layer belong to AdamW.
public final class Muon {
  private let parameters: [(name: String, parameter: Parameter)]
  private var momenta: [Tensor] = []
  /// Steps taken.
  public private(set) var stepCount = 0
  public let learningRate, momentum, weightDecay: Double

  /// Whether a parameter is a hidden matrix by its name and rank.
  public static func suits(_ name: String, _ parameter: Parameter) -> Bool {
    parameter.value.rank >= 2 && !["embed", "conv_in", "conv_out", "head", "token"].contains { name.contains($0) }
  }

  /// - Parameters:
  ///   - parameters: matrices and convolutions, named as in checkpoints; those with `decays` false are not decayed.
  ///   - learningRate: used when a step names none; >= 0, default 1e-3.
  ///   - momentum: μ in [0, 1), default 0.95.
  ///   - weightDecay: >= 0, default 0.01.
  /// - Throws: `TensorError.invalidArgument` for numbers outside these ranges and parameters of fewer than two axes.
  public init(parameters: [(name: String, parameter: Parameter)], learningRate: Double = 1e-3, momentum: Double = 0.95,
              weightDecay: Double = 0.01) throws {
    guard learningRate >= 0, (0..<1).contains(momentum), weightDecay >= 0 else {
      throw TensorError.invalidArgument(operation: "Muon", message: "expected learning rate and decay of at least 0 and momentum in [0, 1); got \(learningRate), \(weightDecay), \(momentum)")
    }
    if let flat = parameters.first(where: { $0.parameter.value.rank < 2 }) {
      throw TensorError.invalidArgument(operation: "Muon", message: "expected matrices and convolutions, \(flat.name) has shape \(flat.parameter.value.shape); give it to AdamW")
    }
    self.parameters = parameters
    self.learningRate = learningRate
    self.momentum = momentum
    self.weightDecay = weightDecay
    momenta = try parameters.map { Tensor(try backend.full($0.parameter.value.shape, 0, $0.parameter.value.dtype)) }
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
    for (index, entry) in parameters.enumerated() {
      guard let gradient = gradients[entry.parameter.value]?.detached() else { continue }
      let weight = entry.parameter.value.detached()
      let shape = weight.shape
      try momenta[index].assign(momenta[index] * momentum + gradient * (1 - momentum))
      let (rows, columns) = (shape[0], shape.dropFirst().reduce(1, *))
      let update = try Muon.orthogonalized((gradient * (1 - momentum) + momenta[index] * momentum).reshape([rows, columns]))
      let kept = 1 - rate * (entry.parameter.decays ? weightDecay : 0)
      let reach = rate * 0.2 * Double(max(rows, columns)).squareRoot()
      try entry.parameter.value.assign(weight * kept - update.reshape(shape) * reach)
    }
  }

  /// The nearest orthogonal matrix, roughly: five steps of a Newton-Schulz iteration whose singular values end between 0.7 and 1.2.
  ///
  /// X = X / ‖X‖, then five times X = a X + (b A + c A²) X with A = X Xᵀ and (a, b, c) = (3.4445, -4.775, 2.0315).
  ///
  /// - Parameter matrix: [rows, columns].
  /// - Returns: a new matrix of the same shape.
  static func orthogonalized(_ matrix: Tensor) throws -> Tensor {
    let isTall = matrix.shape[0] > matrix.shape[1]
    let norm = try matrix.square().sum().item().squareRoot()
    var x = try (isTall ? matrix.transpose(0, 1).contiguous() : matrix) * (1 / max(norm, 1e-7))
    for _ in 0..<5 {
      let gram = try x.matmul(x, transposeRight: true)
      x = try x * 3.4445 + (gram * -4.775 + gram.matmul(gram) * 2.0315).matmul(x)
    }
    return isTall ? try x.transpose(0, 1).contiguous() : x
  }

  /// The momenta as named tensors, for a checkpoint.
  public func state() -> [(name: String, tensor: Tensor)] {
    zip(parameters, momenta).map { ("optimizer.momentum.\($0.name)", $1) }
  }

  /// Continues from what `state` returned.
  ///
  /// - Throws: `TensorError.invalidArgument` naming a tensor that is missing or has another shape; nothing is changed then.
  public func restore(_ state: [String: Tensor]) throws {
    let found = try parameters.map { entry -> Tensor in
      let name = "optimizer.momentum.\(entry.name)"
      guard let tensor = state[name] else { throw TensorError.invalidArgument(operation: "restore", message: "the checkpoint has no tensor \(name)") }
      guard tensor.shape == entry.parameter.value.shape else {
        throw TensorError.shapeMismatch(operation: "restore of \(name)", left: entry.parameter.value.shape, right: tensor.shape, remedy: "the checkpoint belongs to another model")
      }
      return tensor
    }
    for (momentum, saved) in zip(momenta, found) { try momentum.assign(saved) }
  }
}
