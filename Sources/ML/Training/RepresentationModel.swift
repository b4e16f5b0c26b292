/// An encoder with what its objective adds: projection head, text tower, logit scale or classifier.
public final class RepresentationModel: Module {
  public let options: RepresentationOptions
  public let encoder: VisionTransformer
  public let head: ProjectionHead?
  public let textEncoder: TextTransformer?
  public let imageProjection: Linear?
  public let logitScale: LogitScale?
  public let classifier: Linear?

  /// Makes the model with random weights. The encoder's come first from a stream of their own, so that all arms of a
  /// comparison (and the frozen random control) start from one encoder.
  public init(_ options: RepresentationOptions, seed: UInt64) throws {
    try options.validate()
    self.options = options
    encoder = try randomFeatureEncoder(options.encoder, seed: seed)
    var stream = RandomStream(seed: seed, purpose: "representation heads")
    let width = encoder.featureWidth
    let projects = options.objective == .simclr || options.objective == .stablerep || options.objective == .stablerepPlus
    head = projects ? try ProjectionHead(width: width, hidden: options.headHidden, output: options.headOutput, stream: &stream) : nil
    if options.usesCaptions, var text = options.text {
      text.output = options.matchingWidth
      textEncoder = try TextTransformer(text, stream: &stream)
      imageProjection = try Linear(width, options.matchingWidth, bias: false,
                                   initialization: .normal(1 / Double(width).squareRoot()), stream: &stream)
      logitScale = try LogitScale()
    } else {
      textEncoder = nil
      imageProjection = nil
      logitScale = nil
    }
    classifier = options.objective == .supervised ? try Linear(width, options.classes, initialization: .normal(0.01), stream: &stream) : nil
  }

  public var ownParameters: [(name: String, parameter: Parameter)] { logitScale.map { [("logit_scale", $0.parameter)] } ?? [] }

  public var parts: [(name: String, module: any Module)] {
    var all: [(name: String, module: any Module)] = [("encoder", encoder)]
    if let head { all.append(("head", head)) }
    if let textEncoder { all.append(("text", textEncoder)) }
    if let imageProjection { all.append(("image_projection", imageProjection)) }
    if let classifier { all.append(("classifier", classifier)) }
    return all
  }

  /// The objective's loss on a batch, a scalar.
  ///
  /// - Parameters:
  ///   - images: crops [C, 3, S, S], view-major and normalised.
  ///   - batch: what they show.
  ///   - captions: token ids of `batch.wordings`, if the objective uses captions.
  ///   - classes: class of each crop, if the objective is supervised.
  public func loss(images: Tensor, batch: RepresentationBatch, captions: [[Int]] = [], classes: [Int] = []) throws -> Tensor {
    let features = try encoder(images)
    let projections = try head.map { try $0(features, views: batch.views) }
    if let textEncoder, let imageProjection, let logitScale {
      let tokens = try PaddedCaptions(captions, contextLength: textEncoder.configuration.contextLength)
      let texts = try textEncoder(tokens).feature
      let matched = try imageProjection(features)
      let scale = try logitScale.scale()
      guard let projections else { return try imageTextLoss(images: matched, texts: texts, captions: batch.captionRows, scale: scale) }
      return try stableRepPlusLoss(projections: projections, images: matched, texts: texts, captions: batch.captionRows, scale: scale,
                                   temperature: options.temperature, imageWeight: options.imageWeight, textWeight: options.textWeight)
    }
    if let projections { return try multiPositiveLoss(projections, labels: batch.labels, temperature: options.temperature) }
    guard let classifier else { throw ModelError("representation: the model has nothing to train") }
    return try classifier(features).crossEntropy(labels: classes)
  }
}

/// An untrained encoder: the control that every trained one has to beat, and the start of all of them at that seed.
public func randomFeatureEncoder(_ configuration: VisionTransformerConfiguration, seed: UInt64) throws -> VisionTransformer {
  var stream = RandomStream(seed: seed, purpose: "representation encoder")
  return try VisionTransformer(configuration, stream: &stream)
}
