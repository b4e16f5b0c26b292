#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What an encoder learns from.
public enum RepresentationObjective: String, Codable, Sendable, CaseIterable {
  /// Two crops of one picture attract each other.
  case simclr
  /// Crops of all pictures of a class attract each other.
  case supcon
  /// Two crops attract each other through a slowly moving teacher, against the other pictures.
  case mocoV3 = "moco-v3"
  /// One crop predicts what a slowly moving teacher makes of the other, with nothing pushed apart.
  case byol
  /// Two crops are given the same shares of learned prototypes by a student and its slowly moving teacher.
  case dino
  /// Hidden patches are drawn from visible ones.
  case mae
  /// All pictures of a caption attract each other.
  case stablerep
  /// StableRep through a slowly moving teacher, with small crops that only the student sees; without SynCLR's masked patches.
  case synclr
  /// StableRep plus matching of pictures and captions.
  case stablerepPlus = "stablerep+"
  /// Matching of pictures and captions.
  case clip
  /// Judging of each pair of a picture and a caption by itself.
  case siglip
  /// Class labels, as a control.
  case supervised

  /// Whether all pictures of a caption belong together.
  public var joinsCaptions: Bool { self == .stablerep || self == .stablerepPlus || self == .synclr }
  public var usesCaptions: Bool { self == .clip || self == .siglip || self == .stablerepPlus }
  public var usesClasses: Bool { self == .supcon || self == .supervised }

  /// First momentum of the teacher in the objective's paper; nil without a teacher.
  public var teacherMomentum: Double? {
    switch self {
    case .mocoV3: return 0.99
    case .byol, .dino: return 0.996
    case .synclr: return 0.994
    default: return nil
    }
  }

  /// Temperature of the (student's) similarities in the objective's paper.
  public var temperature: Double {
    switch self {
    case .mocoV3: return 0.2
    case .synclr: return 0.08
    default: return 0.1
    }
  }

  /// Small crops of each picture in the objective's paper.
  public var localCrops: Int { self == .synclr ? 4 : 0 }
  /// Whether small crops are of use to it.
  public var usesLocalCrops: Bool { self == .synclr || self == .dino }
}

/// Everything that fixes a run of representation learning but its data.
public struct RepresentationOptions: Codable, Sendable, Equatable {
  public var objective: RepresentationObjective
  public var encoder: VisionTransformerConfiguration
  /// A residual network that is trained in place of a transformer; nil for the transformer.
  public var residual: ResNetConfiguration?
  /// Chance that a branch of the transformer's last block is left out of a step, in [0, 1).
  public var dropPath: Double
  /// Needed by `clip` and `stablerepPlus`.
  public var text: TextTransformerConfiguration?
  public var optimization: OptimizationOptions
  /// Crops in each step, whatever the objective: what makes arms comparable.
  public var cropsPerStep: Int
  /// Crops whose history is in memory at a time; 0 for all of a step. The loss is that of the whole step either way.
  public var microBatch: Int
  /// m, pictures of a caption in a step; used by `stablerep`, `stablerepPlus` and `synclr`.
  public var imagesPerCaption: Int
  /// Crops of each of these pictures; all are mutual positives.
  public var cropsPerImage: Int
  /// Small crops of each picture, beside the crops of the step; only the student of `synclr` or `dino` sees them.
  public var localCrops: Int
  /// Side of a small crop in pixels, a multiple of the patch.
  public var localSize: Int
  /// τ of the contrastive losses over projections.
  public var temperature: Double
  /// w₁ of StableRep+.
  public var imageWeight: Double
  /// w₂ of StableRep+.
  public var textWeight: Double
  /// Hidden width of the projection head.
  public var headHidden: Int
  /// Width of the projections.
  public var headOutput: Int
  /// Width in which pictures and captions are compared.
  public var matchingWidth: Int
  /// Classes of the supervised control.
  public var classes: Int
  /// Share of each target that is spread over all classes, in [0, 1); of `supervised`.
  public var labelSmoothing: Double
  /// First momentum of the teacher of `mocoV3`, `byol`, `dino` and `synclr`.
  public var teacherMomentum: Double
  /// Temperature of the teacher of `dino`.
  public var teacherTemperature: Double
  /// Prototypes of `dino`.
  public var prototypes: Int
  /// Share of each of several sets in every step, above 0, in any unit; nil draws from all data as one.
  public var sourceShares: [Double]?
  /// Share of patches that `mae` hides.
  public var maskRatio: Double
  /// Width, blocks and heads of `mae`'s decoder.
  public var decoder: DecoderSize

