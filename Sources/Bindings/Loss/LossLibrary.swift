import Host
import ML

/// The module loam.loss.
enum LossLibrary {
  private static let temperature = Argument.number("temperature", "divides similarities, above 0", default: 0.1)
  private static let smoothing = Argument.number("label_smoothing", "share of the target spread over all classes, in [0, 1]", default: 0)
  private static let clipTemperature = Argument.number("temperature", "divides similarities, above 0", default: 0.07)

  private static let ntXent = Function(
    "nt_xent", "Pulls two views of each picture together and pushes all others apart (SimCLR).", .tensor("first", "[N, D], view 1"),
    .tensor("second", "[N, D], view 2; row i belongs to row i"), .options("settings", "how sharp", temperature),
    returns: .tensor("the loss, a scalar"), source: "Chen et al. 2020, arXiv:2002.05709, eq. (1)",
    example: ("return loss.nt_xent(tensor.new{{1, 0}, {0, 1}}, tensor.new{{1, 0}, {0, 1}}, {temperature = 0.5})", "tensor(0.2395, f32 [])")
  ) { first, second, settings in try ntXentLoss(first, second, temperature: settings[temperature]) }

  private static let multiPositive = Function(
    "multi_positive", "Pulls all samples of a label together and pushes all others apart (StableRep).", .tensor("embeddings", "[N, D]"),
    .labels("labels", "N labels, such as the caption of each picture"), .options("settings", "how sharp", temperature),
    returns: .tensor("the loss, a scalar"), source: "Tian et al. 2023, arXiv:2306.00984, eqs. (2)-(4)",
    example: ("return loss.multi_positive(tensor.new{{1, 0}, {1, 0}, {0, 1}, {0, 1}}, {7, 7, 9, 9})", "tensor(9.0599e-05, f32 [])")
  ) { embeddings, labels, settings in try multiPositiveLoss(embeddings, labels: labels, temperature: settings[temperature]) }

  private static let clip = Function(
    "clip", "Matches pictures and captions both ways (CLIP).", .tensor("images", "[N, D]"), .tensor("texts", "[N, D]; row i belongs to row i"),
    .options("settings", "how sharp", clipTemperature), returns: .tensor("the loss, a scalar"),
    source: "Radford et al. 2021, arXiv:2103.00020, figure 3",
    example: ("return loss.clip(tensor.new{{1, 0}, {0, 1}}, tensor.new{{1, 0}, {0, 1}}, {temperature = 1})", "tensor(0.3133, f32 [])")
  ) { images, texts, settings in
    guard settings[clipTemperature] > 0 else { throw ArgumentFault.invalid("the temperature must be above 0, got \(settings[clipTemperature])") }
    return try clipLoss(images: images, texts: texts, scale: try Tensor.full([], 1 / settings[clipTemperature]))
  }

  private static let crossEntropy = Function(
    "cross_entropy", "Compares logits with class labels, or with a tensor of target shares.", .tensor("logits", "[N, C]"),
    .any("targets", "N labels, 0 for the first class, or a Tensor [N, C] of shares", type: "integer[]|Tensor"),
    .options("settings", "smoothing, for labels", smoothing), returns: .tensor("the mean over rows, a scalar"),
    example: ("return loss.cross_entropy(tensor.new{{2, 0}, {0, 2}}, {0, 1})", "tensor(0.1269, f32 [])")
  ) { logits, targets, settings in
    if case .object(let object) = targets, let handle = object as? TensorHandle {
      if handle.tensor.rank == 2 { return try logits.crossEntropy(targets: handle.tensor) }
      return try logits.crossEntropy(labels: try handle.tensor.integers(), labelSmoothing: settings[smoothing])
    }
    guard case .table(let table) = targets, let labels = table.integers() else {
      throw ArgumentFault.wrongType(expected: "list of labels or Tensor", got: targets.typeName)
    }
    return try logits.crossEntropy(labels: labels, labelSmoothing: settings[smoothing])
  }

  private static let mse = Function(
    "mse", "Averages the squared differences.", .tensor("x", "the tensor"), .tensor("target", "of the same shape"),
    returns: .tensor("the mean, a scalar"), example: ("return loss.mse(tensor.new{1, 2}, tensor.new{1, 4})", "tensor(2, f32 [])")
  ) { x, target in try x.meanSquaredError(target) }

  static let library = Library("loss", "Losses: contrastive ones of the paper, and common ones.", functions: [ntXent, multiPositive, clip, crossEntropy, mse])
}
