extension Tensor {
  /// Softmax along an axis, the last by default: e^x / Σ e^x.
  public func softmax(axis: Int) throws -> Tensor { try alongLast(axis) { try $0.softmax() } }

  /// Logarithm of the softmax along an axis.
  public func logSoftmax(axis: Int) throws -> Tensor { try alongLast(axis) { try $0.logSoftmax() } }

  private func alongLast(_ axis: Int, _ body: (Tensor) throws -> Tensor) throws -> Tensor {
    let axis = try self.axis(axis, "softmax")
    return try inFloating { x in axis == rank - 1 ? try body(x) : try body(try x.transpose(axis, rank - 1)).transpose(axis, rank - 1) }
  }

  /// Softmax along the last axis: e^x / Σ e^x.
  public func softmax() throws -> Tensor {
    guard rank >= 1 else { throw TensorError.invalidShape(operation: "softmax", shape: shape, expected: "one axis or more") }
    let y = try backend.softmax(data, logarithmic: false)
    return Tensor.result(y, .softmax, [self]) { g in [try backend.softmaxGradient(y, g, logarithmic: false)] }
  }

  /// Logarithm of the softmax along the last axis, without forming small probabilities.
  public func logSoftmax() throws -> Tensor {
    guard rank >= 1 else { throw TensorError.invalidShape(operation: "logSoftmax", shape: shape, expected: "one axis or more") }
    let y = try backend.softmax(data, logarithmic: true)
    return Tensor.result(y, .logSoftmax, [self]) { g in [try backend.softmaxGradient(y, g, logarithmic: true)] }
  }

  private func requireVector(_ vector: Tensor?, _ size: Int, _ operation: String) throws {
    guard let vector else { return }
    try vector.requireType(dtype, operation)
    guard vector.shape == [size] else {
      throw TensorError.shapeMismatch(operation: operation, left: shape, right: vector.shape, remedy: "weight and bias need shape [\(size)]")
    }
  }

  /// Layer norm over the last axis: (x - mean) / sqrt(variance + epsilon) · weight + bias. Ba et al. 2016, arXiv:1607.06450.
  ///
  /// - Parameter epsilon: added to the (biased) variance; > 0.
  public func layerNorm(weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Double) throws -> Tensor {
    try requireDifferentiable("layerNorm")
    guard rank >= 1, shape[rank - 1] > 0 else { throw TensorError.invalidShape(operation: "layerNorm", shape: shape, expected: "a non-empty last axis") }
    try requireVector(weight, shape[rank - 1], "layerNorm")
    try requireVector(bias, shape[rank - 1], "layerNorm")
    let x = data, w = weight?.data
    let (y, mean, inverse) = try backend.layerNorm(x, weight: w, bias: bias?.data, epsilon: epsilon)
    return Tensor.result(y, .layerNorm, [self] + [weight, bias].compactMap { $0 }) { g in
      let (gx, gw, gb) = try backend.layerNormGradient(x, weight: w, hasBias: bias != nil, mean: mean, inverse: inverse, g)
      return [gx] + [gw, gb].compactMap { $0 }
    }
  }

  /// Root-mean-square norm over the last axis: x / sqrt(mean(x²) + epsilon) · weight. Zhang & Sennrich 2019, arXiv:1910.07467.
  ///
  /// - Parameter epsilon: > 0.
  public func rmsNorm(weight: Tensor? = nil, epsilon: Double) throws -> Tensor {
    guard rank >= 1, shape[rank - 1] > 0 else { throw TensorError.invalidShape(operation: "rmsNorm", shape: shape, expected: "a non-empty last axis") }
    try requireVector(weight, shape[rank - 1], "rmsNorm")
    return try inFloating { x in
      let scaled = try x / (x.square().mean(axes: [-1], keepDimensions: true) + epsilon).sqrt()
      return try weight.map { try scaled * $0 } ?? scaled
    }
  }

