/// Conversions between 32-bit and 16-bit floating point, rounding to the nearest, ties to even.
public enum HalfPrecision {
  /// The f16 bits nearest to a value; values past 65,504 become infinite.
  @inlinable public static func bits(_ value: Float) -> UInt16 {
    let pattern = value.bitPattern
    let sign = UInt16(truncatingIfNeeded: pattern >> 16) & 0x8000
    let magnitude = pattern & 0x7fff_ffff
    if magnitude >= 0x7f80_0000 {  // infinite, or not a number (kept quiet, with the top of its payload)
      let payload = magnitude > 0x7f80_0000 ? UInt16(truncatingIfNeeded: (magnitude >> 13) & 0x3ff) | 0x200 : 0
      return sign | 0x7c00 | payload
    }
    if magnitude >= 0x4780_0000 { return sign | 0x7c00 }
    if magnitude < 0x3880_0000 {  // subnormal: adding 0.5 leaves the rounded bits at the end of the significand
      let shifted = Float(bitPattern: magnitude) + 0.5
      return sign | UInt16(truncatingIfNeeded: shifted.bitPattern &- 0x3f00_0000)
    }
    let odd = (magnitude >> 13) & 1
    return sign | UInt16(truncatingIfNeeded: (magnitude &- 0x3800_0000 &+ 0xfff &+ odd) >> 13)
  }

  /// The value of f16 bits, exactly.
  @inlinable public static func float(_ bits: UInt16) -> Float {
    let sign = UInt32(bits & 0x8000) << 16
    let magnitude = UInt32(bits & 0x7fff)
    if magnitude >= 0x7c00 { return Float(bitPattern: sign | 0x7f80_0000 | (magnitude & 0x3ff) << 13) }
    if magnitude < 0x400 {  // subnormal: a whole multiple of 2^-24
      let value = Float(magnitude) * 5.960_464_477_539_062_5e-08
      return Float(bitPattern: sign | value.bitPattern)
    }
    return Float(bitPattern: sign | (magnitude << 13 &+ 0x3800_0000))
  }

  /// The bf16 bits nearest to a value.
  @inlinable public static func brainBits(_ value: Float) -> UInt16 {
    let pattern = value.bitPattern
    if pattern & 0x7fff_ffff > 0x7f80_0000 { return UInt16(truncatingIfNeeded: pattern >> 16) | 0x40 }
    return UInt16(truncatingIfNeeded: (pattern &+ 0x7fff &+ ((pattern >> 16) & 1)) >> 16)
  }

  /// The value of bf16 bits, exactly.
  @inlinable public static func brainFloat(_ bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }
}
