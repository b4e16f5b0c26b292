extension Tensor {
  /// An axis counted from the front, or from the back when negative, as an index in 0..<rank.
  func axis(_ axis: Int, _ operation: String) throws -> Int {
    let index = axis < 0 ? axis + rank : axis
    guard index >= 0 && index < rank else { throw TensorError.invalidAxis(operation: operation, axis: axis, rank: rank) }
    return index
  }

  private func axes(_ axes: [Int]?, _ operation: String) throws -> [Int] {
    guard let axes else { return Array(0..<rank) }
    let indices = try axes.map { try axis($0, operation) }
    guard Set(indices).count == indices.count else {
      throw TensorError.invalidArgument(operation: operation, message: "an axis is named twice in \(axes)")
    }
    return indices.sorted()
  }

  private static func removing(_ axes: [Int], from shape: [Int]) -> [Int] {
    shape.indices.filter { !axes.contains($0) }.map { shape[$0] }
  }

  /// Sum over some axes, or over all.
  ///
  /// - Parameters:
  ///   - axes: default all.
  ///   - keepDimensions: keep the summed axes with size one; default false.
  public func sum(axes: [Int]? = nil, keepDimensions: Bool = false) throws -> Tensor {
    let summed = try self.axes(axes, "sum")
    let full = shape
    let kept = try backend.sum(data, axes: summed)
    let keptShape = kept.shape
    let out = keepDimensions ? kept : kept.reshaped(Tensor.removing(summed, from: full))
    return Tensor.result(out, .sum, [self]) { g in
      [Tensor.stretched(try backend.contiguous(g).reshaped(keptShape), to: full)]
    }
  }

  /// Mean over some axes, or over all.
  public func mean(axes: [Int]? = nil, keepDimensions: Bool = false) throws -> Tensor {
    let averaged = try self.axes(axes, "mean")
    let count = averaged.reduce(1) { $0 * shape[$1] }
    return try sum(axes: averaged, keepDimensions: keepDimensions) * (1 / Double(count))
  }

  /// Largest element along an axis; the gradient goes to the first of equal ones.
  public func maximum(axis: Int, keepDimensions: Bool = false) throws -> Tensor {
    let axis = try self.axis(axis, "maximum")
    guard shape[axis] > 0 else { throw TensorError.invalidShape(operation: "maximum", shape: shape, expected: "a non-empty axis") }
    let full = shape
    let (value, index) = try backend.maximum(data, axis: axis)
    let keptShape = value.shape
    let out = keepDimensions ? value : value.reshaped(Tensor.removing([axis], from: full))
    return Tensor.result(out, .maximum, [self]) { g in
      [try backend.scatterAlong(axis: axis, index: index, try backend.contiguous(g).reshaped(keptShape), shape: full)]
    }
  }

  /// Index of the largest element along an axis, as i64; the first of equal ones.
  public func argmax(axis: Int) throws -> Tensor {
    let axis = try self.axis(axis, "argmax")
    guard shape[axis] > 0 else { throw TensorError.invalidShape(operation: "argmax", shape: shape, expected: "a non-empty axis") }
    let index = try backend.maximum(data, axis: axis).index
    return Tensor(index.reshaped(Tensor.removing([axis], from: shape)))
  }
}
