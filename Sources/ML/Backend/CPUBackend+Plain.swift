import KernelInterface

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// Plain loops: whole numbers, comparisons, and functions that no vector kernel has.
extension CPUBackend {
  /// Runs the branch of a tensor's element type; flags count as u8, half precision has no branch.
  @inline(__always)
  func numbers<R>(_ operation: @autoclosure () -> String, _ dtype: DType, f32: (Float.Type) throws -> R, f64: (Double.Type) throws -> R, i64: (Int64.Type) throws -> R,
                  i32: (Int32.Type) throws -> R, u8: (UInt8.Type) throws -> R) throws -> R {
    switch dtype {
    case .f32: return try f32(Float.self)
    case .f64: return try f64(Double.self)
    case .i64: return try i64(Int64.self)
    case .i32: return try i32(Int32.self)
    case .u8, .bool: return try u8(UInt8.self)
    case .f16, .bf16: throw TensorError.typeMismatch(operation: operation(), got: dtype, expected: "a type that is computed in")
    }
  }

  func integers<R>(_ operation: @autoclosure () -> String, _ dtype: DType, i64: (Int64.Type) throws -> R, i32: (Int32.Type) throws -> R, u8: (UInt8.Type) throws -> R)
    throws -> R {
    func refuse() throws -> R { throw TensorError.typeMismatch(operation: operation(), got: dtype, expected: "a type of whole numbers") }
    return try numbers(operation(), dtype, f32: { _ in try refuse() }, f64: { _ in try refuse() }, i64: i64, i32: i32, u8: u8)
  }

  // MARK: Loops

  @inline(__always)
  private func map<T, U>(_ x: TensorData, _: T.Type, to dtype: DType, _: U.Type, _ f: (T) -> U) throws -> TensorData {
    let source = try contiguous(x)
    let out = try TensorData(x.shape, dtype)
    let from = source.pointer(T.self), to = out.pointer(U.self)
    try pieces(out.count) { start, n in
      for i in start..<start + n { to[i] = f(from[i]) }
    }
    return out
  }

  /// Both sides have one shape, of any layout.
  @inline(__always)
  private func zip<T, U>(_ a: TensorData, _ b: TensorData, _: T.Type, to dtype: DType, _: U.Type, _ f: (T, T) -> U) throws -> TensorData {
    let left = try contiguous(a), right = try contiguous(b)
    let out = try TensorData(a.shape, dtype)
    let x = left.pointer(T.self), y = right.pointer(T.self), to = out.pointer(U.self)
    try pieces(out.count) { start, n in
      for i in start..<start + n { to[i] = f(x[i], y[i]) }
    }
    return out
  }

  // MARK: Whole numbers

  func integerBinary(_ f: BinaryOperation, _ a: TensorData, _ b: TensorData) throws -> TensorData {
    if a.dtype == .bool { return try flagBinary(f, a, b) }
    return try integers("\(f)", a.dtype, i64: { try combined($0, f, a, b) }, i32: { try combined($0, f, a, b) }, u8: { try combined($0, f, a, b) })
  }

  private func combined<T: FixedWidthInteger>(_ type: T.Type, _ f: BinaryOperation, _ a: TensorData, _ b: TensorData) throws -> TensorData {
    switch f {
    case .add: return try zip(a, b, type, to: a.dtype, type) { $0 &+ $1 }
    case .subtract: return try zip(a, b, type, to: a.dtype, type) { $0 &- $1 }
    case .multiply: return try zip(a, b, type, to: a.dtype, type) { $0 &* $1 }
    case .maximum: return try zip(a, b, type, to: a.dtype, type) { Swift.max($0, $1) }
    case .minimum: return try zip(a, b, type, to: a.dtype, type) { Swift.min($0, $1) }
    case .divide: throw TensorError.typeMismatch(operation: "divide", got: a.dtype, expected: "a type with fractions")
    }
  }

  private func flagBinary(_ f: BinaryOperation, _ a: TensorData, _ b: TensorData) throws -> TensorData {
    switch f {
    case .add, .maximum: return try zip(a, b, UInt8.self, to: .bool, UInt8.self) { $0 | $1 }
    case .multiply, .minimum: return try zip(a, b, UInt8.self, to: .bool, UInt8.self) { $0 & $1 }
    case .subtract, .divide: throw TensorError.typeMismatch(operation: "\(f)", got: .bool, expected: "numbers (flags are combined with logical_xor)")
    }
  }

