/// How a residual network begins.
public enum ResNetStem: String, Codable, Sendable, CaseIterable {
  /// A 7x7 convolution of stride 2 and a 3x3 maximum of stride 2: a quarter of the side.
  case imagenet
  /// A 3x3 convolution of stride 1: the full side, for pictures of 32 pixels or so. Chen et al. 2020, arXiv:2002.05709, B.9.
  case small
}

/// Everything that fixes the architecture of a residual network.
public struct ResNetConfiguration: Codable, Sendable, Equatable {
  /// Side in pixels of the pictures that features are made from; the network itself takes any size.
  public var imageSize: Int
  public var channels: Int
  /// Blocks of each of the four stages.
  public var blocks: [Int]
  /// Blocks of 1x1, 3x3 and 1x1 convolutions whose output is four times as wide; otherwise two 3x3 convolutions.
  public var bottleneck: Bool
  /// Width of the first stage; each next one is twice as wide.
  public var width: Int
  public var stem: ResNetStem

  public init(imageSize: Int = 32, channels: Int = 3, blocks: [Int] = [2, 2, 2, 2], bottleneck: Bool = false, width: Int = 64, stem: ResNetStem = .small) {
    self.imageSize = imageSize
    self.channels = channels
    self.blocks = blocks
    self.bottleneck = bottleneck
    self.width = width
    self.stem = stem
  }

  /// Networks of the literature by name: "resnet18", "resnet34", "resnet50", with the stem for ImageNet and 224 pixels.
  ///
  /// - Throws: `ModelError` that lists the names.
  public init(variant: String) throws {
    switch variant {
    case "resnet18": self.init(imageSize: 224, stem: .imagenet)
    case "resnet34": self.init(imageSize: 224, blocks: [3, 4, 6, 3], stem: .imagenet)
    case "resnet50": self.init(imageSize: 224, blocks: [3, 4, 6, 3], bottleneck: true, stem: .imagenet)
    default: throw ModelError("no residual network is called \"\(variant)\"; known are resnet18, resnet34, resnet50")
    }
  }

  /// Width of a feature.
  public var featureWidth: Int { width * 8 * (bottleneck ? 4 : 1) }

  /// Refuses sizes that do not fit together.
  public func validate() throws {
    guard imageSize > 0, channels > 0, width > 0, blocks.count == 4, blocks.allSatisfy({ $0 > 0 }) else {
      throw ModelError("residual network: sizes must be positive and there are four stages, got \(self)")
    }
  }
}
