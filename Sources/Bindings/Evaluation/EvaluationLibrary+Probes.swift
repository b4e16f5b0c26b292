import Host
import ML

/// Probes by stochastic descent, few examples and ridge regression.
extension EvaluationLibrary {
  private static let selection = Argument.choice(
    "selection", "\"held_out\" chooses rate and epoch on rows set apart; \"optimistic\" on the test rows, as published tables do, which flatters",
    ["held_out", "optimistic"], default: "held_out")
  private static let rates = Argument.optional(.numbers("rates", "base rates, for 256 rows; default the paper's ten, 0.001 to 0.5"))
  private static let epochs = Argument.integer("epochs", "passes through the rows", default: 90, in: 1...1_000_000)
  private static let batch = Argument.optional(.integer("batch", "rows of a step; default 1024, or all where there are fewer", in: 1...1_000_000))
  private static let batchNorm = Argument.boolean("batch_norm", "normalise features over the batch before the classifier", default: false)
  private static let checkEvery = Argument.integer("check_every", "epochs between checks", default: 10, in: 1...1_000_000)
  private static let probeSeed = Argument.integer("seed", "of the split, start weights and orders", default: 0)

  static func stochasticProbe(_ session: ScriptSession) -> Function {
    Function(
      "sgd_probe", """
        Trains linear classifiers of several learning rates side by side on frozen features by stochastic gradient descent, and reports the best. \
        Without validation rows a part of train is set apart to choose on.
        """,
      .options("settings", "what is learned and how", encoder, train, validation, test, selection, rates, epochs, batch, batchNorm, checkEvery, fraction, probeSeed),
      returns: .table("accuracy, mean_per_class, low, high, test_rows, rate, epoch, batch, split, candidates", type: "table"),
      source: "Tian et al. 2023, arXiv:2306.00984, appendix; its main_linear.py",
      example: (separable + "local r = eval.sgd_probe{train = points(1), test = points(2), epochs = 100, batch = 8, batch_norm = true}\nreturn r.accuracy, r.split, #r.candidates", "1.0\trandom 20.0 % of train, seed 0\t10")
    ) { settings in
      let check = { try session.interrupt.check() }
      let rows = try settings[train].features(settings[encoder], name: "train", check: check)
      let tested = try settings[test].features(settings[encoder], name: "test", check: check)
      let chosen = try settings[validation]?.features(settings[encoder], name: "validation", check: check)
      let seed = UInt64(bitPattern: Int64(settings[probeSeed]))
      let isOptimistic = settings[selection] == "optimistic"
      if isOptimistic, chosen != nil { throw ArgumentFault.invalid("the optimistic selection uses the test rows; leave validation out") }
      let split = chosen.map { ValidationSplit.official($0) } ?? .random(fraction: settings[fraction], seed: seed)
      var options = StochasticLinearProbe.Options()
      options.rates = settings[rates]?.sorted() ?? options.rates
      options.epochs = settings[epochs]
      options.batchSize = settings[batch]
      options.normalizes = settings[batchNorm]
      options.checkEvery = settings[checkEvery]
      options.seed = seed
      let result = try StochasticLinearProbe.run(
        train: rows, test: tested, selection: isOptimistic ? .optimistic : .heldOut(split), options: options, observe: { _ in try check() })
      return .record(try judged(result.confusion) + [
        ("rate", .number(result.rate)), ("epoch", .integer(result.epoch)), ("batch", .integer(result.batchSize)), ("split", .string(result.split)),
        ("batch_norm", .boolean(options.normalizes)),
        ("candidates", .list(result.candidates.map {
          .record(["rate": .number($0.rate), "epoch": .integer($0.epoch), "score": .number($0.score)])
        })),
      ])
    }
  }

  private static let support = Argument<LabelledInput>.labelled("support", "rows to learn from")
  private static let queries = Argument.optional(.labelled("queries", "rows to ask; default those of support that an episode does not learn from"))
  private static let classifier = Argument<FewShot.Classifier>.choice(
    "classifier", "nearest mean of raw features; the same after subtracting the support's mean and scaling to length one; or logistic regression", of: FewShot.Classifier.self,
    default: .centroid)
  private static let ways = Argument.integer("ways", "classes of an episode", default: 5, in: 2...100_000)
  private static let shots = Argument.integer("shots", "rows of each class to learn from", default: 5, in: 1...1_000_000)
  private static let queryCount = Argument.integer("queries_per_class", "rows of each class to ask", default: 15, in: 1...1_000_000)
  private static let episodes = Argument.integer("episodes", "how many are drawn", default: 600, in: 1...10_000_000)
  private static let constant = Argument.number("c", "of the logistic regression", default: 1)
  private static let episodeSeed = Argument.integer("seed", "of the episodes", default: 0)

