/// Distance of two sets of features, each taken for a normal distribution.
///
///     d² = |μ₁ - μ₂|² + tr(Σ₁ + Σ₂ - 2 (Σ₁ Σ₂)^½)
///
/// Over Inception features this is the FID. Over other features only distances by the same features compare. Heusel et al. 2017, arXiv:1706.08500.
public enum FrechetDistance {
  /// The distance d², with the sample covariance (divided by n - 1).
  ///
  /// - Parameters:
  ///   - first: [N, D], N at least 2.
  ///   - second: [M, D], M at least 2. With fewer rows than D the covariances are singular and the distance biased upwards.
  /// - Throws: ``EvaluationError`` for sizes that disagree or features that are not finite.
  public static func between(_ first: Tensor, _ second: Tensor) throws -> Double {
    let a = try Moments(first, of: "first"), b = try Moments(second, of: "second")
    guard a.width == b.width else { throw EvaluationError.dimension(expected: a.width, got: b.width, of: "second") }
    let side = a.width
    // tr (Σ₁ Σ₂)^½ is the sum of the roots of the eigenvalues of Σ₁^½ Σ₂ Σ₁^½, which is symmetric.
    let eigen = try SymmetricEigen(a.covariance, side: side)
    var scaled = eigen.vectors
    for row in 0..<side {
      let factor = max(0, eigen.values[row]).squareRoot().squareRoot()
      for column in 0..<side { scaled[row * side + column] *= factor }
    }
    let root = product(scaled, scaled, side, transposeLeft: true)
    var middle = product(product(root, b.covariance, side), root, side)
    for row in 0..<side {
      for column in 0..<row {
        let mean = 0.5 * (middle[row * side + column] + middle[column * side + row])
        (middle[row * side + column], middle[column * side + row]) = (mean, mean)
      }
    }
    let cross = try SymmetricEigen(middle, side: side, needsVectors: false).values.reduce(0) { $0 + max(0, $1).squareRoot() }
    let apart = zip(a.mean, b.mean).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    return apart + a.trace + b.trace - 2 * cross
  }

  private static func product(_ left: [Double], _ right: [Double], _ side: Int, transposeLeft: Bool = false) -> [Double] {
    [Double](unsafeUninitializedCapacity: side * side) { target, count in
      left.withUnsafeBufferPointer { left in
        right.withUnsafeBufferPointer { right in
          guard let target = target.baseAddress, let left = left.baseAddress, let right = right.baseAddress else { return }
          FeatureProduct.multiply(left, right, into: target, rows: side, columns: side, inner: side, transposeLeft: transposeLeft)
        }
      }
      count = side * side
    }
  }

  /// Mean and covariance of rows.
  private struct Moments {
    let width: Int
    let mean: [Double]
    let covariance: [Double]
    var trace: Double { (0..<width).reduce(0) { $0 + covariance[$1 * width + $1] } }

    init(_ features: Tensor, of name: String) throws {
      let rows = try FeatureRows(features, of: name)
      guard rows.count >= 2 else {
        throw EvaluationError.tooFew(what: "rows of the \(name) features", needed: 2, got: rows.count, remedy: "a covariance needs several pictures")
      }
      width = rows.width
      let (mean, centred) = rows.centred()
      self.mean = mean
      let scale = 1 / Double(rows.count - 1), width = width
      covariance = [Double](unsafeUninitializedCapacity: width * width) { target, count in
        centred.withUnsafeBufferPointer { values in
          guard let target = target.baseAddress, let values = values.baseAddress else { return }
          FeatureProduct.multiply(values, values, into: target, rows: width, columns: width, inner: rows.count, transposeLeft: true)
          for index in 0..<width * width { target[index] *= scale }
        }
        count = width * width
      }
    }
  }
}
