import KernelInterface

/// A function applied elementwise right after a product or a norm, in the same pass.
public enum Activation: String, CaseIterable, Sendable {
  case none, relu, gelu, quickGelu, silu

  var operation: UnaryOperation {
    switch self {
    case .none: return .identity
    case .relu: return .relu
    case .gelu: return .gelu
    case .quickGelu: return .quickGelu
    case .silu: return .silu
    }
  }
}

extension Tensor {
  /// An activation of each element.
  func applying(_ activation: Activation) throws -> Tensor {
    switch activation {
    case .none: return self
    case .relu: return try relu()
    case .gelu: return try gelu()
    case .quickGelu: return try quickGelu()
    case .silu: return try silu()
    }
  }

  func requireDifferentiable(_ operation: String) throws {
    guard dtype.isDifferentiable else { throw TensorError.typeMismatch(operation: operation, got: dtype, expected: "f32 or f64") }
  }

  func requireType(_ dtype: DType, _ operation: String) throws {
    guard self.dtype == dtype else { throw TensorError.typeMismatch(operation: operation, got: self.dtype, expected: "\(dtype.name) like the other inputs") }
  }

  /// A weight has its input's type, or a half-precision one that is widened, exactly, while the product reads it.
  private func requireWeightType(of input: Tensor, _ operation: String) throws {
    if input.dtype == .f32, dtype.isHalf { return }
    try requireType(input.dtype, operation)
  }

  /// Matrix product over the last two axes.
  ///
  /// Shapes: self [.., m, k] · other [.., k, n] → [.., m, n]; leading axes are broadcast, and a side with one axis is a row on the left,
  /// a column on the right, whose axis of size one goes again. Types are promoted; half precision is computed as f32.
  ///
  /// - Parameters:
  ///   - transposeLeft: read self as [.., k, m]; default false.
  ///   - transposeRight: read other as [.., n, k]; default false.
  public func matmul(_ other: Tensor, transposeLeft: Bool = false, transposeRight: Bool = false) throws -> Tensor {
    if dtype != other.dtype || !dtype.isDifferentiable {
      return try promotedProduct(other, transposeLeft: transposeLeft, transposeRight: transposeRight)
    }
    guard rank >= 1, other.rank >= 1 else {
      throw TensorError.shapeMismatch(operation: "matmul", left: shape, right: other.shape, remedy: "both need one axis or more")
    }
    if rank < 2 || other.rank < 2 || (other.rank != 2 && shape.dropLast(2) != other.shape.dropLast(2)) {
      return try broadcastProduct(other, transposeLeft: transposeLeft, transposeRight: transposeRight)
    }
    let inner = shape[rank - (transposeLeft ? 2 : 1)], otherInner = other.shape[other.rank - (transposeRight ? 1 : 2)]
    guard inner == otherInner else {
      throw TensorError.shapeMismatch(operation: "matmul", left: shape, right: other.shape, remedy: "inner sizes \(inner) and \(otherInner) must be equal")
    }
    let a = data, b = other.data
    let (needsLeft, needsRight) = (records(self), records(other))
    let y = try backend.matmul(a, b, transposeLeft: transposeLeft, transposeRight: transposeRight)
    return Tensor.result(y, .matmul, [self, other]) { g in
      var ga: TensorData?, gb: TensorData?
      if needsLeft {
        ga = transposeLeft
          ? try backend.matmul(try Tensor.matched(b, to: g), g, transposeLeft: transposeRight, transposeRight: true)
          : try backend.matmul(g, b, transposeLeft: false, transposeRight: !transposeRight)
      }
      if needsRight {
        if b.rank == 2 && a.rank > 2 {
          // Shared by the whole batch: the batch joins the rows.
          let flatG = try backend.contiguous(g).reshaped([g.shape.dropLast().reduce(1, *), g.shape[g.rank - 1]])
          let left = try backend.contiguous(transposeLeft ? Tensor.lastTwoExchanged(a) : a)
          let flatA = left.reshaped([left.shape.dropLast().reduce(1, *), inner])
          gb = transposeRight
            ? try backend.matmul(flatG, flatA, transposeLeft: true, transposeRight: false)
            : try backend.matmul(flatA, flatG, transposeLeft: true, transposeRight: false)
        } else {
          gb = transposeRight
            ? try backend.matmul(g, a, transposeLeft: true, transposeRight: transposeLeft)
            : try backend.matmul(a, g, transposeLeft: !transposeLeft, transposeRight: false)
        }
      }
      return [ga, gb]
    }
  }

