// Which type the result of two types has: PyTorch's rules.
extension DType {
  /// True for types that hold fractions: f32, f64, f16, bf16.
  public var isFloating: Bool { category == 2 }

  /// True for the two half-precision types, which store and are computed as f32.
  public var isHalf: Bool { self == .f16 || self == .bf16 }

  /// Flags below whole numbers below numbers with fractions.
  private var category: Int {
    switch self {
    case .bool: return 0
    case .u8, .i32, .i64: return 1
    case .f16, .bf16, .f32, .f64: return 2
    }
  }

  /// The type that two types are both converted to before they meet: the higher kind wins (flags, whole numbers, fractions), and
  /// within a kind the wider type; f16 and bf16 meet in f32.
  public func promoted(with other: DType) -> DType {
    if self == other { return self }
    if category != other.category { return category > other.category ? self : other }
    if byteCount != other.byteCount { return byteCount > other.byteCount ? self : other }
    return .f32
  }

  /// The type in which a function with fractional results sees this one: whole numbers and flags become f32.
  public var floating: DType { isFloating ? self : .f32 }

  /// The type of gradients by a tensor of this type: half precision would lose their sums.
  var gradient: DType { isHalf ? .f32 : self }
}
