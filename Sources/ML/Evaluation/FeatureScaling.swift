/// Standardisation of features by the statistics of a training set: `(x - mean) / deviation`, column by column.
///
/// `deviation` is the population standard deviation (division by the number of rows); a column that is constant over the training
/// set keeps its scale (deviation 1), as in scikit-learn's `StandardScaler`.
public struct FeatureScaling: Sendable, Equatable {
  /// Shapes: [dimension] each.
  public let mean: [Double]
  public let deviation: [Double]

  /// Leaves features as they are.
  public init(identityOf dimension: Int) {
    mean = [Double](repeating: 0, count: dimension)
    deviation = [Double](repeating: 1, count: dimension)
  }

  /// Takes the statistics of a training set of at least one row.
  public init(of set: LabelledFeatures) {
    let rows = set.count, columns = set.dimension
    let sums = FeatureScaling.columnSums(set, shift: [Double](repeating: 0, count: columns), squared: false)
    let mean = sums.map { $0 / Double(rows) }
    let squares = FeatureScaling.columnSums(set, shift: mean, squared: true)
    self.mean = mean
    deviation = (0..<columns).map { column in
      let variance = squares[column] / Double(rows)
      // The variance that rounding of the mean alone would give a constant column.
      let rounding = Double(rows) * mean[column] * Double.ulpOfOne
      let isConstant = variance <= Double(rows) * Double.ulpOfOne * variance + rounding * rounding
      return isConstant ? 1 : variance.squareRoot()
    }
  }

  /// Scaled features, a copy. Shapes: features [rows, dimension] -> [rows, dimension].
  func apply<Scalar: ComputeScalar>(_ features: [Float], as type: Scalar.Type) -> [Scalar] {
    let columns = mean.count, rows = features.count / columns, tile = 256
    let inverse = deviation.map { 1 / $0 }
    return [Scalar](unsafeUninitializedCapacity: features.count) { target, count in
      features.withUnsafeBufferPointer { input in
        mean.withUnsafeBufferPointer { mean in
          inverse.withUnsafeBufferPointer { inverse in
            guard let input = input.baseAddress, let mean = mean.baseAddress, let inverse = inverse.baseAddress,
              let output = target.baseAddress
            else { return }
            ThreadPool.parallelFor((rows + tile - 1) / tile) { number in
              for row in number * tile..<min(rows, (number + 1) * tile) {
                let from = input + row * columns, to = output + row * columns
                for column in 0..<columns { (to + column).initialize(to: Scalar((Double(from[column]) - mean[column]) * inverse[column])) }
              }
            }
          }
        }
      }
      count = features.count
    }
  }

  /// Per column, the sum over all rows of x - shift, or of its square, added in tiles of fixed size and then tile by tile.
  private static func columnSums(_ set: LabelledFeatures, shift: [Double], squared: Bool) -> [Double] {
    let rows = set.count, columns = set.dimension, tile = 1024
    let tiles = (rows + tile - 1) / tile
    var partial = [Double](repeating: 0, count: tiles * columns)
    partial.withUnsafeMutableBufferPointer { partial in
      set.features.withUnsafeBufferPointer { input in
        shift.withUnsafeBufferPointer { shift in
          guard let sums = partial.baseAddress, let input = input.baseAddress, let shift = shift.baseAddress else { return }
          ThreadPool.parallelFor(tiles) { number in
            let sum = sums + number * columns
            for row in number * tile..<min(rows, (number + 1) * tile) {
              let values = input + row * columns
              if squared {
                for column in 0..<columns {
                  let centred = Double(values[column]) - shift[column]
                  sum[column] += centred * centred
                }
              } else {
                for column in 0..<columns { sum[column] += Double(values[column]) - shift[column] }
              }
            }
          }
        }
      }
    }
    return (0..<columns).map { column in (0..<tiles).reduce(0) { $0 + partial[$1 * columns + column] } }
  }
}
