/// Features of patches together with the class of every pixel.
///
/// Shapes: `tokens` [N, g², D], row by row; `masks` N · S · S classes, where g divides S.
public struct PatchFeatures {
  public let tokens: Tensor
  public let masks: [Int]
  /// S, the side of the masks in pixels.
  public let side: Int
  /// g, patches along a side.
  public let grid: Int

  /// - Throws: ``EvaluationError`` where the sizes disagree.
  public init(tokens: Tensor, masks: [Int], side: Int) throws {
    guard tokens.rank == 3, side >= 1 else {
      throw EvaluationError.option(name: "shape of the patch features", value: "\(tokens.shape)", expected: "[N, patches, D], with masks of at least one pixel")
    }
    let grid = Int(Double(tokens.shape[1]).squareRoot().rounded())
    guard grid >= 1, grid * grid == tokens.shape[1], side % grid == 0 else {
      throw EvaluationError.option(name: "number of patches", value: "\(tokens.shape[1])", expected: "a square whose side divides that of the masks, \(side)")
    }
    guard masks.count == tokens.shape[0] * side * side else {
      throw EvaluationError.lengths(first: "pixels of masks", firstCount: masks.count, second: "pixels of pictures", secondCount: tokens.shape[0] * side * side)
    }
    self.tokens = tokens
    self.masks = masks
    self.side = side
    self.grid = grid
  }

  /// Patches as labelled rows; a patch has the class of most of its pixels, the lowest of equally many.
  func labelled() throws -> LabelledFeatures {
    let pixels = side / grid
    var labels: [Int] = []
    for picture in 0..<tokens.shape[0] {
      for patch in 0..<grid * grid {
        var counts: [Int: Int] = [:]
        for row in 0..<pixels {
          let start = (picture * side + patch / grid * pixels + row) * side + patch % grid * pixels
          for place in start..<start + pixels { counts[masks[place], default: 0] += 1 }
        }
        labels.append(counts.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? 0)
      }
    }
    return try LabelledFeatures(features: tokens.detached().cast(.f32).floats(), labels: labels, dimension: tokens.shape[2])
  }
}

/// The linear probe of segmentation: logistic regression on frozen patch features, judged pixel by pixel.
///
/// Each patch learns the class of most of its pixels. Scores of a picture's patches are brought to the size of the mask bilinearly, and the highest
/// decides each pixel. Oquab et al. 2023, arXiv:2304.07193, section 7.4, with logistic regression in the place of stochastic descent.
public enum SegmentationProbe {
  public struct Result: Sendable {
    /// Over pixels.
    public let confusion: ConfusionMatrix
    /// The class of each pixel, in the order of the masks.
    public let predictions: [Int]
  }

  /// Fits on one set and judges on another.
  ///
  /// - Parameters:
  ///   - constant: C of the regression on standardised features, default 1.
  ///   - observe: called before each picture of the test set; what it throws ends the probe.
  /// - Throws: ``EvaluationError``.
  public static func run(train: PatchFeatures, test: PatchFeatures, constant: Double = 1, observe: (() throws -> Void)? = nil) throws -> Result {
    let rows = try train.labelled()
    guard test.tokens.shape[2] == rows.dimension else { throw EvaluationError.dimension(expected: rows.dimension, got: test.tokens.shape[2], of: "test") }
    var options = LogisticRegression.Options()
    options.constant = constant
    let model = try LogisticRegression.fit(rows, options: options)
    let classes = model.classes
    var predictions: [Int] = []
    predictions.reserveCapacity(test.masks.count)
    for picture in 0..<test.tokens.shape[0] {
      try observe?()
      let tokens = try test.tokens.detached().narrow(axis: 0, start: picture, count: 1).cast(.f32).floats()
      let scores = try Tensor(model.scores(tokens), shape: [test.grid, test.grid, classes.count]).permute([2, 0, 1])
      let places = try scores.interpolate(to: [test.side, test.side], filter: .bilinear).argmax(axis: 0).integers()
      predictions += places.map { classes[$0] }
    }
    return Result(confusion: try ConfusionMatrix(truths: test.masks, predictions: predictions), predictions: predictions)
  }
}

extension ConfusionMatrix {
  /// For each class what truth and prediction share, divided by what either covers, in the order of `classes`.
  public var intersectionOverUnion: [Double] {
    let width = classes.count
    return classes.indices.map { place in
      let truth = (0..<width).reduce(0) { $0 + counts[place * width + $1] }
      let predicted = (0..<width).reduce(0) { $0 + counts[$1 * width + place] }
      let both = counts[place * width + place]
      return Double(both) / Double(truth + predicted - both)
    }
  }

  /// The mean of that over the classes that truly occur.
  public var meanIntersectionOverUnion: Double {
    let known = zip(perClass, intersectionOverUnion).filter { $0.0 != nil }.map(\.1)
    return known.reduce(0, +) / Double(known.count)
  }
}