  static func fewShot(_ session: ScriptSession) -> Function {
    Function(
      "few_shot", "Classifies from a few examples of each class, averaged over random episodes.",
      .options("settings", "what is classified and how", encoder, support, queries, classifier, ways, shots, queryCount, episodes, constant, level, episodeSeed),
      returns: .table("mean, low, high, episodes, ways, shots, queries_per_class, classifier", type: "table"),
      source: "Ericsson et al. 2021, arXiv:2011.13377, section 3 (centroid); Wang et al. 2019, arXiv:1911.04623 (centred_centroid)",
      example: (separable + "local r = eval.few_shot{support = points(1), ways = 2, episodes = 20, queries_per_class = 5}\nreturn r.mean, r.episodes", "1.0\t20")
    ) { settings in
      let check = { try session.interrupt.check() }
      let learned = try settings[support].features(settings[encoder], name: "support", check: check)
      let asked = try settings[queries]?.features(settings[encoder], name: "queries", check: check)
      let sampler = try FewShotSampler(
        supportLabels: learned.labels, queryLabels: asked?.labels, ways: settings[ways], shots: settings[shots], queriesPerClass: settings[queryCount],
        seed: UInt64(bitPattern: Int64(settings[episodeSeed])))
      let options = FewShot.Options(classifier: settings[classifier], constant: settings[constant], episodes: settings[episodes])
      let accuracies = try FewShot.run(sampler, support: learned, queries: asked ?? learned, options: options, observe: { _ in try check() })
      var fields: [(String, LuaValue)] = [
        ("mean", .number(accuracies.reduce(0, +) / Double(accuracies.count))), ("episodes", .integer(accuracies.count)), ("ways", .integer(sampler.ways)),
        ("shots", .integer(sampler.shots)), ("queries_per_class", .integer(sampler.queriesPerClass)), ("classifier", .string(options.classifier.rawValue)),
      ]
      if accuracies.count > 1 {
        let interval = try ConfidenceInterval.mean(accuracies, level: settings[level])
        fields += [("low", .number(interval.lower)), ("high", .number(interval.upper))]
      }
      return .record(fields)
    }
  }

  private static let ridgeShots = Argument.optional(.integer("shots", "the first rows of each class that are learned from; default all", in: 1...1_000_000))
  private static let penalty = Argument.number("penalty", "lambda, above 0", default: 1024)

  static func ridge(_ session: ScriptSession) -> Function {
    Function(
      "ridge", "Classifies by ridge regression onto marks of +1 and -1, in closed form.",
      .options("settings", "what is learned and how", encoder, train, test, ridgeShots, penalty),
      returns: .table("accuracy, mean_per_class, low, high, test_rows", type: "{accuracy: number, mean_per_class: number, low: number, high: number}"),
      source: "Kolesnikov et al. 2020, arXiv:1912.11370; the few-shot evaluator of big_vision",
      example: (separable + "return eval.ridge{train = points(1), test = points(2), shots = 10, penalty = 1}.accuracy", "1.0")
    ) { settings in
      let check = { try session.interrupt.check() }
      let rows = try settings[train].features(settings[encoder], name: "train", check: check)
      let tested = try settings[test].features(settings[encoder], name: "test", check: check)
      let model = try settings[ridgeShots].map { try RidgeClassifier.fewShot(rows, shots: $0, penalty: settings[penalty]) }
        ?? RidgeClassifier(rows, penalty: settings[penalty])
      return .record(try judged(ConfusionMatrix(truths: tested.labels, predictions: model.predict(tested.features))))
    }
  }

  private static let tokens = Argument<Tensor>.tensor("train", "[N, patches, D], from encoder:patch_features")
  private static let masks = Argument<Tensor>.tensor("train_masks", "[N, S, S], the class of each pixel")
  private static let testTokens = Argument<Tensor>.tensor("test", "[M, patches, D]")
  private static let testMasks = Argument<Tensor>.tensor("test_masks", "[M, S, S]")
  private static let segmentationConstant = Argument.number("c", "of the logistic regression on standardised features", default: 1)

  private static func patches(_ tokens: Tensor, _ masks: Tensor, _ name: String) throws -> PatchFeatures {
    guard masks.rank == 3, masks.shape[1] == masks.shape[2] else {
      throw ArgumentFault.invalid("\(name)_masks should have the shape [N, S, S], got \(TensorElements.list(masks.shape))")
    }
    return try PatchFeatures(tokens: tokens, masks: try masks.integers(), side: masks.shape[1])
  }

  static func segmentation(_ session: ScriptSession) -> Function {
    Function(
      "segmentation_probe", """
        Fits logistic regression to frozen patch features, each patch with the class of most of its pixels; on the test pictures scores are brought to the size \
        of the masks bilinearly and judged pixel by pixel.
        """,
      .options("settings", "features and masks", tokens, masks, testTokens, testMasks, segmentationConstant),
      returns: .table("mean_iou, accuracy, iou (of each class), classes", type: "{mean_iou: number, accuracy: number, iou: number[], classes: integer[]}"),
      source: "Oquab et al. 2023, arXiv:2304.07193, section 7.4",
      example: ("""
        local net = encoder.random{width = 16, depth = 1, heads = 2}
        local function part(seed) local s = {count = 12, seed = seed}; return net:patch_features(data.scenes(s)), (data.scene_masks(s)) end
        local train, train_masks = part(1)
        local test, test_masks = part(2)
        local r = eval.segmentation_probe{train = train, train_masks = train_masks, test = test, test_masks = test_masks}
        return r.mean_iou > 0 and r.mean_iou < 1
        """, "true")
    ) { settings in
      let result = try SegmentationProbe.run(
        train: patches(settings[tokens], settings[masks], "train"), test: patches(settings[testTokens], settings[testMasks], "test"),
        constant: settings[segmentationConstant], observe: { try session.interrupt.check() })
      let matrix = result.confusion
      return .record([
        "mean_iou": .number(matrix.meanIntersectionOverUnion), "accuracy": .number(matrix.accuracy),
        "iou": .list(matrix.intersectionOverUnion.map { .number($0) }), "classes": .list(matrix.classes.map { .integer($0) }),
      ])
    }
  }
}
