/// The learned scale of image-text similarities, kept as its logarithm θ.
///
/// s = exp(θ), θ starts at ln(1/0.07) = 2.6593 and is put back into [0, ln 100] after every optimiser step.
public final class LogitScale {
  public static let start = -Double.logarithm(0.07)
  public static let limit = Double.logarithm(100)
  /// θ, a scalar; it does not decay.
  public let parameter: Parameter

  /// - Parameter start: θ's first value; SigLIP's is ln 10.
  public init(start: Double = LogitScale.start) throws { parameter = Parameter(try Tensor.full([], start), decays: false) }

  /// s, differentiable.
  public func scale() throws -> Tensor { try parameter.value.exp() }

  /// Puts θ back into [0, ln 100]; call it after every optimiser step.
  public func clamp() throws {
    let value = try parameter.value.item()
    let inside = min(max(value, 0), LogitScale.limit)
    if inside != value { parameter.value = try Tensor.full([], inside) }
  }
}

/// CLIP's symmetric cross-entropy.
///
/// Shapes: `images`, `texts` [B, D], `scale` scalar → scalar.
/// With e, g normalised: logits = s e gᵀ, L = (CE over rows + CE over columns) / 2, the diagonal being right.
///
/// Radford et al. 2021, arXiv:2103.00020, figure 3.
public func clipLoss(images: Tensor, texts: Tensor, scale: Tensor) throws -> Tensor {
  guard images.rank == 2, images.shape == texts.shape else {
    throw ModelError("CLIP loss: image and text features should have one shape [B, D], got \(images.shape) and \(texts.shape)")
  }
  return try imageTextLoss(images: images, texts: texts, captions: Array(0..<images.shape[0]), scale: scale)
}

/// The image-text loss when a caption has several images.
///
/// Shapes: `images` [N, D], `texts` [n, D], `captions` N, `scale` scalar → scalar.
/// Image to text: each image has one right caption. Text to image: each caption spreads its target evenly over its images,
/// so that its floor is log m, not 0. L = (both) / 2.
///
/// - Parameters:
///   - images: features, any length; normalised here.
///   - texts: features of the n captions.
///   - captions: for each image, the row of its caption in `texts`.
///   - scale: s, the exponential of the learned logit scale.
///
/// Tian et al. 2023, arXiv:2306.00984, section 3.3 (official code).
public func imageTextLoss(images: Tensor, texts: Tensor, captions: [Int], scale: Tensor) throws -> Tensor {
  guard images.rank == 2, texts.rank == 2, images.shape[1] == texts.shape[1], images.shape[0] == captions.count else {
    throw ModelError("image-text loss: expected images [\(captions.count), D] and texts [n, D], got \(images.shape) and \(texts.shape)")
  }
  let count = texts.shape[0]
  guard captions.allSatisfy({ $0 >= 0 && $0 < count }) else {
    throw ModelError("image-text loss: an image points to a caption outside 0..<\(count)")
  }
  let logits = try images.l2Normalize().matmul(texts.l2Normalize(), transposeRight: true) * scale  // [N, n]
  let imageToText = try logits.crossEntropy(labels: captions)
  let transposed = try logits.transpose(0, 1)
  let textToImage: Tensor
  if captions == Array(0..<count) {
    textToImage = try transposed.crossEntropy(labels: captions)
  } else {
    var totals = [Int](repeating: 0, count: count)
    for caption in captions { totals[caption] += 1 }
    if let lonely = totals.firstIndex(of: 0) {
      throw ModelError("image-text loss: caption \(lonely) has no image in the batch; drop it or add one")
    }
    let targets = try Tensor.build([count, captions.count]) { buffer in
      for index in buffer.indices { buffer[index] = 0 }
      for (image, caption) in captions.enumerated() { buffer[caption * captions.count + image] = 1 / Float(totals[caption]) }
    }
    textToImage = try transposed.crossEntropy(targets: targets)
  }
  return try (imageToText + textToImage) * 0.5
}

/// StableRep+: the multi-positive loss over projections plus the image-text loss over features.
///
/// Shapes: `projections` [N, P], `images` [N, D], `texts` [n, D] → scalar. L = w₁ L_multi-positive + w₂ L_image-text.
///
/// - Parameters:
///   - captions: for each image, the row of its caption in `texts`.
///   - temperature: τ of the first term, default 0.1.
///   - imageWeight: w₁, default 1.
///   - textWeight: w₂, default 1 (the paper's "+ 0.5 (i2t + t2i)").
public func stableRepPlusLoss(projections: Tensor, images: Tensor, texts: Tensor, captions: [Int], scale: Tensor,
                              temperature: Double = 0.1, imageWeight: Double = 1, textWeight: Double = 1) throws -> Tensor {
  let image = try multiPositiveLoss(projections, labels: captions, temperature: temperature)
  let text = try imageTextLoss(images: images, texts: texts, captions: captions, scale: scale)
  return try image * imageWeight + text * textWeight
}
