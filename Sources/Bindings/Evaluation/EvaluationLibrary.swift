import Host
import ML

/// The module loam.eval.
enum EvaluationLibrary {
  static let encoder = Argument.optional(.object("encoder", "makes the features of data sets", EncoderHandle.self))
  static let train = Argument<LabelledInput>.labelled("train", "what is learned from")
  static let validation = Argument.optional(.labelled("validation", "what the constant is chosen on; default a random part of train"))
  static let test = Argument<LabelledInput>.labelled("test", "what is reported on, looked at once")
  private static let grid = Argument.any("grid", "constants C to try: \"decades\" (9 values, the default), \"paper\" (45 values), or a list", type: "string|number[]")
  private static let metric = Argument.choice("metric", "what is chosen by and reported as score", ["accuracy", "mean_per_class"], default: "accuracy")
  static let fraction = Argument.number("validation_fraction", "share of train that is set apart when there is no validation set", default: 0.2)
  private static let seed = Argument.integer("seed", "of that share", default: 0)
  private static let neighbours = Argument.integer("neighbours", "number of voters", default: 20, in: 1...Int.max)
  private static let temperature = Argument.number("temperature", "votes weigh e^(similarity / temperature); 0 weighs all alike", default: 0.07)
  static let level = Argument.number("level", "probability that the interval covers the true value", default: 0.95)

  static let separable = """
    local function points(shift)
      local x, labels = tensor.normal({40, 2}, {stream = random.stream(shift)}), {}
      for i = 1, 40 do labels[i] = i % 2; x[{i, 1}] = x[{i, 1}] + 8 * labels[i] end
      return {features = x, labels = labels}
    end

    """

