/// Linear classifiers that learn together from the same batches, each with its own learning rate.
///
/// Shapes: `weights` [rates · classes, dimension], `biases` [rates · classes]; the rows of one rate lie together.
final class ClassifierSweep {
  let classes: [Int]
  private(set) var weights: Tensor
  private(set) var biases: Tensor
  private let features: Tensor
  private let targets: [Int]
  private let rates: [Double]
  private let norm: BatchNorm1d?
  private let weightRates: Tensor
  private let biasRates: Tensor
  private var weightVelocity: Tensor
  private var biasVelocity: Tensor
  private static let momentum = 0.9

  /// - Parameters:
  ///   - rates: the highest rate of each classifier, that of the first step.
  ///   - normalizes: whether features pass batch normalisation without scale and shift, epsilon 1e-6.
  ///   - start: weights to begin from instead of drawn ones.
  init(_ set: LabelledFeatures, rates: [Double], normalizes: Bool, seed: UInt64, start: Tensor? = nil) throws {
    let classes = Set(set.labels).sorted()
    guard classes.count >= 2 else {
      throw EvaluationError.tooFew(
        what: "classes among the training labels", needed: 2, got: classes.count, remedy: "a classifier needs something to tell apart")
    }
    let index = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($1, $0) })
    let rows = rates.count * classes.count
    var stream = RandomStream(seed: seed, purpose: "probe weights")
    self.classes = classes
    self.rates = rates
    features = try set.tensor()
    targets = set.labels.map { index[$0] ?? 0 }
    weights = try start ?? Tensor.normal([rows, set.dimension], stream: &stream) * 0.01
    biases = try Tensor.zeros([rows])
    norm = normalizes ? try BatchNorm1d(set.dimension, epsilon: 1e-6) : nil
    biasRates = try Tensor(rates.flatMap { [Float](repeating: Float($0), count: classes.count) })
    weightRates = try biasRates.reshape([rows, 1])
    weightVelocity = try Tensor.zeros([rows, set.dimension])
    biasVelocity = try Tensor.zeros([rows])
  }

  /// Takes the whole batches of an order of rows.
  func runEpoch(order: [Int], batch: Int, epoch: Int, epochs: Int) throws {
    let steps = order.count / batch
    for step in 0..<steps {
      let rows = Array(order[step * batch..<(step + 1) * batch])
      let progress = (Double(epoch) + Double(step) / Double(steps)) / Double(epochs)
      try take(rows, share: (1 + Double.cosine(Double.pi * progress)) / 2)
    }
  }

  private func take(_ rows: [Int], share: Double) throws {
    let input = try withoutTracking {
      let picked = try features.indexSelect(axis: 0, indices: rows)
      return try norm.map { try $0(picked) } ?? picked
    }.detached()
    let weights = self.weights.tracked(), biases = self.biases.tracked()
    let logits = try input.linear(weight: weights, bias: biases).reshape([rows.count * rates.count, classes.count])
    // The mean over rows and rates, times the rates: each classifier has the gradient of its own mean.
    let loss = try logits.crossEntropy(labels: rows.flatMap { [Int](repeating: targets[$0], count: rates.count) }) * Double(rates.count)
    let gradients = try loss.backward()
    guard let weightSlope = gradients[weights], let biasSlope = gradients[biases] else { return }
    weightVelocity = try weightVelocity * ClassifierSweep.momentum + weightSlope
    biasVelocity = try biasVelocity * ClassifierSweep.momentum + biasSlope
    self.weights = try self.weights - weightVelocity * weightRates * share
    self.biases = try self.biases - biasVelocity * biasRates * share
  }

  /// The classifier of one rate as it is now.
  func classifier(_ place: Int) throws -> SweptClassifier {
    let start = place * classes.count
    return SweptClassifier(
      classes: classes, weights: try weights.narrow(axis: 0, start: start, count: classes.count).copy(),
      biases: try biases.narrow(axis: 0, start: start, count: classes.count).copy(), mean: norm?.runningMean.value,
      deviation: try norm.map { try ($0.runningVariance.value + $0.epsilon).sqrt() })
  }
}

/// One trained classifier, with the running statistics of its batch normalisation.
struct SweptClassifier {
  let classes: [Int]
  let weights: Tensor
  let biases: Tensor
  let mean: Tensor?
  let deviation: Tensor?

  /// The class of each row; the lowest label wins a tie. Shapes: features [rows, dimension] -> [rows].
  func predict(_ features: Tensor) throws -> [Int] {
    try withoutTracking {
      var input = features
      if let mean, let deviation { input = try (features - mean) / deviation }
      return try input.linear(weight: weights, bias: biases).argmax(axis: 1).integers().map { classes[$0] }
    }
  }
}
