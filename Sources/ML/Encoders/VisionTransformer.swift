/// A vision transformer with timm's structure and parameter names.
///
/// Shapes: images [B, C, S, S], normalised by (x - mean) / std → features [B, D].
///
/// Dosovitskiy et al. 2021, arXiv:2010.11929; timm's `VisionTransformer`.
public final class VisionTransformer: Module {
  public let configuration: VisionTransformerConfiguration
  /// `cls_token`; nil where the configuration has none.
  public let classToken: Parameter?
  /// `pos_embed`, when it is learned.
  public let learnedPositions: Parameter?
  /// `pos_embed`, when it never changes.
  public let fixedPositions: StateBuffer?
  public let blocks: ModuleList<TransformerBlock>
  public let patches: PatchEmbedding?
  public let stem: ConvolutionalStem?
  public let preNorm: LayerNorm?
  /// The norm before pooling (`norm`); nil when pooling is over patches.
  public let norm: LayerNorm?
  /// The norm after pooling (`fc_norm`); nil when pooling takes the class token.
  public let pooledNorm: LayerNorm?
  /// The last linear map (`head`); nil unless the configuration has an output width.
  public let head: Linear?

  /// Makes the encoder with random weights.
  ///
  /// Linear weights, position embedding and class token are truncated normal 0.02, biases zero, the patch embedding
  /// as PyTorch's convolutions, which is what timm 0.5 (the paper's version) draws.
  ///
  /// - Parameters:
  ///   - configuration: sizes and options.
  ///   - stream: random numbers, consumed in a fixed order.
  /// - Throws: `ModelError` if the sizes do not fit together.
  public init(_ configuration: VisionTransformerConfiguration, stream: inout RandomStream) throws {
    try configuration.validate()
    self.configuration = configuration
    let width = configuration.width
    let start = Initialization.truncatedNormal(0.02)
    classToken = configuration.hasClassToken ? Parameter(try start.draw([1, 1, width], fanIn: width, stream: &stream)) : nil
    if configuration.positions == .learned {
      learnedPositions = Parameter(try start.draw([1, configuration.prefixCount + configuration.patchCount, width], fanIn: width, stream: &stream))
      fixedPositions = nil
    } else {
      learnedPositions = nil
      let places = try sineCosinePositions(side: configuration.imageSize / configuration.patchSize, width: width).unsqueeze(axis: 0)
      fixedPositions = StateBuffer(configuration.hasClassToken ? places : try places.narrow(axis: 1, start: 1, count: configuration.patchCount).contiguous())
    }
    switch configuration.stem {
    case .patch:
      patches = try PatchEmbedding(channels: configuration.channels, width: width, patchSize: configuration.patchSize,
                                   bias: !configuration.preNorm, stream: &stream)
      stem = nil
    case .convolutional:
      stem = try ConvolutionalStem(channels: configuration.channels, width: width, patchSize: configuration.patchSize, stream: &stream)
      patches = nil
    }
    preNorm = configuration.preNorm ? try LayerNorm(width, epsilon: configuration.epsilon) : nil
    var layers: [TransformerBlock] = []
    for _ in 0..<configuration.depth {
      layers.append(try TransformerBlock(
        width: width, heads: configuration.heads, hidden: Int(Double(width) * configuration.mlpRatio),
        gelu: configuration.gelu, epsilon: configuration.epsilon, stream: &stream))
    }
    blocks = ModuleList(layers)
    norm = configuration.pooling == .cls ? try LayerNorm(width, epsilon: configuration.epsilon) : nil
    pooledNorm = configuration.pooling != .cls ? try LayerNorm(width, epsilon: configuration.epsilon) : nil
    head = try configuration.output.map { try Linear(width, $0, bias: false, initialization: .normal(1 / Double(width).squareRoot()), stream: &stream) }
  }

  public var ownParameters: [(name: String, parameter: Parameter)] { (classToken.map { [("cls_token", $0)] } ?? []) + (learnedPositions.map { [("pos_embed", $0)] } ?? []) }

  public var ownBuffers: [(name: String, buffer: StateBuffer)] { fixedPositions.map { [("pos_embed", $0)] } ?? [] }

