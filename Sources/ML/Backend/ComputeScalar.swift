import CPlatform
import KernelInterface
import KernelsBase

#if arch(x86_64)
  import KernelsV3
  import KernelsV4
#endif

/// A number type in which differentiable operations compute: Float on vector kernels, Double on plain loops.
protocol ComputeScalar: BinaryFloatingPoint {
  static var dtype: DType { get }
  static var kernels: KernelTable<Self> { get }
  static func serialProduct(_ product: MatrixProduct<Self>)
  static func parallelProduct(_ product: MatrixProduct<Self>, epilogue: ((_ firstRow: Int, _ rowCount: Int) -> Void)?)
}

/// The kernels chosen once, at the first use, from what the processor offers.
public enum InstructionSet {
  /// The chosen tables; `LOAM_KERNELS` = baseline, x86-64-v3 or x86-64-v4 overrides the choice downwards, for tests.
  static let chosen: (table: KernelTable<Float>, product: ProductKernel) = {
    #if arch(x86_64)
      var level = Int(loam_x86_level())
      if let wanted = Environment.value("LOAM_KERNELS") {
        let named = ["baseline": 2, "x86-64-v3": 3, "x86-64-v4": 4][wanted] ?? level
        level = min(level, named)
      }
      if level >= 4 { return (KernelsV4.table, KernelsV4.product) }
      if level >= 3 { return (KernelsV3.table, KernelsV3.product) }
    #endif
    return (KernelsBase.table, KernelsBase.product)
  }()

  /// The name of the instruction set in use, such as "x86-64-v4".
  public static var name: String { chosen.table.name }
}

extension Float: ComputeScalar {
  static var dtype: DType { .f32 }
  static var kernels: KernelTable<Float> { InstructionSet.chosen.table }
}

extension Double: ComputeScalar {
  static var dtype: DType { .f64 }
  static var kernels: KernelTable<Double> { doubleTable }
}
