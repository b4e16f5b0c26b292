import CPlatform
import KernelInterface

#if arch(x86_64)
  import KernelsV4FP16
#endif

/// How the factors of matrix products, linear layers, convolutions and attention in single precision are kept while they are multiplied.
public enum ProductPrecision: String, CaseIterable, Sendable {
  /// As they are.
  case single = "f32"
  /// Rounded to halves, after powers of two have brought them into range; sums of 64 products are halves, the sum of these is in single precision.
  /// See docs/numerics.md for what that costs.
  case half = "f16"

  /// What operations of the calling thread use. Backward passes always use `single`.
  static var current: ProductPrecision { loam_uses_half_products() == 0 ? .single : .half }

  /// Whether this processor multiplies halves (AVX-512 FP16); `LOAM_KERNELS` below x86-64-v4 hides it.
  public static var offersHalf: Bool { InstructionSet.half != nil }

  /// Runs work whose operations, on this thread, use the given precision.
  ///
  /// - Throws: `TensorError.invalidArgument` if `half` is asked of a processor that does not multiply halves; what the work throws.
  public func scope<Result>(_ body: () throws -> Result) throws -> Result {
    if self == .half, !Self.offersHalf {
      throw TensorError.invalidArgument(
        operation: "products in f16", message: "this processor has no arithmetic for halves (AVX-512 FP16; `loam doctor` shows it); leave the option out for products in f32")
    }
    return try within(body)
  }

  /// `scope` for a precision that is there.
  func within<Result>(_ body: () throws -> Result) rethrows -> Result {
    let before = loam_uses_half_products()
    loam_use_half_products(self == .half ? 1 : 0)
    defer { loam_use_half_products(before) }
    return try body()
  }
}

extension InstructionSet {
  /// Products of halves, where the processor has them.
  static let half: HalfProductKernel? = {
    #if arch(x86_64)
      if chosen.table.name == "x86-64-v4", loam_has_half_arithmetic() != 0 { return KernelsV4FP16.halfProduct }
    #endif
    return nil
  }()
}
