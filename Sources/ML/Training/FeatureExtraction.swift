/// Mean and deviation by which an encoder's pictures are normalised.
public struct PixelNormalization: Codable, Sendable, Equatable {
  public var mean: [Float]
  public var deviation: [Float]

  public init(mean: [Float], deviation: [Float]) {
    self.mean = mean
    self.deviation = deviation
  }

  /// ImageNet's, which the paper uses.
  public static let imageNet = PixelNormalization(mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225])
  /// [0, 1] becomes [-1, 1].
  public static let symmetric = PixelNormalization(mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5])

  var vectors: (mean: SIMD3<Float>, deviation: SIMD3<Float>) {
    (SIMD3(mean[0], mean[1], mean[2]), SIMD3(deviation[0], deviation[1], deviation[2]))
  }
}

/// Features of pictures by a frozen encoder.
///
/// - Parameters:
///   - encoder: used as it is; nothing is tracked.
///   - pictures: of the encoder's size; those in files are read batch by batch.
///   - normalization: default ImageNet's.
///   - batchSize: pictures computed together, default 64; features do not depend on it.
///   - progress: called with the number of pictures done; it may throw to cancel.
/// - Returns: [pictures.count, D].
/// - Throws: `ModelError` that names a picture of another size, `FormatError` one that cannot be read.
public func extractFeatures(_ encoder: any ImageEncoder, pictures: [Picture], normalization: PixelNormalization = .imageNet,
                            batchSize: Int = 64, progress: (Int) throws -> Void = { _ in }) throws -> Tensor {
  try extract(pictures, side: encoder.imageSize, normalization, batchSize, empty: [0, encoder.featureWidth], progress) { try encoder($0) }
}

/// Features of the patches of pictures by a frozen encoder: its tokens without the class token, after the final norm where that comes before pooling.
///
/// Parameters as of ``extractFeatures(_:pictures:normalization:batchSize:progress:)``.
///
/// - Returns: [pictures.count, patches, D], patches row by row.
public func extractPatchFeatures(_ encoder: VisionTransformer, pictures: [Picture], normalization: PixelNormalization = .imageNet,
                                 batchSize: Int = 64, progress: (Int) throws -> Void = { _ in }) throws -> Tensor {
  let count = encoder.configuration.patchCount, prefix = encoder.configuration.prefixCount
  return try extract(pictures, side: encoder.imageSize, normalization, batchSize, empty: [0, count, encoder.configuration.width], progress) {
    try encoder.tokens($0).narrow(axis: 1, start: prefix, count: count).contiguous()
  }
}

private func extract(_ pictures: [Picture], side: Int, _ normalization: PixelNormalization, _ batchSize: Int, empty: [Int], _ progress: (Int) throws -> Void,
                     _ compute: (Tensor) throws -> Tensor) throws -> Tensor {
  if let wrong = pictures.firstIndex(where: { $0.size != (side, side) }) {
    throw ModelError("features: picture \(wrong) is \(pictures[wrong].size.width) x \(pictures[wrong].size.height), the encoder reads \(side) x \(side); resize it first")
  }
  guard batchSize >= 1 else { throw ModelError("features: the batch size must be at least 1, got \(batchSize)") }
  let (mean, deviation) = normalization.vectors
  return try withoutTracking {
    var parts: [Tensor] = []
    var start = 0
    while start < pictures.count {
      let range = start..<min(start + batchSize, pictures.count)
      let batch = try Tensor.build([range.count, 3, side, side]) { buffer in
        guard let base = buffer.baseAddress else { return }
        try ThreadPool.throwingFor(range.count, grain: 8) { index in
          try pictures[range.lowerBound + index].image().writePlanar(into: base + index * 3 * side * side, mean: mean, deviation: deviation)
        }
      }
      parts.append(try compute(batch))
      start = range.upperBound
      try progress(start)
    }
    return parts.isEmpty ? try Tensor.zeros(empty) : try Tensor.concatenate(parts, axis: 0)
  }
}