  /// Group norm of [B, C, ...] over groups of channels, followed by an activation in the same pass. Wu & He 2018, arXiv:1803.08494.
  ///
  /// - Parameters:
  ///   - groups: divides the number of channels.
  ///   - epsilon: added to the (biased) variance; > 0.
  ///   - activation: default none.
  public func groupNorm(groups: Int, weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Double, activation: Activation = .none) throws -> Tensor {
    try requireDifferentiable("groupNorm")
    guard rank >= 2, groups >= 1, shape[1] % groups == 0, count > 0 else {
      throw TensorError.invalidShape(operation: "groupNorm", shape: shape, expected: "[B, C, ...] with C divisible by \(groups) groups")
    }
    guard activation != .quickGelu else {
      throw TensorError.invalidArgument(operation: "groupNorm", message: "activation quickGelu is not built in; apply it afterwards")
    }
    try requireVector(weight, shape[1], "groupNorm")
    try requireVector(bias, shape[1], "groupNorm")
    let x = data, w = weight?.data, b = bias?.data
    let f = activation.operation
    let (y, mean, inverse) = try backend.groupNorm(x, groups: groups, weight: w, bias: b, epsilon: epsilon, activation: f)
    return Tensor.result(y, .groupNorm, [self] + [weight, bias].compactMap { $0 }) { g in
      let (gx, gw, gb) = try backend.groupNormGradient(x, groups: groups, weight: w, bias: b, activation: f, mean: mean, inverse: inverse, g)
      return [gx] + [gw, gb].compactMap { $0 }
    }
  }

  /// Batch norm of [N, D] or [N, D, ...] with the batch's own statistics, taken separately in each of `views` equal runs of samples.
  /// Ioffe & Szegedy 2015, arXiv:1502.03167.
  ///
  /// - Parameters:
  ///   - epsilon: added to the (biased) variance; > 0.
  ///   - views: divides N; default 1.
  public func batchNorm(weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Double, views: Int = 1) throws -> Tensor {
    try requireDifferentiable("batchNorm")
    if rank > 2, views >= 1, shape[0] % views == 0 {
      // Channels last: a sample's places become rows of its view.
      let last = try permute([0] + Array(2..<rank) + [1])
      let rows = try last.reshape([-1, shape[1]]).batchNorm(weight: weight, bias: bias, epsilon: epsilon, views: views)
      return try rows.reshape(last.shape).permute([0, rank - 1] + Array(1..<rank - 1)).contiguous()
    }
    guard rank == 2, views >= 1, shape[0] % views == 0, count > 0 else {
      throw TensorError.invalidShape(operation: "batchNorm", shape: shape, expected: "[N, D, ...] with N divisible by \(views) views")
    }
    try requireVector(weight, shape[1], "batchNorm")
    try requireVector(bias, shape[1], "batchNorm")
    let x = data, w = weight?.data
    let (y, mean, inverse) = try backend.batchNorm(x, weight: w, bias: bias?.data, epsilon: epsilon, views: views)
    return Tensor.result(y, .batchNorm, [self] + [weight, bias].compactMap { $0 }) { g in
      let (gx, gw, gb) = try backend.batchNormGradient(x, weight: w, hasBias: bias != nil, views: views, mean: mean, inverse: inverse, g)
      return [gx] + [gw, gb].compactMap { $0 }
    }
  }

  /// Mean and biased variance of the columns of [N, D] in each view, both [views, D], without history.
  public func batchStatistics(views: Int = 1) throws -> (mean: Tensor, variance: Tensor) {
    guard rank == 2, views >= 1, shape[0] % views == 0, count > 0 else {
      throw TensorError.invalidShape(operation: "batchStatistics", shape: shape, expected: "[N, D] with N divisible by \(views) views")
    }
    return try withoutTracking {
      let split = try detached().reshape([views, shape[0] / views, shape[1]])
      let mean = try split.mean(axes: [1], keepDimensions: true)
      let variance = try (split - mean).square().mean(axes: [1])
      return (try mean.squeeze(axis: 1), variance)
    }
  }

  /// Rows of the last axis divided by their length: x / max(|x|, epsilon).
  public func l2Normalize(epsilon: Double = 1e-12) throws -> Tensor {
    try requireDifferentiable("l2Normalize")
    guard rank >= 1 else { throw TensorError.invalidShape(operation: "l2Normalize", shape: shape, expected: "one axis or more") }
    let (y, norms) = try backend.normalizeRows(data, epsilon: epsilon)
    return Tensor.result(y, .l2Normalize, [self]) { g in [try backend.normalizeRowsGradient(y, norms: norms, epsilon: epsilon, g)] }
  }

