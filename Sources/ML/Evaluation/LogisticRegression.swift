/// Multinomial logistic regression with an L2 penalty, fitted by L-BFGS.
///
/// With K classes, weights W [K, D] and intercepts b [K], and rows standardised to x, it minimises
///
///     C sum_i loss_i + 1/2 ||W||^2,    loss_i = log sum_k exp(w_k x_i + b_k) - (w_y x_i + b_y)
///
/// which is scikit-learn's objective; the intercepts are not penalised. The minimiser sees it divided by C n, so the gradient
/// tolerance does not depend on the number of rows. Two classes get two rows of weights, which equals a binomial fit at 2 C.
public struct LogisticRegression: Sendable {
  public struct Options: Sendable, Equatable {
    /// C, the inverse of the penalty's strength; positive.
    public var constant = 1.0
    /// Stops when no component of the gradient of the mean objective exceeds this; the default is scikit-learn's.
    public var gradientTolerance = 1e-4
    public var maximumIterations = 1000
    /// Subtract the training mean and divide by the training deviation first.
    public var standardizes = true
    public var precision = Precision.single

    public init() {}
  }

  /// What the products are computed in. The sums over rows, the penalty and the minimiser always use f64.
  public enum Precision: String, Sendable {
    /// f32: enough down to a gradient tolerance of about 1e-5.
    case single
    /// f64: for comparison with references, about twice the time.
    case double
  }

  /// The classes in ascending order; row k of the weights belongs to `classes[k]`.
  public let classes: [Int]
  public let dimension: Int
  public let scaling: FeatureScaling
  /// Weights on standardised features. Shape: [classes, dimension].
  public let weights: [Double]
  /// Shape: [classes].
  public let intercepts: [Double]
  public let constant: Double
  public let iterations: Int
  public let stop: LBFGS.Stop

  /// Fits a model.
  ///
  /// - Parameters:
  ///   - set: at least two classes.
  ///   - start: a model of the same classes and dimension to begin from; the minimum is the same, the way to it shorter.
  /// - Throws: ``EvaluationError`` for a single class or an option out of range.
  public static func fit(_ set: LabelledFeatures, options: Options = Options(), start: LogisticRegression? = nil) throws -> LogisticRegression {
    try LogisticRegressionFitter(set, standardizes: options.standardizes, precision: options.precision).fit(options, start: start)
  }

  /// Scores of every class: `x W^T + b`. Shapes: features [rows, dimension] -> [rows, classes].
  public func scores(_ features: [Float]) throws -> [Double] {
    guard features.count % dimension == 0 else {
      throw EvaluationError.featureCount(values: features.count, rows: features.count / dimension + 1, dimension: dimension)
    }
    let rows = features.count / dimension, tile = 256, width = classes.count
    let scaled = scaling.apply(features, as: Double.self)
    var result = [Double](repeating: 0, count: rows * width)
    try result.withUnsafeMutableBufferPointer { result in
      let output = result.baseAddress
      try scaled.withUnsafeBufferPointer { scaled in
        try weights.withUnsafeBufferPointer { weights in
          try ThreadPool.interruptibleFor((rows + tile - 1) / tile) { number in
            guard let output, let input = scaled.baseAddress, let weights = weights.baseAddress else { return }
            let start = number * tile, count = min(tile, rows - start)
            let target = output + start * width
            FeatureProduct.multiply(
              input + start * dimension, weights, into: target, rows: count, columns: width, inner: dimension, transposeRight: true)
            for row in 0..<count {
              for column in 0..<width { target[row * width + column] += intercepts[column] }
            }
          }
        }
      }
    }
    return result
  }

  /// The class with the highest score of each row; the lowest label wins a tie. Shapes: features [rows, dimension] -> [rows].
  public func predict(_ features: [Float]) throws -> [Int] { predictions(scores: try scores(features)) }

