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

private func checkViews(_ loss: String, _ views: [Tensor]) throws {
  guard let first = views.first, first.rank == 2, views.allSatisfy({ $0.shape == first.shape }) else {
    throw ModelError("\(loss): all views should have one shape [B, D], got \(views.map(\.shape))")
  }
}
