/// A small classification task: some classes, a few rows of each to learn from, and others to ask.
public struct FewShotEpisode: Sendable, Equatable {
  /// Rows of the support set, class by class.
  public let support: [Int]
  /// Rows of the query set, class by class.
  public let queries: [Int]
}

/// Draws episodes from labelled rows.
///
/// Classes and rows are drawn without replacement; episode i is a function of (seed, i) alone.
public struct FewShotSampler: Sendable {
  public let ways: Int
  public let shots: Int
  public let queriesPerClass: Int
  public let seed: UInt64
  private let classes: [Int]
  private let supportRows: [Int: [Int]]
  /// Rows to ask from; nil where they are those of the support set that an episode does not learn from.
  private let queryRows: [Int: [Int]]?

  /// Prepares the drawing.
  ///
  /// - Parameters:
  ///   - supportLabels: classes of the rows to learn from.
  ///   - queryLabels: classes of the rows to ask; nil means the same rows, without those an episode learns from.
  ///   - ways: classes of an episode, default 5.
  ///   - shots: support rows of each class, default 5.
  ///   - queriesPerClass: query rows of each class, default 15.
  /// - Throws: ``EvaluationError`` where too few classes have rows enough.
  public init(supportLabels: [Int], queryLabels: [Int]? = nil, ways: Int = 5, shots: Int = 5, queriesPerClass: Int = 15, seed: UInt64 = 0) throws {
    for (name, value, least) in [("ways", ways, 2), ("shots", shots, 1), ("queries", queriesPerClass, 1)] where value < least {
      throw EvaluationError.option(name: name, value: "\(value)", expected: "at least \(least)")
    }
    let support = Dictionary(grouping: supportLabels.indices, by: { supportLabels[$0] })
    let queries = queryLabels.map { labels in Dictionary(grouping: labels.indices, by: { labels[$0] }) }
    let classes = support.keys.filter { label in
      let learned = support[label]?.count ?? 0
      guard let queries else { return learned >= shots + queriesPerClass }
      return learned >= shots && queries[label]?.count ?? 0 >= queriesPerClass
    }.sorted()
    guard classes.count >= ways else {
      throw EvaluationError.tooFew(
        what: "classes with \(shots) rows to learn from and \(queriesPerClass) others to ask", needed: ways, got: classes.count,
        remedy: "ask for fewer ways, shots or queries, or give more rows")
    }
    (self.ways, self.shots, self.queriesPerClass, self.seed) = (ways, shots, queriesPerClass, seed)
    self.classes = classes
    supportRows = support
    queryRows = queries
  }

  public func episode(_ index: Int) -> FewShotEpisode {
    var stream = RandomStream(seed: seed, purpose: "few-shot episode", index: UInt64(index))
    var support: [Int] = [], queries: [Int] = []
    for place in stream.permutation(classes.count).prefix(ways) {
      let rows = supportRows[classes[place]] ?? []
      let order = stream.permutation(rows.count)
      support += order.prefix(shots).map { rows[$0] }
      if let others = queryRows?[classes[place]] {
        queries += stream.permutation(others.count).prefix(queriesPerClass).map { others[$0] }
      } else {
        queries += order.dropFirst(shots).prefix(queriesPerClass).map { rows[$0] }
      }
    }
    return FewShotEpisode(support: support, queries: queries)
  }
}