  public var parts: [(name: String, module: any Module)] {
    var all: [(name: String, module: any Module)] = []
    if let patches { all.append(("patch_embed", patches)) }
    if let stem { all.append(("patch_embed", stem)) }
    if let preNorm { all.append(("norm_pre", preNorm)) }
    all.append(("blocks", blocks))
    if let norm { all.append(("norm", norm)) }
    if let pooledNorm { all.append(("fc_norm", pooledNorm)) }
    if let head { all.append(("head", head)) }
    return all
  }

  /// Width of a feature.
  public var featureWidth: Int { configuration.output ?? configuration.width }

  /// All tokens after the last block and, if pooling takes the class token, the final norm: [B, 1 + N, D], or [B, N, D] without a class token.
  ///
  /// - Parameters:
  ///   - visible: for each picture the patches that are looked at, equally many, as in a masked autoencoder; nil for all.
  ///   - dropPath: which branches are left out; nil for none.
  ///   - isLocal: whether pictures may be smaller squares of whole patches; the positions are then resampled to their grid.
  public func tokens(_ images: Tensor, visible: [[Int]]? = nil, dropPath: DropPath? = nil, isLocal: Bool = false) throws -> Tensor {
    let patch = configuration.patchSize
    let size = isLocal && images.rank == 4 && images.shape[3] > 0 && images.shape[3] % patch == 0 ? min(images.shape[3], configuration.imageSize) : configuration.imageSize
    guard images.rank == 4, images.shape[1] == configuration.channels, images.shape[2] == size, images.shape[3] == size else {
      throw ModelError("vision transformer: images should be [batch, \(configuration.channels), \(size), \(size)], got \(images.shape); resize them or build the encoder for that size")
    }
    let embedded: Tensor
    if let patches { embedded = try patches(images) } else if let stem { embedded = try stem(images) } else { embedded = images }
    guard let places = learnedPositions?.value ?? fixedPositions?.value else { throw ModelError("vision transformer: there are no positions") }
    let positions = try EncoderImport.resampledPositions(places, to: size / patch, prefix: configuration.prefixCount)
    let (batch, width, count) = (images.shape[0], configuration.width, configuration.patchCount)
    var hidden: Tensor
    if let visible {
      guard visible.count == batch, let seen = visible.first?.count, visible.allSatisfy({ $0.count == seen && $0.allSatisfy((0..<count).contains) }) else {
        throw ModelError("vision transformer: each of \(batch) pictures needs equally many visible patches, numbered 0 to \(count - 1)")
      }
      let placed = try embedded + positions.narrow(axis: 1, start: configuration.prefixCount, count: count)
      let rows = visible.enumerated().flatMap { sample, patches in patches.map { sample * count + $0 } }
      let shown = try placed.reshape([batch * count, width]).indexSelect(axis: 0, indices: rows).reshape([batch, seen, width])
      let first = try classToken.map { try ($0.value + positions.narrow(axis: 1, start: 0, count: 1)).expand([batch, 1, width]) }
      hidden = try first.map { try Tensor.concatenate([$0, shown], axis: 1) } ?? shown
    } else {
      let first = try classToken?.value.expand([batch, 1, width])
      hidden = try (first.map { try Tensor.concatenate([$0, embedded], axis: 1) } ?? embedded) + positions
    }
    if let preNorm { hidden = try preNorm(hidden) }
    let branches = try dropPath?.branches(batch: batch, depth: blocks.elements.count)
    for (index, block) in blocks.elements.enumerated() { hidden = try block(hidden, branches: branches?[index]) }
    if let norm { hidden = try norm(hidden) }
    return hidden
  }

  /// One feature for each picture, [B, D].
  ///
  /// - Throws: `ModelError` if the pictures have another size than the encoder.
  public func callAsFunction(_ images: Tensor) throws -> Tensor { try pooled(tokens(images)) }

  /// The same with branches left out.
  public func callAsFunction(_ images: Tensor, training pass: TrainingPass) throws -> Tensor { try pooled(tokens(images, dropPath: pass.dropPath, isLocal: pass.isLocal)) }

  private func pooled(_ hidden: Tensor) throws -> Tensor {
    let feature: Tensor
    if let pooledNorm {
      let patches = try hidden.narrow(axis: 1, start: configuration.prefixCount, count: hidden.shape[1] - configuration.prefixCount)
      feature = try pooledNorm(configuration.pooling == .max ? patches.maximum(axis: 1) : patches.mean(axes: [1]))
    } else {
      feature = try hidden.select(axis: 1, index: 0)
    }
    return try head.map { try $0(feature) } ?? feature
  }
}
