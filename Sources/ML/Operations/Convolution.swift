// Convolutions of any form, and windows over pictures.

/// How a window moves over the last axes of a tensor: one number for each of those axes.
public struct WindowGeometry: Sendable {
  /// Elements of the window, its step, zeros on both sides, and the distance between the elements that it sees.
  public var size, stride, padding, dilation: [Int]

  /// - Parameters:
  ///   - stride: default the size of the window, as pooling has it.
  ///   - padding: default 0.
  ///   - dilation: default 1.
  public init(size: [Int], stride: [Int]? = nil, padding: [Int]? = nil, dilation: [Int]? = nil) {
    self.size = size
    self.stride = stride ?? size
    self.padding = padding ?? size.map { _ in 0 }
    self.dilation = dilation ?? size.map { _ in 1 }
  }

  /// Elements that the window spans.
  func reach(_ axis: Int) -> Int { (size[axis] - 1) * dilation[axis] + 1 }

  func check(_ shape: [Int], _ operation: String) throws {
    let count = size.count
    guard shape.count >= count, stride.count == count, padding.count == count, dilation.count == count else {
      throw TensorError.invalidArgument(operation: operation, message: "expected \(count) numbers each for stride, padding and dilation, and a tensor of at least \(count) axes")
    }
    for axis in 0..<count {
      guard size[axis] >= 1, stride[axis] >= 1, dilation[axis] >= 1, padding[axis] >= 0, shape[shape.count - count + axis] + 2 * padding[axis] >= reach(axis) else {
        throw TensorError.invalidArgument(operation: operation, message: "a window of \(size) with stride \(stride), padding \(padding) and dilation \(dilation) does not fit \(Layout.describe(shape))")
      }
    }
  }
}

extension Tensor {
  /// Every window over the last axes: [.., n₁, n₂] -> [.., w₁, w₂, k₁, k₂] for two. - Returns: a copy.
  func windows(_ geometry: WindowGeometry, outside: Double, _ operation: String) throws -> Tensor {
    try geometry.check(shape, operation)
    let count = geometry.size.count, first = rank - count
    var x = self
    for axis in 0..<count where geometry.padding[axis] > 0 {
      x = try x.pad(axis: first + axis, before: geometry.padding[axis], after: geometry.padding[axis], value: outside)
    }
    for axis in 0..<count {
      x = try x.windows(axis: first + axis, size: geometry.size[axis], step: geometry.stride[axis], dilation: geometry.dilation[axis])
    }
    return x
  }

  /// Convolution (cross-correlation, as in PyTorch) over one or two axes, with groups.
  ///
  /// Shapes: self [B, C, ..] · weight [O, C / groups, ..] · bias [O] → [B, O, ..].
  ///
  /// - Parameters:
  ///   - stride, padding, dilation: one number for each axis of the window; defaults 1, 0, 1.
  ///   - groups: divides C and O; channels of one group see only their own filters; default 1.
  public func convolve(weight: Tensor, bias: Tensor? = nil, stride: [Int]? = nil, padding: [Int]? = nil, dilation: [Int]? = nil, groups: Int = 1) throws
    -> Tensor {
    if dtype.isHalf, weight.dtype == dtype {
      return try inFloating { try $0.convolve(weight: try weight.cast(.f32), bias: try bias?.cast(.f32), stride: stride, padding: padding, dilation: dilation, groups: groups) }
    }
    try requireDifferentiable("convolve")
    try weight.requireType(dtype, "convolve")
    try bias?.requireType(dtype, "convolve")
    let axes = rank - 2
    guard axes >= 1, axes <= 2, weight.rank == rank, groups >= 1, weight.shape[1] * groups == shape[1], weight.shape[0] % groups == 0, weight.count > 0 else {
      throw TensorError.shapeMismatch(operation: "convolve", left: shape, right: weight.shape,
                                      remedy: "expected [B, C, (H,) W] and [O, C / \(groups), ..], with C and O divisible by \(groups) groups")
    }
    if let bias, bias.shape != [weight.shape[0]] {
      throw TensorError.shapeMismatch(operation: "convolve", left: weight.shape, right: bias.shape, remedy: "the bias needs shape [\(weight.shape[0])]")
    }
    let ones = [Int](repeating: 1, count: axes)
    let geometry = WindowGeometry(size: Array(weight.shape.dropFirst(2)), stride: stride ?? ones, padding: padding, dilation: dilation)
    try geometry.check(shape, "convolve")
    if groups > 1 {
      let (inputs, outputs) = (shape[1] / groups, weight.shape[0] / groups)
      let parts = try (0..<groups).map { group in
        try narrow(axis: 1, start: group * inputs, count: inputs).convolve(
          weight: try weight.narrow(axis: 0, start: group * outputs, count: outputs), bias: try bias?.narrow(axis: 0, start: group * outputs, count: outputs),
          stride: stride, padding: padding, dilation: dilation)
      }
      return try Tensor.concatenate(parts, axis: 1)
    }
    if axes == 2, geometry.dilation == ones, Set(geometry.size).count == 1, Set(geometry.stride).count == 1, Set(geometry.padding).count == 1 {
      return try conv2d(weight: weight, bias: bias, stride: geometry.stride[0], padding: geometry.padding[0])
    }
    // [B, C, w.., k..] -> [B, w.., C k..], one row for each window.
    let seen = try windows(geometry, outside: 0, "convolve")
    let places = Array(seen.shape[2..<2 + axes])
    let rows = try seen.permute([0] + Array(2..<2 + axes) + [1] + Array(2 + axes..<2 + 2 * axes)).reshape([shape[0]] + places + [-1])
    let out = try rows.linear(weight: try weight.reshape([weight.shape[0], -1]), bias: bias)
    return try out.permute([0, axes + 1] + Array(1...axes)).contiguous()
  }

