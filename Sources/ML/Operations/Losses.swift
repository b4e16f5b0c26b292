extension Tensor {
  private func scaled(_ gradient: TensorData, by g: TensorData) throws -> TensorData {
    try backend.binary(.multiply, gradient, Tensor.stretched(g, to: gradient.shape))
  }

  /// Mean over rows of the cross-entropy between softmax(logits) and class labels.
  ///
  /// Shapes: self [N, C] · labels N numbers in 0..<C → scalar.
  ///
  /// - Parameter labelSmoothing: share of the target spread evenly over the classes, in [0, 1]; default 0.
  public func crossEntropy(labels: [Int], labelSmoothing: Double = 0) throws -> Tensor {
    guard rank == 2, shape[0] == labels.count, shape[0] > 0 else {
      throw TensorError.invalidShape(operation: "crossEntropy", shape: shape, expected: "[N, C] for \(labels.count) labels, N > 0")
    }
    if let bad = labels.first(where: { $0 < 0 || $0 >= shape[1] }) {
      throw TensorError.indexOutOfRange(operation: "crossEntropy", index: bad, size: shape[1])
    }
    guard (0...1).contains(labelSmoothing) else {
      throw TensorError.invalidArgument(operation: "crossEntropy", message: "label smoothing must lie in [0, 1], got \(labelSmoothing)")
    }
    let (loss, gradient) = try backend.crossEntropy(data, labels: labels, targets: nil, smoothing: labelSmoothing)
    return Tensor.result(loss, .crossEntropy, [self]) { g in [try scaled(gradient, by: g)] }
  }

  /// Mean over rows of the cross-entropy between softmax(logits) and soft targets, which are constants.
  ///
  /// Shapes: self [N, C] · targets [N, C] → scalar.
  public func crossEntropy(targets: Tensor) throws -> Tensor {
    guard rank == 2, targets.shape == shape, shape[0] > 0 else {
      throw TensorError.shapeMismatch(operation: "crossEntropy", left: shape, right: targets.shape, remedy: "logits and targets both need shape [N, C]")
    }
    try targets.requireType(dtype, "crossEntropy")
    guard !targets.isTracked else {
      throw TensorError.invalidArgument(operation: "crossEntropy", message: "targets are constants here; detach them first")
    }
    let (loss, gradient) = try backend.crossEntropy(data, labels: nil, targets: targets.data, smoothing: 0)
    return Tensor.result(loss, .softCrossEntropy, [self]) { g in [try scaled(gradient, by: g)] }
  }

  /// Mean of the squared differences.
  public func meanSquaredError(_ target: Tensor) throws -> Tensor {
    guard shape == target.shape else {
      throw TensorError.shapeMismatch(operation: "meanSquaredError", left: shape, right: target.shape, remedy: "both must have the same shape")
    }
    return try (self - target).square().mean()
  }

  /// The multi-positive contrastive loss of StableRep: every other sample with the same label is a positive.
  ///
  /// With a = rows of unit length, s = a aᵀ / temperature without the diagonal and p uniform over the positives:
  /// L = -(1/N) Σᵢ Σⱼ pᵢⱼ log softmax(sᵢ)ⱼ. With two samples a label it is SimCLR's NT-Xent.
  ///
  /// Shapes: self [N, D] · labels N → scalar.
  ///
  /// - Parameter temperature: > 0; the paper's is 0.1.
  ///
  /// Tian et al. 2023, arXiv:2306.00984, eqs. (2)-(4).
  public func multiPositive(labels: [Int], temperature: Double) throws -> Tensor {
    guard rank == 2, shape[0] == labels.count, shape[0] >= 2 else {
      throw TensorError.invalidShape(operation: "multiPositive", shape: shape, expected: "[N, D] for \(labels.count) labels, N of at least 2")
    }
    guard temperature > 0 else {
      throw TensorError.invalidArgument(operation: "multiPositive", message: "temperature must be positive, got \(temperature)")
    }
    return try l2Normalize().contrast(labels: labels, temperature: temperature)
  }

  /// The loss above for rows that already have unit length, with its own backward pass.
  func contrast(labels: [Int], temperature: Double) throws -> Tensor {
    let a = data
    let similarities = try backend.matmul(a, a, transposeLeft: false, transposeRight: true)
    let (loss, slopes) = try backend.multiPositive(similarities, labels: labels, temperature: temperature)
    return Tensor.result(loss, .multiPositive, [self]) { g in
      let toRows = try backend.matmul(slopes, a, transposeLeft: false, transposeRight: false)
      let toColumns = try backend.matmul(slopes, a, transposeLeft: true, transposeRight: false)
      return [try scaled(try backend.binary(.add, toRows, toColumns), by: g)]
    }
  }
}
