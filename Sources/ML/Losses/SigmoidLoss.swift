/// The image-text loss of SigLIP: each pair of a picture and a caption is judged by itself.
///
/// Shapes: `images` [N, D], `texts` [n, D], `captions` N, `scale` and `bias` scalars → scalar.
/// With normalised rows, x_ij = s e_i · g_j + b and z_ij = 1 where caption j belongs to picture i, else -1: L = -1/N Σ_ij log sigmoid(z_ij x_ij).
///
/// - Parameters:
///   - images: features, any length; normalised here.
///   - texts: features of the n captions.
///   - captions: for each image, the row of its caption in `texts`.
///   - scale: s, the exponential of the learned logit scale; it starts at 10.
///   - bias: b; it starts at -10.
/// - Throws: `ModelError` if the shapes do not fit.
///
/// Zhai et al. 2023, arXiv:2303.15343, algorithm 1.
public func sigmoidImageTextLoss(images: Tensor, texts: Tensor, captions: [Int], scale: Tensor, bias: Tensor) throws -> Tensor {
  guard images.rank == 2, texts.rank == 2, images.shape[1] == texts.shape[1], images.shape[0] == captions.count else {
    throw ModelError("SigLIP loss: expected images [\(captions.count), D] and texts [n, D], got \(images.shape) and \(texts.shape)")
  }
  let count = texts.shape[0]
  guard captions.allSatisfy({ $0 >= 0 && $0 < count }) else {
    throw ModelError("SigLIP loss: an image points to a caption outside 0..<\(count)")
  }
  let signs = try Tensor.build([captions.count, count]) { buffer in
    for index in buffer.indices { buffer[index] = 1 }
    for (image, caption) in captions.enumerated() { buffer[image * count + caption] = -1 }
  }
  let logits = try images.l2Normalize().matmul(texts.l2Normalize(), transposeRight: true) * scale + bias
  // -log sigmoid(z x) = log(e⁰ + e^(-z x)), without overflow.
  let against = try logits * signs
  return try Tensor.stack([Tensor.zeros(against.shape), against], axis: 2).logSumExp(axis: 2).sum() * (1 / Double(captions.count))
}
