import KernelInterface

/// One matrix seen through strides: element (i, j) lies at i rowStride + j columnStride.
struct MatrixOperand<T> {
  /// The first element; if there is a `half`, that of halves.
  private(set) var pointer: UnsafePointer<T>
  var rowStride: Int
  var columnStride: Int
  /// The format of elements that are kept in half precision and widened while they are packed; one of the strides is 1 then.
  private(set) var half: HalfFormat?

  init(_ pointer: UnsafePointer<T>, rowStride: Int, columnStride: Int = 1) {
    self.pointer = pointer
    self.rowStride = rowStride
    self.columnStride = columnStride
  }

  init(_ pointer: UnsafeMutablePointer<T>, rowStride: Int, columnStride: Int = 1) {
    self.init(UnsafePointer(pointer), rowStride: rowStride, columnStride: columnStride)
  }

  /// A weight, in its own type or in half precision. The layout is contiguous.
  init(_ weight: TensorData, rowStride: Int) {
    half = HalfFormat(weight.dtype)
    pointer = half == nil
      ? UnsafePointer(weight.pointer(T.self)) : UnsafeRawPointer(weight.pointer(UInt16.self)).assumingMemoryBound(to: T.self)
    self.rowStride = rowStride
    columnStride = 1
  }

  var transposed: MatrixOperand {
    var other = self
    (other.rowStride, other.columnStride) = (columnStride, rowStride)
    return other
  }

  /// Whether rows of so many elements in single or double precision lie one behind the other.
  func isDense(columns: Int) -> Bool { half == nil && columnStride == 1 && rowStride == columns }

  /// The same matrix from another element on.
  func advanced(rows: Int = 0, columns: Int = 0) -> MatrixOperand { advanced(by: rows * rowStride + columns * columnStride) }

  func advanced(by elements: Int) -> MatrixOperand {
    var other = self
    other.pointer = half == nil
      ? pointer + elements : (UnsafeRawPointer(pointer) + elements * 2).assumingMemoryBound(to: T.self)
    return other
  }

  var halves: UnsafePointer<UInt16> { UnsafeRawPointer(pointer).assumingMemoryBound(to: UInt16.self) }
}

extension HalfFormat {
  init?(_ dtype: DType) {
    switch dtype {
    case .f16: self = .f16
    case .bf16: self = .bf16
    default: return nil
    }
  }
}
