/// Classification by the nearest training features under cosine similarity.
///
/// Each of the `neighbours` most similar training rows votes for its class with weight `exp(similarity / temperature)`.
/// Wu et al. 2018, "Unsupervised feature learning via non-parametric instance discrimination", section 3.4.
public struct NearestNeighbours: Sendable {
  public struct Options: Sendable, Equatable {
    /// k, the number of voters; at least 1.
    public var neighbours = 20
    /// T; nil gives every voter the same weight.
    public var temperature: Double? = 0.07

    public init(neighbours: Int = 20, temperature: Double? = 0.07) {
      self.neighbours = neighbours
      self.temperature = temperature
    }
  }

  public let classes: [Int]
  public let options: Options
  private let bank: [Float]
  private let targets: [Int32]
  private let dimension: Int

  /// Keeps a copy of the training features, each row scaled to length one (a row of zeros stays zero).
  ///
  /// - Throws: ``EvaluationError`` where k exceeds the number of rows or an option is out of range.
  public init(_ train: LabelledFeatures, options: Options = Options()) throws {
    guard options.neighbours >= 1 else {
      throw EvaluationError.option(name: "neighbours", value: "\(options.neighbours)", expected: "at least 1")
    }
    guard options.neighbours <= train.count else {
      throw EvaluationError.tooFew(
        what: "training rows for \(options.neighbours) neighbours", needed: options.neighbours, got: train.count,
        remedy: "ask for fewer neighbours")
    }
    if let temperature = options.temperature, !(temperature > 0) {
      throw EvaluationError.option(name: "temperature", value: "\(temperature)", expected: "positive")
    }
    classes = Set(train.labels).sorted()
    let index = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($1, Int32($0)) })
    targets = train.labels.map { index[$0] ?? 0 }
    bank = NearestNeighbours.normalized(train.features, dimension: train.dimension)
    dimension = train.dimension
    self.options = options
  }

  /// The class of each row; the lowest label wins a tie of votes, the earlier training row a tie of similarities.
  ///
  /// Shapes: features [rows, dimension] -> [rows].
  public func predict(_ features: [Float]) throws -> [Int] {
    guard features.count % dimension == 0 else {
      throw EvaluationError.featureCount(values: features.count, rows: features.count / dimension + 1, dimension: dimension)
    }
    let rows = features.count / dimension, tile = 256
    let queries = NearestNeighbours.normalized(features, dimension: dimension)
    var result = [Int](repeating: 0, count: rows)
    let cancellation = Cancellation.current
    try result.withUnsafeMutableBufferPointer { result in
      let output = result
      try queries.withUnsafeBufferPointer { queries in
        try bank.withUnsafeBufferPointer { bank in
          try ThreadPool.interruptibleFor((rows + tile - 1) / tile) { number in
            let start = number * tile, count = min(tile, rows - start)
            guard let query = queries.baseAddress, let bank = bank.baseAddress else { return }
            let voters = mostSimilar(query + start * dimension, count, bank, cancellation)
            if cancellation?.isRequested == true { return }
            for row in 0..<count { output[start + row] = vote(voters[row]) }
          }
        }
      }
    }
    return result
  }

  /// Accuracy and its parts on a test set.
  public func evaluate(_ test: LabelledFeatures) throws -> ConfusionMatrix {
    guard test.dimension == dimension else { throw EvaluationError.dimension(expected: dimension, got: test.dimension, of: "test") }
    return try ConfusionMatrix(truths: test.labels, predictions: predict(test.features))
  }

  /// The k best training rows of each query, best first.
  private func mostSimilar(_ queries: UnsafePointer<Float>, _ count: Int, _ bank: UnsafePointer<Float>, _ cancellation: Cancellation?)
    -> [Voters] {
    let width = 1024, total = targets.count
    var voters = [Voters](repeating: Voters(limit: options.neighbours), count: count)
    let similarities = UnsafeMutablePointer<Float>.allocate(capacity: count * min(width, total))
    defer { similarities.deallocate() }
    for first in stride(from: 0, to: total, by: width) where cancellation?.isRequested != true {
      let columns = min(width, total - first)
      FeatureProduct.multiply(
        queries, bank + first * dimension, into: similarities, rows: count, columns: columns, inner: dimension, transposeRight: true)
      for row in 0..<count {
        for column in 0..<columns { voters[row].offer(similarities[row &* columns &+ column], first &+ column) }
      }
    }
    return voters
  }

  private func vote(_ voters: Voters) -> Int {
    var votes = [Double](repeating: 0, count: classes.count)
    let best = Double(voters.similarities[0])
    for (similarity, row) in zip(voters.similarities, voters.rows) {
      // Weights relative to the best voter's: the same ranking, and no overflow at small temperatures.
      let weight = options.temperature.map { Double.exponential((Double(similarity) - best) / $0) } ?? 1
      votes[Int(targets[row])] += weight
    }
    var winner = 0
    for index in votes.indices where votes[index] > votes[winner] { winner = index }
    return classes[winner]
  }

  private static func normalized(_ features: [Float], dimension: Int) -> [Float] {
    let rows = features.count / dimension, tile = 256
    var result = features
    result.withUnsafeMutableBufferPointer { result in
      let values = result
      ThreadPool.parallelFor((rows + tile - 1) / tile) { number in
        for row in number * tile..<min(rows, (number + 1) * tile) {
          var squares = 0.0
          for index in row * dimension..<(row + 1) * dimension { squares += Double(values[index]) * Double(values[index]) }
          let inverse = squares > 0 ? 1 / squares.squareRoot() : 0
          for index in row * dimension..<(row + 1) * dimension { values[index] = Float(Double(values[index]) * inverse) }
        }
      }
    }
    return result
  }

  /// The best similarities seen so far, best first; an equal later one comes after an earlier.
  private struct Voters {
    let limit: Int
    var similarities: [Float] = []
    var rows: [Int] = []

    init(limit: Int) { self.limit = limit }

    @inline(__always)
    mutating func offer(_ similarity: Float, _ row: Int) {
      if similarities.count == limit, similarity <= similarities[limit - 1] { return }
      insert(similarity, row)
    }

    private mutating func insert(_ similarity: Float, _ row: Int) {
      if similarities.count == limit {
        similarities.removeLast()
        rows.removeLast()
      }
      var place = similarities.count
      while place > 0, similarities[place - 1] < similarity { place -= 1 }
      similarities.insert(similarity, at: place)
      rows.insert(row, at: place)
    }
  }
}
