/// The linear probe by stochastic gradient descent: classifiers of several learning rates learn side by side on frozen features.
///
/// Each classifier is W x + b with W drawn from N(0, 0.01²) and b = 0, trained by cross-entropy with momentum 0.9 and no decay. The rate of
/// step i of T is base · batch / 256 · (1 + cos(π i / T)) / 2. Each epoch is a random order cut into whole batches, the rest dropped.
/// Unlike the paper's probe of ImageNet, features are made once and so see no random crops. Tian et al. 2023, arXiv:2306.00984, appendix;
/// its script `main_linear.py`.
public enum StochasticLinearProbe {
  /// The paper's ten base rates.
  public static let paperRates = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5]

  /// On which rows the rate and the epoch are chosen.
  public enum Selection: Sendable, Equatable {
    /// On rows set apart from training; the test rows are looked at once.
    case heldOut(ValidationSplit)
    /// On the test rows: the best of all rates and checks is reported, as published tables do. It flatters.
    case optimistic

    var description: String {
      switch self {
      case .heldOut(let split): return split.description
      case .optimistic: return "optimistic: the best of all rates and checks on the test rows"
      }
    }
  }

  public struct Options: Sendable, Equatable {
    /// Base rates, ascending.
    public var rates = StochasticLinearProbe.paperRates
    public var epochs = 90
    /// Rows of a step; nil takes 1024, or all rows where there are fewer.
    public var batchSize: Int?
    /// Batch normalisation without scale and shift before the classifier, epsilon 1e-6.
    public var normalizes = false
    /// Epochs between checks; the last epoch is always checked.
    public var checkEvery = 10
    /// Of start weights and orders.
    public var seed: UInt64 = 0

    public init() {}
  }

  /// How one rate did at its best check.
  public struct Candidate: Sendable, Equatable {
    public let rate: Double
    public let epoch: Int
    /// Accuracy on the rows of selection.
    public let score: Double
  }

  public struct Result: Sendable {
    /// On the test set.
    public let confusion: ConfusionMatrix
    /// The chosen base rate and the epoch of its check.
    public let rate: Double
    public let epoch: Int
    /// The best check of each rate.
    public let candidates: [Candidate]
    /// The rows of selection in words.
    public let split: String
    public let batchSize: Int
  }

  /// Trains, chooses and tests.
  ///
  /// - Parameters:
  ///   - train: at least two classes.
  ///   - test: a class that training never saw counts as wrong.
  ///   - selection: default a random 20 % of the training rows.
  ///   - observe: called after each epoch with its number; what it throws ends the probe.
  /// - Throws: ``EvaluationError``.
  public static func run(
    train: LabelledFeatures, test: LabelledFeatures, selection: Selection = .heldOut(.random(fraction: 0.2, seed: 0)), options: Options = Options(),
    observe: ((Int) throws -> Void)? = nil
  ) throws -> Result {
    try train.requireSameDimension(test, called: "test")
    try check(options, test)
    let fit: LabelledFeatures, choose: LabelledFeatures
    switch selection {
    case .heldOut(let split): (fit, choose) = try split.divide(train)
    case .optimistic: (fit, choose) = (train, test)
    }
    let batch = options.batchSize ?? min(1024, fit.count)
    guard batch <= fit.count else {
      throw EvaluationError.tooFew(what: "rows to fit with batches of \(batch)", needed: batch, got: fit.count, remedy: "ask for a smaller batch")
    }
    let sweep = try ClassifierSweep(fit, rates: options.rates.map { $0 * Double(batch) / 256 }, normalizes: options.normalizes, seed: options.seed)
    let rowsToChoose = try choose.tensor()
    var best = [Candidate?](repeating: nil, count: options.rates.count)
    var chosen: (candidate: Candidate, classifier: SweptClassifier)?
    for epoch in 1...options.epochs {
      var stream = RandomStream(seed: options.seed, purpose: "probe order", index: UInt64(epoch))
      try sweep.runEpoch(order: stream.permutation(fit.count), batch: batch, epoch: epoch - 1, epochs: options.epochs)
      if epoch % options.checkEvery == 0 || epoch == options.epochs {
        for (place, rate) in options.rates.enumerated() {
          let classifier = try sweep.classifier(place)
          let score = try ConfusionMatrix(truths: choose.labels, predictions: classifier.predict(rowsToChoose)).accuracy
          let candidate = Candidate(rate: rate, epoch: epoch, score: score)
          if score > best[place]?.score ?? -1 { best[place] = candidate }
          if score > chosen?.candidate.score ?? -1 { chosen = (candidate, classifier) }
        }
      }
      try observe?(epoch)
    }
    guard let chosen else { throw EvaluationError.option(name: "rates", value: "[]", expected: "at least one number") }
    return Result(
      confusion: try ConfusionMatrix(truths: test.labels, predictions: chosen.classifier.predict(test.tensor())), rate: chosen.candidate.rate,
      epoch: chosen.candidate.epoch, candidates: best.compactMap { $0 }, split: selection.description, batchSize: batch)
  }

  private static func check(_ options: Options, _ test: LabelledFeatures) throws {
    guard test.count > 0 else { throw EvaluationError.tooFew(what: "test rows", needed: 1, got: 0, remedy: "give a test set") }
    guard !options.rates.isEmpty, options.rates.allSatisfy({ $0 > 0 && $0.isFinite }) else {
      throw EvaluationError.option(name: "rates", value: "\(options.rates)", expected: "at least one positive number")
    }
    for (name, value) in [("epochs", options.epochs), ("batch", options.batchSize ?? 1), ("check_every", options.checkEvery)] where value < 1 {
      throw EvaluationError.option(name: name, value: "\(value)", expected: "at least 1")
    }
  }
}

extension LabelledFeatures {
  /// The features as a tensor [count, dimension].
  func tensor() throws -> Tensor { try Tensor(features, shape: [count, dimension]) }
}
