import KernelInterface

extension Tensor {
  /// The shape that two shapes broadcast to: axes are matched from the last, and an axis of size one stretches.
  static func broadcast(_ left: [Int], _ right: [Int], _ operation: String) throws -> [Int] {
    let rank = max(left.count, right.count)
    var shape = [Int](repeating: 1, count: rank)
    for position in 1...max(1, rank) where position <= rank {
      let a = position <= left.count ? left[left.count - position] : 1
      let b = position <= right.count ? right[right.count - position] : 1
      guard a == b || a == 1 || b == 1 else {
        throw TensorError.shapeMismatch(operation: operation, left: left, right: right,
                                        remedy: "axes are matched from the last and must be equal or one")
      }
      shape[rank - position] = a == 1 ? b : a
    }
    return shape
  }

  /// The data seen under a larger shape, with zero strides where it repeats.
  static func stretched(_ data: TensorData, to shape: [Int]) -> TensorData {
    if data.shape == shape { return data }
    var layout = data.layout
    let missing = shape.count - data.rank
    layout.strides = [Int](repeating: 0, count: missing) + zip(data.shape, data.layout.strides).map { $0 == 1 ? 0 : $1 }
    layout.shape = shape
    return TensorData(storage: data.storage, layout: layout)
  }

  /// The gradient by an input that was stretched: summed over the axes along which it repeated.
  static func unbroadcast(_ g: TensorData, to shape: [Int]) throws -> TensorData {
    if g.shape == shape { return g }
    let missing = g.rank - shape.count
    let axes = (0..<g.rank).filter { $0 < missing || (shape[$0 - missing] == 1 && g.shape[$0] != 1) }
    return try backend.sum(g, axes: axes).reshaped(shape)
  }

  /// Two tensors in the type that both are promoted to; half precision meets in f32, `half` naming the type to go back to.
  static func met(_ a: Tensor, _ b: Tensor, floating: Bool = false) throws -> (Tensor, Tensor, half: DType?) {
    var dtype = a.dtype == b.dtype ? a.dtype : a.dtype.promoted(with: b.dtype)
    if floating { dtype = dtype.floating }
    let half = dtype.isHalf ? dtype : nil
    if half != nil { dtype = .f32 }
    return (try a.cast(dtype), try b.cast(dtype), half)
  }

  private static func combine(_ f: BinaryOperation, _ name: OperationName, _ a: Tensor, _ b: Tensor,
                              _ backward: @escaping (_ a: TensorData, _ b: TensorData, _ y: TensorData, _ g: TensorData) throws -> (TensorData?, TensorData?)) throws
    -> Tensor {
    guard a.dtype == b.dtype, a.dtype.isDifferentiable else {
      let (x, y, half) = try met(a, b, floating: f == .divide)
      if !x.dtype.isFloating {
        let shape = try broadcast(x.shape, y.shape, name.rawValue)
        return Tensor(try backend.integerBinary(f, stretched(x.data, to: shape), stretched(y.data, to: shape)))
      }
      let result = try combine(f, name, x, y, backward)
      return try half.map { try result.cast($0) } ?? result
    }
    if a.node == nil, b.node == nil, a.shape == b.shape { return Tensor(try backend.binary(f, a.data, b.data)) }
    let shape = try broadcast(a.shape, b.shape, name.rawValue)
    let left = stretched(a.data, to: shape), right = stretched(b.data, to: shape)
    let y = try backend.binary(f, left, right)
    let (leftShape, rightShape) = (a.shape, b.shape)
    return result(y, name, [a, b]) { g in
      let (ga, gb) = try backward(left, right, y, g)
      return [try ga.map { try unbroadcast($0, to: leftShape) }, try gb.map { try unbroadcast($0, to: rightShape) }]
    }
  }