  // MARK: Attention

  private static func checkAttention(_ query: Tensor, _ key: Tensor, _ value: Tensor, _ heads: Int, _ causal: Bool, _ keyLengths: [Int]?) throws {
    try query.requireDifferentiable("attention")
    try key.requireType(query.dtype, "attention")
    try value.requireType(query.dtype, "attention")
    guard query.rank == 3, key.rank == 3, key.shape == value.shape, key.shape[0] == query.shape[0], key.shape[2] == query.shape[2], key.shape[1] > 0 else {
      throw TensorError.shapeMismatch(operation: "attention", left: query.shape, right: key.shape, remedy: "expected [B, N, D] and keys and values of one shape [B, M, D]")
    }
    guard heads >= 1, query.shape[2] % heads == 0 else {
      throw TensorError.invalidArgument(operation: "attention", message: "width \(query.shape[2]) is not divisible by \(heads) heads")
    }
    if let keyLengths {
      guard keyLengths.count == query.shape[0], keyLengths.allSatisfy({ $0 >= 1 && $0 <= key.shape[1] }) else {
        throw TensorError.invalidArgument(operation: "attention", message: "expected \(query.shape[0]) key lengths between 1 and \(key.shape[1])")
      }
      guard !causal else { throw TensorError.invalidArgument(operation: "attention", message: "causal and key lengths cannot be combined") }
    }
  }

  /// Scaled dot-product attention of several heads: softmax(q kᵀ / sqrt(D / heads)) v. Vaswani et al. 2017, arXiv:1706.03762, eq. (1).
  ///
  /// Shapes: query [B, N, D] · key [B, M, D] · value [B, M, D] → [B, N, D]; heads lie side by side in D.
  ///
  /// - Parameters:
  ///   - causal: position i sees only positions up to i; default false.
  ///   - keyLengths: how many keys of each batch item count, each in 1...M; default all.
  public static func attention(_ query: Tensor, _ key: Tensor, _ value: Tensor, heads: Int, causal: Bool = false, keyLengths: [Int]? = nil) throws
    -> Tensor {
    try checkAttention(query, key, value, heads, causal, keyLengths)
    let (q, k, v) = (query.data, key.data, value.data)
    let y = try backend.attention(q, k, v, heads: heads, causal: causal, keyLengths: keyLengths)
    return result(y, .attention, [query, key, value]) { g in
      let parts = (query: try TensorData(q.shape, q.dtype), key: try TensorData(k.shape, k.dtype), value: try TensorData(v.shape, v.dtype))
      try backend.attentionGradient(q, k, v, heads: heads, causal: causal, keyLengths: keyLengths, g, into: parts)
      return [parts.query, parts.key, parts.value]
    }
  }

  /// Attention of a sequence to itself, from queries, keys and values packed side by side: [B, N, 3 D] → [B, N, D].
  public func selfAttention(heads: Int, causal: Bool = false, keyLengths: [Int]? = nil) throws -> Tensor {
    guard rank == 3, shape[2] % 3 == 0 else {
      throw TensorError.invalidShape(operation: "selfAttention", shape: shape, expected: "[B, N, 3 D]")
    }
    let width = shape[2] / 3
    let packed = data
    func part(_ x: TensorData, _ index: Int) -> TensorData { Tensor.narrowed(x, 2, index * width, width) }
    let (q, k, v) = (part(packed, 0), part(packed, 1), part(packed, 2))
    try Tensor.checkAttention(Tensor(q), Tensor(k), Tensor(v), heads, causal, keyLengths)
    let y = try backend.attention(q, k, v, heads: heads, causal: causal, keyLengths: keyLengths)
    return Tensor.result(y, .selfAttention, [self]) { g in
      let out = try TensorData(packed.shape, packed.dtype)
      try backend.attentionGradient(q, k, v, heads: heads, causal: causal, keyLengths: keyLengths, g,
                                    into: (query: part(out, 0), key: part(out, 1), value: part(out, 2)))
      return [out]
    }
  }
}
