extension Tensor {
  /// Cuts pictures into patches, row by row; inside a patch pixels run first by row, then by column, then by channel, as in MAE.
  ///
  /// Shapes: [B, C, H, W] → [B, (H / p) (W / p), p² C], a copy.
  ///
  /// - Parameter size: p, in pixels; it divides both sides.
  /// - Throws: `ModelError` if it does not.
  public func patches(_ size: Int) throws -> Tensor {
    guard rank == 4, size > 0, shape[2] % size == 0, shape[3] % size == 0 else {
      throw ModelError("patches: pictures [B, C, H, W] with sides that \(size) divides are needed, got \(shape)")
    }
    let (batch, channels, rows, columns) = (shape[0], shape[1], shape[2] / size, shape[3] / size)
    return try reshape([batch, channels, rows, size, columns, size]).permute([0, 2, 4, 3, 5, 1])
      .reshape([batch, rows * columns, size * size * channels])
  }
}

/// The loss of a masked autoencoder: mean squared error of the hidden patches.
///
/// Shapes: `prediction`, `target` [B, N, P], `hidden` [B, N] → scalar. L = Σ hidden · mean_P (prediction - target)² / Σ hidden.
///
/// - Parameters:
///   - target: pixels of the patches; no gradient reaches them.
///   - hidden: 1 for patches that the encoder did not see, 0 for others.
///   - normalized: whether each patch of the target is first brought to mean 0 and variance 1 (unbiased, plus 1e-6), default true.
/// - Throws: `ModelError` if the shapes do not fit.
///
/// He et al. 2022, arXiv:2111.06377, section 3.
public func maskedReconstructionLoss(_ prediction: Tensor, target: Tensor, hidden: Tensor, normalized: Bool = true) throws -> Tensor {
  guard prediction.rank == 3, prediction.shape == target.shape, hidden.shape == Array(prediction.shape.prefix(2)) else {
    throw ModelError("MAE loss: prediction and target should be [B, N, P] and the mask [B, N], got \(prediction.shape), \(target.shape) and \(hidden.shape)")
  }
  var pixels = target.detached()
  if normalized {
    let deviation = try (pixels.variance(axes: [2], keepDimensions: true) + 1e-6).sqrt()
    pixels = try (pixels - pixels.mean(axes: [2], keepDimensions: true)) / deviation
  }
  let errors = try (prediction - pixels).square().mean(axes: [2])
  return try (errors * hidden).sum() / hidden.sum()
}
