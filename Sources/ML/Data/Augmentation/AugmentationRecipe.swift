/// Which transformations a crop goes through, how often and how strongly.
///
/// They run in the order of the fields: shrink and re-enlarge, crop and resize, colour jitter, greyscale, blur, solarise,
/// mirror, normalise. Each has the arithmetic of torchvision's transformation on Pillow pictures, bytes between the steps
/// included.
public struct AugmentationRecipe: Sendable, Equatable, Codable {
  /// Shrinks a picture and enlarges it again before everything else, so that some crops lack detail.
  public struct Downsampling: Sendable, Equatable, Codable {
    public var probability: Float
    /// Lengths that the shorter side is shrunk to, all equally likely.
    public var shorterSides: [Int]
    /// Length that the shorter side is brought to afterwards.
    public var restoredSide: Int

    public init(probability: Float, shorterSides: [Int], restoredSide: Int) {
      self.probability = probability
      self.shorterSides = shorterSides
      self.restoredSide = restoredSide
    }
  }

  /// How the square that is kept is chosen.
  public enum Crop: Sendable, Equatable, Codable {
    /// A rectangle of random area (share of the picture's) and random aspect (width over height), resized to the square.
    case random(scale: ClosedRange<Float>, ratio: ClosedRange<Float>)
    /// The shorter side resized to the square's, then the middle.
    case centre
  }

  /// Random brightness, contrast, saturation (factors in 1 - s ... 1 + s) and hue (turns in -h ... h), in random order.
  public struct Jitter: Sendable, Equatable, Codable {
    public var probability: Float
    public var brightness: Float
    public var contrast: Float
    public var saturation: Float
    /// At most 0.5, half a turn.
    public var hue: Float

    public init(
      probability: Float = 0.8, brightness: Float = 0.4, contrast: Float = 0.4, saturation: Float = 0.4,
      hue: Float = 0.1
    ) {
      self.probability = probability
      self.brightness = brightness
      self.contrast = contrast
      self.saturation = saturation
      self.hue = hue
    }
  }

  /// A Gaussian blur, approximated by three box blurs as in Pillow.
  public struct Blur: Sendable, Equatable, Codable {
    public var probability: Float
    /// Standard deviation in pixels.
    public var radius: ClosedRange<Float>
    /// The side that the radius was meant for; a crop of another side scales the radius by side / reference. nil takes
    /// the radius as it is: 2 pixels of 224 are a touch, 2 of 32 are a fog.
    public var referenceSide: Int?

    public init(probability: Float = 0.5, radius: ClosedRange<Float> = 0.1...2, referenceSide: Int? = nil) {
      self.probability = probability
      self.radius = radius
      self.referenceSide = referenceSide
    }
  }

  /// Width and height of the result in pixels.
  public var side: Int
  public var downsampling: Downsampling?
  public var crop: Crop
  /// Filter of all changes of size.
  public var filter: ResizeFilter
  public var jitter: Jitter?
  public var greyscale: Float
  public var blur: Blur?
  /// Probability of inverting bytes of 128 and more.
  public var solarise: Float
  /// Probability of mirroring left and right.
  public var flip: Float
  /// Subtracted from values in 0...1, per channel.
  public var mean: SIMD3<Float>
  /// Divides afterwards, per channel.
  public var deviation: SIMD3<Float>

  public init(
    side: Int, downsampling: Downsampling? = nil, crop: Crop = .centre, filter: ResizeFilter = .bilinear,
    jitter: Jitter? = nil, greyscale: Float = 0, blur: Blur? = nil, solarise: Float = 0,
    flip: Float = 0, mean: SIMD3<Float> = AugmentationRecipe.imageNetMean, deviation: SIMD3<Float> = AugmentationRecipe.imageNetDeviation
  ) {
    self.side = side
    self.downsampling = downsampling
    self.crop = crop
    self.filter = filter
    self.jitter = jitter
    self.greyscale = greyscale
    self.blur = blur
    self.solarise = solarise
    self.flip = flip
    self.mean = mean
    self.deviation = deviation
  }

