/// What can be wrong with an augmentation's options.
public enum AugmentationError: Error, Equatable, CustomStringConvertible {
  case name(String)
  case option(String, value: String, expected: String)
  case crops(count: Int, images: Int)

  public var description: String {
    switch self {
    case .name(let name):
      return "augmentation: no recipe is called '\(name)'; the recipes are \(AugmentationRecipe.names.joined(separator: ", "))"
    case .option(let name, let value, let expected):
      return "augmentation: option \(name) must be \(expected), got \(value)"
    case .crops(let crop, let images):
      return "augmentation: a crop asks for image \(crop), but there are \(images); number images from 0"
    }
  }
}

extension AugmentationRecipe {
  /// Checks every option.
  ///
  /// - Throws: `AugmentationError.option`, naming the first option that is out of range.
  public func validate() throws {
    func probability(_ name: String, _ value: Float) throws {
      guard value >= 0, value <= 1 else {
        throw AugmentationError.option(name, value: "\(value)", expected: "a probability from 0 to 1")
      }
    }
    func length(_ name: String, _ value: Int) throws {
      guard (1...4096).contains(value) else {
        throw AugmentationError.option(name, value: "\(value)", expected: "from 1 to 4096 pixels")
      }
    }
    try length("side", side)
    if let downsampling {
      try probability("downsampling.probability", downsampling.probability)
      if downsampling.shorterSides.isEmpty {
        throw AugmentationError.option("downsampling.shorterSides", value: "an empty list", expected: "at least one side")
      }
      for side in downsampling.shorterSides { try length("downsampling.shorterSides", side) }
      try length("downsampling.restoredSide", downsampling.restoredSide)
    }
    if case .random(let scale, let ratio) = crop {
      guard scale.lowerBound > 0, scale.upperBound <= 1 else {
        throw AugmentationError.option("crop.scale", value: "\(scale)", expected: "a range above 0 and up to 1")
      }
      guard ratio.lowerBound > 0, ratio.upperBound.isFinite else {
        throw AugmentationError.option("crop.ratio", value: "\(ratio)", expected: "a range of positive numbers")
      }
    }
    if let jitter {
      try probability("jitter.probability", jitter.probability)
      for (name, value) in [
        ("brightness", jitter.brightness), ("contrast", jitter.contrast), ("saturation", jitter.saturation),
      ] where !(value >= 0 && value.isFinite) {
        throw AugmentationError.option("jitter.\(name)", value: "\(value)", expected: "0 or a positive number")
      }
      guard jitter.hue >= 0, jitter.hue <= 0.5 else {
        throw AugmentationError.option("jitter.hue", value: "\(jitter.hue)", expected: "from 0 to 0.5 turns")
      }
    }
    try probability("greyscale", greyscale)
    if let blur {
      try probability("blur.probability", blur.probability)
      guard blur.radius.lowerBound >= 0, blur.radius.upperBound <= 100 else {
        throw AugmentationError.option("blur.radius", value: "\(blur.radius)", expected: "a range from 0 to at most 100 pixels")
      }
      if let reference = blur.referenceSide { try length("blur.referenceSide", reference) }
    }
    try probability("solarise", solarise)
    try probability("flip", flip)
    for channel in 0..<3 where !(deviation[channel] > 0) || !mean[channel].isFinite || !deviation[channel].isFinite {
      throw AugmentationError.option(
        "mean and deviation", value: "\(mean) and \(deviation)", expected: "finite, the deviation above 0")
    }
  }
}

extension AugmentationParameters {
  /// Checks that every number can be applied.
  ///
  /// - Throws: `AugmentationError.option`, naming the first number that cannot.
  func validate() throws {
    for change in colourChanges {
      switch change {
      case .brightness(let factor), .contrast(let factor), .saturation(let factor):
        guard factor >= 0, factor.isFinite else {
          throw AugmentationError.option("colourChanges", value: "\(change)", expected: "a factor of 0 or more")
        }
      case .hue(let turn):
        guard abs(turn) <= 0.5 else {
          throw AugmentationError.option("colourChanges", value: "\(change)", expected: "a hue from -0.5 to 0.5 turns")
        }
      }
    }
    guard blurRadius >= 0, blurRadius <= 1000 else {
      throw AugmentationError.option("blurRadius", value: "\(blurRadius)", expected: "from 0 to 1000 pixels")
    }
  }
}
