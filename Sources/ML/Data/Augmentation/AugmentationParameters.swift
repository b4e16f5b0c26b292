/// The numbers drawn for one crop; with them a recipe is a pure function of the picture.
public struct AugmentationParameters: Sendable, Equatable, Codable {
  /// One colour change with its factor, or its share of a turn for the hue.
  public enum ColourChange: Sendable, Equatable, Codable {
    case brightness(Float), contrast(Float), saturation(Float), hue(Float)
  }

  /// The length that the shorter side is shrunk to before it is restored; nil for no downsampling.
  public var downsampledSide: Int?
  /// The part that is kept, in pixels of the picture after downsampling; nil for the middle.
  public var crop: PixelRectangle?
  /// In the order of their application.
  public var colourChanges: [ColourChange]
  public var greyscale: Bool
  /// Standard deviation of the blur in pixels of the result; 0 for none.
  public var blurRadius: Float
  /// Whether bytes of 128 and more are inverted.
  public var solarised: Bool
  public var flip: Bool

  public init(
    downsampledSide: Int? = nil, crop: PixelRectangle? = nil, colourChanges: [ColourChange] = [],
    greyscale: Bool = false, blurRadius: Float = 0, solarised: Bool = false, flip: Bool = false
  ) {
    self.downsampledSide = downsampledSide
    self.crop = crop
    self.colourChanges = colourChanges
    self.greyscale = greyscale
    self.blurRadius = blurRadius
    self.solarised = solarised
    self.flip = flip
  }
}

extension AugmentationRecipe {
  /// Draws the parameters of one crop.
  ///
  /// - Parameters:
  ///   - width: the picture's columns.
  ///   - height: the picture's rows.
  ///   - stream: the crop's own stream.
  public func parameters(width: Int, height: Int, stream: inout RandomStream) -> AugmentationParameters {
    var parameters = AugmentationParameters()
    var (width, height) = (width, height)
    if let downsampling, stream.chance(downsampling.probability) {
      let sides = downsampling.shorterSides
      parameters.downsampledSide = sides[stream.integer(below: sides.count)]
      (width, height) = AugmentationRecipe.proportional(width, height, downsampling.restoredSide)
    }
    if case .random(let scale, let ratio) = crop {
      parameters.crop = AugmentationRecipe.crop(
        width: width, height: height, scale: scale, ratio: ratio, stream: &stream)
    }
    if let jitter, stream.chance(jitter.probability) { parameters.colourChanges = jitter.draw(stream: &stream) }
    if greyscale > 0 { parameters.greyscale = stream.chance(greyscale) }
    if let blur, stream.chance(blur.probability) {
      let radius = stream.uniform(blur.radius.lowerBound, blur.radius.upperBound)
      parameters.blurRadius = radius * (blur.referenceSide.map { Float(side) / Float($0) } ?? 1)
    }
    if solarise > 0 { parameters.solarised = stream.chance(solarise) }
    if flip > 0 { parameters.flip = stream.chance(flip) }
    return parameters
  }

  /// A size with the shorter side at a given length, the longer one rounded down.
  static func proportional(_ width: Int, _ height: Int, _ shorterSide: Int) -> (Int, Int) {
    width <= height
      ? (shorterSide, max(1, shorterSide * height / width)) : (max(1, shorterSide * width / height), shorterSide)
  }

  /// A random rectangle as torchvision's RandomResizedCrop draws it: ten attempts at a uniform area and a log-uniform aspect,
  /// then the largest middle part whose aspect is allowed.
  static func crop(
    width: Int, height: Int, scale: ClosedRange<Float>, ratio: ClosedRange<Float>, stream: inout RandomStream
  ) -> PixelRectangle {
    let area = Double(width * height)
    let logarithms = (Double.logarithm(Double(ratio.lowerBound)), Double.logarithm(Double(ratio.upperBound)))
    for _ in 0..<10 {
      let target = area * Double(stream.uniform(scale.lowerBound, scale.upperBound))
      let aspect = Double.exponential(logarithms.0 + (logarithms.1 - logarithms.0) * Double(stream.uniform()))
      let columns = Int((target * aspect).squareRoot().rounded(.toNearestOrEven))
      let rows = Int((target / aspect).squareRoot().rounded(.toNearestOrEven))
      if columns > 0, rows > 0, columns <= width, rows <= height {
        let top = stream.integer(below: height - rows + 1)
        let left = stream.integer(below: width - columns + 1)
        return PixelRectangle(left: left, top: top, width: columns, height: rows)
      }
    }
    let aspect = Double(width) / Double(height)
    var (columns, rows) = (width, height)
    if aspect < Double(ratio.lowerBound) {
      rows = Int((Double(width) / Double(ratio.lowerBound)).rounded(.toNearestOrEven))
    } else if aspect > Double(ratio.upperBound) {
      columns = Int((Double(height) * Double(ratio.upperBound)).rounded(.toNearestOrEven))
    }
    columns = max(1, min(width, columns))
    rows = max(1, min(height, rows))
    return PixelRectangle(left: (width - columns) / 2, top: (height - rows) / 2, width: columns, height: rows)
  }
}

extension AugmentationRecipe.Jitter {
  /// Draws the factors and their order; a strength of 0 leaves its change out.
  func draw(stream: inout RandomStream) -> [AugmentationParameters.ColourChange] {
    var changes: [AugmentationParameters.ColourChange] = []
    func factor(_ strength: Float, _ stream: inout RandomStream) -> Float {
      stream.uniform(max(0, 1 - strength), 1 + strength)
    }
    for kind in stream.permutation(4) {
      switch kind {
      case 0: if brightness > 0 { changes.append(.brightness(factor(brightness, &stream))) }
      case 1: if contrast > 0 { changes.append(.contrast(factor(contrast, &stream))) }
      case 2: if saturation > 0 { changes.append(.saturation(factor(saturation, &stream))) }
      default: if hue > 0 { changes.append(.hue(stream.uniform(-hue, hue))) }
      }
    }
    return changes
  }
}
