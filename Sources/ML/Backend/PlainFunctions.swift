/// Functions of one number that plain loops compute, in the precision of the type.
public enum PlainUnary: String, CaseIterable, Sendable {
  case sine, cosine, tangent, arctangent, errorFunction, logarithmOnePlus, exponentialMinusOne, softplus
  case floor, ceiling, rounded, truncated, sign
}

/// Functions of two numbers that plain loops compute. Quotients are rounded down, so that a remainder has the divisor's sign, as in Lua.
public enum PlainBinary: String, CaseIterable, Sendable {
  case floorDivide, remainder, power
}

/// Operations on the bits of whole numbers and on flags.
public enum BitwiseOperation: String, CaseIterable, Sendable {
  case and, or, exclusiveOr
}

/// How two numbers are compared; NaN is unequal to everything.
public enum Comparison: String, CaseIterable, Sendable {
  case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual
}

/// What runs along an axis.
public enum Cumulation: String, CaseIterable, Sendable {
  case sum, product
}
