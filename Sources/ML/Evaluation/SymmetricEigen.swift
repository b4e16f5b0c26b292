import COpenBLAS

/// Eigenvalues and eigenvectors of a real symmetric matrix, by LAPACK's divide and conquer.
struct SymmetricEigen {
  /// Ascending.
  let values: [Double]
  /// [side, side]; row k is the unit eigenvector of `values[k]`. Empty where only values were asked for.
  let vectors: [Double]

  /// Decomposes.
  ///
  /// - Parameters:
  ///   - matrix: [side, side]; its lower triangle is read.
  ///   - side: at least 1.
  ///   - needsVectors: whether the vectors are computed.
  /// - Throws: ``EvaluationError`` when the iteration does not converge, as with entries that are not finite.
  init(_ matrix: [Double], side: Int, needsVectors: Bool = true) throws {
    OpenBLAS.prepare()
    var (matrix, values) = (matrix, [Double](repeating: 0, count: side))
    var (order, information) = (Int32(side), Int32(0))
    var (workSize, integerSize) = (Int32(-1), Int32(-1))
    var (work, integers) = ([0.0], [Int32(0)])
    // The first call asks how much room the second needs. Row-major and column-major are one for a symmetric matrix, but for the triangle.
    for _ in 0..<2 {
      matrix.withUnsafeMutableBufferPointer { matrix in
        dsyevd_(needsVectors ? "V" : "N", "U", &order, matrix.baseAddress, &order, &values, &work, &workSize, &integers, &integerSize, &information)
      }
      if workSize < 0 {
        (workSize, integerSize) = (Int32(work[0]), integers[0])
        (work, integers) = ([Double](repeating: 0, count: Int(workSize)), [Int32](repeating: 0, count: Int(integerSize)))
      }
    }
    guard information == 0, values.allSatisfy(\.isFinite) else {
      throw EvaluationError.option(name: "the matrix", value: "not finite or ill-conditioned", expected: "one whose eigenvalues can be found")
    }
    self.values = values
    vectors = needsVectors ? matrix : []
  }
}
