#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// The C library's names collide with method names of tensors; these spell out which function is meant.
extension Double {
  @inlinable public static func logarithm(_ value: Double) -> Double { log(value) }
  @inlinable public static func cosine(_ value: Double) -> Double { cos(value) }
  @inlinable public static func sine(_ value: Double) -> Double { sin(value) }
  @inlinable public static func exponential(_ value: Double) -> Double { exp(value) }
  @inlinable public static func logarithmOfOnePlus(_ value: Double) -> Double { log1p(value) }
  @inlinable public static func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }
  @inlinable public static func hyperbolicTangent(_ value: Double) -> Double { tanh(value) }
  @inlinable public static func errorFunction(_ value: Double) -> Double { erf(value) }
}

extension Float {
  /// The logarithm, by way of double precision.
  static func logarithm(_ value: Float) -> Float { Float(Double.logarithm(Double(value))) }
  /// eˣ - 1 without loss near 0, by way of double precision.
  static func exponentialMinusOne(_ value: Float) -> Float { Float(expm1(Double(value))) }
}