  func integerUnary(_ f: UnaryOperation, _ x: TensorData) throws -> TensorData {
    if x.dtype == .bool { throw TensorError.typeMismatch(operation: "\(f)", got: .bool, expected: "numbers") }
    return try integers("\(f)", x.dtype, i64: { try mapped($0, f, x) }, i32: { try mapped($0, f, x) }, u8: { try mapped($0, f, x) })
  }

  private func mapped<T: FixedWidthInteger>(_ type: T.Type, _ f: UnaryOperation, _ x: TensorData) throws -> TensorData {
    switch f {
    case .negate: return try map(x, type, to: x.dtype, type) { 0 &- $0 }
    case .absolute: return try map(x, type, to: x.dtype, type) { $0 < 0 ? 0 &- $0 : $0 }
    case .square: return try map(x, type, to: x.dtype, type) { $0 &* $0 }
    case .relu: return try map(x, type, to: x.dtype, type) { Swift.max($0, 0) }
    default: throw TensorError.typeMismatch(operation: "\(f)", got: x.dtype, expected: "a type with fractions")
    }
  }

  func bitwise(_ f: BitwiseOperation, _ a: TensorData, _ b: TensorData) throws -> TensorData {
    try integers("\(f)", a.dtype, i64: { try bits($0, f, a, b) }, i32: { try bits($0, f, a, b) }, u8: { try bits($0, f, a, b) })
  }

  private func bits<T: FixedWidthInteger>(_ type: T.Type, _ f: BitwiseOperation, _ a: TensorData, _ b: TensorData) throws -> TensorData {
    switch f {
    case .and: return try zip(a, b, type, to: a.dtype, type) { $0 & $1 }
    case .or: return try zip(a, b, type, to: a.dtype, type) { $0 | $1 }
    case .exclusiveOr: return try zip(a, b, type, to: a.dtype, type) { $0 ^ $1 }
    }
  }

  // MARK: Comparisons

  func compare(_ f: Comparison, _ a: TensorData, _ b: TensorData) throws -> TensorData {
    try numbers("\(f)", a.dtype, f32: { try compared($0, f, a, b) }, f64: { try compared($0, f, a, b) }, i64: { try compared($0, f, a, b) },
                i32: { try compared($0, f, a, b) }, u8: { try compared($0, f, a, b) })
  }

  private func compared<T: Comparable>(_ type: T.Type, _ f: Comparison, _ a: TensorData, _ b: TensorData) throws -> TensorData {
    switch f {
    case .equal: return try zip(a, b, type, to: .bool, UInt8.self) { $0 == $1 ? 1 : 0 }
    case .notEqual: return try zip(a, b, type, to: .bool, UInt8.self) { $0 != $1 ? 1 : 0 }
    case .less: return try zip(a, b, type, to: .bool, UInt8.self) { $0 < $1 ? 1 : 0 }
    case .lessOrEqual: return try zip(a, b, type, to: .bool, UInt8.self) { $0 <= $1 ? 1 : 0 }
    case .greater: return try zip(a, b, type, to: .bool, UInt8.self) { $0 > $1 ? 1 : 0 }
    case .greaterOrEqual: return try zip(a, b, type, to: .bool, UInt8.self) { $0 >= $1 ? 1 : 0 }
    }
  }

  // MARK: Functions without vector kernels

  func plainUnary(_ f: PlainUnary, _ x: TensorData) throws -> TensorData {
    try compute("\(f)", x.dtype, single: { type in try rounded(type, f, x) ?? map(x, type, to: .f32, type, CPUBackend.single(f)) },
                double: { type in try rounded(type, f, x) ?? map(x, type, to: .f64, type, CPUBackend.double(f)) })
  }

  private func rounded<T: ComputeScalar>(_ type: T.Type, _ f: PlainUnary, _ x: TensorData) throws -> TensorData? {
    switch f {
    case .floor: return try map(x, type, to: T.dtype, type) { $0.rounded(.down) }
    case .ceiling: return try map(x, type, to: T.dtype, type) { $0.rounded(.up) }
    case .rounded: return try map(x, type, to: T.dtype, type) { $0.rounded(.toNearestOrEven) }
    case .truncated: return try map(x, type, to: T.dtype, type) { $0.rounded(.towardZero) }
    case .sign: return try map(x, type, to: T.dtype, type) { $0 > 0 ? 1 : $0 < 0 ? -1 : 0 }
    default: return nil
    }
  }

