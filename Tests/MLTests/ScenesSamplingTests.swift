import Testing

@testable import ML

@Suite struct ScenesSamplingTests {
  @Test func `a scene depends on the seed and its number alone`() {
    let forward = SceneSampler(seed: 3)
    let scenes = (0..<50).map { forward.scene($0) }
    let again = SceneSampler(seed: 3)
    for index in (0..<50).reversed() { #expect(again.scene(index) == scenes[index]) }
    let other = SceneSampler(seed: 4)
    #expect((0..<50).filter { other.scene($0).facts == scenes[$0].facts }.count < 3)
  }

  @Test func `the arrangements have their shares`() {
    let sampler = SceneSampler(seed: 1)
    let facts = (0..<6000).map { sampler.scene($0).facts }
    let related = Double(facts.count { $0.relation != nil }) / 6000
    let several = Double(facts.count { $0.count > 1 }) / 6000
    #expect(abs(related - 0.2) < 0.02)
    #expect(abs(several - 0.2) < 0.02)
    for count in 2...4 { #expect(abs(Double(facts.count { $0.count == count }) / 6000 - 0.2 / 3) < 0.015) }
    for background in SceneBackground.allCases {
      #expect(abs(Double(facts.count { $0.background == background }) / 6000 - 1 / 6) < 0.02)
    }
    for shape in SceneShape.allCases {
      #expect(abs(Double(facts.count { $0.objects[0].shape == shape }) / 6000 - 0.1) < 0.02)
    }
    for colour in SceneColour.allCases {
      #expect(abs(Double(facts.count { $0.objects[0].colour == colour }) / 6000 - 0.1) < 0.02)
    }
    for pattern in ScenePattern.allCases {
      #expect(abs(Double(facts.count { $0.objects[0].pattern == pattern }) / 6000 - 0.2) < 0.02)
    }
  }

  @Test func `two related objects differ in shape and colour`() {
    let sampler = SceneSampler(seed: 2)
    for index in 0..<2000 {
      let objects = sampler.scene(index).facts.objects
      guard objects.count == 2 else { continue }
      #expect(objects[0].shape != objects[1].shape)
      #expect(objects[0].colour != objects[1].colour)
    }
  }

  @Test func `a fifth of the combinations is held out, evenly over every fact`() {
    var shapes: [SceneShape: Int] = [:]
    var colours: [SceneColour: Int] = [:]
    var patterns: [ScenePattern: Int] = [:]
    for shape in SceneShape.allCases {
      for colour in SceneColour.allCases {
        for pattern in ScenePattern.allCases where SceneCombinations.isHeldOut(shape, colour, pattern) {
          shapes[shape, default: 0] += 1
          colours[colour, default: 0] += 1
          patterns[pattern, default: 0] += 1
        }
      }
    }
    #expect(shapes.values.reduce(0, +) == 100)
    #expect(shapes.values.allSatisfy { $0 == 10 })
    #expect(colours.values.allSatisfy { $0 == 10 })
    #expect(patterns.values.allSatisfy { $0 == 20 })
  }

  @Test func `training worlds never show a held-out combination and held-out worlds nothing else`() {
    for (combinations, expected) in [(SceneCombinations.training, false), (.heldOut, true)] {
      let sampler = SceneSampler(seed: 12, combinations: combinations)
      for index in 0..<3000 {
        for object in sampler.scene(index).facts.objects {
          #expect(SceneCombinations.isHeldOut(object.shape, object.colour, object.pattern) == expected)
        }
      }
    }
  }

  @Test func `further scenes of a caption keep what it says and vary the rest`() throws {
    let sampler = SceneSampler(seed: 21)
    var freeColours: Set<SceneColour> = []
    for index in 0..<300 {
      let caption = sampler.captions(index, count: 1)[0]
      let scenes = try (0..<6).map { try sampler.scene($0, with: caption.mention, purpose: "caption \(index)") }
      for scene in scenes {
        #expect(caption.mention.agrees(with: scene.facts), "\(caption.text)")
        for object in scene.facts.objects {
          #expect(!SceneCombinations.isHeldOut(object.shape, object.colour, object.pattern))
        }
      }
      for (one, other) in zip(scenes, scenes.dropFirst()) { #expect(one.nuisances != other.nuisances) }
      if caption.mention.objects[0].colour == nil { freeColours.formUnion(scenes.map { $0.facts.objects[0].colour }) }
    }
    #expect(freeColours.count == SceneColour.allCases.count)
  }

  @Test func `facts that contradict each other are refused in a sentence`() {
    let sampler = SceneSampler(seed: 1)
    let held = ScenePattern.allCases.first { SceneCombinations.isHeldOut(.star, .red, $0) }
    let mention = SceneMention(objects: [SceneObjectMention(shape: .star, colour: .red, pattern: held)])
    #expect(throws: SceneError.self) { try sampler.scene(0, with: mention) }
    let crowd = SceneMention(objects: [SceneObjectMention(size: .large)], count: 4)
    do {
      _ = try sampler.scene(0, with: crowd)
      Issue.record("four large objects were accepted")
    } catch {
      #expect("\(error)" == "scenes: no scene has the facts asked for: 4 objects cannot be large; "
        + "leave more facts open or allow all combinations")
    }
    let twins = SceneMention(
      objects: [SceneObjectMention(shape: .star), SceneObjectMention(shape: .star)], relation: .left)
    #expect(throws: SceneError.self) { try sampler.scene(0, with: twins) }
    #expect(throws: SceneError.self) { try sampler.scene(0, with: SceneMention(count: 5)) }
  }
}
