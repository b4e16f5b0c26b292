extension Tensor {
  /// An axis counted from the front, or from the back when negative, as an index in 0..<rank.
  func axis(_ axis: Int, _ operation: String) throws -> Int {
    let index = axis < 0 ? axis + rank : axis
    guard index >= 0 && index < rank else { throw TensorError.invalidAxis(operation: operation, axis: axis, rank: rank) }
    return index
  }

  func axes(_ axes: [Int]?, _ operation: String) throws -> [Int] {
    guard let axes else { return Array(0..<rank) }
    let indices = try axes.map { try axis($0, operation) }
    guard Set(indices).count == indices.count else {
      throw TensorError.invalidArgument(operation: operation, message: "an axis is named twice in \(axes)")
    }
    return indices.sorted()
  }

  static func removing(_ axes: [Int], from shape: [Int]) -> [Int] {
    shape.indices.filter { !axes.contains($0) }.map { shape[$0] }
  }

  /// Sum over some axes, or over all. Whole numbers and flags are summed as i64.
  ///
  /// - Parameters:
  ///   - axes: default all.
  ///   - keepDimensions: keep the summed axes with size one; default false.
  public func sum(axes: [Int]? = nil, keepDimensions: Bool = false) throws -> Tensor {
    let summed = try self.axes(axes, "sum")
    let full = shape
    if !dtype.isFloating {
      var whole = try cast(.i64).data
      for axis in summed { whole = try backend.integerReduce(whole, axis: axis, .sum) }
      return Tensor(keepDimensions ? try backend.contiguous(whole) : try backend.contiguous(whole).reshaped(Tensor.removing(summed, from: full)))
    }
    return try inFloating { input in
      let kept = try backend.sum(input.data, axes: summed)
      let keptShape = kept.shape
      let out = keepDimensions ? kept : kept.reshaped(Tensor.removing(summed, from: full))
      return Tensor.result(out, .sum, [input]) { g in
        [Tensor.stretched(try backend.contiguous(g).reshaped(keptShape), to: full)]
      }
    }
  }

  /// Mean over some axes, or over all.
  public func mean(axes: [Int]? = nil, keepDimensions: Bool = false) throws -> Tensor {
    guard dtype.isFloating else { throw TensorError.typeMismatch(operation: "mean", got: dtype, expected: "a type with fractions") }
    let averaged = try self.axes(axes, "mean")
    let count = averaged.reduce(1) { $0 * shape[$1] }
    return try inFloating { try $0.sum(axes: averaged, keepDimensions: keepDimensions) * (1 / Double(count)) }
  }

  /// Largest element along an axis; the gradient goes to the first of equal ones. NaN counts as the largest.
  public func maximum(axis: Int, keepDimensions: Bool = false) throws -> Tensor { try extreme(.maximum, axis, keepDimensions) }

  /// Smallest element along an axis; the gradient goes to the first of equal ones. NaN counts as the smallest.
  public func minimum(axis: Int, keepDimensions: Bool = false) throws -> Tensor { try extreme(.minimum, axis, keepDimensions) }

  /// Index of the largest element along an axis, as i64; the first of equal ones.
  public func argmax(axis: Int) throws -> Tensor { try place(of: .maximum, axis) }

  /// Index of the smallest element along an axis, as i64; the first of equal ones.
  public func argmin(axis: Int) throws -> Tensor { try place(of: .minimum, axis) }

  private func nonEmpty(_ axis: Int, _ name: OperationName) throws -> Int {
    let axis = try self.axis(axis, name.rawValue)
    guard shape[axis] > 0 else { throw TensorError.invalidShape(operation: name.rawValue, shape: shape, expected: "a non-empty axis") }
    return axis
  }

  private func extreme(_ name: OperationName, _ axis: Int, _ keepDimensions: Bool) throws -> Tensor {
    let axis = try nonEmpty(axis, name)
    if dtype.isHalf { return try inFloating { try $0.extreme(name, axis, keepDimensions) } }
    let full = shape
    let (value, index) = try backend.extreme(data, axis: axis, largest: name == .maximum)
    let keptShape = value.shape
    let out = keepDimensions ? value : value.reshaped(Tensor.removing([axis], from: full))
    return Tensor.result(out, name, [self]) { g in
      let spread = try backend.full(full, 0, g.dtype)
      try backend.scatter(try backend.contiguous(g).reshaped(keptShape), axis: axis, index: index, adding: false, into: spread)
      return [spread]
    }
  }

  private func place(of name: OperationName, _ axis: Int) throws -> Tensor {
    let axis = try nonEmpty(axis, name)
    let index = try backend.extreme(dtype.isHalf ? try cast(.f32).data : data, axis: axis, largest: name == .maximum).index
    return Tensor(index.reshaped(Tensor.removing([axis], from: shape)))
  }
}
