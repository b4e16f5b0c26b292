/// Encoders from weights that timm, open_clip, OpenAI's CLIP or the official code of StableRep named.
///
/// Sizes follow from the shapes of the tensors; what shapes do not tell must be said. Tensors that are missing, or that the encoder has no place for,
/// are errors that name them, unless named in advance.
public enum EncoderImport {
  /// What the shapes of a vision transformer's tensors do not tell.
  public struct VisionOptions: Sendable {
    /// Which form of the activation: files do not say, and the wrong one changes every feature.
    public var gelu: GeluKind
    public var heads: Int
    public var pooling = FeaturePooling.cls
    /// Of every layer norm; nil takes 1e-6 for timm's names and 1e-5 for CLIP's.
    public var epsilon: Double?
    /// Side of the pictures; another than the weights were made for resamples the positions. nil takes that of the weights.
    public var imageSize: Int?
    /// Names of tensors in the file that are left out, such as a classifier's.
    public var ignored: Set<String> = []

    public init(gelu: GeluKind, heads: Int) {
      self.gelu = gelu
      self.heads = heads
    }
  }

  /// A vision transformer with timm's names; the tower `visual.` of a CLIP model with open_clip's and OpenAI's, whose last linear map becomes a
  /// part of the encoder; or that of a StableRep or StableRep+ model, which has timm's names behind `visual.`. What else such a model has (the other
  /// tower, projection heads, the logit scale) plays no part.
  ///
  /// - Throws: `ModelError` where sizes cannot be told or do not fit; ``ModuleLoadError`` that lists missing, extra and misshapen tensors.
  public static func visionTransformer(_ tensors: [(name: String, tensor: Tensor)], options: VisionOptions) throws -> VisionTransformer {
    // Training on several devices puts its own word before every name.
    let isWrapped = !tensors.isEmpty && tensors.allSatisfy { $0.name.hasPrefix("module.") }
    func bare(_ name: String) -> String { isWrapped && name.hasPrefix("module.") ? String(name.dropFirst("module.".count)) : name }
    let tensors = tensors.map { (name: bare($0.name), tensor: $0.tensor) }, ignored = Set(options.ignored.map(bare))
    let isCLIP = tensors.contains { $0.name == "visual.conv1.weight" }, isStableRep = tensors.contains { $0.name == "visual.patch_embed.proj.weight" }
    var named = isCLIP ? try timmNames(ofCLIP: tensors) : isStableRep ? tower(tensors) : tensors
    named.removeAll { ignored.contains($0.name) || ((isCLIP || isStableRep) && ignored.contains("visual.\($0.name)")) }
    func shape(_ name: String, rank: Int) throws -> [Int] {
      guard let found = named.first(where: { $0.name == name })?.tensor.shape, found.count == rank else {
        throw ModelError("the weights hold no tensor \(name) of \(rank) axes; they are not those of a vision transformer with timm's names (cls_token, pos_embed, blocks.0 ...), of a CLIP model (visual.conv1.weight ...) or of StableRep (visual.blocks.0 ...)")
      }
      return found
    }
    let patch = try shape("patch_embed.proj.weight", rank: 4), places = try shape("pos_embed", rank: 3)
    let prefix = named.contains { $0.name == "cls_token" } ? 1 : 0
    let side = Int(Double(max(0, places[1] - prefix)).squareRoot().rounded())
    guard side > 0, side * side + prefix == places[1] else {
      throw ModelError("pos_embed has \(places[1]) places, which are not \(prefix > 0 ? "a class token and " : "")a square of patches")
    }
    let depth = Set(named.compactMap { $0.name.hasPrefix("blocks.") ? $0.name.split(separator: ".").dropFirst().first : nil }).count
    let hidden = depth > 0 ? try shape("blocks.0.mlp.fc1.weight", rank: 2)[0] : 4 * patch[0]
    let configuration = VisionTransformerConfiguration(
      imageSize: options.imageSize ?? side * patch[2], patchSize: patch[2], channels: patch[1], width: patch[0], depth: depth, heads: options.heads,
      mlpRatio: Double(hidden) / Double(patch[0]), pooling: options.pooling, gelu: options.gelu, epsilon: options.epsilon ?? (isCLIP ? 1e-5 : 1e-6),
      preNorm: named.contains { $0.name == "norm_pre.weight" }, output: isCLIP ? named.first { $0.name == "head.weight" }?.tensor.shape[0] : nil,
      hasClassToken: prefix > 0)
    var stream = RandomStream(seed: 0)
    let model = try VisionTransformer(configuration, stream: &stream)
    if let place = named.firstIndex(where: { $0.name == "pos_embed" }) {
      named[place].tensor = try resampledPositions(named[place].tensor, to: configuration.imageSize / configuration.patchSize, prefix: prefix)
    }
    try model.load(named)
    return model
  }

