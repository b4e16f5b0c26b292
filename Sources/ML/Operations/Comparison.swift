// Comparisons, flags, and choosing by flags. None of the results of a comparison has a history.
extension Tensor {
  /// Flags (type bool) of a comparison with another tensor, with broadcasting; types are promoted first. NaN is unequal to everything.
  public func compare(_ comparison: Comparison, _ other: Tensor) throws -> Tensor {
    let (a, b, _) = try Tensor.met(detached(), other.detached())
    let shape = try Tensor.broadcast(a.shape, b.shape, comparison.rawValue)
    return Tensor(try backend.compare(comparison, Tensor.stretched(a.data, to: shape), Tensor.stretched(b.data, to: shape)))
  }

  /// Flags of a comparison with a number, in double precision where this type is narrower.
  public func compare(_ comparison: Comparison, _ value: Double) throws -> Tensor {
    let isWhole = !dtype.isFloating && value == value.rounded() && Swift.abs(value) < 0x1p62
    // A fraction would be lost in a type of whole numbers; a float keeps its own type, as in PyTorch.
    let common: DType = isWhole ? .i64 : dtype.isFloating ? dtype : .f64
    return try detached().cast(common).compare(comparison, try Tensor.full([], value, dtype: common))
  }

  /// Flags: true where the element is not zero.
  public func flags() throws -> Tensor { dtype == .bool ? detached() : try compare(.notEqual, 0) }

  /// Bits of whole numbers, or flags, combined with those of another tensor, with broadcasting.
  public func bitwise(_ operation: BitwiseOperation, _ other: Tensor) throws -> Tensor {
    for side in [self, other] where side.dtype.isFloating {
      throw TensorError.typeMismatch(operation: operation.rawValue, got: side.dtype, expected: "flags or whole numbers")
    }
    let (a, b, _) = try Tensor.met(self, other)
    let shape = try Tensor.broadcast(a.shape, b.shape, operation.rawValue)
    return Tensor(try backend.bitwise(operation, Tensor.stretched(a.data, to: shape), Tensor.stretched(b.data, to: shape)))
  }

  /// Flags, the other way round.
  public func logicalNot() throws -> Tensor { try compare(.equal, 0) }

  /// Flags: true where the element is NaN.
  public func isNaN() throws -> Tensor { dtype.isFloating ? try compare(.notEqual, self) : try Tensor.zeros(shape, dtype: .bool) }

  /// Flags: true where the element is neither NaN nor infinite.
  public func isFinite() throws -> Tensor {
    dtype.isFloating ? try detached().abs().compare(.less, .infinity) : try Tensor.ones(shape, dtype: .bool)
  }

  /// Elements of `first` where this tensor is not zero, of `second` elsewhere, with broadcasting of all three.
  ///
  /// - Returns: a copy of the promoted type of the two.
  public func choose(_ first: Tensor, _ second: Tensor) throws -> Tensor {
    let dtype = first.dtype.promoted(with: second.dtype)
    let a = try first.cast(dtype), b = try second.cast(dtype)
    let shape = try Tensor.broadcast(try Tensor.broadcast(a.shape, b.shape, "where"), self.shape, "where")
    let condition = Tensor.stretched(try flags().data, to: shape)
    let y = try backend.select(condition, Tensor.stretched(a.data, to: shape), Tensor.stretched(b.data, to: shape))
    let (left, right) = (a.shape, b.shape)
    return Tensor.result(y, .choose, [a, b]) { g in
      let zero = Tensor.stretched(try backend.full([], 0, g.dtype), to: shape)
      return [try Tensor.unbroadcast(try backend.select(condition, g, zero), to: left), try Tensor.unbroadcast(try backend.select(condition, zero, g), to: right)]
    }
  }

  /// A copy with one number where the mask is not zero.
  public func filled(where mask: Tensor, with value: Double) throws -> Tensor {
    try mask.choose(try Tensor.full([], value, dtype: dtype), self)
  }

  /// Positions, in row-major order, of the elements that are not zero: one row of `rank` indices each, i64 [count, rank].
  public func nonzero() throws -> Tensor {
    let flags = try self.flags().integers()
    let strides = Layout.rowMajor(shape)
    let found = flags.indices.filter { flags[$0] != 0 }
    let rows = found.flatMap { place in (0..<rank).map { place / strides[$0] % shape[$0] } }
    return try Tensor(rows, shape: [found.count, rank])
  }

  /// The elements where a mask of this tensor's leading axes is not zero, in row-major order, along one axis in place of the mask's axes.
  public func masked(by mask: Tensor) throws -> Tensor {
    guard mask.rank <= rank, mask.rank > 0, Array(shape.prefix(mask.rank)) == mask.shape else {
      throw TensorError.shapeMismatch(operation: "masked", left: shape, right: mask.shape, remedy: "the mask has the sizes of the leading axes")
    }
    let flags = try mask.flags().integers()
    return try reshape([flags.count] + shape.dropFirst(mask.rank)).indexSelect(axis: 0, indices: flags.indices.filter { flags[$0] != 0 })
  }
}
