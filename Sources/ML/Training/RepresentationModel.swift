/// An encoder with what its objective adds: heads, teacher, decoder, text tower, logit scale or classifier.
public final class RepresentationModel: Module {
  public let options: RepresentationOptions
  public let encoder: any ImageEncoder
  public let head: (any FeatureHead)?
  /// Predicts the teacher's projections (MoCo-v3, BYOL, SynCLR).
  public let predictor: ProjectionHead?
  public let teacher: MomentumTeacher?
  /// The running mean of the teacher's logits (DINO).
  public let center: StateBuffer?
  public let decoder: MaskedDecoder?
  public let textEncoder: TextTransformer?
  public let imageProjection: Linear?
  public let logitScale: LogitScale?
  /// Added to similarities (SigLIP).
  public let logitBias: Parameter?
  public let classifier: Linear?

  /// Makes the model with random weights. The encoder's come first from a stream of their own, so that all arms of a
  /// comparison (and the frozen random control) start from one encoder.
  ///
  /// - Parameter start: an encoder to go on from, of the options' structure; it is copied. Nil draws the weights.
  public init(_ options: RepresentationOptions, seed: UInt64, from start: (any ImageEncoder)? = nil) throws {
    try options.validate()
    self.options = options
    if let start {
      let isDescribed = (start as? VisionTransformer).map { options.residual == nil && $0.configuration == options.encoder }
        ?? (start as? ResNet).map { $0.configuration == options.residual } ?? false
      guard isDescribed else { throw ModelError("representation: the encoder to go on from has another structure than the options say") }
      encoder = try start.copy()
    } else {
      encoder = try randomFeatureEncoder(options, seed: seed)
    }
    var stream = RandomStream(seed: seed, purpose: "representation heads")
    let objective = options.objective
    let width = encoder.featureWidth, hidden = options.headHidden, output = options.headOutput
    func makeHead(_ stream: inout RandomStream) throws -> (any FeatureHead)? {
      switch objective {
      case .simclr, .supcon, .stablerep, .stablerepPlus: return try ProjectionHead(width: width, hidden: hidden, output: output, stream: &stream)
      case .mocoV3, .synclr: return try ProjectionHead(widths: [width, hidden, hidden, output], bias: false, lastNorm: true, stream: &stream)
      case .byol: return try ProjectionHead(widths: [width, hidden, output], stream: &stream)
      case .dino: return try PrototypeHead(width: width, hidden: hidden, bottleneck: output, prototypes: options.prototypes, stream: &stream)
      case .mae, .clip, .siglip, .supervised: return nil
      }
    }
    head = try makeHead(&stream)
    switch objective {
    case .mocoV3, .synclr: predictor = try ProjectionHead(widths: [output, hidden, output], bias: false, lastNorm: true, stream: &stream)
    case .byol: predictor = try ProjectionHead(widths: [output, hidden, output], stream: &stream)
    default: predictor = nil
    }
    if objective.teacherMomentum != nil, let head, let copy = try makeHead(&stream) {
      teacher = try MomentumTeacher(encoder: encoder.copy(), head: copy, student: (encoder, head),
                                    momentum: options.teacherMomentum)
    } else {
      teacher = nil
    }
    center = objective == .dino ? StateBuffer(try Tensor.zeros([options.prototypes])) : nil
    decoder = objective == .mae
      ? try MaskedDecoder(for: options.encoder, width: options.decoder.width, depth: options.decoder.depth, heads: options.decoder.heads, stream: &stream) : nil
    if options.usesCaptions, var text = options.text {
      text.output = options.matchingWidth
      textEncoder = try TextTransformer(text, stream: &stream)
      imageProjection = try Linear(width, options.matchingWidth, bias: false,
                                   initialization: .normal(1 / Double(width).squareRoot()), stream: &stream)
      logitScale = try objective == .siglip ? LogitScale(start: Double.logarithm(10)) : LogitScale()
    } else {
      textEncoder = nil
      imageProjection = nil
      logitScale = nil
    }
    logitBias = objective == .siglip ? Parameter(try Tensor.full([], -10), decays: false) : nil
    classifier = objective == .supervised ? try Linear(width, options.classes, initialization: .normal(0.01), stream: &stream) : nil
  }

  public var ownParameters: [(name: String, parameter: Parameter)] {
    (logitScale.map { [("logit_scale", $0.parameter)] } ?? []) + (logitBias.map { [("logit_bias", $0)] } ?? [])
  }

  public var ownBuffers: [(name: String, buffer: StateBuffer)] { center.map { [("center", $0)] } ?? [] }

  public var parts: [(name: String, module: any Module)] {
    let optional: [(name: String, module: (any Module)?)] = [
      ("head", head), ("predictor", predictor), ("teacher", teacher), ("decoder", decoder), ("text", textEncoder),
      ("image_projection", imageProjection), ("classifier", classifier),
    ]
    return [("encoder", encoder)] + optional.compactMap { part in part.module.map { (part.name, $0) } }
  }

  /// The encoder that the objective's paper judges: DINO's teacher, otherwise the one that was trained.
  public func trainedEncoder() throws -> any ImageEncoder {
    guard options.objective == .dino, let teacher else { return encoder }
    try teacher.settle()
    return teacher.encoder
  }

  /// What follows an optimiser's step: bounds, and the teacher.
  ///
  /// - Parameter step: counted from 0.
  func afterStep(_ step: Int) throws {
    try logitScale?.clamp()
    try teacher?.follow(step: step, steps: options.optimization.steps)
  }
}

/// The untrained encoder that training by these options starts from.
private func randomFeatureEncoder(_ options: RepresentationOptions, seed: UInt64) throws -> any ImageEncoder {
  guard let residual = options.residual else { return try randomFeatureEncoder(options.encoder, seed: seed) }
  var stream = RandomStream(seed: seed, purpose: "representation encoder")
  return try ResNet(residual, stream: &stream)
}

/// An untrained encoder: the control that every trained one has to beat, and the start of all of them at that seed.
public func randomFeatureEncoder(_ configuration: VisionTransformerConfiguration, seed: UInt64) throws -> VisionTransformer {
  var stream = RandomStream(seed: seed, purpose: "representation encoder")
  return try VisionTransformer(configuration, stream: &stream)
}
