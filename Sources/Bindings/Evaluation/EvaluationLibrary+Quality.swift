import Host
import ML

/// Quality of made pictures by the features of any encoder.
extension EvaluationLibrary {
  private static let real = Argument<Tensor>.tensor("real", "[N, D]")
  private static let made = Argument<Tensor>.tensor("made", "[M, D], by the same encoder")
  private static let neighbours = Argument.integer("neighbours", "that a neighbourhood reaches to", default: 5, in: 1...1_000_000)

  static let frechetDistance = Function(
    "frechet_distance", """
      Gives the distance of two sets of features, each taken for a normal distribution: |mean difference|² + tr(A + B - 2 (A B)^½). \
      Only distances by the same encoder and about as many rows compare; with fewer rows than D it is biased upwards.
      """,
    real, made, returns: .number("0 for equal means and covariances"), source: "Heusel et al. 2017, arXiv:1706.08500",
    example: ("""
      local x = tensor.normal({200, 3}, {stream = random.stream(1)})
      return ("%.3f"):format(eval.frechet_distance(x, x + 2))
      """, "12.000")
  ) { real, made in try FrechetDistance.between(real, made) }

  static let coverage = Function(
    "coverage", """
      Measures how faithful and how varied made pictures are: precision, the share of made features in the neighbourhood of a real one; recall, the share of \
      real ones in that of a made one; density and coverage, which outliers disturb less.
      """,
    real, made, .options("settings", "the neighbourhoods", neighbours),
    returns: .table("precision, recall, density, coverage", type: "{precision: number, recall: number, density: number, coverage: number}"),
    source: "Kynkäänniemi et al. 2019, arXiv:1904.06991; Naeem et al. 2020, arXiv:2002.09797",
    example: ("""
      local x = tensor.normal({50, 2}, {stream = random.stream(1)})
      local r = eval.coverage(x, x + 100)
      return r.precision, r.recall, r.density, r.coverage
      """, "0.0\t0.0\t0.0\t0.0")
  ) { real, made, settings in
    let result = try FeatureCoverage(real: real, made: made, neighbours: settings[neighbours])
    return .record([
      "precision": .number(result.precision), "recall": .number(result.recall), "density": .number(result.density), "coverage": .number(result.coverage),
    ])
  }

  static let vendiScore = Function(
    "vendi_score", "Gives the effective number of different rows: 1 when all point the same way, N when all are orthogonal.", .tensor("features", "[N, D]"),
    returns: .number("1 to N"), source: "Friedman & Dieng 2022, arXiv:2210.02410",
    example: ("return (\"%.2f\"):format(eval.vendi_score(tensor.new{{1, 0}, {0, 2}, {3, 0}, {0, 1}}))", "2.00")
  ) { features in try VendiScore.of(features) }

  static let clipScore = Function(
    "clip_score", "Gives 100 times the mean cosine of each picture's feature with that of its caption, negative ones as 0.", .tensor("images", "[N, D]"),
    .tensor("texts", "[N, D], the caption of each"), returns: .number("0 to 100"), source: "Hessel et al. 2021, arXiv:2104.08718, with weight 100 as in torchmetrics",
    example: ("return eval.clip_score(tensor.new{{3, 0}, {0, 1}}, tensor.new{{1, 0}, {1, 0}})", "50.0")
  ) { images, texts in
    guard images.rank == 2, images.shape == texts.shape, images.shape[0] > 0 else {
      throw ArgumentFault.invalid("images and texts should have one shape [N, D], got \(TensorElements.list(images.shape)) and \(TensorElements.list(texts.shape))")
    }
    let cosines = try withoutTracking { try (images.detached().l2Normalize() * texts.detached().l2Normalize()).sum(axes: [1]).floats() }
    return 100 * cosines.reduce(0) { $0 + max(0, Double($1)) } / Double(cosines.count)
  }
}

/// What may be concluded from several measurements.
extension EvaluationLibrary {
  static let holm = Function(
    "holm", "Adjusts probabilities for the number of questions asked; those that stay below 0.05 are real with a chance of error of 0.05 for all of them together.",
    .numbers("probabilities", "each in [0, 1], such as p of paired_interval"), returns: .list(of: .number("adjusted")), source: "Holm 1979, Scandinavian Journal of Statistics 6, 65-70",
    example: ("local p = eval.holm{0.01, 0.04, 0.03}\nreturn (\"%.2f %.2f %.2f\"):format(p[1], p[2], p[3])", "0.03 0.06 0.06")
  ) { probabilities in try HolmCorrection.adjusted(probabilities) }

  private static let resamples = Argument.integer("resamples", "samples drawn", default: 10_000, in: 100...10_000_000)
  private static let bootstrapSeed = Argument.integer("seed", "of the drawing", default: 0)

  static let bootstrap = Function(
    "bootstrap", "Gives the mean of measurements with the percentile interval of resampled means; for a handful of seeds `interval` is the honest one.",
    .numbers("values", "such as one for each episode"), .options("settings", "how sure", level, resamples, bootstrapSeed),
    returns: .table("mean, low, high, count", type: "{mean: number, low: number, high: number, count: integer, level: number, method: string}"),
    source: "Efron 1979, doi:10.1214/aos/1176344552",
    example: ("local i = eval.bootstrap{1, 2, 3, 4, 5, 6, 7, 8}\nreturn i.mean, i.low > 2 and i.high < 7", "4.5\ttrue")
  ) { values, settings in
    table(try ConfidenceInterval.bootstrap(values, level: settings[level], resamples: settings[resamples], seed: UInt64(bitPattern: Int64(settings[bootstrapSeed]))))
  }

  static let trend = Function(
    "trend", "Fits a line by least squares and gives its slope with an interval.", .numbers("x", "at least three, not all alike"), .numbers("y", "as many"),
    .options("settings", "how sure", level),
    returns: .table("mean (the slope), low, high, p, count, intercept, correlation",
                    type: "{mean: number, low: number, high: number, p: number, count: integer, intercept: number, correlation: number}"),
    example: ("local t = eval.trend({1, 2, 3, 4}, {2.1, 3.9, 6.2, 7.8})\nreturn (\"%.2f [%.2f, %.2f]\"):format(t.mean, t.low, t.high)", "1.94 [1.55, 2.33]")
  ) { x, y, settings in
    let line = try LinearTrend(x: x, y: y, level: settings[level])
    guard case .record(let fields) = table(line.slope) else { return .none }
    return .record(fields + [("intercept", .number(line.intercept)), ("correlation", .number(line.correlation))])
  }
}
