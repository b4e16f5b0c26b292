import COpenBLAS

/// Numbers that a probe can compute with: `Float` for speed, `Double` for comparison with references.
protocol ProbeScalar: BinaryFloatingPoint {
  /// target [rows, columns] = left · right, or target += left · right, all row-major and contiguous.
  ///
  /// - Parameters:
  ///   - transposeLeft: `left` is stored as [inner, rows] instead of [rows, inner].
  ///   - transposeRight: `right` is stored as [columns, inner] instead of [inner, columns].
  ///   - accumulate: add to what `target` holds.
  static func multiply(
    _ left: UnsafePointer<Self>, _ right: UnsafePointer<Self>, into target: UnsafeMutablePointer<Self>,
    rows: Int, columns: Int, inner: Int, transposeLeft: Bool, transposeRight: Bool, accumulate: Bool)
}

/// The one place where evaluation calls a product of matrices. Callers cut the work into tiles that do not depend on the number of
/// threads and run the tiles on the pool, so each call stays on the calling thread (OpenBLAS is set to one thread).
enum FeatureProduct {
  static let oneThread: Void = openblas_set_num_threads(1)
}

extension Float: ProbeScalar {
  static func multiply(
    _ left: UnsafePointer<Float>, _ right: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>,
    rows: Int, columns: Int, inner: Int, transposeLeft: Bool, transposeRight: Bool, accumulate: Bool
  ) {
    FeatureProduct.oneThread
    cblas_sgemm(
      CblasRowMajor, transposeLeft ? CblasTrans : CblasNoTrans, transposeRight ? CblasTrans : CblasNoTrans,
      blasint(rows), blasint(columns), blasint(inner), 1, left, blasint(transposeLeft ? rows : inner),
      right, blasint(transposeRight ? inner : columns), accumulate ? 1 : 0, target, blasint(columns))
  }
}

extension Double: ProbeScalar {
  static func multiply(
    _ left: UnsafePointer<Double>, _ right: UnsafePointer<Double>, into target: UnsafeMutablePointer<Double>,
    rows: Int, columns: Int, inner: Int, transposeLeft: Bool, transposeRight: Bool, accumulate: Bool
  ) {
    FeatureProduct.oneThread
    cblas_dgemm(
      CblasRowMajor, transposeLeft ? CblasTrans : CblasNoTrans, transposeRight ? CblasTrans : CblasNoTrans,
      blasint(rows), blasint(columns), blasint(inner), 1, left, blasint(transposeLeft ? rows : inner),
      right, blasint(transposeRight ? inner : columns), accumulate ? 1 : 0, target, blasint(columns))
  }
}
