/// How the time embedding enters a residual block.
public enum TimeConditioning: String, Codable, Sendable, CaseIterable {
  /// Added after the first convolution (diffusers "default").
  case add
  /// As scale and shift of the second norm (diffusers "scale_shift").
  case scaleShift = "scale_shift"
}

/// Which maps of the way down are handed to the way up.
public enum SkipConnections: String, Codable, Sendable, CaseIterable {
  /// The first convolution, every residual block and every downsampling, as in diffusers; the way up then has one residual
  /// block more in each level than the way down.
  case everyStage = "every_stage"
  /// Residual blocks only; the way up has as many blocks as the way down. About half the cost.
  case residualBlocks = "residual_blocks"
}

/// Everything that fixes the architecture of a text-conditional UNet.
public struct UNetConfiguration: Codable, Sendable, Equatable {
  /// Side of the square picture in pixels.
  public var imageSize: Int
  public var channels: Int
  /// The picture enters and leaves as (S/f) x (S/f) x f²C; 1 leaves it as it is, 2 makes a small CPU model several times cheaper.
  public var pixelUnshuffle: Int
  /// Channels of each level; every level has half the side of the one before.
  public var widths: [Int]
  /// Residual blocks of a level on the way down.
  public var layersPerBlock: Int
  /// For each level, whether its residual blocks are followed by self-attention.
  public var attention: [Bool]
  /// For each level, whether that attention also looks at the caption.
  public var crossAttention: [Bool]
  /// Whether the middle has attention (self, and to the caption).
  public var middleAttention: Bool
  /// Residual blocks of the middle, 1 or 2.
  public var middleBlocks: Int
  /// Width of an attention head.
  public var headWidth: Int
  /// Hidden width of a transformer block's gated MLP as a multiple of its width.
  public var feedForward: Double
  /// Width of the caption's tokens.
  public var contextWidth: Int
  /// Width of the caption's pooled feature, which joins the time embedding; nil for none.
  public var pooledWidth: Int?
  public var timeWidth: Int
  public var timeConditioning: TimeConditioning
  public var skips: SkipConnections
  /// Groups of every group norm.
  public var groups: Int
  /// Whether the last convolutions of residual blocks, attention and network start at zero, as in ADM.
  public var startsAtZero: Bool

  /// Describes a UNet; the defaults are the small generator of 32-pixel scenes.
  public init(imageSize: Int = 32, channels: Int = 3, pixelUnshuffle: Int = 2, widths: [Int] = [64, 96, 128], layersPerBlock: Int = 1,
              attention: [Bool] = [false, true, true], crossAttention: [Bool] = [false, true, false], middleAttention: Bool = true,
              middleBlocks: Int = 1, headWidth: Int = 32, feedForward: Double = 2, contextWidth: Int = 128, pooledWidth: Int? = 128,
              timeWidth: Int = 192, timeConditioning: TimeConditioning = .scaleShift, skips: SkipConnections = .residualBlocks,
              groups: Int = 16, startsAtZero: Bool = true) {
    self.imageSize = imageSize
    self.channels = channels
    self.pixelUnshuffle = pixelUnshuffle
    self.widths = widths
    self.layersPerBlock = layersPerBlock
    self.attention = attention
    self.crossAttention = crossAttention
    self.middleAttention = middleAttention
    self.middleBlocks = middleBlocks
    self.headWidth = headWidth
    self.feedForward = feedForward
    self.contextWidth = contextWidth
    self.pooledWidth = pooledWidth
    self.timeWidth = timeWidth
    self.timeConditioning = timeConditioning
    self.skips = skips
    self.groups = groups
    self.startsAtZero = startsAtZero
  }

  /// Refuses sizes that do not fit together.
  public func validate() throws {
    guard imageSize > 0, channels > 0, pixelUnshuffle > 0, !widths.isEmpty, widths.allSatisfy({ $0 > 0 }), layersPerBlock > 0,
          headWidth > 0, feedForward > 0, contextWidth > 0, (pooledWidth ?? 1) > 0, timeWidth > 0, groups > 0 else {
      throw ModelError("UNet: sizes must be positive, got \(self)")
    }
    guard attention.count == widths.count, crossAttention.count == widths.count else {
      throw ModelError("UNet: \(widths.count) widths need as many attention and cross-attention flags, got \(attention.count) and \(crossAttention.count)")
    }
    guard (1...2).contains(middleBlocks) else { throw ModelError("UNet: the middle has 1 or 2 residual blocks, got \(middleBlocks)") }
    let divisor = pixelUnshuffle << (widths.count - 1)
    guard imageSize % divisor == 0 else {
      throw ModelError("UNet: the image size must be a multiple of \(divisor) for \(widths.count) levels and pixel unshuffle \(pixelUnshuffle), got \(imageSize)")
    }
    for (level, width) in widths.enumerated() {
      guard width % groups == 0 else { throw ModelError("UNet: width \(width) cannot be cut into \(groups) groups; change widths or groups") }
      let attends = attention[level] || (level == widths.count - 1 && middleAttention)
      guard !attends || width % headWidth == 0 else {
        throw ModelError("UNet: width \(width) cannot be cut into heads of \(headWidth)")
      }
      guard attention[level] || !crossAttention[level] else {
        throw ModelError("UNet: level \(level) has cross-attention without attention; turn attention on for it")
      }
    }
    guard widths[0] % 2 == 0 else { throw ModelError("UNet: the first width must be even, got \(widths[0])") }
  }
}
