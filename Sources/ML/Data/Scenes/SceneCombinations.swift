/// Which combinations of shape, colour and pattern a scene may show.
///
/// One combination in five is held out: training pictures and captions never contain it and the probes' test pictures
/// contain nothing else, so that a probe measures whether facts are told apart and not whether combinations are
/// remembered.
public enum SceneCombinations: String, CaseIterable, Sendable, Codable {
  case training, heldOut, all

  /// The held-out pattern of every pair of shape and colour.
  ///
  /// Each shape deals the five patterns twice over its ten colours, in an order that a fixed random stream decides.
  /// So each shape and each colour lose 10 of their 50 combinations, each pattern loses 20 of its 100, and every pair
  /// of two facts remains possible on both sides.
  private static let heldOutPattern: [ScenePattern] = {
    var table: [ScenePattern] = []
    for shape in SceneShape.allCases.indices {
      var stream = RandomStream(seed: 20, purpose: "scenes held-out combinations", index: UInt64(shape))
      for place in stream.permutation(SceneColour.allCases.count) {
        table.append(ScenePattern.allCases[place % ScenePattern.allCases.count])
      }
    }
    return table
  }()

  /// Whether the combination belongs to the held-out fifth.
  public static func isHeldOut(_ shape: SceneShape, _ colour: SceneColour, _ pattern: ScenePattern) -> Bool {
    heldOutPattern[shape.index * SceneColour.allCases.count + colour.index] == pattern
  }

  /// Whether this set contains the combination.
  public func contains(_ shape: SceneShape, _ colour: SceneColour, _ pattern: ScenePattern) -> Bool {
    switch self {
    case .all: return true
    case .training: return !SceneCombinations.isHeldOut(shape, colour, pattern)
    case .heldOut: return SceneCombinations.isHeldOut(shape, colour, pattern)
    }
  }

  /// Draws a combination of this set, uniformly among those that agree with the mention.
  ///
  /// - Parameters:
  ///   - mention: the facts that are fixed; its size is not looked at.
  ///   - other: facts of a second object, which must differ in shape and in colour, or nil.
  /// - Returns: the combination, or nil when none agrees.
  func draw(
    _ mention: SceneObjectMention, differingFrom other: SceneObjectMention?, stream: inout RandomStream
  ) -> (SceneShape, SceneColour, ScenePattern)? {
    let shapes = mention.shape.map { [$0] } ?? SceneShape.allCases
    let colours = mention.colour.map { [$0] } ?? SceneColour.allCases
    let patterns = mention.pattern.map { [$0] } ?? ScenePattern.allCases
    func accepts(_ shape: SceneShape, _ colour: SceneColour, _ pattern: ScenePattern) -> Bool {
      contains(shape, colour, pattern) && shape != other?.shape && colour != other?.colour
    }
    // Drawing until one fits is uniform and quick when few facts are fixed; the listing decides the rare hard cases.
    for _ in 0..<8 {
      let shape = shapes[stream.integer(below: shapes.count)]
      let colour = colours[stream.integer(below: colours.count)]
      let pattern = patterns[stream.integer(below: patterns.count)]
      if accepts(shape, colour, pattern) { return (shape, colour, pattern) }
    }
    var fitting: [(SceneShape, SceneColour, ScenePattern)] = []
    for shape in shapes {
      for colour in colours {
        for pattern in patterns where accepts(shape, colour, pattern) { fitting.append((shape, colour, pattern)) }
      }
    }
    return fitting.isEmpty ? nil : fitting[stream.integer(below: fitting.count)]
  }
}

extension SceneShape {
  /// Position in `allCases`, which is also the class label in probes.
  public var index: Int {
    switch self {
    case .circle: return 0
    case .square: return 1
    case .triangle: return 2
    case .star: return 3
    case .ring: return 4
    case .cross: return 5
    case .heart: return 6
    case .crescent: return 7
    case .hourglass: return 8
    case .arrow: return 9
    }
  }
}

extension SceneColour {
  /// Position in `allCases`, which is also the class label in probes.
  public var index: Int {
    switch self {
    case .red: return 0
    case .orange: return 1
    case .yellow: return 2
    case .green: return 3
    case .cyan: return 4
    case .blue: return 5
    case .purple: return 6
    case .pink: return 7
    case .white: return 8
    case .black: return 9
    }
  }
}
