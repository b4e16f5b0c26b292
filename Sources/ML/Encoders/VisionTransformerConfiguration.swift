/// Which form of the Gaussian error linear unit a transformer uses.
public enum GeluKind: String, Codable, Sendable, CaseIterable {
  /// x Φ(x), timm's and PyTorch's default.
  case exact
  /// x sigmoid(1.702 x), OpenAI CLIP's.
  case quick
  /// x/2 (1 + tanh(√(2/π) (x + 0.044715 x³))), GPT-2's and big_vision's.
  case tanh

  /// What is fused into a linear layer; nil where the form has no kernel of its own.
  var activation: Activation? {
    switch self {
    case .exact: return .gelu
    case .quick: return .quickGelu
    case .tanh: return nil
    }
  }
}

/// How a vision transformer turns its tokens into one feature.
public enum FeaturePooling: String, Codable, Sendable, CaseIterable {
  /// The class token after the final norm.
  case cls
  /// The mean over patch tokens, then a norm (`fc_norm`), as timm's `global_pool="avg"`.
  case mean
  /// The largest value of each channel over patch tokens, then a norm (`fc_norm`), as timm's `global_pool="max"`. A small object
  /// in a large picture is not averaged away.
  case max
}

/// How a picture becomes tokens.
public enum VisionStem: String, Codable, Sendable, CaseIterable {
  /// One linear map of each patch.
  case patch
  /// 3x3 convolutions of stride 2 with group norm and SiLU, one for each factor of two of the patch size, then a
  /// 1x1 convolution. It sees across patch borders, which pays on small pictures.
  case convolutional
}

/// Where a token's place in the picture comes from.
public enum PositionKind: String, Codable, Sendable, CaseIterable {
  /// A learned vector for each place.
  case learned
  /// Sines and cosines of row and column that never change, as in masked autoencoders.
  case fixed
}

/// Everything that fixes the architecture of a vision transformer.
public struct VisionTransformerConfiguration: Codable, Sendable, Equatable {
  /// Side of the square picture in pixels.
  public var imageSize: Int
  /// Side of a patch in pixels; it divides the image size.
  public var patchSize: Int
  public var channels: Int
  public var width: Int
  public var depth: Int
  public var heads: Int
  /// Hidden width of a block's MLP as a multiple of the width.
  public var mlpRatio: Double
  public var pooling: FeaturePooling
  public var gelu: GeluKind
  /// Added to the variance by every layer norm.
  public var epsilon: Double
  public var stem: VisionStem
  /// A norm before the first block (`norm_pre`) and no bias in the patch embedding, as in CLIP's towers.
  public var preNorm: Bool
  /// Width of features after a last linear map without bias (`head`), as in CLIP's towers; nil for none.
  public var output: Int?
  public var positions: PositionKind
  /// Whether a learned token of its own stands before the patches; features can be taken of patches alone.
  public var hasClassToken: Bool {
    get { leavesOutClassToken != true }
    set { leavesOutClassToken = newValue ? nil : true }
  }
  /// Written only where it is true, so that what has a class token is described as it always was.
  private var leavesOutClassToken: Bool?

  /// Describes a vision transformer; defaults are timm's except for the sizes, which suit 32-pixel pictures.
  public init(imageSize: Int = 32, patchSize: Int = 4, channels: Int = 3, width: Int = 192, depth: Int = 6, heads: Int = 3,
              mlpRatio: Double = 4, pooling: FeaturePooling = .cls, gelu: GeluKind = .exact, epsilon: Double = 1e-6,
              stem: VisionStem = .patch, preNorm: Bool = false, output: Int? = nil, positions: PositionKind = .learned,
              hasClassToken: Bool = true) {
    self.imageSize = imageSize
    self.patchSize = patchSize
    self.channels = channels
    self.width = width
    self.depth = depth
    self.heads = heads
    self.mlpRatio = mlpRatio
    self.pooling = pooling
    self.gelu = gelu
    self.epsilon = epsilon
    self.stem = stem
    self.preNorm = preNorm
    self.output = output
    self.positions = positions
    leavesOutClassToken = hasClassToken ? nil : true
  }

