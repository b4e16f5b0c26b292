extension FixedWidthInteger {
  /// The integer part of a number, clamped to the type's range; NaN gives 0.
  init(saturating value: Double) {
    if value.isNaN { self = 0 } else if value <= Double(Self.min) { self = .min } else if value >= Double(Self.max) { self = .max } else { self = Self(value) }
  }
}
