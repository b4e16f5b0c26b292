// Attention with any mask, and dropout.
extension Tensor {
  /// Attention of several heads in which a mask says which keys each query may see, or how its scores are shifted.
  ///
  /// Shapes: query [B, N, D] · key [B, M, D] · value [B, M, E] · mask broadcast to [B, heads, N, M] → [B, N, E].
  ///
  /// - Parameter mask: flags, true where the key may be seen, or numbers added to the scores. A query that may see nothing gives zeros.
  public static func attention(_ query: Tensor, _ key: Tensor, _ value: Tensor, heads: Int, mask: Tensor) throws -> Tensor {
    guard query.rank == 3, key.rank == 3, value.rank == 3, key.shape[0] == query.shape[0], key.shape[2] == query.shape[2], value.shape[0] == key.shape[0],
          value.shape[1] == key.shape[1] else {
      throw TensorError.shapeMismatch(operation: "attention", left: query.shape, right: key.shape, remedy: "expected [B, N, D], keys [B, M, D] and values [B, M, E]")
    }
    guard heads >= 1, query.shape[2] % heads == 0, value.shape[2] % heads == 0 else {
      throw TensorError.invalidArgument(operation: "attention", message: "widths \(query.shape[2]) and \(value.shape[2]) are not both divisible by \(heads) heads")
    }
    let width = query.shape[2] / heads
    func split(_ x: Tensor) throws -> Tensor { try x.reshape([x.shape[0], x.shape[1], heads, x.shape[2] / heads]).transpose(1, 2) }
    var scores = try split(query).matmul(try split(key), transposeRight: true) * (1 / Double(width).squareRoot())
    guard try broadcast(scores.shape, mask.shape, "attention") == scores.shape else {
      throw TensorError.shapeMismatch(operation: "attention", left: scores.shape, right: mask.shape, remedy: "the mask must stretch to [B, heads, N, M]")
    }
    scores = mask.dtype.isFloating ? try scores + mask.cast(scores.dtype) : try mask.choose(scores, try full([], -.infinity, dtype: scores.dtype))
    // A row of -inf only would give NaN; its shares are zero.
    let hidden = try scores.detached().maximum(axes: [-1], keepDimensions: true).compare(.equal, -.infinity)
    let zero = try zeros([], dtype: scores.dtype)
    let shares = try hidden.choose(zero, try hidden.choose(zero, scores).softmax())
    return try shares.matmul(try split(value)).transpose(1, 2).reshape([query.shape[0], query.shape[1], value.shape[2]])
  }

  /// Elements set to zero at random, and the others divided by the share that stays.
  ///
  /// - Parameters:
  ///   - probability: of being set to zero, in [0, 1).
  ///   - stream: one number is drawn for each element, in row-major order.
  public func dropout(probability: Double, stream: inout RandomStream) throws -> Tensor {
    guard (0..<1).contains(probability) else {
      throw TensorError.invalidArgument(operation: "dropout", message: "the probability must lie in [0, 1), got \(probability)")
    }
    if probability == 0 { return self }
    let kept = try Tensor.uniform(shape, stream: &stream).compare(.greaterOrEqual, probability)
    return try self * (kept.cast(dtype.floating) * (1 / (1 - probability)))
  }
}
