/// Corrects probabilities for the number of questions that were asked.
public enum HolmCorrection {
  /// Adjusted probabilities: the k-th smallest of m is multiplied by m - k + 1, none is below a smaller one's, none above 1.
  ///
  /// Calling those below α real errs at all with a probability of at most α. Holm 1979, Scandinavian Journal of Statistics 6, 65–70.
  ///
  /// - Parameter probabilities: each in [0, 1].
  /// - Returns: in the order given.
  /// - Throws: ``EvaluationError`` for a number outside [0, 1].
  public static func adjusted(_ probabilities: [Double]) throws -> [Double] {
    if let bad = probabilities.firstIndex(where: { !($0 >= 0 && $0 <= 1) }) {
      throw EvaluationError.option(name: "probability \(bad) (counted from 0)", value: "\(probabilities[bad])", expected: "between 0 and 1")
    }
    var result = probabilities, highest = 0.0
    for (rank, place) in probabilities.indices.sorted(by: { probabilities[$0] < probabilities[$1] }).enumerated() {
      highest = max(highest, min(1, probabilities[place] * Double(probabilities.count - rank)))
      result[place] = highest
    }
    return result
  }
}
