/// The one place where evaluation calls a product of matrices.
///
/// Callers cut the work into tiles that do not depend on the number of threads and run the tiles on the pool, so each product stays on
/// the calling thread.
enum FeatureProduct {
  /// target [rows, columns] = left · right, or target += left · right, all row-major and contiguous.
  ///
  /// - Parameters:
  ///   - transposeLeft: `left` is stored as [inner, rows] instead of [rows, inner].
  ///   - transposeRight: `right` is stored as [columns, inner] instead of [inner, columns].
  ///   - accumulate: add to what `target` holds.
  static func multiply<Scalar: ComputeScalar>(
    _ left: UnsafePointer<Scalar>, _ right: UnsafePointer<Scalar>, into target: UnsafeMutablePointer<Scalar>,
    rows: Int, columns: Int, inner: Int, transposeLeft: Bool = false, transposeRight: Bool = false, accumulate: Bool = false
  ) {
    let plainLeft = MatrixOperand(left, rowStride: transposeLeft ? rows : inner)
    let plainRight = MatrixOperand(right, rowStride: transposeRight ? inner : columns)
    Scalar.serialProduct(
      MatrixProduct(
        rows: rows, columns: columns, inner: inner, left: transposeLeft ? plainLeft.transposed : plainLeft,
        right: transposeRight ? plainRight.transposed : plainRight, out: target, stride: columns, accumulate: accumulate))
  }
}
