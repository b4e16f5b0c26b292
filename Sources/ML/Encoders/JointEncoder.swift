/// An encoder of pictures and one of captions that meet in one space: what CLIP, SigLIP and StableRep+ train beside the picture encoder itself.
public final class JointEncoder: Module {
  public let imageEncoder: VisionTransformer
  public let textEncoder: TextTransformer
  /// Features of pictures into the common space.
  public let imageProjection: Linear

  /// Joins towers that were trained together.
  ///
  /// - Throws: `ModelError` if the projections do not end in one width.
  public init(imageEncoder: VisionTransformer, textEncoder: TextTransformer, imageProjection: Linear) throws {
    let (pictures, captions) = (imageProjection.weight.value.shape[0], textEncoder.configuration.output ?? textEncoder.configuration.width)
    guard pictures == captions else { throw ModelError("joint encoder: pictures end in width \(pictures), captions in \(captions)") }
    self.imageEncoder = imageEncoder
    self.textEncoder = textEncoder
    self.imageProjection = imageProjection
  }

  /// Makes one with random weights, to be loaded into.
  public convenience init(image: VisionTransformerConfiguration, text: TextTransformerConfiguration) throws {
    var stream = RandomStream(seed: 0, purpose: "joint encoder")
    let imageEncoder = try VisionTransformer(image, stream: &stream)
    let textEncoder = try TextTransformer(text, stream: &stream)
    try self.init(imageEncoder: imageEncoder, textEncoder: textEncoder,
                  imageProjection: Linear(imageEncoder.featureWidth, text.output ?? text.width, bias: false, stream: &stream))
  }

  public var parts: [(name: String, module: any Module)] {
    [("encoder", imageEncoder), ("text", textEncoder), ("image_projection", imageProjection)]
  }

  /// Pictures in the common space, not normalised: [N, D].
  ///
  /// Parameters as of ``extractFeatures(_:pictures:normalization:batchSize:progress:)``.
  public func imageFeatures(_ pictures: [Picture], normalization: PixelNormalization = .imageNet, batchSize: Int = 64,
                            progress: (Int) throws -> Void = { _ in }) throws -> Tensor {
    let features = try extractFeatures(imageEncoder, pictures: pictures, normalization: normalization, batchSize: batchSize, progress: progress)
    return try withoutTracking { try imageProjection(features) }
  }

  /// Captions in the common space, not normalised: [captions, D].
  ///
  /// - Parameters:
  ///   - captions: token ids of each, marks included.
  ///   - batchSize: captions computed together, default 256; features do not depend on it.
  public func textFeatures(_ captions: [[Int]], batchSize: Int = 256) throws -> Tensor {
    try withoutTracking {
      let parts = try stride(from: 0, to: captions.count, by: batchSize).map { start in
        try textEncoder(PaddedCaptions(Array(captions[start..<min(captions.count, start + batchSize)]), contextLength: textEncoder.configuration.contextLength)).feature
      }
      return parts.isEmpty ? try Tensor.zeros([0, imageProjection.weight.value.shape[0]]) : try Tensor.concatenate(parts, axis: 0)
    }
  }
}

extension RepresentationModel {
  /// The two towers, for an objective that trains a text tower beside a vision transformer; otherwise nil.
  public func jointEncoder() throws -> JointEncoder? {
    guard let textEncoder, let imageProjection, let transformer = encoder as? VisionTransformer else { return nil }
    return try JointEncoder(imageEncoder: transformer, textEncoder: textEncoder, imageProjection: imageProjection)
  }
}
