/// What turns pictures into features: a vision transformer or a residual network.
public protocol ImageEncoder: Module {
  /// Side in pixels of the pictures that it is made for.
  var imageSize: Int { get }
  /// Width of a feature.
  var featureWidth: Int { get }
  /// One feature for each picture as outside training: [B, C, S, S], normalised, → [B, featureWidth].
  func callAsFunction(_ images: Tensor) throws -> Tensor
  /// The same in training.
  func callAsFunction(_ images: Tensor, training pass: TrainingPass) throws -> Tensor
  /// Another encoder of the same structure with the same weights.
  func copy() throws -> any ImageEncoder
}

/// What a forward pass is told in training.
public struct TrainingPass: Sendable {
  /// Equal parts of the batch, one behind the other, whose batch statistics are taken apart (residual networks).
  public var views: Int
  /// Which branches are left out (transformers).
  public var dropPath: DropPath
  /// Whether pictures may be smaller than those that the encoder is made for (transformers).
  public var isLocal: Bool

  public init(views: Int = 1, dropPath: DropPath = DropPath(rate: 0, stream: RandomStream(seed: 0)), isLocal: Bool = false) {
    self.views = views
    self.dropPath = dropPath
    self.isLocal = isLocal
  }
}

extension VisionTransformer: ImageEncoder {
  public var imageSize: Int { configuration.imageSize }

  public func copy() throws -> any ImageEncoder {
    var stream = RandomStream(seed: 0)
    let other = try VisionTransformer(configuration, stream: &stream)
    try other.load(namedTensors())
    return other
  }
}

extension ResNet: ImageEncoder {
  public var imageSize: Int { configuration.imageSize }
  public func callAsFunction(_ images: Tensor) throws -> Tensor { try self(images, views: 1, training: false) }
  public func callAsFunction(_ images: Tensor, training pass: TrainingPass) throws -> Tensor { try self(images, views: pass.views, training: true) }

  public func copy() throws -> any ImageEncoder {
    var stream = RandomStream(seed: 0)
    let other = try ResNet(configuration, stream: &stream)
    try other.load(namedTensors())
    return other
  }
}