  /// The size of a masked autoencoder's decoder.
  public struct DecoderSize: Codable, Sendable, Equatable {
    public var width, depth, heads: Int
    public init(width: Int = 64, depth: Int = 2, heads: Int = 4) { (self.width, self.depth, self.heads) = (width, depth, heads) }
  }

  /// The defaults of the numbers are the paper's, except for the sizes that a CPU wants smaller.
  public init(objective: RepresentationObjective, encoder: VisionTransformerConfiguration, text: TextTransformerConfiguration? = nil,
              optimization: OptimizationOptions, cropsPerStep: Int = 258, imagesPerCaption: Int = 6, cropsPerImage: Int = 1,
              temperature: Double? = nil, imageWeight: Double = 1, textWeight: Double = 1, headHidden: Int = 512, headOutput: Int = 128,
              matchingWidth: Int = 128, classes: Int = 0, teacherMomentum: Double? = nil, teacherTemperature: Double = 0.04,
              prototypes: Int = 1024, maskRatio: Double = 0.75, decoder: DecoderSize = DecoderSize(), residual: ResNetConfiguration? = nil, dropPath: Double = 0,
              microBatch: Int = 0, labelSmoothing: Double = 0, localCrops: Int? = nil, localSize: Int? = nil,
              sourceShares: [Double]? = nil) {
    self.objective = objective
    self.encoder = encoder
    self.residual = residual
    self.dropPath = dropPath
    self.text = text
    self.optimization = optimization
    self.cropsPerStep = cropsPerStep
    self.microBatch = microBatch
    self.labelSmoothing = labelSmoothing
    self.sourceShares = sourceShares
    self.imagesPerCaption = imagesPerCaption
    self.cropsPerImage = cropsPerImage
    self.localCrops = localCrops ?? objective.localCrops
    // As 96 of 224, but two patches at least.
    self.localSize = localSize ?? max(2, encoder.imageSize * 3 / 7 / max(1, encoder.patchSize)) * encoder.patchSize
    self.temperature = temperature ?? objective.temperature
    self.imageWeight = imageWeight
    self.textWeight = textWeight
    self.headHidden = headHidden
    self.headOutput = headOutput
    self.matchingWidth = matchingWidth
    self.classes = classes
    self.teacherMomentum = teacherMomentum ?? objective.teacherMomentum ?? 0
    self.teacherTemperature = teacherTemperature
    self.prototypes = prototypes
    self.maskRatio = maskRatio
    self.decoder = decoder
  }

  /// Crops that belong together in a step: 2 where two crops of a picture meet, m times crops for StableRep, otherwise 1.
  public var views: Int {
    switch objective {
    case .simclr, .supcon, .mocoV3, .byol, .dino: return 2
    case .stablerep, .stablerepPlus, .synclr: return imagesPerCaption * cropsPerImage
    case .mae, .clip, .siglip, .supervised: return 1
    }
  }

  /// Parts of a step's small crops that a head's batch norms see apart: as many pictures in each as in a view.
  var localViews: Int { localCrops * (objective.joinsCaptions ? imagesPerCaption : 1) }

  /// The places of each picture's first crop among `count` crops of a step.
  func firstCrops(count: Int) -> [Int] {
    let rows = count / views
    let firsts = objective.joinsCaptions ? Array(stride(from: 0, to: views, by: cropsPerImage)) : [0]
    return firsts.flatMap { view in (0..<rows).map { view * rows + $0 } }
  }

  /// Side in pixels of the crops, and their channels.
  public var imageSize: Int { residual?.imageSize ?? encoder.imageSize }
  public var channels: Int { residual?.channels ?? encoder.channels }

