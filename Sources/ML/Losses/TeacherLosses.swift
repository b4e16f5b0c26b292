// Losses between a student, which gradients reach, and a teacher, which follows it. View v of the student meets the other views of the teacher.

/// The symmetric contrastive loss of MoCo-v3.
///
/// Shapes: four [B, D] → scalar. With normalised rows, ctr(q, k) = 2τ · CE(q kᵀ / τ, diagonal) and L = ctr(q₁, k₂) + ctr(q₂, k₁).
///
/// - Parameters:
///   - queries: the student's predictions of both views.
///   - keys: the teacher's projections of both views; no gradient reaches them.
///   - temperature: τ > 0, default 0.2.
/// - Throws: `ModelError` if the shapes differ.
///
/// Chen, Xie & He 2021, arXiv:2104.02057, algorithm 1.
public func momentumContrastiveLoss(queries: (Tensor, Tensor), keys: (Tensor, Tensor), temperature: Double = 0.2) throws -> Tensor {
  try checkViews("MoCo-v3 loss", [queries.0, queries.1, keys.0, keys.1])
  guard temperature > 0, temperature.isFinite else { throw ModelError("MoCo-v3 loss: the temperature must be positive, got \(temperature)") }
  func contrast(_ query: Tensor, _ key: Tensor) throws -> Tensor {
    let logits = try query.l2Normalize().matmul(key.detached().l2Normalize(), transposeRight: true) * (1 / temperature)
    return try logits.crossEntropy(labels: Array(0..<query.shape[0])) * (2 * temperature)
  }
  return try contrast(queries.0, keys.1) + contrast(queries.1, keys.0)
}

/// The loss of BYOL: predictions of one view should point where the teacher's projection of the other does.
///
/// Shapes: four [B, D] → scalar. L = mean(2 - 2 cos(p₁, t₂)) + mean(2 - 2 cos(p₂, t₁)).
///
/// - Parameters:
///   - predictions: the student's, of both views.
///   - targets: the teacher's projections of both views; no gradient reaches them.
/// - Throws: `ModelError` if the shapes differ.
///
/// Grill et al. 2020, arXiv:2006.07733, equation 2.
public func bootstrapLoss(predictions: (Tensor, Tensor), targets: (Tensor, Tensor)) throws -> Tensor {
  try checkViews("BYOL loss", [predictions.0, predictions.1, targets.0, targets.1])
  func distance(_ prediction: Tensor, _ target: Tensor) throws -> Tensor {
    try 2 - (prediction.l2Normalize() * target.detached().l2Normalize()).sum(axes: [1]).mean() * 2
  }
  return try distance(predictions.0, targets.1) + distance(predictions.1, targets.0)
}

/// The self-distillation loss of DINO.
///
/// Shapes: each [B, K], `center` [K] → scalar. With P = softmax((t - c) / τ_t), L is the mean of -Σ P log softmax(s / τ_s) over rows and over all
/// pairs of a teacher's view and another view of the student.
///
/// - Parameters:
///   - student: logits of the student, one tensor for each view; the first ones show the same crops as the teacher's.
///   - teacher: logits of the teacher for the global views; no gradient reaches them.
///   - center: c, the running mean of the teacher's logits.
///   - studentTemperature: τ_s > 0, default 0.1.
///   - teacherTemperature: τ_t > 0, default 0.04.
/// - Throws: `ModelError` if the shapes differ or no pair of different views exists.
///
/// Caron et al. 2021, arXiv:2104.14294, algorithm 1.
public func distillationLoss(student: [Tensor], teacher: [Tensor], center: Tensor, studentTemperature: Double = 0.1,
                             teacherTemperature: Double = 0.04) throws -> Tensor {
  try checkViews("DINO loss", student + teacher)
  guard let width = student.first?.shape[1], !teacher.isEmpty, student.count > 1 else {
    throw ModelError("DINO loss: at least one view of the teacher and two of the student are needed, got \(teacher.count) and \(student.count)")
  }
  guard center.shape == [width] else { throw ModelError("DINO loss: the centre should be [\(width)], got \(center.shape)") }
  guard studentTemperature > 0, teacherTemperature > 0 else {
    throw ModelError("DINO loss: temperatures must be positive, got \(studentTemperature) and \(teacherTemperature)")
  }
  var total: Tensor?
  var pairs = 0
  for (place, logits) in teacher.enumerated() {
    let target = try ((logits.detached() - center.detached()) * (1 / teacherTemperature)).softmax()
    for (other, guess) in student.enumerated() where other != place {
      let part = try (guess * (1 / studentTemperature)).crossEntropy(targets: target)
      total = try total.map { try $0 + part } ?? part
      pairs += 1
    }
  }
  guard let total else { throw ModelError("DINO loss: there is no pair of different views") }
  return try total * (1 / Double(pairs))
}

/// The multi-positive loss of SynCLR: what a student predicts of a crop, against what its teacher makes of all whole crops of a step.
///
/// Shapes: `queries` [N, D], `keys` [M, D] → scalar. With s_ij = cos(q_i, k_j) / τ, the anchor's own key excluded, p_ij even over the other keys
/// of the anchor's caption: L = -1/N Σ_i Σ_j p_ij log softmax_j s_ij. An anchor without a positive adds nothing to the sum but counts in N.
///
/// - Parameters:
///   - queries: the student's predictions, of any length.
///   - keys: the teacher's projections, of any length; no gradient reaches them.
///   - queryLabels, keyLabels: the caption of each; any integers.
///   - own: for each query the row of the key that is left out, as that of the same picture; empty leaves none out.
///   - temperature: τ > 0, default 0.08.
/// - Throws: `ModelError` if shapes or labels do not match.
///
/// Tian et al. 2023, arXiv:2312.17742, section 3.3.
public func multiPositiveTeacherLoss(queries: Tensor, keys: Tensor, queryLabels: [Int], keyLabels: [Int], own: [Int] = [], temperature: Double = 0.08) throws -> Tensor {
  try checkEmbeddings("SynCLR loss", queries, rows: queryLabels.count, temperature: temperature)
  try checkEmbeddings("SynCLR loss", keys, rows: keyLabels.count, temperature: temperature)
  guard queries.shape[1] == keys.shape[1] else { throw ModelError("SynCLR loss: queries and keys should have one width, got \(queries.shape) and \(keys.shape)") }
  guard own.isEmpty || (own.count == queryLabels.count && own.allSatisfy(keyLabels.indices.contains)) else {
    throw ModelError("SynCLR loss: each of \(queryLabels.count) queries should name one of \(keyLabels.count) keys as its own, got \(own.count) rows")
  }
  let rows = queryLabels.count, columns = keyLabels.count
  var shares = [Float](repeating: 0, count: rows * columns), excluded = shares
  for (row, label) in queryLabels.enumerated() {
    let left = own.isEmpty ? nil : own[row]
    if let left { excluded[row * columns + left] = -1e9 }
    let positives = keyLabels.indices.filter { keyLabels[$0] == label && $0 != left }
    for column in positives { shares[row * columns + column] = 1 / Float(positives.count) }
  }
  let logits = try queries.l2Normalize().matmul(keys.detached().l2Normalize(), transposeRight: true) * (1 / temperature)
  return try (logits + Tensor(excluded, shape: [rows, columns])).crossEntropy(targets: Tensor(shares, shape: [rows, columns]))
}

private func checkViews(_ loss: String, _ views: [Tensor]) throws {
  guard let first = views.first, first.rank == 2, views.allSatisfy({ $0.shape == first.shape }) else {
    throw ModelError("\(loss): all views should have one shape [B, D], got \(views.map(\.shape))")
  }
}
