// N counts embeddings, n captions, m images of a caption; a is an embedding of length one, s a scaled similarity.

/// Labels of a view-major batch: [0, 1 … n-1, 0, 1 … n-1, …], `views` times.
public func viewMajorLabels(captions: Int, views: Int) -> [Int] {
  (0..<captions * views).map { $0 % captions }
}

/// The multi-positive contrastive loss of StableRep.
///
/// Shapes: `embeddings` [N, D], `labels` N → scalar.
/// With s_ij = a_i · a_j / τ, self excluded, q_i = softmax_j s_ij and p_ij = [y_j = y_i, j ≠ i] / (number of such j):
/// L = -1/N Σ_i Σ_j p_ij log q_ij. Its floor is log(m - 1) if every caption has m images. An embedding without a positive
/// adds nothing to the sum but counts in N.
///
/// - Parameters:
///   - embeddings: any length; they are normalised here.
///   - labels: which caption each embedding belongs to; any integers.
///   - temperature: τ > 0, default 0.1.
/// - Throws: `ModelError` if labels and embeddings do not match in number.
///
/// Tian et al. 2023, arXiv:2306.00984, equations 2-4.
public func multiPositiveLoss(_ embeddings: Tensor, labels: [Int], temperature: Double = 0.1) throws -> Tensor {
  try checkEmbeddings("multi-positive loss", embeddings, rows: labels.count, temperature: temperature)
  return try embeddings.multiPositive(labels: labels, temperature: temperature)
}

/// The normalised temperature-scaled cross-entropy of SimCLR, over both views.
///
/// Shapes: `first`, `second` [B, D] → scalar. It equals the multi-positive loss with two embeddings for each label.
///
/// - Parameters:
///   - first: embeddings of the first crop of each picture.
///   - second: of the second crop, in the same order.
///   - temperature: τ > 0, default 0.1.
///
/// Chen et al. 2020, arXiv:2002.05709, equation 1.
public func ntXentLoss(_ first: Tensor, _ second: Tensor, temperature: Double = 0.1) throws -> Tensor {
  guard first.shape == second.shape else {
    throw ModelError("NT-Xent: both views should have one shape, got \(first.shape) and \(second.shape)")
  }
  let both = try Tensor.concatenate([first, second], axis: 0)
  return try multiPositiveLoss(both, labels: viewMajorLabels(captions: first.shape[0], views: 2), temperature: temperature)
}

func checkEmbeddings(_ loss: String, _ embeddings: Tensor, rows: Int, temperature: Double) throws {
  guard embeddings.rank == 2, embeddings.shape[0] == rows else {
    throw ModelError("\(loss): embeddings should be [\(rows), D] for \(rows) labels, got \(embeddings.shape)")
  }
  guard temperature > 0, temperature.isFinite else {
    throw ModelError("\(loss): the temperature must be positive, got \(temperature)")
  }
}
