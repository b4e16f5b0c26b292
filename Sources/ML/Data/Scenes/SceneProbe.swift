/// The classification tasks of the scenes world.
///
/// The first six ask for facts that captions speak about. The last two are decided by nuisances alone and are reported
/// apart: a representation that ignores what captions leave out should do worse on them.
public enum SceneProbe: String, CaseIterable, Sendable, Codable {
  case shape, colour, pattern, count, relation, background
  case lighting, rotation

  /// Which pictures of a task.
  ///
  /// Test pictures show only held-out combinations of shape, colour and pattern, the others none of them.
  public enum Split: String, CaseIterable, Sendable, Codable {
    case train, validation, test

    /// The combinations that the split's pictures may show.
    public var combinations: SceneCombinations { self == .test ? .heldOut : .training }
  }

  /// Finds a task by name.
  ///
  /// - Throws: `SceneError.task` when there is none of that name; the message lists them.
  public static func task(_ name: String) throws -> SceneProbe {
    guard let task = SceneProbe(rawValue: name) else { throw SceneError.task(name) }
    return task
  }

  /// Whether captions speak about the answer.
  public var isCaptioned: Bool { self != .lighting && self != .rotation }

  /// The classes' names; a label is a position in this list.
  public var classNames: [String] {
    switch self {
    case .shape: return SceneShape.allCases.map(\.rawValue)
    case .colour: return SceneColour.allCases.map(\.rawValue)
    case .pattern: return ScenePattern.allCases.map(\.rawValue)
    case .count: return ["one", "two", "three", "four"]
    case .relation: return SceneRelation.allCases.map(\.rawValue)
    case .background: return SceneBackground.allCases.map(\.rawValue)
    case .lighting: return ["lower right", "lower left", "upper left", "upper right"]
    case .rotation: return (0..<8).map { "\($0 * 45) to \($0 * 45 + 45) degrees" }
    }
  }

  /// Pictures with labels; every class has the same number of pictures, up to one.
  ///
  /// - Parameters:
  ///   - split: which pictures; the splits share none.
  ///   - count: how many, at least one of each class.
  ///   - seed: seed of the pictures.
  ///   - side: width and height in pixels, default 32.
  ///   - nuisances: strength of the nuisances.
  /// - Throws: `SceneError` for a side that cannot be drawn or too small a count.
  public func dataset(
    _ split: Split, count: Int, seed: UInt64, side: Int = 32, nuisances: SceneNuisanceLevels = .usual
  ) throws -> SceneProbeDataset {
    guard count >= classNames.count else { throw SceneError.count(count, classes: classNames.count) }
    let purpose = "probe \(rawValue) \(split.rawValue)"
    let sampler = SceneSampler(seed: seed, combinations: split.combinations, nuisances: nuisances)
    var order = RandomStream(seed: seed, purpose: "scenes order " + purpose)
    let labels = order.permutation(count).map { $0 % classNames.count }
    let scenes = try labels.enumerated().map { index, label in
      try scene(label, index: index, sampler: sampler, purpose: purpose)
    }
    return SceneProbeDataset(
      images: try scenes.rendered(side: side), labels: labels, classNames: classNames, scenes: scenes)
  }

  /// One picture of a class; everything that does not decide the class is drawn freely.
  private func scene(_ label: Int, index: Int, sampler: SceneSampler, purpose: String) throws -> Scene {
    var stream = RandomStream(seed: sampler.seed, purpose: "scenes question " + purpose, index: UInt64(index))
    var object = SceneObjectMention()
    var mention = SceneMention(objects: [object], count: 1)
    switch self {
    case .shape: mention.objects[0].shape = SceneShape.allCases[label]
    case .colour: mention.objects[0].colour = SceneColour.allCases[label]
    case .pattern: mention.objects[0].pattern = ScenePattern.allCases[label]
    case .background: mention.background = SceneBackground.allCases[label]
    case .lighting: break
    case .count:
      // All sizes but small would give the answer away, since only they fit beside each other three times.
      mention.objects[0].size = .small
      mention.count = label + 1
    case .relation:
      // "Left of" needs a point of view: that of the warm-coloured object towards the cool-coloured one.
      object.colour = stream.pick([.red, .orange, .yellow, .pink])
      mention = SceneMention(
        objects: [object, SceneObjectMention(colour: stream.pick([.green, .cyan, .blue, .purple]))],
        relation: SceneRelation.allCases[label])
    case .rotation:
      // Shapes that no turn maps onto themselves.
      mention.objects[0].shape = stream.pick([.heart, .crescent, .arrow])
      mention.objects[0].size = stream.pick([.medium, .large])
    }
    var scene = try sampler.scene(index, with: mention, purpose: purpose)
    switch self {
    case .lighting:
      // Away from the borders of the quarters, where the answer would be a matter of taste.
      scene.nuisances.lighting.direction = (Float(label) + stream.uniform(0.15, 0.85)) * (.pi / 2)
    case .rotation:
      scene.nuisances.poses[0].rotation = (Float(label) + stream.uniform(0.02, 0.98)) * (.pi / 4)
    default: break
    }
    return scene
  }
}

/// Labelled pictures of one task.
public struct SceneProbeDataset: Sendable {
  public let images: [Image]
  /// Positions in `classNames`.
  public let labels: [Int]
  public let classNames: [String]
  /// What the pictures show.
  public let scenes: [Scene]
}

extension Array where Element == Scene {
  /// Draws all scenes on the thread pool, in order.
  ///
  /// - Parameter side: width and height in pixels, a multiple of 8 in 16...256.
  /// - Throws: `SceneError.side` for any other side, `TensorError.interrupted`.
  public func rendered(side: Int = 32) throws -> [Image] {
    var images: [Image?] = Array<Image?>(repeating: nil, count: count)
    try images.withUnsafeMutableBufferPointer { slots in
      let slots = slots
      try ThreadPool.interruptibleFor(count, grain: 16) { index in slots[index] = try? self[index].render(side: side) }
    }
    let drawn = images.compactMap { $0 }
    guard drawn.count == count else { throw SceneError.side(side) }
    return drawn
  }
}