  /// A residual network with timm's or torchvision's names. Counters of batches (`num_batches_tracked`) play no part and are left out.
  ///
  /// - Parameters:
  ///   - imageSize: side of the pictures that features will be made from, default 224 with the stem for ImageNet, else 32.
  ///   - ignored: names of tensors that are left out, such as a classifier's.
  public static func resNet(_ tensors: [(name: String, tensor: Tensor)], imageSize: Int? = nil, ignored: Set<String> = []) throws -> ResNet {
    let named = tensors.filter { !ignored.contains($0.name) && !$0.name.hasSuffix(".num_batches_tracked") }
    guard let first = named.first(where: { $0.name == "conv1.weight" })?.tensor.shape, first.count == 4 else {
      throw ModelError("the weights hold no tensor conv1.weight of 4 axes; they are not those of a residual network with timm's names")
    }
    let blocks = (1...4).map { stage in
      Set(named.compactMap { $0.name.hasPrefix("layer\(stage).") ? $0.name.split(separator: ".").dropFirst().first : nil }).count
    }
    let stem: ResNetStem = first[2] == 7 ? .imagenet : .small
    let configuration = ResNetConfiguration(
      imageSize: imageSize ?? (stem == .imagenet ? 224 : 32), channels: first[1], blocks: blocks,
      bottleneck: named.contains { $0.name == "layer1.0.conv3.weight" }, width: first[0], stem: stem)
    var stream = RandomStream(seed: 0)
    let model = try ResNet(configuration, stream: &stream)
    try model.load(named)
    return model
  }

  /// Positions for another grid of patches: bicubic with antialiasing, those of tokens before the patches stay. Shapes: [1, p + n², D] → [1, p + side², D].
  ///
  /// timm's `resample_abs_pos_embed`.
  public static func resampledPositions(_ positions: Tensor, to side: Int, prefix: Int = 1) throws -> Tensor {
    let count = positions.shape[1] - prefix, width = positions.shape[2]
    let old = Int(Double(count).squareRoot().rounded())
    if old == side { return positions }
    let grid = try positions.narrow(axis: 1, start: prefix, count: count).reshape([old, old, width]).permute([2, 0, 1]).contiguous()
    let resized = try grid.interpolate(to: [side, side], filter: .bicubic, antialias: true).permute([1, 2, 0]).reshape([1, side * side, width])
    return prefix == 0 ? resized : try Tensor.concatenate([positions.narrow(axis: 1, start: 0, count: prefix), resized], axis: 1)
  }

  private static let replacements = [
    ("transformer.resblocks.", "blocks."), ("conv1", "patch_embed.proj"), ("positional_embedding", "pos_embed"), ("ln_pre", "norm_pre"), ("ln_post", "norm"),
    ("ln_", "norm"), ("in_proj_", "qkv."), ("out_proj", "proj"), ("mlp.c_fc", "mlp.fc1"), ("mlp.c_proj", "mlp.fc2"),
  ]

  /// What lies under `visual.`, without that word.
  private static func tower(_ tensors: [(name: String, tensor: Tensor)]) -> [(name: String, tensor: Tensor)] {
    tensors.filter { $0.name.hasPrefix("visual.") }.map { (String($0.name.dropFirst("visual.".count)), $0.tensor) }
  }

  /// The visual tower of a CLIP model under timm's names.
  private static func timmNames(ofCLIP tensors: [(name: String, tensor: Tensor)]) throws -> [(name: String, tensor: Tensor)] {
    try tower(tensors).map { bare, tensor in
      switch bare {
      case "proj": return ("head.weight", try tensor.transpose(0, 1).contiguous())
      case "class_embedding": return ("cls_token", try tensor.reshape([1, 1, tensor.count]))
      case "positional_embedding": return ("pos_embed", try tensor.unsqueeze(axis: 0))
      default: return (replacements.reduce(bare) { $0.replacing($1.0, with: $1.1) }, tensor)
      }
    }
  }
}