  /// Patches that `mae` shows of each picture.
  public var visiblePatches: Int { max(1, Int((Double(encoder.patchCount) * (1 - maskRatio)).rounded(.down))) }

  public var usesCaptions: Bool { objective.usesCaptions }

  /// The options as JSON with sorted keys.
  public func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }

  /// Refuses options that do not fit together.
  public func validate() throws {
    if let residual { try residual.validate() } else { try encoder.validate() }
    try text?.validate()
    guard (0..<1).contains(dropPath), residual == nil || dropPath == 0 else {
      throw ModelError("representation: the chance of leaving out a branch must lie in [0, 1), and be 0 for a residual network, got \(dropPath)")
    }
    guard (0..<1).contains(labelSmoothing) else { throw ModelError("representation: the label smoothing must lie in [0, 1), got \(labelSmoothing)") }
    if let sourceShares, sourceShares.isEmpty || !sourceShares.allSatisfy({ $0 > 0 && $0.isFinite }) {
      throw ModelError("representation: the shares of sets must be above 0, got \(sourceShares)")
    }
    guard microBatch >= 0, residual == nil || microBatch == 0 else {
      throw ModelError("representation: the micro-batch must be 0 or above, and 0 for a residual network, whose batch norms would see parts of a step; got \(microBatch)")
    }
    guard residual == nil || objective != .mae else { throw ModelError("representation: mae needs a vision transformer, whose patches it can hide") }
    guard localCrops >= 0, localCrops == 0 || objective.usesLocalCrops else {
      throw ModelError("representation: \(objective.rawValue) knows no local crops, got \(localCrops); synclr and dino do")
    }
    guard localCrops == 0 || (residual == nil && localSize > 0 && localSize <= encoder.imageSize && localSize % encoder.patchSize == 0) else {
      throw ModelError("representation: local crops are for a vision transformer, and their side a multiple of its patch \(encoder.patchSize), at most \(encoder.imageSize), got \(localSize)")
    }
    try optimization.validate()
    guard imagesPerCaption >= 1, cropsPerImage >= 1, headHidden >= 1, headOutput >= 1, matchingWidth >= 1 else {
      throw ModelError("representation: counts and widths must be at least 1")
    }
    let parts = views
    guard cropsPerStep >= 2 * parts || (parts == 1 && cropsPerStep >= 1), cropsPerStep % parts == 0 else {
      let below = max(2 * parts, cropsPerStep / parts * parts)
      throw ModelError("representation: \(objective.rawValue) cuts the crops of a step into \(parts) views, so their number must be a multiple of \(parts) and at least \(2 * parts), got \(cropsPerStep); take \(below) or \(below + parts)")
    }
    guard !objective.joinsCaptions || parts >= 2 else {
      throw ModelError("representation: \(objective.rawValue) needs at least two pictures or crops for each caption")
    }
    guard temperature > 0 else { throw ModelError("representation: the temperature must be positive, got \(temperature)") }
    guard !usesCaptions || text != nil else {
      throw ModelError("representation: \(objective.rawValue) needs a text encoder; give its configuration")
    }
    guard !objective.usesClasses || classes >= 2 else {
      throw ModelError("representation: \(objective.rawValue) needs the number of classes, at least 2, got \(classes)")
    }
    guard (0...1).contains(teacherMomentum), teacherTemperature > 0, prototypes >= 1 else {
      throw ModelError("representation: expected a teacher momentum in [0, 1], a teacher temperature above 0 and prototypes, got \(teacherMomentum), \(teacherTemperature), \(prototypes)")
    }
    guard objective != .mae || (maskRatio > 0 && maskRatio < 1 && visiblePatches < encoder.patchCount) else {
      throw ModelError("representation: mae needs a mask ratio in (0, 1) that hides at least one of \(encoder.patchCount) patches, got \(maskRatio)")
    }
    guard objective != .mae || encoder.hasClassToken else { throw ModelError("representation: mae needs a transformer with a class token, which its decoder reads") }
    guard objective != .mae || encoder.stem == .patch else {
      throw ModelError("representation: mae needs the stem patch: a convolutional one looks across borders into the hidden patches")
    }
  }
}