  public static let imageNetMean = SIMD3<Float>(0.485, 0.456, 0.406)
  public static let imageNetDeviation = SIMD3<Float>(0.229, 0.224, 0.225)

  /// The strong list of the StableRep paper, as SimCLR's.
  public static func strong(side: Int = 224) -> AugmentationRecipe {
    AugmentationRecipe(
      side: side, crop: .random(scale: 0.08...1, ratio: usualRatio), jitter: Jitter(), greyscale: 0.2, blur: Blur(),
      flip: 0.5)
  }

  /// The paper's strong list with its optional random downsampling before it.
  public static func strongDownsampled(side: Int = 224) -> AugmentationRecipe {
    var recipe = strong(side: side)
    recipe.downsampling = Downsampling(probability: 0.05, shorterSides: [64, 128], restoredSide: 256)
    return recipe
  }

  /// The strong list with BYOL's solarisation of one crop in five.
  public static func strongSolarised(side: Int = 224) -> AugmentationRecipe {
    var recipe = strong(side: side)
    recipe.solarise = 0.2
    return recipe
  }

  /// The weak list of the StableRep paper, which is CLIP's: a crop of at least half the area and nothing else.
  public static func weak(side: Int = 224) -> AugmentationRecipe {
    AugmentationRecipe(side: side, crop: .random(scale: 0.5...1, ratio: usualRatio))
  }

  /// The middle of the picture, normalised: for probes and other evaluation.
  public static func none(side: Int = 224) -> AugmentationRecipe { AugmentationRecipe(side: side) }

  /// Strong views of small scenes that leave the facts of captions readable.
  ///
  /// Colours keep their names (little hue, no greyscale), small objects stay in view (larger crops), blur is scaled to
  /// the picture and nothing is mirrored, because left and right are facts.
  public static func scenes(side: Int = 32) -> AugmentationRecipe {
    AugmentationRecipe(
      side: side, crop: .random(scale: 0.3...1, ratio: usualRatio),
      jitter: Jitter(probability: 0.8, brightness: 0.4, contrast: 0.4, saturation: 0.3, hue: 0.02),
      blur: Blur(probability: 0.3, radius: 0.1...4, referenceSide: 224))
  }

  /// Weak views of small scenes: crops of at least half the area.
  public static func scenesWeak(side: Int = 32) -> AugmentationRecipe { weak(side: side) }

  /// The recipe for small crops, of another share of the picture.
  ///
  /// - Parameters:
  ///   - side: of the result in pixels.
  ///   - scale: share of the picture's area, above 0 and up to 1.
  public func local(side: Int, scale: ClosedRange<Float>) -> AugmentationRecipe {
    var (recipe, ratio) = (self, AugmentationRecipe.usualRatio)
    if case .random(_, let own) = crop { ratio = own }
    recipe.side = side
    recipe.crop = .random(scale: scale, ratio: ratio)
    return recipe
  }

  /// Names of recipes, for users.
  public static let names = ["scenes", "strong", "weak", "scenes_weak", "strong_downsampled", "strong_solarised", "none"]

  /// The recipe of a name: strong, strong_downsampled, strong_solarised, weak, none, scenes or scenes_weak.
  ///
  /// - Throws: `AugmentationError.name` when there is none of that name.
  public static func named(_ name: String, side: Int) throws -> AugmentationRecipe {
    switch name {
    case "strong": return strong(side: side)
    case "strong_downsampled": return strongDownsampled(side: side)
    case "strong_solarised": return strongSolarised(side: side)
    case "weak": return weak(side: side)
    case "none": return none(side: side)
    case "scenes": return scenes(side: side)
    case "scenes_weak": return scenesWeak(side: side)
    default: throw AugmentationError.name(name)
    }
  }

  /// Aspects from 3:4 to 4:3.
  public static let usualRatio: ClosedRange<Float> = 0.75...(4 / 3)
}
