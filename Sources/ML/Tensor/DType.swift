/// The type of a tensor's elements.
///
/// f32 is computed with; f64 serves gradient checks and statistics; f16 and bf16 store weights; the others hold indices,
/// labels, pixels and masks.
public enum DType: UInt8, CaseIterable, Sendable {
  case f32, f64, f16, bf16, i64, i32, u8, bool

  /// Bytes of one element.
  public var byteCount: Int {
    switch self {
    case .f64, .i64: return 8
    case .f32, .i32: return 4
    case .f16, .bf16: return 2
    case .u8, .bool: return 1
    }
  }

  /// The name used in Lua and in messages, such as "f32".
  public var name: String { "\(self)" }

  /// True for the types in which differentiable operations compute.
  public var isDifferentiable: Bool { self == .f32 || self == .f64 }
}
