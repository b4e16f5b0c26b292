import Host
import ML

/// Evaluation of embeddings without training: zero-shot classification, retrieval, rankings.
extension EvaluationLibrary {
  private static let images = Argument<Tensor>.tensor("images", "[N, D]")
  private static let texts = Argument<Tensor>.tensor("texts", "[classes * templates, D], class by class")
  private static let labels = Argument<[Int]>.labels("labels", "N classes, 0 for the first")
  private static let templates = Argument.integer("templates", "captions of each class", default: 1, in: 1...1_000_000)

  static let zeroShot = Function(
    "zero_shot", """
      Classifies pictures by the captions of classes: the features of a class's captions are scaled to length one, averaged and scaled again; \
      the most similar class wins.
      """,
    .options("settings", "features and labels", images, texts, labels, templates),
    returns: .table("accuracy, mean_per_class, low, high, test_rows, predictions", type: "table"), source: "Radford et al. 2021, arXiv:2103.00020, section 3.1.4",
    example: ("""
      local texts = tensor.new{{1, 0}, {0.9, 0.1}, {0, 1}, {0.2, 0.8}}
      return eval.zero_shot{images = tensor.new{{3, 1}, {1, 2}}, texts = texts, templates = 2, labels = {0, 1}}.accuracy
      """, "1.0")
  ) { settings in
    let predictions = try ZeroShotClassifier(texts: settings[texts], templates: settings[templates]).predict(settings[images])
    return .record(try judged(ConfusionMatrix(truths: settings[labels], predictions: predictions)) + [("predictions", .list(predictions.map { .integer($0) }))])
  }

  static let prompts = Function(
    "prompts", "Puts every class name into every template, class by class.", .strings("names", "of the classes"),
    .strings("templates", "sentences with {} where the name goes"), returns: .list(of: .string("a caption")),
    example: ("return eval.prompts({\"cat\", \"dog\"}, {\"a photo of a {}.\", \"my {}\"})", "{\"a photo of a cat.\", \"my cat\", \"a photo of a dog.\", \"my dog\"}")
  ) { names, templates in try ZeroShotClassifier.prompts(classNames: names, templates: templates) }

  private static let queryGroups = Argument.optional(.integers("query_groups", "group of each query; default its own number"))
  private static let candidateGroups = Argument.optional(.integers("candidate_groups", "group of each candidate; those of a query's group are its matches"))
  private static let at = Argument.optional(.integers("at", "values of k; default 1, 5 and 10"))

  static let retrieval = Function(
    "retrieval", "Ranks candidates for each query by cosine similarity and gives the share of queries with a match among the first k.",
    .tensor("queries", "[Q, D]"), .tensor("candidates", "[N, D]"), .options("settings", "what belongs together", queryGroups, candidateGroups, at),
    returns: .table("the fields R@1, R@5 ..., mean_rank, median_rank", type: "table<string, number>"),
    source: "Karpathy & Fei-Fei 2015, arXiv:1412.2306, section 4.1",
    example: ("""
      local r = eval.retrieval(tensor.new{{1, 0}, {0, 1}}, tensor.new{{1, 0.1}, {0.9, -0.2}}, {at = {1, 2}})
      return r["R@1"], r["R@2"], r.median_rank
      """, "0.5\t1.0\t1")
  ) { queries, candidates, settings in
    let known = settings[queryGroups] ?? Array(0..<(queries.shape.first ?? 0))
    let ranks = try Retrieval(
      queries: queries, candidates: candidates, queryGroups: known, candidateGroups: settings[candidateGroups] ?? Array(0..<(candidates.shape.first ?? 0)))
    var fields: [(String, LuaValue)] = [("mean_rank", .number(ranks.meanRank)), ("median_rank", .integer(ranks.medianRank))]
    for k in settings[at] ?? [1, 5, 10] {
      guard k >= 1 else { throw ArgumentFault.invalid("k of R@k must be at least 1, got \(k)") }
      fields.append(("R@\(k)", .number(ranks.recall(at: k))))
    }
    return .record(fields)
  }

  static let averagePrecision = Function(
    "average_precision", "Gives the mean over classes of the average precision at eleven levels of recall, each class against the rest (PASCAL VOC 2007).",
    .tensor("scores", "[N, C], higher is surer"), .tensor("positives", "[N, C], not 0 where the row belongs to the class"),
    returns: .number("between 0 and 1"), source: "Everingham et al. 2010, doi:10.1007/s11263-009-0275-4, section 4.2",
    example: ("return (\"%.4f\"):format(eval.average_precision(tensor.new{{0.9}, {0.8}, {0.1}}, tensor.new{{1}, {0}, {1}}))", "0.8485")
  ) { scores, positives in
    guard scores.rank == 2, scores.shape == positives.shape else {
      throw ArgumentFault.invalid("scores and positives should have one shape [N, C], got \(TensorElements.list(scores.shape)) and \(TensorElements.list(positives.shape))")
    }
    return try AveragePrecision.meanElevenPoint(
      scores: try scores.detached().cast(.f32).floats().map { Double($0) }, positives: try positives.detached().cast(.f32).floats().map { $0 != 0 }, classes: scores.shape[1])
  }
}