  /// Reads what older versions wrote too: they knew neither `output` nor `positions`, nor transformers without a class token.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      imageSize: try values.decode(Int.self, forKey: .imageSize), patchSize: try values.decode(Int.self, forKey: .patchSize),
      channels: try values.decode(Int.self, forKey: .channels), width: try values.decode(Int.self, forKey: .width),
      depth: try values.decode(Int.self, forKey: .depth), heads: try values.decode(Int.self, forKey: .heads),
      mlpRatio: try values.decode(Double.self, forKey: .mlpRatio), pooling: try values.decode(FeaturePooling.self, forKey: .pooling),
      gelu: try values.decode(GeluKind.self, forKey: .gelu), epsilon: try values.decode(Double.self, forKey: .epsilon),
      stem: try values.decode(VisionStem.self, forKey: .stem), preNorm: try values.decode(Bool.self, forKey: .preNorm),
      output: try values.decodeIfPresent(Int.self, forKey: .output),
      positions: try values.decodeIfPresent(PositionKind.self, forKey: .positions) ?? .learned,
      hasClassToken: try values.decodeIfPresent(Bool.self, forKey: .leavesOutClassToken) != true)
  }

  /// Sizes of the literature by name: "Ti/16", "S/16", "B/16", "L/16" (224 pixels).
  ///
  /// - Throws: `ModelError` that lists the names.
  public init(variant: String) throws {
    switch variant {
    case "Ti/16": self.init(imageSize: 224, patchSize: 16, width: 192, depth: 12, heads: 3)
    case "S/16": self.init(imageSize: 224, patchSize: 16, width: 384, depth: 12, heads: 6)
    case "B/16": self.init(imageSize: 224, patchSize: 16, width: 768, depth: 12, heads: 12)
    case "L/16": self.init(imageSize: 224, patchSize: 16, width: 1024, depth: 24, heads: 16)
    default: throw ModelError("no vision transformer is called \"\(variant)\"; known are Ti/16, S/16, B/16, L/16")
    }
  }

  /// Patch tokens of one picture.
  public var patchCount: Int { (imageSize / patchSize) * (imageSize / patchSize) }

  /// Tokens before those of the patches.
  public var prefixCount: Int { hasClassToken ? 1 : 0 }

  /// Refuses sizes that do not fit together.
  public func validate() throws {
    guard imageSize > 0, patchSize > 0, channels > 0, width > 0, depth >= 0, heads > 0, mlpRatio > 0, epsilon > 0, (output ?? 1) > 0 else {
      throw ModelError("vision transformer: sizes must be positive, got \(self)")
    }
    guard imageSize % patchSize == 0 else {
      throw ModelError("vision transformer: patches of \(patchSize) pixels do not tile an image of \(imageSize); choose a patch size that divides it")
    }
    guard width % heads == 0 else {
      throw ModelError("vision transformer: width \(width) cannot be cut into \(heads) equal heads")
    }
    guard hasClassToken || pooling != .cls else {
      throw ModelError("vision transformer: without a class token features are pooled over patches; choose the pooling mean or max")
    }
    guard positions == .learned || width % 4 == 0 else {
      throw ModelError("vision transformer: fixed positions need a width that 4 divides, got \(width)")
    }
    if stem == .convolutional {
      guard patchSize >= 2, patchSize & (patchSize - 1) == 0 else {
        throw ModelError("vision transformer: the convolutional stem halves the picture step by step, so the patch size must be a power of two, got \(patchSize)")
      }
      guard width % 16 == 0 else {
        throw ModelError("vision transformer: the convolutional stem needs a width that 16 divides, got \(width)")
      }
    }
  }
}
