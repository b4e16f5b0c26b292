/// The linear probe on frozen features: logistic regression whose L2 constant is chosen on a validation split.
///
/// For each constant of the grid, from the strongest penalty to the weakest and each started from the fit before, a model is
/// fitted to the fitting rows and judged on the validation rows, between equal scores by the loss there. The best constant is
/// refitted to both together, standardised by the statistics of both, and the test set is looked at once. Kornblith et al. 2019,
/// "Do better ImageNet models transfer better?", A.6; the protocol that the StableRep project's own transfer script follows.
public enum LinearProbe {
  /// Constants to try, as C: the inverse of the penalty's strength.
  public enum Grid: Sendable, Equatable {
    /// 9 values, penalty strengths 1e-3, 1e-2 ... 1e5.
    case decades
    /// 45 values, penalty strengths evenly spaced in the logarithm from 1e-6 to 1e5: the paper's.
    case paper
    /// Values of C.
    case constants([Double])

    /// Values of C, ascending and without repetition.
    public var values: [Double] {
      switch self {
      case .decades: return (-5...3).map { Double.power(10, Double($0)) }
      case .paper: return (0..<45).map { Double.power(10, -5 + 11 * Double($0) / 44) }
      case let .constants(values): return Set(values).sorted()
      }
    }
  }

  /// What the constant is chosen by, and what is reported first.
  public enum Metric: String, Sendable {
    case accuracy
    /// Mean of the classes' accuracies. The paper's choice for Aircraft, Pets, Caltech-101 and Flowers.
    case meanPerClass

    public func value(_ matrix: ConfusionMatrix) -> Double { self == .accuracy ? matrix.accuracy : matrix.meanPerClass }
  }

  public struct Options: Sendable, Equatable {
    public var grid = Grid.decades
    public var metric = Metric.accuracy
    /// How each fit is made; its `constant` is not used.
    public var regression = LogisticRegression.Options()

    public init(grid: Grid = .decades, metric: Metric = .accuracy) {
      self.grid = grid
      self.metric = metric
    }
  }

  /// One constant of the grid and how it did.
  public struct Candidate: Sendable, Equatable {
    public let constant: Double
    /// The metric on the validation rows.
    public let score: Double
    /// Mean cross-entropy on the validation rows whose class occurs among the fitting rows; decides between equal scores.
    public let loss: Double
    public let iterations: Int
    /// False when the limit of iterations ended the fit.
    public let converged: Bool

    /// By score; between equal scores, which small validation splits often give, by loss.
    func isBetter(than other: Candidate) -> Bool { score != other.score ? score > other.score : loss < other.loss }
  }

  public struct Result: Sendable {
    public let metric: Metric
    /// On the test set.
    public let confusion: ConfusionMatrix
    /// The chosen C.
    public let constant: Double
    /// True when the chosen constant is the grid's smallest or largest: a wider grid might find a better one.
    public let isAtGridEdge: Bool
    /// Every constant in the order tried.
    public let candidates: [Candidate]
    /// The rows on which the constant was chosen, in words.
    public let split: String
    public let fittingRows: Int
    public let validationRows: Int
    /// The model of the final fit.
    public let model: LogisticRegression

    public var accuracy: Double { confusion.accuracy }
    public var meanPerClass: Double { confusion.meanPerClass }
    /// The chosen metric on the test set.
    public var score: Double { metric.value(confusion) }
    /// The test accuracy with Wilson's interval.
    public func interval(level: Double = 0.95) throws -> ConfidenceInterval {
      try ConfidenceInterval.wilson(correct: confusion.correct, count: confusion.total, level: level)
    }
  }

  /// Chooses, refits and tests.
  ///
  /// - Parameters:
  ///   - train: training rows; at least two classes.
  ///   - split: where the validation rows come from, default a random 20 % of the training rows.
  ///   - test: rows that are used once, for the result. A class that training never saw counts as wrong.
  ///   - options: grid, metric and how to fit.
  ///   - observe: called after each constant; what it throws ends the probe.
  /// - Throws: ``EvaluationError``.
  public static func run(
    train: LabelledFeatures, split: ValidationSplit = .random(fraction: 0.2, seed: 0), test: LabelledFeatures,
    options: Options = Options(), observe: ((Candidate) throws -> Void)? = nil
  ) throws -> Result {
    try train.requireSameDimension(test, called: "test")
    guard test.count > 0 else {
      throw EvaluationError.tooFew(what: "test rows", needed: 1, got: 0, remedy: "give a test set")
    }
    let constants = options.grid.values
    guard !constants.isEmpty else {
      throw EvaluationError.tooFew(what: "constants in the grid", needed: 1, got: 0, remedy: "give at least one value of C")
    }
    let (fit, choose) = try split.divide(train)
    var regression = options.regression
    let fitter = try LogisticRegressionFitter(fit, standardizes: regression.standardizes, precision: regression.precision)
    var candidates: [Candidate] = []
    var previous: LogisticRegression?
    var best: (candidate: Candidate, model: LogisticRegression)?
    for constant in constants {
      regression.constant = constant
      let model = try fitter.fit(regression, start: previous)
      let scores = try model.scores(choose.features)
      let matrix = try ConfusionMatrix(truths: choose.labels, predictions: model.predictions(scores: scores))
      let candidate = Candidate(
        constant: constant, score: options.metric.value(matrix), loss: model.meanLoss(scores: scores, labels: choose.labels) ?? .infinity,
        iterations: model.iterations, converged: model.stop != .iterations)
      candidates.append(candidate)
      previous = model
      if best.map({ candidate.isBetter(than: $0.candidate) }) ?? true { best = (candidate, model) }
      try observe?(candidate)
    }
    guard let best else {
      throw EvaluationError.tooFew(what: "constants in the grid", needed: 1, got: 0, remedy: "give at least one value of C")
    }
    let chosen = best.model.constant
    regression.constant = chosen
    let model = try LogisticRegression.fit(fit.followed(by: choose), options: regression, start: best.model)
    return Result(
      metric: options.metric, confusion: try ConfusionMatrix(truths: test.labels, predictions: model.predict(test.features)),
      constant: chosen, isAtGridEdge: constants.count > 1 && (chosen == constants.first || chosen == constants.last),
      candidates: candidates, split: split.description, fittingRows: fit.count, validationRows: choose.count, model: model)
  }
}