  /// The transpose of a convolution over one or two axes: what its gradient by the input computes.
  ///
  /// Shapes: self [B, C, ..] · weight [C, O / groups, ..] · bias [O] → [B, O, (n - 1) s - 2 p + d (k - 1) + 1 + e].
  ///
  /// - Parameter extra: e, elements added at the end of each axis; default 0.
  public func convolveTransposed(weight: Tensor, bias: Tensor? = nil, stride: [Int]? = nil, padding: [Int]? = nil, extra: [Int]? = nil,
                                 dilation: [Int]? = nil, groups: Int = 1) throws -> Tensor {
    let axes = rank - 2
    let (ones, zeros) = ([Int](repeating: 1, count: Swift.max(0, axes)), [Int](repeating: 0, count: Swift.max(0, axes)))
    let (s, p, e, d) = (stride ?? ones, padding ?? zeros, extra ?? zeros, dilation ?? ones)
    guard axes >= 1, axes <= 2, weight.rank == rank, groups >= 1, weight.shape[0] == shape[1], shape[1] % groups == 0, [s, p, e, d].allSatisfy({ $0.count == axes }) else {
      throw TensorError.shapeMismatch(operation: "convolveTransposed", left: shape, right: weight.shape, remedy: "expected [B, C, (H,) W] and [C, O / \(groups), ..], and one number for each axis")
    }
    guard (s + d).allSatisfy({ $0 >= 1 }), (p + e).allSatisfy({ $0 >= 0 }) else {
      throw TensorError.invalidArgument(operation: "convolveTransposed", message: "stride \(s) and dilation \(d) must be 1 or more, padding \(p) and extra \(e) 0 or more")
    }
    // Zeros between the elements, and a border so that the plain convolution with the mirrored filter sees every overlap.
    var x = self
    for axis in 0..<axes {
      let place = 2 + axis, size = x.shape[place], reach = d[axis] * (weight.shape[place] - 1)
      if s[axis] > 1, size > 0 {
        var joined = x.shape
        joined[place] = size * s[axis]
        x = try x.unsqueeze(axis: place + 1).pad(axis: place + 1, before: 0, after: s[axis] - 1).reshape(joined)
        x = try x.narrow(axis: place, start: 0, count: (size - 1) * s[axis] + 1)
      }
      x = try x.pad(axis: place, before: reach - p[axis], after: reach - p[axis] + e[axis])
    }
    let spatial = Array(2..<2 + axes)
    // [C, O / g, ..] -> [O, C / g, ..], group by group.
    let sizes = Array(weight.shape.dropFirst(2)), outputs = weight.shape[1]
    let filters = try weight.flip(axes: spatial).reshape([groups, shape[1] / groups, outputs] + sizes)
      .permute([0, 2, 1] + spatial.map { $0 + 1 }).reshape([groups * outputs, shape[1] / groups] + sizes)
    return try x.convolve(weight: filters, bias: bias, dilation: d, groups: groups)
  }

  /// Largest element of every window over the last axes; what lies outside never wins.
  public func maximumPool(_ geometry: WindowGeometry) throws -> Tensor {
    guard zip(geometry.size, geometry.padding).allSatisfy({ $1 * 2 <= $0 }) else {
      throw TensorError.invalidArgument(operation: "maximumPool", message: "padding \(geometry.padding) is more than half of the window \(geometry.size)")
    }
    let seen = try windows(geometry, outside: -.infinity, "maximumPool")
    return try seen.flatten(from: seen.rank - geometry.size.count).maximum(axis: -1)
  }

  /// Mean of every window over the last axes.
  ///
  /// - Parameter countPadding: whether zeros outside count as elements; default true.
  public func averagePool(_ geometry: WindowGeometry, countPadding: Bool = true) throws -> Tensor {
    let axes = Array(-geometry.size.count ... -1)
    let mean = try windows(geometry, outside: 0, "averagePool").mean(axes: axes)
    if countPadding || geometry.padding.allSatisfy({ $0 == 0 }) { return mean }
    let inside = try Tensor.ones(Array(shape.suffix(geometry.size.count)), dtype: dtype).windows(geometry, outside: 0, "averagePool").mean(axes: axes)
    return try mean / inside
  }
}
