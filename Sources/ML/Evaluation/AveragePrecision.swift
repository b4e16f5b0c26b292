/// Average precision of a ranking at eleven levels of recall, as in PASCAL VOC 2007.
///
/// AP = 1/11 Σ_{r = 0, 0.1 ... 1} max of the precision over all cuts of the ranking whose recall is at least r. Rows of equal score are cut
/// together, so their order does not matter. Everingham et al. 2010, "The PASCAL visual object classes challenge", section 4.2.
public enum AveragePrecision {
  /// - Parameters:
  ///   - scores: one for each row, higher is surer.
  ///   - positives: whether each row belongs to the class; at least one does.
  /// - Throws: ``EvaluationError``.
  public static func elevenPoint(scores: [Double], positives: [Bool]) throws -> Double {
    guard scores.count == positives.count else {
      throw EvaluationError.lengths(first: "scores", firstCount: scores.count, second: "labels", secondCount: positives.count)
    }
    let total = positives.filter { $0 }.count
    guard total > 0 else {
      throw EvaluationError.tooFew(what: "rows of the class", needed: 1, got: 0, remedy: "average precision needs something to find; leave the class out")
    }
    let order = scores.indices.sorted { scores[$0] > scores[$1] }
    var cuts: [(found: Int, precision: Double)] = []
    var found = 0
    for (place, row) in order.enumerated() {
      if positives[row] { found += 1 }
      let isLastOfEqual = place + 1 == order.count || scores[order[place + 1]] < scores[row]
      if isLastOfEqual { cuts.append((found, Double(found) / Double(place + 1))) }
    }
    let levels = (0...10).map { level in
      // found / total >= level / 10 without rounding.
      cuts.filter { $0.found * 10 >= level * total }.map(\.precision).max() ?? 0
    }
    return levels.reduce(0, +) / 11
  }

  /// The mean over classes, one against the rest. Shapes: scores [rows, classes], positives [rows, classes].
  ///
  /// - Throws: ``EvaluationError``, also for a class without a row.
  public static func meanElevenPoint(scores: [Double], positives: [Bool], classes: Int) throws -> Double {
    guard classes > 0, scores.count % classes == 0 else {
      throw EvaluationError.featureCount(values: scores.count, rows: scores.count / max(1, classes), dimension: classes)
    }
    let rows = scores.count / classes
    let values = try (0..<classes).map { column in
      try elevenPoint(
        scores: (0..<rows).map { scores[$0 * classes + column] },
        positives: positives.count == scores.count ? (0..<rows).map { positives[$0 * classes + column] } : [])
    }
    return values.reduce(0, +) / Double(classes)
  }
}