  private static func constants(_ value: LuaValue) throws -> LinearProbe.Grid {
    switch value {
    case .none, .string("decades"): return .decades
    case .string("paper"): return .paper
    case .table(let table):
      guard let numbers = table.numbers(), !numbers.isEmpty, numbers.allSatisfy({ $0 > 0 && $0.isFinite }) else {
        throw ArgumentFault.invalid("grid needs at least one positive number")
      }
      return .constants(numbers)
    default: throw ArgumentFault.invalid("grid is \"decades\", \"paper\" or a list of numbers, got \(value.asString.map { "\"\($0)\"" } ?? value.typeName)")
    }
  }

  static func table(_ interval: ConfidenceInterval) -> LuaValue {
    var fields: [(String, LuaValue)] = [
      ("mean", .number(interval.estimate)), ("low", .number(interval.lower)), ("high", .number(interval.upper)), ("count", .integer(interval.count)),
      ("level", .number(interval.level)), ("method", .string(interval.method.rawValue)),
    ]
    if let probability = interval.probabilityOfNoDifference { fields.append(("p", .number(probability))) }
    return .record(fields)
  }

  /// What is reported of every classification.
  static func judged(_ matrix: ConfusionMatrix) throws -> [(String, LuaValue)] {
    let interval = try ConfidenceInterval.wilson(correct: matrix.correct, count: matrix.total)
    return [
      ("accuracy", .number(matrix.accuracy)), ("mean_per_class", .number(matrix.meanPerClass)), ("low", .number(interval.lower)),
      ("high", .number(interval.upper)), ("test_rows", .integer(matrix.total)),
    ]
  }

  private static func probe(_ session: ScriptSession) -> Function {
    Function(
      "linear_probe", """
        Fits logistic regression to frozen features: the constant C of its penalty is chosen on validation rows, the model refitted on both, \
        and tested once.
        """,
      .options("settings", "what is learned and how", encoder, train, validation, test, grid, metric, fraction, seed),
      returns: .table("score, accuracy, mean_per_class, c, at_edge, low, high, split, candidates", type: "table"),
      source: "Kornblith et al. 2019, arXiv:1805.08974, A.6; Tian et al. 2023, arXiv:2306.00984, section 5",
      example: (separable + "local r = eval.linear_probe{train = points(1), validation = points(2), test = points(3)}\nreturn r.accuracy, r.split", "1.0\tofficial validation set of 40 rows")
    ) { settings in
      let check = { try session.interrupt.check() }
      let rows = try settings[train].features(settings[encoder], name: "train", check: check)
      let chosen = try settings[validation]?.features(settings[encoder], name: "validation", check: check)
      let tested = try settings[test].features(settings[encoder], name: "test", check: check)
      let split = chosen.map { ValidationSplit.official($0) }
        ?? .random(fraction: settings[fraction], seed: UInt64(bitPattern: Int64(settings[seed])))
      let metric: LinearProbe.Metric = settings[metric] == "accuracy" ? .accuracy : .meanPerClass
      let result = try LinearProbe.run(
        train: rows, split: split, test: tested, options: .init(grid: try constants(settings[grid]), metric: metric), observe: { _ in try check() })
      let interval = try result.interval()
      return .record([
        "score": .number(result.score), "accuracy": .number(result.accuracy), "mean_per_class": .number(result.meanPerClass),
        "c": .number(result.constant), "at_edge": .boolean(result.isAtGridEdge), "low": .number(interval.lower), "high": .number(interval.upper),
        "split": .string(result.split), "metric": .string(settings[EvaluationLibrary.metric]), "test_rows": .integer(result.confusion.total),
        "candidates": .list(result.candidates.map {
          .record(["c": .number($0.constant), "score": .number($0.score), "loss": .number($0.loss), "converged": .boolean($0.converged)])
        }),
      ])
    }
  }

  private static func nearest(_ session: ScriptSession) -> Function {
    Function(
      "knn", "Classifies by the votes of the nearest training features under cosine similarity.",
      .options("settings", "what is compared and how", encoder, train, test, neighbours, temperature),
      returns: .table("accuracy, mean_per_class, low, high, test_rows", type: "{accuracy: number, mean_per_class: number, low: number, high: number}"),
      source: "Wu et al. 2018, arXiv:1805.01978, section 3.4",
      example: (separable + "return eval.knn{train = points(1), test = points(2), neighbours = 5}.accuracy > 0.5", "true")
    ) { settings in
      let check = { try session.interrupt.check() }
      let rows = try settings[train].features(settings[encoder], name: "train", check: check)
      let tested = try settings[test].features(settings[encoder], name: "test", check: check)
      guard settings[temperature] >= 0 else { throw ArgumentFault.invalid("the temperature must be 0 or above, got \(settings[temperature])") }
      let options = NearestNeighbours.Options(neighbours: settings[neighbours], temperature: settings[temperature] == 0 ? nil : settings[temperature])
      return .record(try judged(NearestNeighbours(rows, options: options).evaluate(tested)))
    }
  }

  private static let interval = Function(
    "interval", "Gives the mean of measurements, one for each seed, and its confidence interval by Student's t. One measurement has no interval.",
    .numbers("values", "one for each seed"), .options("settings", "how sure", level),
    returns: .table("mean, low, high, count", type: "{mean: number, low: number?, high: number?, count: integer, level: number, method: string}"),
    example: ("local i = eval.interval{0.70, 0.72, 0.74}\nreturn (\"%.3f [%.3f, %.3f]\"):format(i.mean, i.low, i.high)", "0.720 [0.670, 0.770]")
  ) { values, settings in
    if values.count == 1 {
      return .record(["mean": .number(values[0]), "count": .integer(1), "level": .number(settings[level]), "method": .string("single")])
    }
    return table(try ConfidenceInterval.mean(values, level: settings[level]))
  }

  private static let paired = Function(
    "paired_interval", "Gives the mean of first - second over seeds that both share, its confidence interval, and p, the probability of a difference this far from 0 by chance.",
    .numbers("first", "one for each seed"), .numbers("second", "under the same seeds, in the same order"), .options("settings", "how sure", level),
    returns: .table("mean, low, high, p", type: "{mean: number, low: number, high: number, p: number, count: integer}"),
    example: ("local i = eval.paired_interval({0.8, 0.9, 0.85}, {0.7, 0.82, 0.74})\nreturn i.low > 0", "true")
  ) { first, second, settings in table(try ConfidenceInterval.pairedDifference(first, second, level: settings[level])) }

  private static let proportion = Function(
    "proportion", "Gives a share of right answers and its confidence interval by Wilson's score.", .integer("correct", "right answers", in: 0...Int.max),
    .integer("count", "all answers", in: 1...Int.max), .options("settings", "how sure", level),
    returns: .table("mean, low, high, count", type: "{mean: number, low: number, high: number, count: integer}"),
    source: "Wilson 1927, doi:10.1080/01621459.1927.10502953",
    example: ("local i = eval.proportion(85, 100)\nreturn (\"%.2f [%.3f, %.3f]\"):format(i.mean, i.low, i.high)", "0.85 [0.767, 0.907]")
  ) { correct, count, settings in table(try ConfidenceInterval.wilson(correct: correct, count: count, level: settings[level])) }

  static func library(_ session: ScriptSession) -> Library {
    Library("eval", "Evaluation of frozen features, and intervals.", functions: [
      probe(session), stochasticProbe(session), nearest(session), fewShot(session), ridge(session), segmentation(session), fineTune(session), zeroShot, prompts, retrieval, averagePrecision, frechetDistance, coverage,
      vendiScore, clipScore, interval, paired, proportion, bootstrap, trend, holm,
    ])
  }
}
