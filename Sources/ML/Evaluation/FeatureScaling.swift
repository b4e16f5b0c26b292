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
    let sums = FeatureScaling.columnSums(set) { value, _ in value }
    let mean = sums.map { $0 / Double(rows) }
    let squares = FeatureScaling.columnSums(set) { value, column in
      let centred = value - mean[column]
      return centred * centred
    }
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
  func apply<Scalar: ProbeScalar>(_ features: [Float], as type: Scalar.Type) -> [Scalar] {
    let columns = mean.count, rows = features.count / columns, tile = 256
    return [Scalar](unsafeUninitializedCapacity: features.count) { target, count in
      let output = target.baseAddress
      features.withUnsafeBufferPointer { input in
        mean.withUnsafeBufferPointer { mean in
          deviation.withUnsafeBufferPointer { deviation in
            ThreadPool.parallelFor((rows + tile - 1) / tile) { number in
              guard let output else { return }
              for row in number * tile..<min(rows, (number + 1) * tile) {
                for column in 0..<columns {
                  let index = row &* columns &+ column
                  (output + index).initialize(to: Scalar((Double(input[index]) - mean[column]) / deviation[column]))
                }
              }
            }
          }
        }
      }
      count = features.count
    }
  }

  /// Per column, the sum over all rows of a term, added in tiles of fixed size and then tile by tile.
  private static func columnSums(_ set: LabelledFeatures, _ term: (Double, Int) -> Double) -> [Double] {
    let rows = set.count, columns = set.dimension, tile = 1024
    let tiles = (rows + tile - 1) / tile
    var partial = [Double](repeating: 0, count: max(tiles, 1) * columns)
    partial.withUnsafeMutableBufferPointer { partial in
      let sums = partial
      set.features.withUnsafeBufferPointer { input in
        ThreadPool.parallelFor(tiles) { number in
          for row in number * tile..<min(rows, (number + 1) * tile) {
            for column in 0..<columns { sums[number * columns + column] += term(Double(input[row * columns + column]), column) }
          }
        }
      }
    }
    return (0..<columns).map { column in
      var sum = 0.0
      for number in 0..<tiles { sum += partial[number * columns + column] }
      return sum
    }
  }
}