  private static func single(_ f: PlainUnary) -> (Float) -> Float {
    switch f {
    case .sine: return sinf
    case .cosine: return cosf
    case .tangent: return tanf
    case .arctangent: return atanf
    case .errorFunction: return erff
    case .logarithmOnePlus: return log1pf
    case .exponentialMinusOne: return expm1f
    case .softplus: return { $0 > 20 ? $0 : log1pf(expf($0)) }
    case .floor, .ceiling, .rounded, .truncated, .sign: return { $0 }
    }
  }

  private static func double(_ f: PlainUnary) -> (Double) -> Double {
    switch f {
    case .sine: return sin
    case .cosine: return cos
    case .tangent: return tan
    case .arctangent: return atan
    case .errorFunction: return erf
    case .logarithmOnePlus: return log1p
    case .exponentialMinusOne: return expm1
    case .softplus: return { $0 > 20 ? $0 : log1p(exp($0)) }
    case .floor, .ceiling, .rounded, .truncated, .sign: return { $0 }
    }
  }

  func plainBinary(_ f: PlainBinary, _ a: TensorData, _ b: TensorData) throws -> TensorData {
    try numbers("\(f)", a.dtype, f32: { type in try divided(type, f, a, b) ?? zip(a, b, type, to: .f32, type) { powf($0, $1) } },
                f64: { type in try divided(type, f, a, b) ?? zip(a, b, type, to: .f64, type) { pow($0, $1) } },
                i64: { try divided($0, f, a, b) }, i32: { try divided($0, f, a, b) }, u8: { try divided($0, f, a, b) })
  }

  private func divided<T: ComputeScalar>(_ type: T.Type, _ f: PlainBinary, _ a: TensorData, _ b: TensorData) throws -> TensorData? {
    @inline(__always) func remainder(_ x: T, _ y: T) -> T {
      let rest = x.truncatingRemainder(dividingBy: y)
      return rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest
    }
    switch f {
    case .floorDivide:
      return try zip(a, b, type, to: T.dtype, type) { x, y in
        if y == 0 { return x / y }
        // By way of the remainder: the rounded quotient of large numbers may already be one too many.
        let rest = x.truncatingRemainder(dividingBy: y)
        let quotient = (x - rest) / y - (rest != 0 && (rest < 0) != (y < 0) ? 1 : 0)
        let whole = quotient.rounded(.down)
        return quotient - whole > 0.5 ? whole + 1 : whole
      }
    case .remainder: return try zip(a, b, type, to: T.dtype, type) { remainder($0, $1) }
    case .power: return nil
    }
  }

  private func divided<T: FixedWidthInteger>(_ type: T.Type, _ f: PlainBinary, _ a: TensorData, _ b: TensorData) throws -> TensorData {
    let divisor = try contiguous(b)
    let p = divisor.pointer(T.self)
    let isDivision = f != .power
    for i in 0..<divisor.count where isDivision ? p[i] == 0 : p[i] < 0 {
      throw TensorError.invalidArgument(
        operation: "\(f)", message: isDivision ? "whole numbers cannot be divided by zero" : "whole numbers cannot be raised to a negative power; cast them to f32")
    }
    switch f {
    case .floorDivide:
      return try zip(a, divisor, type, to: a.dtype, type) { x, y in
        let (quotient, rest) = (x.dividedReportingOverflow(by: y).partialValue, x.remainderReportingOverflow(dividingBy: y).partialValue)
        return rest != 0 && (rest < 0) != (y < 0) ? quotient &- 1 : quotient
      }
    case .remainder:
      return try zip(a, divisor, type, to: a.dtype, type) { x, y in
        let rest = x.remainderReportingOverflow(dividingBy: y).partialValue
        return rest != 0 && (rest < 0) != (y < 0) ? rest &+ y : rest
      }
    case .power:
      return try zip(a, divisor, type, to: a.dtype, type) { base, exponent in
        var (result, factor, rest): (T, T, T) = (1, base, exponent)
        while rest > 0 {
          if rest & 1 == 1 { result = result &* factor }
          factor = factor &* factor
          rest >>= 1
        }
        return result
      }
    }
  }
}
