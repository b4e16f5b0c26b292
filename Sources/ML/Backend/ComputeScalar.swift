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
  static var winograd: WinogradKernels<Self> { get }
  static func serialProduct(_ product: MatrixProduct<Self>)
  /// A packed panel of a product's right side has 2^panelShift columns.
  static var panelShift: Int { get }
  static func packedLeftCount(rows: Int, inner: Int) -> Int
  static func packLeft(_ left: MatrixOperand<Self>, rows: Int, inner: Int, into target: UnsafeMutablePointer<Self>)
  static func panelProduct(_ product: MatrixProduct<Self>, packedLeft: UnsafePointer<Self>?, panels: UnsafePointer<Self>)
  /// target[c · target stride + r] = source[r · source stride + c]: source, its stride, target, its stride, rows, columns.
  static func transpose(_ source: UnsafePointer<Self>, _ sourceStride: Int, _ target: UnsafeMutablePointer<Self>, _ targetStride: Int,
                        _ rows: Int, _ columns: Int)
  static func parallelProduct(_ product: MatrixProduct<Self>, epilogue: ((_ firstRow: Int, _ rowCount: Int) -> Void)?)
}

/// The kernels chosen once, at the first use, from what the processor offers.
public enum InstructionSet {
  /// The chosen tables; `LOAM_KERNELS` = baseline, x86-64-v3 or x86-64-v4 overrides the choice downwards, for tests.
  static let chosen: (table: KernelTable<Float>, product: ProductKernel, winograd: WinogradKernels<Float>) = {
    #if arch(x86_64)
      var level = Int(loam_x86_level())
      if let wanted = Environment.value("LOAM_KERNELS") {
        let named = ["baseline": 2, "x86-64-v3": 3, "x86-64-v4": 4][wanted] ?? level
        level = min(level, named)
      }
      if level >= 4 { return (KernelsV4.table, KernelsV4.product, KernelsV4.winograd) }
      if level >= 3 { return (KernelsV3.table, KernelsV3.product, KernelsV3.winograd) }
    #endif
    return (KernelsBase.table, KernelsBase.product, KernelsBase.winograd)
  }()

  /// The name of the instruction set in use, such as "x86-64-v4".
  public static var name: String { chosen.table.name }
}

extension Float: ComputeScalar {
  static var dtype: DType { .f32 }
  static var kernels: KernelTable<Float> { InstructionSet.chosen.table }
  static var winograd: WinogradKernels<Float> { InstructionSet.chosen.winograd }
}

extension Double: ComputeScalar {
  static var dtype: DType { .f64 }
  static var kernels: KernelTable<Double> { doubleTable }
  static var winograd: WinogradKernels<Double> { doubleWinograd }
}
