/// The effective number of different rows among features: 1 when all are alike, N when all are orthogonal.
///
///     exp(-Σ λ log λ),   λ the eigenvalues of K / N,   K the cosine similarities
///
/// Friedman & Dieng 2022, arXiv:2210.02410.
public enum VendiScore {
  /// The score of features [N, D]; a row of zeros is an error, for it has no direction.
  public static func of(_ features: Tensor) throws -> Double {
    let rows = try FeatureRows(features, of: "given")
    guard rows.count >= 1 else { throw EvaluationError.tooFew(what: "features", needed: 1, got: 0, remedy: "the set is empty") }
    let (count, width) = (rows.count, rows.width)
    var values = rows.values
    for row in 0..<count {
      let length = (0..<width).reduce(0) { $0 + values[row * width + $1] * values[row * width + $1] }.squareRoot()
      guard length > 0 else { throw EvaluationError.option(name: "feature row \(row) (counted from 0)", value: "all zeros", expected: "a vector with a direction") }
      for column in 0..<width { values[row * width + column] /= length }
    }
    // X Xᵀ and Xᵀ X have the same eigenvalues above zero: the smaller one is taken.
    let side = min(count, width)
    var similarities = [Double](unsafeUninitializedCapacity: side * side) { target, filled in
      values.withUnsafeBufferPointer { values in
        guard let target = target.baseAddress, let values = values.baseAddress else { return }
        if count <= width {
          FeatureProduct.multiply(values, values, into: target, rows: count, columns: count, inner: width, transposeRight: true)
        } else {
          FeatureProduct.multiply(values, values, into: target, rows: width, columns: width, inner: count, transposeLeft: true)
        }
      }
      filled = side * side
    }
    for index in similarities.indices { similarities[index] /= Double(count) }
    let entropy = try SymmetricEigen(similarities, side: side, needsVectors: false).values.reduce(0.0) { sum, value in
      value > 0 ? sum - value * Double.logarithm(value) : sum
    }
    return Double.exponential(entropy)
  }
}