  func predictions(scores: [Double]) -> [Int] {
    let width = classes.count
    return (0..<scores.count / width).map { row in
      var best = 0
      for column in 1..<width where scores[row * width + column] > scores[row * width + best] { best = column }
      return classes[best]
    }
  }

  /// Mean of loss_i over the rows whose class the model knows; nil if there is none. Shapes: scores [rows, classes], labels [rows].
  func meanLoss(scores: [Double], labels: [Int]) -> Double? {
    let width = classes.count
    let column = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($1, $0) })
    var sum = 0.0, known = 0
    for (row, label) in labels.enumerated() {
      guard let target = column[label] else { continue }
      let scores = scores[row * width..<(row + 1) * width]
      let largest = scores.max() ?? 0
      sum += Double.logarithm(scores.reduce(0) { $0 + Double.exponential($1 - largest) }) + largest - scores[row * width + target]
      known += 1
    }
    return known == 0 ? nil : sum / Double(known)
  }
}

/// Fits several constants to one set: the standardised copy of the features is made once.
final class LogisticRegressionFitter {
  private let set: LabelledFeatures
  private let classes: [Int]
  private let scaling: FeatureScaling
  private let evaluate: (_ penalty: Double) -> LBFGS.Function
  private let precision: LogisticRegression.Precision

  init(_ set: LabelledFeatures, standardizes: Bool, precision: LogisticRegression.Precision) throws {
    let classes = Set(set.labels).sorted()
    guard classes.count >= 2 else {
      throw EvaluationError.tooFew(
        what: "classes among the training labels", needed: 2, got: classes.count, remedy: "a classifier needs something to tell apart")
    }
    let index = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($1, Int32($0)) })
    let targets = set.labels.map { index[$0] ?? 0 }
    let scaling = standardizes ? FeatureScaling(of: set) : FeatureScaling(identityOf: set.dimension)
    self.set = set
    self.classes = classes
    self.scaling = scaling
    self.precision = precision
    func objective<Scalar: ComputeScalar>(_ type: Scalar.Type) -> (Double) -> LBFGS.Function {
      let objective = SoftmaxObjective(
        features: scaling.apply(set.features, as: type), targets: targets, dimension: set.dimension, classes: classes.count, penalty: 0)
      return { penalty in
        objective.penalty = penalty
        return { parameters, gradient in try objective.evaluate(parameters, gradient) }
      }
    }
    evaluate = precision == .single ? objective(Float.self) : objective(Double.self)
  }

  func fit(_ options: LogisticRegression.Options, start: LogisticRegression?) throws -> LogisticRegression {
    guard options.constant > 0, options.constant.isFinite else {
      throw EvaluationError.option(name: "C", value: "\(options.constant)", expected: "a positive number")
    }
    guard options.gradientTolerance > 0 else {
      throw EvaluationError.option(name: "gradient tolerance", value: "\(options.gradientTolerance)", expected: "a positive number")
    }
    let weightCount = classes.count * set.dimension
    var minimizer = LBFGS()
    minimizer.gradientTolerance = options.gradientTolerance
    minimizer.maximumIterations = options.maximumIterations
    // In f32 products the mean loss is known to about 1e-9: differences below are noise.
    minimizer.valueNoise = precision == .single ? 1e-9 : 1e-15
    minimizer.valueTolerance = precision == .single ? 1e-9 : 0
    var parameters = [Double](repeating: 0, count: weightCount + classes.count)
    if let start, start.classes == classes, start.dimension == set.dimension { parameters = start.weights + start.intercepts }
    let result = try minimizer.minimize(from: parameters, evaluate(1 / (options.constant * Double(set.count))))
    return LogisticRegression(
      classes: classes, dimension: set.dimension, scaling: scaling, weights: Array(result.parameters[..<weightCount]),
      intercepts: Array(result.parameters[weightCount...]), constant: options.constant, iterations: result.iterations, stop: result.stop)
  }
}
