/// Features of a labelled data set: what an encoder made of each image, and the class of each.
///
/// Shapes: `features` [count, dimension] row-major, `labels` [count]. Labels are names, not positions: any integers serve.
public struct LabelledFeatures: Sendable, Equatable {
  public let features: [Float]
  public let labels: [Int]
  public let dimension: Int

  /// The number of rows.
  public var count: Int { labels.count }

  /// Takes features and labels that belong together.
  ///
  /// - Parameters:
  ///   - features: `labels.count * dimension` finite numbers, row by row.
  ///   - labels: one class per row.
  ///   - dimension: numbers per row, at least 1.
  /// - Throws: ``EvaluationError`` where the sizes disagree or a feature is not finite.
  public init(features: [Float], labels: [Int], dimension: Int) throws {
    guard dimension > 0 else { throw EvaluationError.option(name: "dimension", value: "\(dimension)", expected: "at least 1") }
    guard features.count == labels.count * dimension else {
      throw EvaluationError.featureCount(values: features.count, rows: labels.count, dimension: dimension)
    }
    if let bad = features.firstIndex(where: { !$0.isFinite }) {
      throw EvaluationError.notFinite(row: bad / dimension, column: bad % dimension)
    }
    self.init(checked: features, labels: labels, dimension: dimension)
  }

  /// Takes parts that are known to fit.
  init(checked features: [Float], labels: [Int], dimension: Int) {
    self.features = features
    self.labels = labels
    self.dimension = dimension
  }

  /// The given rows, copied, in the given order; every index lies in 0..<count.
  func rows(_ indices: [Int]) -> LabelledFeatures {
    var chosen: [Float] = []
    chosen.reserveCapacity(indices.count * dimension)
    for index in indices { chosen += features[index * dimension..<(index + 1) * dimension] }
    return LabelledFeatures(checked: chosen, labels: indices.map { labels[$0] }, dimension: dimension)
  }

  /// The rows of this set followed by those of another of the same dimension.
  func followed(by other: LabelledFeatures) -> LabelledFeatures {
    LabelledFeatures(checked: features + other.features, labels: labels + other.labels, dimension: dimension)
  }

  /// Throws unless another set has this set's dimension.
  func requireSameDimension(_ other: LabelledFeatures, called name: String) throws {
    guard other.dimension == dimension else {
      throw EvaluationError.dimension(expected: dimension, got: other.dimension, of: name)
    }
  }
}

/// How rows for choosing a constant are set apart from the training rows.
public enum ValidationSplit: Sendable, Equatable {
  /// The data set's own validation rows.
  case official(LabelledFeatures)
  /// A random part of the training rows. Paper, section "Implementation" of the linear transfer: 0.2.
  case random(fraction: Double, seed: UInt64)
  /// A random part of each class's training rows, rounded to the nearest row; a class with a single row keeps it for training.
  case stratified(fraction: Double, seed: UInt64)

  /// The split in words, for results.
  public var description: String {
    switch self {
    case let .official(set): return "official validation set of \(set.count) rows"
    case let .random(fraction, seed): return "random \(percent(fraction)) of train, seed \(seed)"
    case let .stratified(fraction, seed): return "\(percent(fraction)) of each class of train, seed \(seed)"
    }
  }

  private func percent(_ fraction: Double) -> String { "\((fraction * 1000).rounded() / 10) %" }

  /// The rows to fit on and the rows to choose on.
  ///
  /// - Throws: ``EvaluationError`` where the fraction is not inside (0, 1), a part would be empty or dimensions differ.
  public func divide(_ train: LabelledFeatures) throws -> (fit: LabelledFeatures, choose: LabelledFeatures) {
    switch self {
    case let .official(set):
      try train.requireSameDimension(set, called: "validation")
      try ValidationSplit.require(set.count, "validation rows")
      return (train, set)
    case let .random(fraction, seed):
      try ValidationSplit.check(fraction)
      var stream = RandomStream(seed: seed, purpose: "validation split")
      let order = stream.permutation(train.count)
      let held = Int((Double(train.count) * fraction).rounded())
      return try ValidationSplit.parts(of: train, held: Set(order.prefix(held)))
    case let .stratified(fraction, seed):
      try ValidationSplit.check(fraction)
      var held = Set<Int>()
      let rowsOfClass = Dictionary(grouping: 0..<train.count, by: { train.labels[$0] })
      for (number, label) in rowsOfClass.keys.sorted().enumerated() {
        let rows = rowsOfClass[label] ?? []
        var stream = RandomStream(seed: seed, purpose: "validation split of a class", index: UInt64(number))
        let wanted = min(rows.count - 1, Int((Double(rows.count) * fraction).rounded()))
        for position in stream.permutation(rows.count).prefix(wanted) { held.insert(rows[position]) }
      }
      return try ValidationSplit.parts(of: train, held: held)
    }
  }

  private static func parts(of train: LabelledFeatures, held: Set<Int>) throws -> (LabelledFeatures, LabelledFeatures) {
    try require(held.count, "validation rows")
    try require(train.count - held.count, "training rows left after the split")
    // Rows keep their order, so that the result does not hang on the order of a set's elements.
    return (train.rows((0..<train.count).filter { !held.contains($0) }), train.rows(held.sorted()))
  }

  private static func require(_ count: Int, _ what: String) throws {
    guard count > 0 else {
      throw EvaluationError.tooFew(what: what, needed: 1, got: count, remedy: "give more labelled images or another fraction")
    }
  }

  private static func check(_ fraction: Double) throws {
    guard fraction > 0, fraction < 1 else {
      throw EvaluationError.option(name: "validation fraction", value: "\(fraction)", expected: "between 0 and 1, both excluded")
    }
  }
}
