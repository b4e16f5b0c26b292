/// Draws the scenes of a procedural world; scene `index` is a pure function of (seed, index).
///
/// Six scenes in ten show one object, two in ten show two to four equal objects, two in ten show two different objects
/// in a spatial relation. Shapes, colours, patterns and backgrounds are uniform. Crowded pictures hold smaller objects:
/// two objects are small or medium, three and four are small.
public struct SceneSampler: Sendable, Equatable {
  public let seed: UInt64
  public let combinations: SceneCombinations
  public let nuisances: SceneNuisanceLevels
  public let wording: SceneWording

  /// Makes the sampler of a world.
  ///
  /// - Parameters:
  ///   - seed: the world's seed.
  ///   - combinations: which combinations of shape, colour and pattern may appear, default those for training.
  ///   - nuisances: strength of the nuisances.
  ///   - wording: how often captions tell which facts.
  public init(
    seed: UInt64, combinations: SceneCombinations = .training, nuisances: SceneNuisanceLevels = .usual,
    wording: SceneWording = .usual
  ) {
    self.seed = seed
    self.combinations = combinations
    self.nuisances = nuisances
    self.wording = wording
  }

  /// The scene of the given number.
  public func scene(_ index: Int) -> Scene {
    // With nothing fixed there is always a scene, so that the error cannot happen.
    guard let scene = try? scene(index, with: SceneMention()) else { preconditionFailure("the open scene always exists") }
    return scene
  }

  /// A scene with some facts fixed; everything that is left open is drawn anew for each index.
  ///
  /// Called with a caption's mention and several indices it gives several pictures of one caption, as a perfect
  /// text-to-image generator would.
  ///
  /// - Parameters:
  ///   - index: which of the scenes with these facts.
  ///   - mention: the facts that are fixed.
  ///   - purpose: name of the random streams, so that different uses of one index differ.
  /// - Throws: `SceneError.noSuchScene` when the facts contradict each other or the sampler's combinations.
  public func scene(_ index: Int, with mention: SceneMention, purpose: String = "scene") throws -> Scene {
    var stream = RandomStream(seed: seed, purpose: "scenes facts " + purpose, index: UInt64(bitPattern: Int64(index)))
    let facts = try facts(with: mention, stream: &stream)
    var nuisanceStream = RandomStream(
      seed: seed, purpose: "scenes nuisances " + purpose, index: UInt64(bitPattern: Int64(index)))
    return Scene(
      facts: facts, nuisances: SceneNuisances.draw(for: facts, levels: nuisances, stream: &nuisanceStream))
  }

  /// The captions of the scene of the given number.
  public func captions(_ index: Int, count: Int = 5) -> [SceneCaption] {
    captions(of: scene(index).facts, index: index, count: count)
  }

  /// Captions of the given facts; the wording is a pure function of (seed, index).
  public func captions(of facts: SceneFacts, index: Int, count: Int = 5) -> [SceneCaption] {
    var stream = RandomStream(seed: seed, purpose: "scenes captions", index: UInt64(bitPattern: Int64(index)))
    return facts.captions(count: count, wording: wording, stream: &stream)
  }

  /// Draws facts that agree with a mention.
  public func facts(with mention: SceneMention, stream: inout RandomStream) throws -> SceneFacts {
    let count = try arrangement(of: mention, stream: &stream)
    var relation = mention.relation
    if count == 0, relation == nil { relation = SceneRelation.allCases[stream.integer(below: 4)] }
    let kinds = count == 0 ? 2 : 1
    let sizes: [SceneSize] = count == 1 ? [.small, .medium, .large] : count <= 2 ? [.small, .medium] : [.small]
    var objects: [SceneObjectFacts] = []
    for place in 0..<kinds {
      let fixed = place < mention.objects.count ? mention.objects[place] : SceneObjectMention()
      if let size = fixed.size, !sizes.contains(size) {
        throw SceneError.noSuchScene("\(kinds == 2 ? 2 : count) objects cannot be \(size.rawValue)")
      }
      // Two objects always differ: the first avoids what is fixed for the second, the second avoids the first.
      let other = place == 1
        ? SceneObjectMention(shape: objects[0].shape, colour: objects[0].colour)
        : kinds == 2 && mention.objects.count == 2 ? mention.objects[1] : nil
      guard let (shape, colour, pattern) = combinations.draw(fixed, differingFrom: other, stream: &stream) else {
        throw SceneError.noSuchScene(
          "no \(combinations.rawValue) combination is \(fixed.words)"
            + (kinds == 1 ? "" : " and differs from the other object in shape and colour"))
      }
      objects.append(SceneObjectFacts(
        shape: shape, colour: colour, pattern: pattern, size: fixed.size ?? sizes[stream.integer(below: sizes.count)]))
    }
    let background = mention.background ?? SceneBackground.allCases[stream.integer(below: 6)]
    return SceneFacts(objects: objects, count: max(1, count), relation: relation, background: background)
  }

  /// The number of equal objects, or 0 for two different ones in a relation.
  private func arrangement(of mention: SceneMention, stream: inout RandomStream) throws -> Int {
    if mention.objects.count > 2 {
      throw SceneError.noSuchScene("a scene has at most two kinds of objects, not \(mention.objects.count)")
    }
    if mention.relation != nil || mention.objects.count == 2 {
      guard mention.objects.count != 1, (mention.count ?? 1) == 1 else {
        throw SceneError.noSuchScene("a relation needs two objects and no count")
      }
      return 0
    }
    if let count = mention.count {
      guard (1...4).contains(count) else { throw SceneError.noSuchScene("a count lies in 1...4, not \(count)") }
      return count
    }
    let draw = stream.uniform()
    // A mention of one kind of object rules the relation out; the other shares keep their proportion.
    if !mention.objects.isEmpty { return draw < 0.75 ? 1 : 2 + stream.integer(below: 3) }
    return draw < 0.6 ? 1 : draw < 0.8 ? 2 + stream.integer(below: 3) : 0
  }
}

extension SceneObjectMention {
  /// The fixed facts in words, for messages.
  var words: String {
    let words = [colour?.rawValue, pattern?.rawValue, shape?.rawValue].compactMap { $0 }
    return words.isEmpty ? "free" : words.joined(separator: " ")
  }
}
