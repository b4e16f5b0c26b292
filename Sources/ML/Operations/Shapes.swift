extension Tensor {
  /// The same elements under another shape. - Returns: a view when the elements lie in order, else a copy.
  ///
  /// - Parameter newShape: as many elements as before; one size may be -1 and is then worked out.
  public func reshape(_ newShape: [Int]) throws -> Tensor {
    var target = newShape
    if let unknown = target.firstIndex(of: -1) {
      let known = target.enumerated().reduce(1) { $1.offset == unknown ? $0 : $0 * $1.element }
      guard known > 0, count % known == 0 else {
        throw TensorError.invalidShape(operation: "reshape", shape: newShape, expected: "sizes that divide \(count) elements of \(Layout.describe(shape))")
      }
      target[unknown] = count / known
    }
    guard target.allSatisfy({ $0 >= 0 }), target.reduce(1, *) == count else {
      throw TensorError.invalidShape(operation: "reshape", shape: newShape, expected: "\(count) elements like \(Layout.describe(shape))")
    }
    let from = shape
    return Tensor.result(try backend.contiguous(data).reshaped(target), .reshape, [self]) { g in [try backend.contiguous(g).reshaped(from)] }
  }

  /// The axes in another order. - Returns: a view.
  public func permute(_ order: [Int]) throws -> Tensor {
    let order = try order.map { try axis($0, "permute") }
    guard order.sorted() == Array(0..<rank) else {
      throw TensorError.invalidArgument(operation: "permute", message: "expected each of the \(rank) axes once")
    }
    var inverse = order
    for (position, axis) in order.enumerated() { inverse[axis] = position }
    return Tensor.result(Tensor.permuted(data, order), .permute, [self]) { g in [Tensor.permuted(g, inverse)] }
  }

  private static func permuted(_ data: TensorData, _ order: [Int]) -> TensorData {
    let layout = Layout(shape: order.map { data.shape[$0] }, strides: order.map { data.layout.strides[$0] }, offset: data.layout.offset)
    return TensorData(storage: data.storage, layout: layout)
  }

  /// Two axes exchanged. - Returns: a view.
  public func transpose(_ first: Int, _ second: Int) throws -> Tensor {
    var order = Array(0..<rank)
    order.swapAt(try axis(first, "transpose"), try axis(second, "transpose"))
    return try permute(order)
  }

  /// `count` elements along an axis from `start` on. - Returns: a view.
  public func narrow(axis: Int, start: Int, count: Int) throws -> Tensor {
    let axis = try self.axis(axis, "narrow")
    guard start >= 0, count >= 0, start + count <= shape[axis] else {
      throw TensorError.invalidArgument(operation: "narrow", message: "elements \(start)..<\(start + count) do not exist in an axis of \(shape[axis]) elements")
    }
    let full = shape
    return Tensor.result(Tensor.narrowed(data, axis, start, count), .narrow, [self]) { g in
      let out = try backend.full(full, 0, g.dtype)
      try backend.copy(g, into: Tensor.narrowed(out, axis, start, count))
      return [out]
    }
  }

  static func narrowed(_ data: TensorData, _ axis: Int, _ start: Int, _ count: Int) -> TensorData {
    var layout = data.layout
    layout.offset += start * layout.strides[axis]
    layout.shape[axis] = count
    return TensorData(storage: data.storage, layout: layout)
  }

  /// One element along an axis, which disappears. - Returns: a view.
  public func select(axis: Int, index: Int) throws -> Tensor {
    let axis = try self.axis(axis, "select")
    let position = index < 0 ? index + shape[axis] : index
    guard position >= 0 && position < shape[axis] else {
      throw TensorError.indexOutOfRange(operation: "select", index: index, size: shape[axis])
    }
    return try narrow(axis: axis, start: position, count: 1).squeeze(axis: axis)
  }

  /// Without an axis of size one. - Returns: a view.
  public func squeeze(axis: Int) throws -> Tensor {
    let axis = try self.axis(axis, "squeeze")
    guard shape[axis] == 1 else { throw TensorError.invalidShape(operation: "squeeze", shape: shape, expected: "size one along axis index \(axis)") }
    return try reinterpreted { layout in
      layout.shape.remove(at: axis)
      layout.strides.remove(at: axis)
    }
  }

  /// With a new axis of size one before the given one. - Returns: a view.
  public func unsqueeze(axis: Int) throws -> Tensor {
    let index = axis < 0 ? axis + rank + 1 : axis
    guard index >= 0 && index <= rank else { throw TensorError.invalidAxis(operation: "unsqueeze", axis: axis, rank: rank + 1) }
    return try reinterpreted { layout in
      layout.shape.insert(1, at: index)
      layout.strides.insert(1, at: index)
    }
  }

  private func reinterpreted(_ change: (inout Layout) -> Void) throws -> Tensor {
    var layout = data.layout
    change(&layout)
    let from = shape
    return Tensor.result(TensorData(storage: data.storage, layout: layout), .reshape, [self]) { g in [try backend.contiguous(g).reshaped(from)] }
  }

  /// Repeated along axes of size one, without copying. - Returns: a view.
  public func expand(_ newShape: [Int]) throws -> Tensor {
    guard newShape.count >= rank, try Tensor.broadcast(shape, newShape, "expand") == newShape else {
      throw TensorError.shapeMismatch(operation: "expand", left: shape, right: newShape, remedy: "only axes of size one can be repeated")
    }
    let from = shape
    return Tensor.result(Tensor.stretched(data, to: newShape), .expand, [self]) { g in [try Tensor.unbroadcast(g, to: from)] }
  }

  /// Tensors one after the other along an axis.
  public static func concatenate(_ parts: [Tensor], axis: Int) throws -> Tensor {
    guard let first = parts.first else { throw TensorError.invalidArgument(operation: "concatenate", message: "expected at least one tensor") }
    let axis = try first.axis(axis, "concatenate")
    var shape = first.shape
    shape[axis] = 0
    for part in parts {
      var other = part.shape
      guard part.rank == first.rank else {
        throw TensorError.shapeMismatch(operation: "concatenate", left: first.shape, right: part.shape, remedy: "all need the same number of axes")
      }
      other[axis] = first.shape[axis]
      guard other == first.shape else {
        throw TensorError.shapeMismatch(operation: "concatenate", left: first.shape, right: part.shape, remedy: "only the joined axis may differ")
      }
      guard part.dtype == first.dtype else { throw TensorError.typeMismatch(operation: "concatenate", got: part.dtype, expected: first.dtype.name) }
      shape[axis] += part.shape[axis]
    }
    let out = try TensorData(shape, first.dtype)
    var start = 0
    var places: [(start: Int, count: Int)] = []
    for part in parts {
      let size = part.shape[axis]
      try backend.copy(part.data, into: narrowed(out, axis, start, size))
      places.append((start, size))
      start += size
    }
    return result(out, .concatenate, parts) { g in places.map { narrowed(g, axis, $0.start, $0.count) } }
  }

  /// Tensors of equal shape side by side along a new axis.
  public static func stack(_ parts: [Tensor], axis: Int) throws -> Tensor {
    try concatenate(try parts.map { try $0.unsqueeze(axis: axis) }, axis: axis)
  }

  /// The elements with the given indices along an axis; the gradient of repeated ones adds up.
  public func indexSelect(axis: Int, indices: [Int]) throws -> Tensor {
    let axis = try self.axis(axis, "indexSelect")
    let size = shape[axis]
    if let bad = indices.first(where: { $0 < 0 || $0 >= size }) { throw TensorError.indexOutOfRange(operation: "indexSelect", index: bad, size: size) }
    return Tensor.result(try backend.indexSelect(data, axis: axis, indices: indices), .indexSelect, [self]) { g in
      [try backend.indexAdd(g, axis: axis, indices: indices, size: size)]
    }
  }

  /// Blocks of factor x factor pixels moved into channels: [B, C, H, W] -> [B, C f², H/f, W/f].
  public func pixelUnshuffle(_ factor: Int) throws -> Tensor {
    guard rank == 4, factor > 0, shape[2] % factor == 0, shape[3] % factor == 0 else {
      throw TensorError.invalidShape(operation: "pixelUnshuffle", shape: shape, expected: "[B, C, H, W] with H and W divisible by \(factor)")
    }
    let (b, c, h, w) = (shape[0], shape[1], shape[2] / factor, shape[3] / factor)
    return try reshape([b, c, h, factor, w, factor]).permute([0, 1, 3, 5, 2, 4]).reshape([b, c * factor * factor, h, w])
  }

  /// The inverse of `pixelUnshuffle`: [B, C f², H, W] -> [B, C, H f, W f].
  public func pixelShuffle(_ factor: Int) throws -> Tensor {
    guard rank == 4, factor > 0, shape[1] % (factor * factor) == 0 else {
      throw TensorError.invalidShape(operation: "pixelShuffle", shape: shape, expected: "[B, C, H, W] with C divisible by \(factor * factor)")
    }
    let (b, c, h, w) = (shape[0], shape[1] / (factor * factor), shape[2], shape[3])
    return try reshape([b, c, factor, factor, h, w]).permute([0, 1, 4, 2, 5, 3]).reshape([b, c, h * factor, w * factor])
  }
}
