// Functions of each element that plain loops compute.
extension Tensor {
  /// A function of each element; whole numbers become f32, except for rounding and the sign, which keep them.
  public func plain(_ function: PlainUnary) throws -> Tensor {
    if !dtype.isFloating {
      switch function {
      case .floor, .ceiling, .rounded, .truncated: return self
      case .sign:
        let one = try compare(.greater, 0).cast(dtype)
        return dtype == .u8 || dtype == .bool ? one : try one - compare(.less, 0).cast(dtype)
      default: break
      }
    }
    return try inFloating { input in
      let x = input.data
      let y = try backend.plainUnary(function, x)
      return Tensor.result(y, .plainUnary, [input]) { g in
        guard let slope = try Tensor(x).slope(of: function) else { return [try backend.full(x.shape, 0, x.dtype)] }
        return [try backend.binary(.multiply, g, slope.data)]
      }
    }
  }

  /// The derivative at each element; nil where it is zero everywhere.
  private func slope(of function: PlainUnary) throws -> Tensor? {
    switch function {
    case .sine: return try plain(.cosine)
    case .cosine: return try -plain(.sine)
    case .tangent: return try plain(.tangent).square() + 1
    case .arctangent: return try 1 / (square() + 1)
    case .errorFunction: return try (-square()).exp() * (2 / Double.pi.squareRoot())
    case .logarithmOnePlus: return try 1 / (self + 1)
    case .exponentialMinusOne: return try exp()
    case .softplus: return try sigmoid()
    case .floor, .ceiling, .rounded, .truncated, .sign: return nil
    }
  }

  /// A function of two tensors, with broadcasting; types are promoted first, and flags count as whole numbers.
  ///
  /// - Throws: `TensorError` if whole numbers are divided by zero or raised to a negative power.
  public func plain(_ function: PlainBinary, _ other: Tensor) throws -> Tensor {
    var (a, b, half) = try Tensor.met(self, other)
    if a.dtype == .bool { (a, b) = (try a.cast(.i64), try b.cast(.i64)) }
    let shape = try Tensor.broadcast(a.shape, b.shape, function.rawValue)
    let x = Tensor.stretched(a.data, to: shape), y = Tensor.stretched(b.data, to: shape)
    let out = try backend.plainBinary(function, x, y)
    guard a.dtype.isFloating else { return Tensor(out) }
    let (left, right) = (a.shape, b.shape)
    let (needsLeft, needsRight) = (records(a), records(b))
    let result = Tensor.result(out, .plainBinary, [a, b]) { g in
      let (ga, gb) = try Tensor.slopes(function, Tensor(x), Tensor(y), Tensor(out), needsLeft, needsRight)
      return [try ga.map { try Tensor.unbroadcast(try backend.binary(.multiply, g, $0.data), to: left) },
              try gb.map { try Tensor.unbroadcast(try backend.binary(.multiply, g, $0.data), to: right) }]
    }
    return try half.map { try result.cast($0) } ?? result
  }

  private static func slopes(_ function: PlainBinary, _ x: Tensor, _ y: Tensor, _ value: Tensor, _ needsLeft: Bool, _ needsRight: Bool) throws
    -> (Tensor?, Tensor?) {
    switch function {
    case .floorDivide:
      let zero = try Tensor.zeros(x.shape, dtype: x.dtype)
      return (zero, zero)
    case .remainder: return (try Tensor.ones(x.shape, dtype: x.dtype), needsRight ? try -x.plain(.floorDivide, y) : nil)
    case .power:
      // Likewise the zeroth power does not move with its base.
      let left = needsLeft ? try y.compare(.equal, 0).choose(try Tensor.zeros([], dtype: x.dtype), y * x.plain(.power, y - 1)) : nil
      // 0 to any power does not move with the exponent; its logarithm would make that NaN.
      let right = needsRight ? try x.compare(.equal, 0).choose(try Tensor.zeros([], dtype: x.dtype), value * x.log()) : nil
      return (left, right)
    }
  }

  /// 1 / sqrt(x).
  public func reciprocalSquareRoot() throws -> Tensor { try 1 / sqrt() }

  /// x where it is positive, slope times x elsewhere.
  public func leakyRelu(slope: Double = 0.01) throws -> Tensor { try compare(.greater, 0).choose(self, try self * slope) }

  /// Lower triangle of the last two axes: elements right of diagonal `offset` become 0; with `upper`, the upper one.
  public func triangle(offset: Int = 0, upper: Bool = false) throws -> Tensor {
    guard rank >= 2 else { throw TensorError.invalidShape(operation: "triangle", shape: shape, expected: "two axes or more") }
    let (rows, columns) = (shape[rank - 2], shape[rank - 1])
    let mask = try Tensor((0..<rows * columns).map { place -> UInt8 in
      let distance = place % columns - place / columns
      return (upper ? distance >= offset : distance <= offset) ? 1 : 0
    }, shape: [rows, columns])
    return try mask.choose(self, try Tensor.zeros([], dtype: dtype))
  }
}
