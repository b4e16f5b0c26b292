import COpenBLAS

// Products in double precision, by OpenBLAS.
extension Double {
  /// Multiply-adds between two looks at the wish to stop: a quarter of a second at most.
  private static let piece = 1 << 31

  /// Large products go by blocks of rows, whether or not anybody may wish them to stop: the cut decides bits.
  private static func blocks(_ p: MatrixProduct<Double>, _ body: (_ first: Int, MatrixProduct<Double>) -> Void) {
    let block = max(16, piece / max(1, p.columns * p.inner))
    for first in stride(from: 0, to: p.rows, by: block) where !p.isGivenUp {
      var part = p
      part.rows = min(block, p.rows - first)
      part.left = p.left.advanced(rows: first)
      part.out += first * p.stride
      body(first, part)
    }
  }

  static func serialProduct(_ p: MatrixProduct<Double>) { blocks(p) { wholeProduct($1) } }

  static func parallelProduct(_ p: MatrixProduct<Double>, epilogue: ((Int, Int) -> Void)? = nil) {
    blocks(p) { first, part in
      wholeProduct(part)
      epilogue?(first, part.rows)
    }
  }

  private static func wholeProduct(_ p: MatrixProduct<Double>) {
    guard p.rows > 0, p.columns > 0 else { return }
    OpenBLAS.prepare()
    let leftTransposed = p.left.columnStride != 1, rightTransposed = p.right.columnStride != 1
    // A stride of one element serves both directions when an axis has length one; BLAS wants it at least the row length.
    cblas_dgemm(CblasRowMajor, leftTransposed ? CblasTrans : CblasNoTrans, rightTransposed ? CblasTrans : CblasNoTrans,
                Int32(p.rows), Int32(p.columns), Int32(p.inner), 1, p.left.pointer,
                Int32(max(leftTransposed ? p.left.columnStride : p.left.rowStride, leftTransposed ? p.rows : p.inner, 1)), p.right.pointer,
                Int32(max(rightTransposed ? p.right.columnStride : p.right.rowStride, rightTransposed ? p.inner : p.columns, 1)),
                p.accumulate ? 1 : 0, p.out, Int32(max(p.stride, p.columns, 1)))
  }

  static var panelShift: Int { 3 }

  static func packedLeftCount(rows: Int, inner: Int) -> Int { rows * inner }

  static func packLeft(_ left: MatrixOperand<Double>, rows: Int, inner: Int, into target: UnsafeMutablePointer<Double>) {
    for row in 0..<rows { for k in 0..<inner { target[row &* inner &+ k] = left.pointer[row &* left.rowStride &+ k &* left.columnStride] } }
  }

  static func panelProduct(_ p: MatrixProduct<Double>, packedLeft: UnsafePointer<Double>?, panels: UnsafePointer<Double>) {
    for first in stride(from: 0, to: p.columns, by: 8) where !p.isGivenUp {
      var part = p
      if let packedLeft { part.left = MatrixOperand(packedLeft, rowStride: p.inner) }
      part.columns = min(8, p.columns - first)
      part.right = MatrixOperand(panels + first * p.inner, rowStride: 8)
      part.out += first
      serialProduct(part)
    }
  }

  static func transpose(_ source: UnsafePointer<Double>, _ sourceStride: Int, _ target: UnsafeMutablePointer<Double>, _ targetStride: Int,
                        _ rows: Int, _ columns: Int) {
    for row in 0..<rows { for column in 0..<columns { target[column &* targetStride &+ row] = source[row &* sourceStride &+ column] } }
  }
}