  /// Runs a function with fractional results: whole numbers become f32, and half precision is computed as f32 and rounded.
  func inFloating(_ body: (Tensor) throws -> Tensor) throws -> Tensor {
    if dtype.isDifferentiable { return try body(self) }
    let result = try body(try cast(.f32))
    return dtype.isHalf ? try result.cast(dtype) : result
  }

  public static func + (a: Tensor, b: Tensor) throws -> Tensor { try combine(.add, .add, a, b) { _, _, _, g in (g, g) } }

  public static func - (a: Tensor, b: Tensor) throws -> Tensor {
    try combine(.subtract, .subtract, a, b) { _, _, _, g in (g, try backend.unary(.negate, g)) }
  }

  public static func * (a: Tensor, b: Tensor) throws -> Tensor {
    let (needsLeft, needsRight) = (records(a), records(b))
    return try combine(.multiply, .multiply, a, b) { x, y, _, g in
      (needsLeft ? try backend.binary(.multiply, g, y) : nil, needsRight ? try backend.binary(.multiply, g, x) : nil)
    }
  }

  public static func / (a: Tensor, b: Tensor) throws -> Tensor {
    try combine(.divide, .divide, a, b) { _, y, quotient, g in
      let ga = try backend.binary(.divide, g, y)
      return (ga, try backend.unary(.negate, try backend.binary(.multiply, ga, quotient)))
    }
  }

  /// The larger of two tensors, element by element; where they are equal the gradient goes to the first.
  public func maximum(_ other: Tensor) throws -> Tensor { try Tensor.selected(.maximum, .maximumOf, self, other) }

  /// The smaller of two tensors, element by element; where they are equal the gradient goes to the first.
  public func minimum(_ other: Tensor) throws -> Tensor { try Tensor.selected(.minimum, .minimumOf, self, other) }

  private static func selected(_ f: BinaryOperation, _ name: OperationName, _ a: Tensor, _ b: Tensor) throws -> Tensor {
    try combine(f, name, a, b) { left, _, y, g in
      // Zero exactly where the first was taken.
      let distance = try backend.unary(.absolute, try backend.binary(.subtract, left, y))
      let first = try backend.clampGradient(distance, 0, 0, g)
      return (first, try backend.binary(.subtract, g, first))
    }
  }

  private func scalar(_ f: BinaryOperation, _ name: OperationName, _ s: Double, reversed: Bool = false,
                      _ backward: @escaping (_ x: TensorData, _ y: TensorData, _ g: TensorData) throws -> TensorData) throws -> Tensor {
    try inFloating { input in
      let x = input.data
      let y = try backend.binaryScalar(f, x, s, reversed: reversed)
      return Tensor.result(y, name, [input]) { g in [try backward(x, y, g)] }
    }
  }

  public static func + (a: Tensor, s: Double) throws -> Tensor { try a.scalar(.add, .addScalar, s) { _, _, g in g } }
  public static func + (s: Double, a: Tensor) throws -> Tensor { try a + s }
  public static func - (a: Tensor, s: Double) throws -> Tensor { try a + (-s) }
  public static func - (s: Double, a: Tensor) throws -> Tensor {
    try a.scalar(.subtract, .subtractFromScalar, s, reversed: true) { _, _, g in try backend.unary(.negate, g) }
  }
  public static func * (a: Tensor, s: Double) throws -> Tensor {
    try a.scalar(.multiply, .multiplyScalar, s) { _, _, g in try backend.binaryScalar(.multiply, g, s, reversed: false) }
  }
  public static func * (s: Double, a: Tensor) throws -> Tensor { try a * s }
  public static func / (a: Tensor, s: Double) throws -> Tensor { try a * (1 / s) }
  public static func / (s: Double, a: Tensor) throws -> Tensor {
    try a.scalar(.divide, .divideScalarBy, s, reversed: true) { x, y, g in
      try backend.unary(.negate, try backend.binary(.multiply, g, try backend.binary(.divide, y, x)))
    }
  }
  public static prefix func - (a: Tensor) throws -> Tensor { try a.unary(.negate, .negate) }

