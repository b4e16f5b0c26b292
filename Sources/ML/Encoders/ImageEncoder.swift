/// What turns pictures into features: a vision transformer or a residual network.
public protocol ImageEncoder: Module {
  /// Side in pixels of the pictures that it is made for.
  var imageSize: Int { get }
  /// Width of a feature.
  var featureWidth: Int { get }
  /// One feature for each picture as outside training: [B, C, S, S], normalised, → [B, featureWidth].
  func callAsFunction(_ images: Tensor) throws -> Tensor
}

extension VisionTransformer: ImageEncoder {
  public var imageSize: Int { configuration.imageSize }
}

extension ResNet: ImageEncoder {
  public var imageSize: Int { configuration.imageSize }
  public func callAsFunction(_ images: Tensor) throws -> Tensor { try self(images, views: 1, training: false) }
}