  /// The product of sides that first have to be brought to one type.
  private func promotedProduct(_ other: Tensor, transposeLeft: Bool, transposeRight: Bool) throws -> Tensor {
    let (a, b, half) = try Tensor.met(self, other)
    if a.dtype.isFloating {
      let product = try a.matmul(b, transposeLeft: transposeLeft, transposeRight: transposeRight)
      return try half.map { try product.cast($0) } ?? product
    }
    // Whole numbers as columns and rows of sums: exact, and rare enough not to need more.
    let left = try (transposeLeft && a.rank > 1 ? a.transpose(-1, -2) : a).cast(.i64), right = try (transposeRight || b.rank == 1 ? b : b.transpose(-1, -2)).cast(.i64)
    guard left.rank >= 1, right.rank >= 1, left.shape.last == right.shape.last else {
      throw TensorError.shapeMismatch(operation: "matmul", left: shape, right: other.shape, remedy: "inner sizes must be equal")
    }
    let isVector = left.rank == 1 || right.rank == 1
    let rows = isVector ? left : try left.unsqueeze(axis: -2), columns = isVector ? right : try right.unsqueeze(axis: -3)
    return try (rows * columns).sum(axes: [-1]).cast(a.dtype == .bool ? .i64 : a.dtype)
  }

  /// The product with leading axes stretched to fit, and with sides of one axis as a row or a column.
  private func broadcastProduct(_ other: Tensor, transposeLeft: Bool, transposeRight: Bool) throws -> Tensor {
    let (isRow, isColumn) = (rank == 1, other.rank == 1)
    let a = isRow ? try unsqueeze(axis: 0) : self, b = isColumn ? try other.unsqueeze(axis: 1) : other
    let leading = try Tensor.broadcast(Array(a.shape.dropLast(2)), Array(b.shape.dropLast(2)), "matmul")
    let left = try a.expand(leading + a.shape.suffix(2)), right = b.rank == 2 ? b : try b.expand(leading + b.shape.suffix(2))
    var product = try left.matmul(right, transposeLeft: transposeLeft && !isRow, transposeRight: transposeRight && !isColumn)
    if isColumn { product = try product.squeeze(axis: -1) }
    return isRow ? try product.squeeze(axis: isColumn ? -1 : -2) : product
  }

  private static func lastTwoExchanged(_ x: TensorData) -> TensorData {
    var layout = x.layout
    layout.shape.swapAt(x.rank - 1, x.rank - 2)
    layout.strides.swapAt(x.rank - 1, x.rank - 2)
    return TensorData(storage: x.storage, layout: layout)
  }

  /// A matrix repeated for every product of a batch.
  private static func matched(_ b: TensorData, to g: TensorData) throws -> TensorData {
    b.rank == g.rank ? b : Tensor.stretched(b, to: Array(g.shape.dropLast(2)) + b.shape)
  }

  /// f(x Wᵀ + bias) over the last axis, in one pass.
  ///
  /// Shapes: self [.., in] · weight [out, in] · bias [out] → [.., out]. The weight of an f32 input may be kept in half precision.
  public func linear(weight: Tensor, bias: Tensor? = nil, activation: Activation = .none) throws -> Tensor {
    try requireDifferentiable("linear")
    try weight.requireWeightType(of: self, "linear")
    try bias?.requireType(dtype, "linear")
    guard rank >= 1, weight.rank == 2, weight.shape[1] == shape[rank - 1] else {
      throw TensorError.shapeMismatch(operation: "linear", left: shape, right: weight.shape, remedy: "the last axis of the input must equal the weight's second")
    }
    if let bias, bias.shape != [weight.shape[0]] {
      throw TensorError.shapeMismatch(operation: "linear", left: weight.shape, right: bias.shape, remedy: "the bias needs shape [\(weight.shape[0])]")
    }
    let x = data, w = weight.data
    let f = activation.operation
    let (needsInput, needsWeight, needsBias) = (records(self), records(weight), records(bias))
    let (y, before) = try backend.linear(x, weight: w, bias: bias?.data, activation: f, keepInput: needsInput || needsWeight || needsBias)
    let (outputs, inputs) = (w.shape[0], w.shape[1])
    return Tensor.result(y, .linear, [self, weight] + (bias.map { [$0] } ?? [])) { g in
      let upstream = try before.map { try backend.unaryGradient(f, $0, value: y, g) } ?? (try backend.contiguous(g))
      let rows = upstream.shape.dropLast().reduce(1, *)
      let flat = upstream.reshaped([rows, outputs])
      let gx = needsInput ? try backend.matmul(flat, try backend.cast(w, x.dtype, sharing: true), transposeLeft: false, transposeRight: false).reshaped(x.shape) : nil
      let gw = needsWeight
        ? try backend.matmul(flat, try backend.contiguous(x).reshaped([rows, inputs]), transposeLeft: true, transposeRight: false) : nil
      let gb = needsBias ? try backend.sum(flat, axes: [0]).reshaped([outputs]) : nil
      return [gx, gw, gb]
    }
  }

