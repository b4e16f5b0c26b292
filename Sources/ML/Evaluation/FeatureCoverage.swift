/// How faithful and how varied made pictures are, by the neighbourhoods of real and made features.
///
/// A neighbourhood is a ball around a feature that reaches to its k-th nearest neighbour in the same set; distances are Euclidean.
///
/// Kynkäänniemi et al. 2019, arXiv:1904.06991 (precision, recall); Naeem et al. 2020, arXiv:2002.09797 (density, coverage).
public struct FeatureCoverage: Sendable, Equatable {
  /// Share of made features inside some real neighbourhood.
  public let precision: Double
  /// Share of real features inside some made neighbourhood.
  public let recall: Double
  /// Real neighbourhoods that a made feature lies in, on average, divided by k; may exceed 1.
  public let density: Double
  /// Share of real neighbourhoods that hold a made feature.
  public let coverage: Double

  /// Measures.
  ///
  /// - Parameters:
  ///   - real: [N, D].
  ///   - made: [M, D].
  ///   - neighbours: k, default 5; both sets need more than k rows.
  /// - Throws: ``EvaluationError`` for sizes that disagree, too few rows or features that are not finite.
  public init(real: Tensor, made: Tensor, neighbours: Int = 5) throws {
    let first = try FeatureRows(real, of: "real"), second = try FeatureRows(made, of: "made")
    guard first.width == second.width else { throw EvaluationError.dimension(expected: first.width, got: second.width, of: "made") }
    guard neighbours >= 1 else { throw EvaluationError.option(name: "neighbours", value: "\(neighbours)", expected: "at least 1") }
    for (name, rows) in [("real", first), ("made", second)] where rows.count <= neighbours {
      throw EvaluationError.tooFew(what: "rows of the \(name) features", needed: neighbours + 1, got: rows.count, remedy: "ask for fewer neighbours")
    }
    let realRadii = try Self.radii(first, neighbours), madeRadii = try Self.radii(second, neighbours)
    var isPrecise = [Bool](repeating: false, count: second.count)
    var recalled = 0, covered = 0, inside = 0
    for row in 0..<first.count {
      try Cancellation.check()
      let distances = Self.distances(from: row, of: first, to: second)
      var (isRecalled, isCovered) = (false, false)
      for (place, distance) in distances.enumerated() {
        if distance < realRadii[row] {
          isPrecise[place] = true
          isCovered = true
          inside += 1
        }
        if distance < madeRadii[place] { isRecalled = true }
      }
      if isRecalled { recalled += 1 }
      if isCovered { covered += 1 }
    }
    precision = Double(isPrecise.filter { $0 }.count) / Double(second.count)
    recall = Double(recalled) / Double(first.count)
    density = Double(inside) / Double(neighbours * second.count)
    coverage = Double(covered) / Double(first.count)
  }

  /// Squared distances of one row to all rows of another set.
  private static func distances(from row: Int, of rows: FeatureRows, to others: FeatureRows) -> [Double] {
    let width = rows.width
    return rows.values.withUnsafeBufferPointer { left in
      others.values.withUnsafeBufferPointer { right in
        (0..<others.count).map { other in
          var sum = 0.0
          for column in 0..<width {
            let difference = left[row * width + column] - right[other * width + column]
            sum += difference * difference
          }
          return sum
        }
      }
    }
  }

  /// The squared distance of each row to its k-th nearest other row.
  private static func radii(_ rows: FeatureRows, _ neighbours: Int) throws -> [Double] {
    try (0..<rows.count).map { row in
      try Cancellation.check()
      var distances = distances(from: row, of: rows, to: rows)
      distances.remove(at: row)
      distances.sort()
      return distances[neighbours - 1]
    }
  }
}
