#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What an encoder learns from.
public enum RepresentationObjective: String, Codable, Sendable, CaseIterable {
  /// Two crops of one picture attract each other.
  case simclr
  /// All pictures of a caption attract each other.
  case stablerep
  /// StableRep plus matching of pictures and captions.
  case stablerepPlus = "stablerep+"
  /// Matching of pictures and captions.
  case clip
  /// Class labels, as a control.
  case supervised
}

/// Everything that fixes a run of representation learning but its data.
public struct RepresentationOptions: Codable, Sendable, Equatable {
  public var objective: RepresentationObjective
  public var encoder: VisionTransformerConfiguration
  /// Needed by `clip` and `stablerepPlus`.
  public var text: TextTransformerConfiguration?
  public var optimization: OptimizationOptions
  /// Crops in each step, whatever the objective: what makes arms comparable.
  public var cropsPerStep: Int
  /// m, pictures of a caption in a step; used by `stablerep` and `stablerepPlus`.
  public var imagesPerCaption: Int
  /// Crops of each of these pictures; all are mutual positives.
  public var cropsPerImage: Int
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

  /// The defaults of the numbers are the paper's, except for the sizes that a CPU wants smaller.
  public init(objective: RepresentationObjective, encoder: VisionTransformerConfiguration, text: TextTransformerConfiguration? = nil,
              optimization: OptimizationOptions, cropsPerStep: Int = 258, imagesPerCaption: Int = 6, cropsPerImage: Int = 1,
              temperature: Double = 0.1, imageWeight: Double = 1, textWeight: Double = 1, headHidden: Int = 512, headOutput: Int = 128,
              matchingWidth: Int = 128, classes: Int = 0) {
    self.objective = objective
    self.encoder = encoder
    self.text = text
    self.optimization = optimization
    self.cropsPerStep = cropsPerStep
    self.imagesPerCaption = imagesPerCaption
    self.cropsPerImage = cropsPerImage
    self.temperature = temperature
    self.imageWeight = imageWeight
    self.textWeight = textWeight
    self.headHidden = headHidden
    self.headOutput = headOutput
    self.matchingWidth = matchingWidth
    self.classes = classes
  }

  /// Crops that belong together in a step: 2 for SimCLR, m times crops for StableRep, otherwise 1.
  public var views: Int {
    switch objective {
    case .simclr: return 2
    case .stablerep, .stablerepPlus: return imagesPerCaption * cropsPerImage
    case .clip, .supervised: return 1
    }
  }

  public var usesCaptions: Bool { objective == .clip || objective == .stablerepPlus }

  /// The options as JSON with sorted keys.
  public func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }

  /// Refuses options that do not fit together.
  public func validate() throws {
    try encoder.validate()
    try text?.validate()
    try optimization.validate()
    guard imagesPerCaption >= 1, cropsPerImage >= 1, headHidden >= 1, headOutput >= 1, matchingWidth >= 1 else {
      throw ModelError("representation: counts and widths must be at least 1")
    }
    let parts = views
    guard cropsPerStep >= 2 * parts || (parts == 1 && cropsPerStep >= 1), cropsPerStep % parts == 0 else {
      let below = max(2 * parts, cropsPerStep / parts * parts)
      throw ModelError("representation: \(objective.rawValue) cuts the crops of a step into \(parts) views, so their number must be a multiple of \(parts) and at least \(2 * parts), got \(cropsPerStep); take \(below) or \(below + parts)")
    }
    guard !(objective == .stablerep || objective == .stablerepPlus) || parts >= 2 else {
      throw ModelError("representation: \(objective.rawValue) needs at least two pictures or crops for each caption")
    }
    guard temperature > 0 else { throw ModelError("representation: the temperature must be positive, got \(temperature)") }
    guard !usesCaptions || text != nil else {
      throw ModelError("representation: \(objective.rawValue) needs a text encoder; give its configuration")
    }
    guard objective != .supervised || classes >= 2 else {
      throw ModelError("representation: supervised training needs the number of classes, got \(classes)")
    }
  }
}
