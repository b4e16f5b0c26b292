/// How often each true class was given each predicted class.
public struct ConfusionMatrix: Sendable, Equatable {
  /// Every class that occurs among truths or predictions, ascending.
  public let classes: [Int]
  /// Rows are true classes, columns predicted ones. Shape: [classes, classes].
  public let counts: [Int]

  /// Counts pairs of truth and prediction.
  ///
  /// - Throws: ``EvaluationError`` where there is no pair or the numbers differ.
  public init(truths: [Int], predictions: [Int]) throws {
    guard truths.count == predictions.count else {
      throw EvaluationError.lengths(first: "labels", firstCount: truths.count, second: "predictions", secondCount: predictions.count)
    }
    guard !truths.isEmpty else {
      throw EvaluationError.tooFew(what: "predictions to judge", needed: 1, got: 0, remedy: "the test set is empty")
    }
    classes = Set(truths).union(predictions).sorted()
    let index = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($1, $0) })
    var counts = [Int](repeating: 0, count: classes.count * classes.count)
    for (truth, prediction) in zip(truths, predictions) {
      counts[(index[truth] ?? 0) * classes.count + (index[prediction] ?? 0)] += 1
    }
    self.counts = counts
  }

  /// The number of pairs.
  public var total: Int { counts.reduce(0, +) }

  /// The number of right predictions.
  public var correct: Int { classes.indices.reduce(0) { $0 + counts[$1 * classes.count + $1] } }

  /// Right predictions as a part of all.
  public var accuracy: Double { Double(correct) / Double(total) }

  /// Right predictions as a part of each true class's rows (recall), in the order of `classes`; nil for a class that was only predicted.
  public var perClass: [Double?] {
    classes.indices.map { row in
      let support = counts[row * classes.count..<(row + 1) * classes.count].reduce(0, +)
      return support == 0 ? nil : Double(counts[row * classes.count + row]) / Double(support)
    }
  }

  /// Mean of the per-class accuracies over the classes that truly occur; also called balanced accuracy.
  public var meanPerClass: Double {
    let known = perClass.compactMap { $0 }
    return known.reduce(0, +) / Double(known.count)
  }
}
