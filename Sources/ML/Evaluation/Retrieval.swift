/// How well queries find what belongs to them among candidates, by cosine similarity.
public struct Retrieval: Sendable, Equatable {
  /// For each query, the place of its best-placed match, counted from 1.
  public let ranks: [Int]

  /// Ranks.
  ///
  /// A candidate that is no match and is as similar as the best match stands before it, so that a model that gives everything the same feature
  /// gains nothing.
  ///
  /// - Parameters:
  ///   - queries: [Q, D].
  ///   - candidates: [N, D].
  ///   - queryGroups: group of each query; candidates of the same group are its matches.
  ///   - candidateGroups: group of each candidate.
  /// - Throws: ``EvaluationError`` where sizes disagree or a query has no match.
  public init(queries: Tensor, candidates: Tensor, queryGroups: [Int], candidateGroups: [Int]) throws {
    guard queries.rank == 2, candidates.rank == 2, queries.shape[1] == candidates.shape[1] else {
      throw EvaluationError.dimension(expected: queries.shape.last ?? 0, got: candidates.shape.last ?? 0, of: "candidate")
    }
    guard queries.shape[0] == queryGroups.count else {
      throw EvaluationError.lengths(first: "queries", firstCount: queries.shape[0], second: "groups", secondCount: queryGroups.count)
    }
    guard candidates.shape[0] == candidateGroups.count else {
      throw EvaluationError.lengths(first: "candidates", firstCount: candidates.shape[0], second: "groups", secondCount: candidateGroups.count)
    }
    let known = Set(candidateGroups)
    if let lonely = queryGroups.first(where: { !known.contains($0) }) {
      throw EvaluationError.tooFew(what: "candidates of group \(lonely)", needed: 1, got: 0, remedy: "each query needs a match among the candidates")
    }
    let (left, right) = try withoutTracking { (try queries.detached().l2Normalize(), try candidates.detached().l2Normalize()) }
    let width = candidateGroups.count, tile = 256
    var ranks: [Int] = []
    for start in stride(from: 0, to: queryGroups.count, by: tile) {
      let count = min(tile, queryGroups.count - start)
      let similarities = try left.narrow(axis: 0, start: start, count: count).matmul(right, transposeRight: true).floats()
      for row in 0..<count {
        let values = similarities[row * width..<(row + 1) * width], group = queryGroups[start + row]
        var best = -Float.infinity
        for (value, other) in zip(values, candidateGroups) where other == group { best = max(best, value) }
        ranks.append(1 + zip(values, candidateGroups).reduce(0) { $0 + ($1.1 != group && $1.0 >= best ? 1 : 0) })
      }
    }
    self.ranks = ranks
  }

  /// R@k: the share of queries with a match among the k most similar candidates.
  public func recall(at k: Int) -> Double { Double(ranks.filter { $0 <= k }.count) / Double(ranks.count) }

  public var meanRank: Double { Double(ranks.reduce(0, +)) / Double(ranks.count) }

  /// The middle rank; of an even number of queries the lower whole number of the two middle ones' mean.
  public var medianRank: Int {
    let sorted = ranks.sorted(), middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }
}
