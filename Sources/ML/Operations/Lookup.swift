// Elements by index, and their order.
extension Tensor {
  /// The indices of an operation, checked against the size of the axis they point into; negative ones count from the end.
  private func checked(_ index: Tensor, _ axis: Int, _ operation: String) throws -> TensorData {
    guard !index.dtype.isFloating, index.dtype != .bool else {
      throw TensorError.typeMismatch(operation: operation, got: index.dtype, expected: "whole numbers as indices")
    }
    guard index.rank == rank, shape.indices.allSatisfy({ $0 == axis || index.shape[$0] <= shape[$0] }) else {
      throw TensorError.shapeMismatch(operation: operation, left: shape, right: index.shape,
                                      remedy: "the indices need as many axes, and no more elements along any axis but the indexed one")
    }
    let size = shape[axis]
    let places = try index.integers().map { place in
      guard place >= -size, place < size else { throw TensorError.indexOutOfRange(operation: operation, index: place, size: size) }
      return place < 0 ? place + size : place
    }
    return try Tensor(places, shape: index.shape).data
  }

  /// Elements by index along an axis: out[i, j] = self[index[i, j], j] for axis 0 of two. - Returns: a copy of the indices' shape.
  public func gather(axis: Int, index: Tensor) throws -> Tensor {
    let axis = try self.axis(axis, "gather")
    let places = try checked(index, axis, "gather")
    let full = shape
    return Tensor.result(try backend.gather(data, axis: axis, index: places), .gather, [self]) { g in
      let spread = try backend.full(full, 0, g.dtype)
      try backend.scatter(g, axis: axis, index: places, adding: true, into: spread)
      return [spread]
    }
  }

  /// A copy with out[index[i, j], j] = source[i, j] for axis 0 of two, or += with `adding`; where several meet, the last one stays.
  ///
  /// Shapes: index and source alike.
  public func scatter(axis: Int, index: Tensor, source: Tensor, adding: Bool = false) throws -> Tensor {
    let name = adding ? "scatterAdd" : "scatter"
    let axis = try self.axis(axis, name)
    guard source.shape == index.shape else {
      throw TensorError.shapeMismatch(operation: name, left: index.shape, right: source.shape, remedy: "each index needs one element of the source")
    }
    try source.requireType(dtype, name)
    if dtype.isHalf, adding { return try inFloating { try $0.scatter(axis: axis, index: index, source: try source.cast(.f32), adding: true) } }
    let places = try checked(index, axis, name)
    let out = try TensorData(shape, dtype)
    try backend.copy(data, into: out)
    try backend.scatter(source.data, axis: axis, index: places, adding: adding, into: out)
    return Tensor.result(out, .scatter, [self, source]) { g in
      let toSource = try backend.gather(g, axis: axis, index: places)
      if adding { return [g, toSource] }
      let kept = try Tensor(g).copy().data
      let zero = try backend.full(places.shape, 0, g.dtype)
      try backend.scatter(zero, axis: axis, index: places, adding: false, into: kept)
      // Of several elements that went to one place, the last alone is seen in the result.
      let numbers = try Tensor(Array(0..<places.count), shape: places.shape).data
      let last = try backend.full(kept.shape, -1, .i64)
      try backend.scatter(numbers, axis: axis, index: places, adding: false, into: last)
      let isLast = try backend.compare(.equal, try backend.gather(last, axis: axis, index: places), numbers)
      return [kept, try backend.select(isLast, toSource, zero)]
    }
  }

  /// The order of the elements along an axis, as i64 indices; equal elements keep theirs, NaN counts as the largest.
  public func argsort(axis: Int = -1, descending: Bool = false) throws -> Tensor {
    let axis = try self.axis(axis, "sort")
    return Tensor(try backend.sort(dtype.isHalf ? try cast(.f32).data : data, axis: axis, descending: descending))
  }

  /// The elements in order along an axis, and where each came from.
  public func sort(axis: Int = -1, descending: Bool = false) throws -> (values: Tensor, indices: Tensor) {
    let order = try argsort(axis: axis, descending: descending)
    return (try gather(axis: axis, index: order), order)
  }

  /// The `count` largest (or smallest) elements along an axis, the best first, and where each came from.
  public func topK(_ count: Int, axis: Int = -1, largest: Bool = true) throws -> (values: Tensor, indices: Tensor) {
    let axis = try self.axis(axis, "topK")
    guard (0...shape[axis]).contains(count) else {
      throw TensorError.invalidArgument(operation: "topK", message: "\(count) elements do not exist in an axis of \(shape[axis])")
    }
    let order = try argsort(axis: axis, descending: largest).narrow(axis: axis, start: 0, count: count).contiguous()
    return (try gather(axis: axis, index: order), order)
  }

  /// One row of zeros with a single 1 for each index: [...] -> [..., classes], i64.
  public func oneHot(_ classes: Int) throws -> Tensor {
    let index = try cast(.i64).unsqueeze(axis: -1)
    let one = try Tensor.ones(index.shape, dtype: .i64)
    return try Tensor.zeros(shape + [classes], dtype: .i64).scatter(axis: -1, index: index, source: one)
  }

  /// Rows of this table by index: [V, D] and indices [...] -> [..., D].
  public func embedding(_ index: Tensor) throws -> Tensor {
    guard rank == 2 else { throw TensorError.invalidShape(operation: "embedding", shape: shape, expected: "a table [V, D]") }
    return try indexSelect(axis: 0, indices: try index.integers()).reshape(index.shape + [shape[1]])
  }
}
