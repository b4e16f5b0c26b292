/// Classification from a few examples, averaged over random episodes.
public enum FewShot {
  /// How the rows of an episode are classified.
  public enum Classifier: String, Sendable, CaseIterable {
    /// The class whose mean of raw features is nearest by Euclidean distance. Snell et al. 2017, arXiv:1703.05175; Ericsson et al. 2021,
    /// "How well do self-supervised models transfer?".
    case centroid
    /// The same after subtracting the mean of the support rows and scaling each row to length one. Wang et al. 2019, "SimpleShot",
    /// arXiv:1911.04623; El Banani et al. 2023, "Learning visual representations via language-guided sampling".
    case centredCentroid = "centred_centroid"
    /// Logistic regression on raw features, scikit-learn's objective.
    case logistic
  }

  public struct Options: Sendable, Equatable {
    public var classifier = Classifier.centroid
    /// C of the logistic regression.
    public var constant = 1.0
    public var episodes = 600

    public init(classifier: Classifier = .centroid, constant: Double = 1, episodes: Int = 600) {
      self.classifier = classifier
      self.constant = constant
      self.episodes = episodes
    }
  }

  /// Accuracy of each episode, in order.
  ///
  /// - Parameters:
  ///   - support: rows that the sampler's support rows point to.
  ///   - queries: rows that its query rows point to.
  ///   - observe: called after each episode with its accuracy; what it throws ends the evaluation.
  public static func run(
    _ sampler: FewShotSampler, support: LabelledFeatures, queries: LabelledFeatures, options: Options = Options(), observe: ((Double) throws -> Void)? = nil
  ) throws -> [Double] {
    try support.requireSameDimension(queries, called: "query")
    guard options.episodes >= 1 else { throw EvaluationError.option(name: "episodes", value: "\(options.episodes)", expected: "at least 1") }
    return try (0..<options.episodes).map { index in
      let episode = sampler.episode(index)
      let asked = queries.rows(episode.queries)
      let predictions = try predict(asked.features, from: support.rows(episode.support), options: options)
      let accuracy = try ConfusionMatrix(truths: asked.labels, predictions: predictions).accuracy
      try observe?(accuracy)
      return accuracy
    }
  }

  /// The class of each query; the lowest label wins a tie. Shapes: queries [rows, dimension] -> [rows].
  static func predict(_ queries: [Float], from support: LabelledFeatures, options: Options) throws -> [Int] {
    switch options.classifier {
    case .logistic:
      var regression = LogisticRegression.Options()
      regression.constant = options.constant
      regression.standardizes = false
      regression.precision = .double
      // Raw features may be badly scaled, and few rows are cheap to fit well.
      regression.gradientTolerance = 1e-8
      regression.maximumIterations = 10_000
      return try LogisticRegression.fit(support, options: regression).predict(queries)
    case .centroid:
      return nearest(rows(support.features, support.dimension), support.labels, rows(queries, support.dimension))
    case .centredCentroid:
      let learned = rows(support.features, support.dimension)
      let mean = average(learned)
      let prepare = { (row: [Double]) in unit(zip(row, mean).map { $0 - $1 }) }
      return nearest(learned.map(prepare), support.labels, rows(queries, support.dimension).map(prepare))
    }
  }

  private static func nearest(_ support: [[Double]], _ labels: [Int], _ queries: [[Double]]) -> [Int] {
    let classes = Set(labels).sorted()
    let centroids = classes.map { label in average(labels.indices.filter { labels[$0] == label }.map { support[$0] }) }
    return queries.map { query in
      let distances = centroids.map { zip($0, query).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } }
      var best = 0
      for place in distances.indices where distances[place] < distances[best] { best = place }
      return classes[best]
    }
  }

  private static func rows(_ features: [Float], _ dimension: Int) -> [[Double]] {
    stride(from: 0, to: features.count, by: dimension).map { features[$0..<$0 + dimension].map { Double($0) } }
  }

  private static func average(_ rows: [[Double]]) -> [Double] {
    var sum = [Double](repeating: 0, count: rows.first?.count ?? 0)
    for row in rows { for column in row.indices { sum[column] += row[column] } }
    return sum.map { $0 / Double(rows.count) }
  }

  private static func unit(_ row: [Double]) -> [Double] {
    let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return length > 0 ? row.map { $0 / length } : row
  }
}
