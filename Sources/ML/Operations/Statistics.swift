// Reductions made of other operations, and running ones.
extension Tensor {
  /// Variance over some axes, or over all: Σ (x - mean)² / (count - correction).
  ///
  /// - Parameter correction: default 1, the unbiased estimate; 0 for the mean square.
  public func variance(axes: [Int]? = nil, correction: Double = 1, keepDimensions: Bool = false) throws -> Tensor {
    let summed = try self.axes(axes, "variance")
    let count = summed.reduce(1) { $0 * shape[$1] }
    return try inFloating { x in
      let deviation = try x - x.mean(axes: summed, keepDimensions: true)
      return try deviation.square().sum(axes: summed, keepDimensions: keepDimensions) * (1 / Swift.max(0, Double(count) - correction))
    }
  }

  /// Square root of the variance.
  public func standardDeviation(axes: [Int]? = nil, correction: Double = 1, keepDimensions: Bool = false) throws -> Tensor {
    try inFloating { try $0.variance(axes: axes, correction: correction, keepDimensions: keepDimensions).sqrt() }
  }

  /// Length over some axes, or over all: (Σ |x|^order)^(1/order).
  ///
  /// - Parameter order: > 0; infinity gives the largest magnitude; default 2.
  public func norm(order: Double = 2, axes: [Int]? = nil, keepDimensions: Bool = false) throws -> Tensor {
    guard order > 0 else { throw TensorError.invalidArgument(operation: "norm", message: "the order must be above 0, got \(order)") }
    let over = try self.axes(axes, "norm")
    return try inFloating { x in
      if order == .infinity { return try x.abs().extremes(.maximum, over, keepDimensions) }
      if order == 1 { return try x.abs().sum(axes: over, keepDimensions: keepDimensions) }
      if order == 2 {
        let length = try x.square().sum(axes: over, keepDimensions: true).sqrt()
        // A length of zero has no direction: its gradient is zero, where 0 / 0 would be NaN.
        let safe = try length.compare(.equal, 0).choose(try Tensor.ones([], dtype: x.dtype), length.detached())
        let direction = try x.detached() / safe
        let value = try (x * direction).sum(axes: over, keepDimensions: keepDimensions)
        return value
      }
      return try x.abs().power(order).sum(axes: over, keepDimensions: keepDimensions).power(1 / order)
    }
  }

  /// Largest or smallest element over several axes.
  func extremes(_ name: OperationName, _ axes: [Int], _ keepDimensions: Bool) throws -> Tensor {
    let kept = axes.isEmpty ? self : try gathered(last: axes)
    let value = axes.isEmpty ? self : name == .maximum ? try kept.maximum(axis: -1) : try kept.minimum(axis: -1)
    return keepDimensions ? try value.reshape(shape.indices.map { axes.contains($0) ? 1 : shape[$0] }) : value
  }

  /// These axes joined into one at the end.
  private func gathered(last axes: [Int]) throws -> Tensor {
    let others = shape.indices.filter { !axes.contains($0) }
    return try permute(others + axes).reshape(others.map { shape[$0] } + [axes.reduce(1) { $0 * shape[$1] }])
  }

  /// Largest element over some axes, or over all.
  public func maximum(axes: [Int]? = nil, keepDimensions: Bool = false) throws -> Tensor {
    try extremes(.maximum, try self.axes(axes, "maximum"), keepDimensions)
  }

  /// Smallest element over some axes, or over all.
  public func minimum(axes: [Int]? = nil, keepDimensions: Bool = false) throws -> Tensor {
    try extremes(.minimum, try self.axes(axes, "minimum"), keepDimensions)
  }

  /// Flags: true where any (or every) element over some axes is not zero; over all by default.
  public func any(axes: [Int]? = nil, keepDimensions: Bool = false) throws -> Tensor {
    try flags().sum(axes: axes, keepDimensions: keepDimensions).compare(.greater, 0)
  }
  public func all(axes: [Int]? = nil, keepDimensions: Bool = false) throws -> Tensor {
    try logicalNot().sum(axes: axes, keepDimensions: keepDimensions).compare(.equal, 0)
  }

  /// log Σ e^x along an axis, without overflow.
  public func logSumExp(axis: Int = -1, keepDimensions: Bool = false) throws -> Tensor {
    let axis = try self.axis(axis, "logSumExp")
    return try inFloating { x in
      let top = try x.detached().maximum(axis: axis, keepDimensions: true)
      // A row of -inf only has no top to subtract.
      let safe = try top.isFinite().choose(top, try Tensor.zeros([], dtype: x.dtype))
      let sum = try (x - safe).exp().sum(axes: [axis], keepDimensions: true).log() + safe
      return keepDimensions ? sum : try sum.squeeze(axis: axis)
    }
  }

  /// Running sums along an axis; whole numbers and flags become i64.
  public func cumulativeSum(axis: Int) throws -> Tensor {
    let axis = try self.axis(axis, "cumulativeSum")
    if !dtype.isFloating { return Tensor(try backend.cumulate(try cast(.i64).data, axis: axis, .sum)) }
    return try inFloating { x in
      Tensor.result(try backend.cumulate(x.data, axis: axis, .sum), .cumulativeSum, [x]) { g in
        let total = try backend.sum(g, axes: [axis])
        let before = try backend.binary(.subtract, try backend.cumulate(g, axis: axis, .sum), g)
        return [try backend.binary(.subtract, Tensor.stretched(total, to: g.shape), before)]
      }
    }
  }

  /// Product over some axes, or over all; whole numbers and flags become i64.
  public func product(axes: [Int]? = nil, keepDimensions: Bool = false) throws -> Tensor {
    let over = try self.axes(axes, "product")
    if !dtype.isFloating {
      var whole = try cast(.i64).data
      for axis in over { whole = try backend.integerReduce(whole, axis: axis, .product) }
      return try Tensor(whole).reshape(keepDimensions ? whole.shape : Tensor.removing(over, from: shape))
    }
    return try inFloating { x in
      let lines = try x.gathered(last: over)
      let value = try lines.lineProduct()
      return keepDimensions ? try value.reshape(x.shape.indices.map { over.contains($0) ? 1 : x.shape[$0] }) : value
    }
  }

  /// Product along the last axis. The gradient by an element is the product of the others, before it and after it, so that zeros do no harm.
  private func lineProduct() throws -> Tensor {
    let x = data
    let axis = rank - 1, size = shape[axis]
    let others = Array(shape.dropLast())
    if size == 0 { return try Tensor.ones(others, dtype: dtype) }
    let running = try backend.cumulate(x, axis: axis, .product)
    let value = try backend.contiguous(Tensor.narrowed(running, axis, size - 1, 1)).reshaped(others)
    return Tensor.result(value, .product, [self]) { g in
      let one = try Tensor.ones(others + [1], dtype: g.dtype)
      func before(_ x: Tensor) throws -> Tensor {
        let running = Tensor(try backend.cumulate(x.data, axis: axis, .product))
        return try Tensor.concatenate([one, try running.narrow(axis: axis, start: 0, count: size - 1)], axis: axis)
      }
      let left = try before(Tensor(x))
      let right = try before(Tensor(x).flip(axes: [axis])).flip(axes: [axis])
      return [try (left * right * Tensor(g).reshape(others + [1])).data]
    }
  }
}
