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

  private static let mocoTemperature = Argument.number("temperature", "divides similarities, above 0", default: 0.2)

  private static let mocoV3 = Function(
    "moco_v3", "Contrasts what a student predicts from one view with what its teacher makes of the other, both ways (MoCo-v3). No gradient reaches the keys.",
    .tensor("query1", "[N, D], the student's, view 1"), .tensor("query2", "[N, D], view 2"), .tensor("key1", "[N, D], the teacher's, view 1"),
    .tensor("key2", "[N, D], view 2"), .options("settings", "how sharp", mocoTemperature), returns: .tensor("the loss, a scalar"),
    source: "Chen, Xie & He 2021, arXiv:2104.02057, algorithm 1",
    example: ("local x = tensor.new{{1, 0}, {0, 1}}\nreturn loss.moco_v3(x, x, x, x, {temperature = 1})", "tensor(1.2530, f32 [])")
  ) { query1, query2, key1, key2, settings in
    try momentumContrastiveLoss(queries: (query1, query2), keys: (key1, key2), temperature: settings[mocoTemperature])
  }

  private static let byol = Function(
    "byol", "Turns what a student predicts from one view towards what its teacher makes of the other, both ways (BYOL). No gradient reaches the targets.",
    .tensor("prediction1", "[N, D], the student's, view 1"), .tensor("prediction2", "[N, D], view 2"), .tensor("target1", "[N, D], the teacher's, view 1"),
    .tensor("target2", "[N, D], view 2"), returns: .tensor("the loss, a scalar from 0 to 8"), source: "Grill et al. 2020, arXiv:2006.07733, eq. (2)",
    example: ("local x, y = tensor.new{{1, 0}}, tensor.new{{0, 2}}\nreturn loss.byol(x, y, x, y)", "tensor(4, f32 [])")
  ) { prediction1, prediction2, target1, target2 in try bootstrapLoss(predictions: (prediction1, prediction2), targets: (target1, target2)) }

  private static let studentTemperature = Argument.number("student_temperature", "divides the student's logits, above 0", default: 0.1)
  private static let teacherTemperature = Argument.number("teacher_temperature", "divides the teacher's logits, above 0", default: 0.04)

  private static let dino = Function(
    "dino", "Gives a student's views the teacher's shares of the other views (DINO). No gradient reaches the teacher.",
    .objects("student", "one Tensor [N, K] for each view, the teacher's views first", TensorHandle.self),
    .objects("teacher", "one Tensor [N, K] for each global view", TensorHandle.self), .tensor("center", "[K], the running mean of the teacher's logits"),
    .options("settings", "how sharp", studentTemperature, teacherTemperature), returns: .tensor("the loss, a scalar"),
    source: "Caron et al. 2021, arXiv:2104.14294, algorithm 1",
    example: ("""
      local s, t = tensor.new{{1, 0}}, tensor.new{{1, 0}}
      return loss.dino({s, s}, {t, t}, tensor.zeros{2}, {student_temperature = 1, teacher_temperature = 0.01})
      """, "tensor(0.3133, f32 [])")
  ) { student, teacher, center, settings in
    try distillationLoss(student: student.map(\.tensor), teacher: teacher.map(\.tensor), center: center,
                         studentTemperature: settings[studentTemperature], teacherTemperature: settings[teacherTemperature])
  }

  private static let synclrTemperature = Argument.number("temperature", "divides similarities, above 0", default: 0.08)
  private static let own = Argument.optional(.labels("own", "for each query the row of its own key, from 1, which is left out of its sums; default: none is"))

  private static let synclr = Function(
    "synclr", "Pulls what a student predicts of crops towards what its teacher makes of all crops of the same caption (SynCLR). No gradient reaches the keys.",
    .tensor("queries", "[N, D], the student's"), .tensor("keys", "[M, D], the teacher's"), .labels("query_labels", "the caption of each query, any integers"),
    .labels("key_labels", "the caption of each key"), .options("settings", "how sharp", synclrTemperature, own), returns: .tensor("the loss, a scalar"),
    source: "Tian et al. 2023, arXiv:2312.17742, section 3.3",
    example: ("local x = tensor.new{{1, 0}, {0, 1}}\nreturn loss.synclr(x, x, {4, 5}, {4, 5}, {temperature = 1})", "tensor(0.3133, f32 [])")
  ) { queries, keys, queryLabels, keyLabels, settings in
    try multiPositiveTeacherLoss(queries: queries, keys: keys, queryLabels: queryLabels, keyLabels: keyLabels, own: (settings[own] ?? []).map { $0 - 1 }, temperature: settings[synclrTemperature])
  }

  private static let scale = Argument.number("scale", "multiplies similarities, above 0", default: 10)
  private static let bias = Argument.number("bias", "is added to them", default: -10)

  private static let siglip = Function(
    "siglip", "Judges each pair of a picture and a caption by itself (SigLIP). For learned scale and bias give an encoder the objective siglip.",
    .tensor("images", "[N, D]"), .tensor("texts", "[N, D]; row i belongs to row i"), .options("settings", "how sharp", scale, bias),
    returns: .tensor("the loss, a scalar"), source: "Zhai et al. 2023, arXiv:2303.15343, algorithm 1",
    example: ("return loss.siglip(tensor.new{{1, 0}, {0, 1}}, tensor.new{{1, 0}, {0, 1}}, {scale = 1, bias = 0})", "tensor(1.0064, f32 [])")
  ) { images, texts, settings in
    guard settings[scale] > 0 else { throw ArgumentFault.invalid("the scale must be above 0, got \(settings[scale])") }
    return try sigmoidImageTextLoss(images: images, texts: texts, captions: Array(0..<(images.shape.first ?? 0)), scale: try Tensor.full([], settings[scale]),
                                    bias: try Tensor.full([], settings[bias]))
  }

  private static let patch = Argument.integer("patch", "side of a patch in pixels", in: 1...4096)
  private static let normalized = Argument.boolean("normalized", "whether each patch is first brought to mean 0 and variance 1", default: true)

  private static let mae = Function(
    "mae", "Averages the squared error of the hidden patches of pictures (MAE).", .tensor("prediction", "[N, patches, patch² · channels], pixels by row, column, channel"),
    .tensor("pictures", "[N, channels, height, width]"), .tensor("hidden", "[N, patches]: 1 where the encoder saw nothing, else 0"),
    .options("settings", "patches", patch, normalized), returns: .tensor("the loss, a scalar"), source: "He et al. 2022, arXiv:2111.06377, section 3",
    example: ("return loss.mae(tensor.zeros{1, 1, 4}, tensor.new{{{{1, 2}, {3, 4}}}}, tensor.ones{1, 1}, {patch = 2, normalized = false})", "tensor(7.5000, f32 [])")
  ) { prediction, pictures, hidden, settings in
    try maskedReconstructionLoss(prediction, target: pictures.patches(settings[patch]), hidden: hidden, normalized: settings[normalized])
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

  static let library = Library("loss", "Losses: contrastive ones of the paper, and common ones.", functions: [ntXent, multiPositive, synclr, mocoV3, byol, dino, mae, clip, siglip, crossEntropy, mse])
}
