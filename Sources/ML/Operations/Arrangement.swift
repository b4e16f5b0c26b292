// Steps, order, repetition and borders of axes.
extension Tensor {
  /// Every `step`-th element along an axis from `start` on, `count` in all. - Returns: a view.
  public func stride(axis: Int, start: Int, count: Int, step: Int) throws -> Tensor {
    let axis = try self.axis(axis, "stride")
    guard step >= 1, start >= 0, count >= 0, count == 0 || start + (count - 1) * step < shape[axis] else {
      throw TensorError.invalidArgument(operation: "stride", message: "\(count) elements from \(start) on in steps of \(step) do not exist in an axis of \(shape[axis])")
    }
    let full = shape
    func stepped(_ data: TensorData) -> TensorData {
      var layout = data.layout
      if count > 0 { layout.offset += start * layout.strides[axis] }
      layout.shape[axis] = count
      layout.strides[axis] *= step
      return TensorData(storage: data.storage, layout: layout)
    }
    return Tensor.result(stepped(data), .stride, [self]) { g in
      let out = try backend.full(full, 0, g.dtype)
      try backend.copy(g, into: stepped(out))
      return [out]
    }
  }

  /// The elements in reverse order along some axes. - Returns: a copy.
  public func flip(axes: [Int]) throws -> Tensor {
    try axes.reduce(self) { x, axis in
      let axis = try self.axis(axis, "flip")
      return try x.indexSelect(axis: axis, indices: (0..<shape[axis]).reversed())
    }
  }

  /// The elements moved along an axis by `shift` places, those that fall off coming back at the other end. - Returns: a copy.
  public func roll(_ shift: Int, axis: Int) throws -> Tensor {
    let axis = try self.axis(axis, "roll")
    let size = shape[axis]
    if size == 0 { return self }
    return try indexSelect(axis: axis, indices: (0..<size).map { (($0 - shift) % size + size) % size })
  }

  /// The whole tensor repeated along each axis; missing leading axes are added. - Returns: a copy.
  public func tile(_ repeats: [Int]) throws -> Tensor {
    guard repeats.count >= rank, repeats.allSatisfy({ $0 >= 0 }) else {
      throw TensorError.invalidArgument(operation: "tile", message: "expected at least \(rank) numbers of zero or more, got \(repeats)")
    }
    let sizes = [Int](repeating: 1, count: repeats.count - rank) + shape
    let apart = try reshape(sizes.flatMap { [1, $0] }).expand(zip(repeats, sizes).flatMap { [$0, $1] })
    return try apart.reshape(zip(repeats, sizes).map { $0 * $1 })
  }

  /// What stands outside the elements when an axis is padded.
  public enum Padding: String, CaseIterable, Sendable {
    /// One number; the elements mirrored without the border; the border's element repeated; the elements from the other end.
    case constant, reflect, replicate, circular
  }

  /// Elements added before and after along an axis; negative numbers take elements away. - Returns: a copy.
  public func pad(axis: Int, before: Int, after: Int, mode: Padding = .constant, value: Double = 0) throws -> Tensor {
    let axis = try self.axis(axis, "pad")
    let size = shape[axis]
    guard size + before + after >= 0, before > -size || size == 0, after > -size || size == 0 else {
      throw TensorError.invalidArgument(operation: "pad", message: "\(before) and \(after) elements cannot be added to an axis of \(size)")
    }
    let kept = try narrow(axis: axis, start: Swift.max(0, -before), count: Swift.max(0, size + Swift.min(0, before) + Swift.min(0, after)))
    if before <= 0 && after <= 0 { return kept }
    if mode == .constant {
      func block(_ count: Int) throws -> [Tensor] {
        if count <= 0 { return [] }
        var sizes = shape
        sizes[axis] = count
        return [try Tensor.full(sizes, value, dtype: dtype)]
      }
      return try Tensor.concatenate(try block(before) + [kept] + block(after), axis: axis)
    }
    let most = mode == .reflect ? size - 1 : mode == .circular ? size : size > 0 ? Int.max : 0
    guard before <= most, after <= most else {
      throw TensorError.invalidArgument(operation: "pad", message: "an axis of \(size) can be padded by at most \(most) elements with \(mode.rawValue)")
    }
    let indices = (-before..<size + after).map { place -> Int in
      switch mode {
      case .replicate: return Swift.min(Swift.max(place, 0), size - 1)
      case .circular: return (place % size + size) % size
      default: return place < 0 ? -place : place >= size ? 2 * (size - 1) - place : place
      }
    }
    return try indexSelect(axis: axis, indices: indices)
  }

  /// Windows of an axis: each of `size` elements that lie `dilation` apart, windows `step` apart; they take the axis, a new last axis what
  /// is in them.
  ///
  /// Shapes: [.., n, ..] -> [.., (n - dilation (size - 1) - 1) / step + 1, .., size]. - Returns: a copy.
  public func windows(axis: Int, size: Int, step: Int, dilation: Int = 1) throws -> Tensor {
    let axis = try self.axis(axis, "windows")
    guard size >= 1, step >= 1, dilation >= 1, (size - 1) * dilation < shape[axis] else {
      throw TensorError.invalidArgument(operation: "windows", message: "windows of \(size) in steps of \(step) do not fit an axis of \(shape[axis])")
    }
    let count = (shape[axis] - (size - 1) * dilation - 1) / step + 1
    let indices = (0..<count).flatMap { window in (0..<size).map { window * step + $0 * dilation } }
    var sizes = shape
    sizes[axis] = count
    sizes.insert(size, at: axis + 1)
    let order = sizes.indices.filter { $0 != axis + 1 } + [axis + 1]
    return try indexSelect(axis: axis, indices: indices).reshape(sizes).permute(order)
  }

  /// Parts of given sizes along an axis. - Returns: views.
  public func split(sizes: [Int], axis: Int) throws -> [Tensor] {
    let axis = try self.axis(axis, "split")
    guard sizes.allSatisfy({ $0 >= 0 }), sizes.reduce(0, +) == shape[axis] else {
      throw TensorError.invalidArgument(operation: "split", message: "sizes \(sizes) do not add up to an axis of \(shape[axis])")
    }
    var start = 0
    return try sizes.map { size in
      defer { start += size }
      return try narrow(axis: axis, start: start, count: size)
    }
  }

  /// Neighbouring axes joined into one. - Returns: a view where possible.
  public func flatten(from first: Int = 0, to last: Int = -1) throws -> Tensor {
    if rank == 0 { return try reshape([1]) }
    let (first, last) = (try axis(first, "flatten"), try axis(last, "flatten"))
    guard first <= last else { throw TensorError.invalidArgument(operation: "flatten", message: "the first axis must not lie behind the last") }
    return try reshape(Array(shape[..<first]) + [shape[first...last].reduce(1, *)] + Array(shape[(last + 1)...]))
  }

  /// The diagonal of the last two axes, `offset` places above the main one. - Returns: a copy.
  public func diagonal(offset: Int = 0) throws -> Tensor {
    guard rank >= 2 else { throw TensorError.invalidShape(operation: "diagonal", shape: shape, expected: "two axes or more") }
    let (rows, columns) = (shape[rank - 2], shape[rank - 1])
    let (row, column) = (Swift.max(0, -offset), Swift.max(0, offset))
    let length = Swift.max(0, Swift.min(rows - row, columns - column))
    return try flatten(from: rank - 2).indexSelect(axis: -1, indices: (0..<length).map { (row + $0) * columns + column + $0 })
  }
}