  /// Two-dimensional convolution (cross-correlation, as in PyTorch).
  ///
  /// Shapes: self [B, C, H, W] · weight [O, C, k, k] · bias [O] → [B, O, (H + 2p - k) / s + 1, (W + 2p - k) / s + 1].
  /// The weight of an f32 input may be kept in half precision.
  ///
  /// - Parameters:
  ///   - stride: s, 1 or more, default 1.
  ///   - padding: p, zeros on every side, default 0.
  public func conv2d(weight: Tensor, bias: Tensor? = nil, stride: Int = 1, padding: Int = 0) throws -> Tensor {
    try requireDifferentiable("conv2d")
    try weight.requireWeightType(of: self, "conv2d")
    try bias?.requireType(dtype, "conv2d")
    guard rank == 4, weight.rank == 4, weight.shape[1] == shape[1], weight.shape[2] == weight.shape[3] else {
      throw TensorError.shapeMismatch(operation: "conv2d", left: shape, right: weight.shape, remedy: "expected [B, C, H, W] and [O, C, k, k]")
    }
    guard stride >= 1, padding >= 0, weight.shape[2] >= 1, shape[2] + 2 * padding >= weight.shape[2], shape[3] + 2 * padding >= weight.shape[2] else {
      throw TensorError.invalidArgument(operation: "conv2d", message: "stride \(stride) and padding \(padding) do not fit a \(weight.shape[2])x\(weight.shape[2]) filter on \(shape[2])x\(shape[3]) pixels")
    }
    if let bias, bias.shape != [weight.shape[0]] {
      throw TensorError.shapeMismatch(operation: "conv2d", left: weight.shape, right: bias.shape, remedy: "the bias needs shape [\(weight.shape[0])]")
    }
    let x = data, w = weight.data
    let (needsInput, needsBias) = (records(self), records(bias))
    let y = try backend.convolution(x, weight: w, bias: bias?.data, stride: stride, padding: padding)
    let filters = w.shape[0]
    return Tensor.result(y, .conv2d, [self, weight] + (bias.map { [$0] } ?? [])) { g in
      let (gx, gw) = try backend.convolutionGradient(x, weight: try backend.cast(w, x.dtype, sharing: true), stride: stride, padding: padding, g, needsInput: needsInput)
      let gb = needsBias ? try backend.sum(g, axes: [0, 2, 3]).reshaped([filters]) : nil
      return [gx, gw, gb]
    }
  }

  /// Every pixel repeated factor x factor times: [B, C, H, W] -> [B, C, H f, W f].
  public func upsampleNearest(_ factor: Int) throws -> Tensor {
    guard rank == 4, factor >= 1 else { throw TensorError.invalidShape(operation: "upsampleNearest", shape: shape, expected: "[B, C, H, W] and a factor of at least 1") }
    return Tensor.result(try backend.upsampleNearest(data, factor: factor), .upsampleNearest, [self]) { g in [try backend.sumBlocks(g, factor: factor)] }
  }

  /// Mean of each factor x factor block: [B, C, H, W] -> [B, C, H/f, W/f].
  public func averagePool(_ factor: Int) throws -> Tensor {
    guard rank == 4, factor >= 1, shape[2] % factor == 0, shape[3] % factor == 0 else {
      throw TensorError.invalidShape(operation: "averagePool", shape: shape, expected: "[B, C, H, W] with H and W divisible by \(factor)")
    }
    let share = 1 / Double(factor * factor)
    let y = try backend.binaryScalar(.multiply, try backend.sumBlocks(data, factor: factor), share, reversed: false)
    return Tensor.result(y, .averagePool, [self]) { g in
      [try backend.binaryScalar(.multiply, try backend.upsampleNearest(g, factor: factor), share, reversed: false)]
    }
  }
}