  private func unary(_ f: UnaryOperation, _ name: OperationName) throws -> Tensor {
    if !dtype.isFloating, [.negate, .absolute, .square, .relu].contains(f) { return Tensor(try backend.integerUnary(f, data)) }
    return try inFloating { input in
      let x = input.data
      let y = try backend.unary(f, x)
      return Tensor.result(y, name, [input]) { g in [try backend.unaryGradient(f, x, value: y, g)] }
    }
  }

  /// e to the power of each element.
  public func exp() throws -> Tensor { try unary(.exponential, .exponential) }
  /// Natural logarithm of each element.
  public func log() throws -> Tensor { try unary(.logarithm, .logarithm) }
  /// Square root of each element.
  public func sqrt() throws -> Tensor { try unary(.squareRoot, .squareRoot) }
  /// Hyperbolic tangent of each element.
  public func tanh() throws -> Tensor { try unary(.tanh, .tanh) }
  /// 1 / (1 + e^-x).
  public func sigmoid() throws -> Tensor { try unary(.sigmoid, .sigmoid) }
  /// max(x, 0).
  public func relu() throws -> Tensor { try unary(.relu, .relu) }
  /// x Φ(x), with the normal distribution function Φ (the "exact" GELU). Hendrycks & Gimpel 2016, arXiv:1606.08415.
  public func gelu() throws -> Tensor { try unary(.gelu, .gelu) }
  /// x sigmoid(1.702 x), as in OpenAI's CLIP.
  public func quickGelu() throws -> Tensor { try unary(.quickGelu, .quickGelu) }
  /// x sigmoid(x).
  public func silu() throws -> Tensor { try unary(.silu, .silu) }
  /// x².
  public func square() throws -> Tensor { try unary(.square, .square) }
  /// |x|; the gradient at 0 is 0.
  public func abs() throws -> Tensor { try unary(.absolute, .absolute) }

  /// Each element to a fixed power.
  public func power(_ exponent: Double) throws -> Tensor {
    try inFloating { input in
      let x = input.data
      return Tensor.result(try backend.power(x, exponent), .power, [input]) { g in
        let slope = try backend.binaryScalar(.multiply, try backend.power(x, exponent - 1), exponent, reversed: false)
        return [try backend.binary(.multiply, g, slope)]
      }
    }
  }

  /// Each element limited to [lower, upper]; the gradient passes only inside.
  public func clamp(lower: Double = -.infinity, upper: Double = .infinity) throws -> Tensor {
    guard lower <= upper else {
      throw TensorError.invalidArgument(operation: "clamp", message: "lower \(lower) must not exceed upper \(upper)")
    }
    if !dtype.isFloating, dtype != .bool, [lower, upper].allSatisfy({ $0.isInfinite || $0 == $0.rounded() }) {
      func limit(_ value: Double) throws -> TensorData { Tensor.stretched(try backend.full([], value, dtype), to: shape) }
      return Tensor(try backend.integerBinary(.minimum, try backend.integerBinary(.maximum, data, try limit(lower)), try limit(upper)))
    }
    return try inFloating { input in
      let x = input.data
      let y = try backend.binaryScalar(.minimum, try backend.binaryScalar(.maximum, x, lower, reversed: false), upper, reversed: false)
      return Tensor.result(y, .clamp, [input]) { g in [try backend.clampGradient(x, lower, upper, g)] }
    }
  }

  /// Where both tensors are equal within the tolerance (absolute, or relative to the larger magnitude).
  public func isClose(to other: Tensor, tolerance: Double) throws -> Bool {
    guard shape == other.shape else { return false }
    return zip(try doubles(), try other.doubles()).allSatisfy { a, b in
      a == b || Swift.abs(a - b) <= tolerance * Swift.max(1, Swift.max(Swift.abs(a), Swift.abs(b)))
    }
  }
}
