/// Ridge regression onto class marks of +1 and -1, in closed form.
///
/// Features are standardised by the training rows (deviation + 1e-5) and given a constant column of 100, so large that it is hardly penalised:
/// X [n, D + 1]. With marks Y [n, K], W = (XᵀX + λ I)⁻¹ Xᵀ Y = Xᵀ (XXᵀ + λ I)⁻¹ Y, solved in double precision on the smaller side. The class of
/// the largest score wins. The few-shot evaluator of big_vision (`fewshot_lsr`); Kolesnikov et al. 2020, arXiv:1912.11370.
public struct RidgeClassifier: Sendable {
  public let classes: [Int]
  private let mean: [Double]
  private let deviation: [Double]
  /// Shape: [dimension + 1, classes].
  let weights: [Double]
  private static let biasConstant = 100.0

  /// Fits.
  ///
  /// - Parameters:
  ///   - train: at least two classes.
  ///   - penalty: λ > 0, default 1024.
  /// - Throws: ``EvaluationError``.
  public init(_ train: LabelledFeatures, penalty: Double = 1024) throws {
    guard penalty > 0, penalty.isFinite else { throw EvaluationError.option(name: "penalty", value: "\(penalty)", expected: "a positive number") }
    let classes = Set(train.labels).sorted()
    guard classes.count >= 2 else {
      throw EvaluationError.tooFew(
        what: "classes among the training labels", needed: 2, got: classes.count, remedy: "a classifier needs something to tell apart")
    }
    let rows = train.count, width = train.dimension, inner = width + 1, count = classes.count
    let sums = (0..<width).map { column in (0..<rows).reduce(0.0) { $0 + Double(train.features[$1 * width + column]) } / Double(rows) }
    let deviation = (0..<width).map { column in
      ((0..<rows).reduce(0.0) { total, row in
        let difference = Double(train.features[row * width + column]) - sums[column]
        return total + difference * difference
      } / Double(rows)).squareRoot() + 1e-5
    }
    self.classes = classes
    self.mean = sums
    self.deviation = deviation
    let x = RidgeClassifier.prepared(train.features, sums, deviation)
    let index = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($1, $0) })
    var y = [Double](repeating: -1, count: rows * count)
    for (row, label) in train.labels.enumerated() { y[row * count + (index[label] ?? 0)] = 1 }
    let isTall = rows >= inner
    let side = isTall ? inner : rows
    var gram = RidgeClassifier.product(x, x, rows: side, columns: side, inner: isTall ? rows : inner, transposeLeft: isTall, transposeRight: !isTall)
    for place in 0..<side { gram[place * side + place] += penalty }
    var right = isTall ? RidgeClassifier.product(x, y, rows: inner, columns: count, inner: rows, transposeLeft: true) : y
    Cholesky.solve(&gram, side: side, &right, columns: count)
    weights = isTall ? right : RidgeClassifier.product(x, right, rows: inner, columns: count, inner: rows, transposeLeft: true)
  }

  /// Fits to the first `shots` rows of each class in the order given.
  public static func fewShot(_ train: LabelledFeatures, shots: Int, penalty: Double = 1024) throws -> RidgeClassifier {
    guard shots >= 1 else { throw EvaluationError.option(name: "shots", value: "\(shots)", expected: "at least 1") }
    var taken: [Int: Int] = [:]
    let rows = train.labels.indices.filter { row in
      taken[train.labels[row], default: 0] += 1
      return taken[train.labels[row], default: 0] <= shots
    }
    if let poor = taken.filter({ $0.value < shots }).keys.min() {
      throw EvaluationError.tooFew(what: "training rows of class \(poor)", needed: shots, got: taken[poor] ?? 0, remedy: "ask for fewer shots")
    }
    return try RidgeClassifier(train.rows(rows), penalty: penalty)
  }

  /// Scores of every class. Shapes: features [rows, dimension] -> [rows, classes].
  func scores(_ features: [Float]) throws -> [Double] {
    guard features.count % mean.count == 0 else {
      throw EvaluationError.featureCount(values: features.count, rows: features.count / mean.count + 1, dimension: mean.count)
    }
    let rows = features.count / mean.count
    return RidgeClassifier.product(
      RidgeClassifier.prepared(features, mean, deviation), weights, rows: rows, columns: classes.count, inner: mean.count + 1)
  }

  /// The class of each row; the lowest label wins a tie. Shapes: features [rows, dimension] -> [rows].
  public func predict(_ features: [Float]) throws -> [Int] {
    let scores = try scores(features), width = classes.count
    return (0..<scores.count / width).map { row in
      var best = 0
      for column in 1..<width where scores[row * width + column] > scores[row * width + best] { best = column }
      return classes[best]
    }
  }

  private static func prepared(_ features: [Float], _ mean: [Double], _ deviation: [Double]) -> [Double] {
    let width = mean.count
    var result: [Double] = []
    result.reserveCapacity(features.count / width * (width + 1))
    for start in stride(from: 0, to: features.count, by: width) {
      for column in 0..<width { result.append((Double(features[start + column]) - mean[column]) / deviation[column]) }
      result.append(biasConstant)
    }
    return result
  }

  private static func product(
    _ left: [Double], _ right: [Double], rows: Int, columns: Int, inner: Int, transposeLeft: Bool = false, transposeRight: Bool = false
  ) -> [Double] {
    var target = [Double](repeating: 0, count: rows * columns)
    target.withUnsafeMutableBufferPointer { target in
      left.withUnsafeBufferPointer { left in
        right.withUnsafeBufferPointer { right in
          guard let target = target.baseAddress, let left = left.baseAddress, let right = right.baseAddress else { return }
          FeatureProduct.multiply(
            left, right, into: target, rows: rows, columns: columns, inner: inner, transposeLeft: transposeLeft, transposeRight: transposeRight)
        }
      }
    }
    return target
  }
}

/// Solves A X = B for a symmetric positive definite A, by A = L Lᵀ.
enum Cholesky {
  /// Overwrites `matrix` [side, side] by its factor and `right` [side, columns] by the solution.
  static func solve(_ matrix: inout [Double], side: Int, _ right: inout [Double], columns: Int) {
    for row in 0..<side {
      for column in 0...row {
        var sum = matrix[row * side + column]
        for place in 0..<column { sum -= matrix[row * side + place] * matrix[column * side + place] }
        matrix[row * side + column] = row == column ? sum.squareRoot() : sum / matrix[column * side + column]
      }
    }
    for column in 0..<columns {
      for row in 0..<side {
        var sum = right[row * columns + column]
        for place in 0..<row { sum -= matrix[row * side + place] * right[place * columns + column] }
        right[row * columns + column] = sum / matrix[row * side + row]
      }
      for row in (0..<side).reversed() {
        var sum = right[row * columns + column]
        for place in row + 1..<max(row + 1, side) { sum -= matrix[place * side + row] * right[place * columns + column] }
        right[row * columns + column] = sum / matrix[row * side + row]
      }
    }
  }
}
