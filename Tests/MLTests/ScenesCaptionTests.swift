import Testing

@testable import ML

@Suite struct ScenesCaptionTests {
  private static let shapes: [String: SceneShape] = [
    "circle": .circle, "disc": .circle, "square": .square, "box": .square, "triangle": .triangle, "star": .star,
    "ring": .ring, "hoop": .ring, "cross": .cross, "plus": .cross, "heart": .heart, "crescent": .crescent,
    "moon": .crescent, "hourglass": .hourglass, "arrow": .arrow, "pointer": .arrow,
    "circles": .circle, "discs": .circle, "squares": .square, "boxes": .square, "triangles": .triangle, "stars": .star,
    "rings": .ring, "hoops": .ring, "crosses": .cross, "pluses": .cross, "hearts": .heart, "crescents": .crescent,
    "moons": .crescent, "hourglasses": .hourglass, "arrows": .arrow, "pointers": .arrow,
  ]
  private static let patterns: [String: ScenePattern] = [
    "solid": .solid, "filled": .solid, "pattern": .solid, "striped": .striped, "stripes": .striped, "bands": .striped,
    "dotted": .dotted, "spotted": .dotted, "dots": .dotted, "spots": .dotted, "checked": .checked,
    "checkered": .checked, "checks": .checked, "outlined": .outlined, "rimmed": .outlined, "outline": .outlined,
    "rim": .outlined,
  ]
  private static let sizes: [String: SceneSize] = [
    "small": .small, "little": .small, "tiny": .small, "medium": .medium, "middle": .medium, "large": .large,
    "big": .large, "huge": .large,
  ]
  private static let backgrounds: [String: SceneBackground] = [
    "light": .light, "bright": .light, "dark": .dark, "gradient": .gradient, "fading": .gradient, "tiled": .tiles,
    "tiles": .tiles, "speckled": .speckle, "speckles": .speckle, "grainy": .speckle, "horizon": .horizon,
    "landscape": .horizon,
  ]
  private static let relations: [String: SceneRelation] = [
    "left": .left, "right": .right, "above": .above, "over": .above, "higher": .above, "below": .below,
    "under": .below, "lower": .below,
  ]

  /// Reads the facts back off the words alone.
  private func read(_ text: String) -> SceneMention {
    let words = text.split(separator: " ").map(String.init)
    var mention = SceneMention()
    var pending = SceneObjectMention()
    var named = false
    var relation: (SceneRelation, before: Int)?
    for (place, word) in words.enumerated() {
      if let size = Self.sizes[word] { pending.size = size }
      // An article begins a new object, except in "with a rim"; until then words belong to the last noun.
      if word == "a" || word == "an" { named = named && words[max(0, place - 1)] == "with" }
      if let pattern = Self.patterns[word] {
        if named { mention.objects[mention.objects.count - 1].pattern = pattern } else { pending.pattern = pattern }
      }
      if let colour = SceneColour(rawValue: word) {
        if words[place - 1] == "in" { mention.objects[mention.objects.count - 1].colour = colour } else { pending.colour = colour }
      }
      if let shape = Self.shapes[word] {
        pending.shape = shape
        mention.objects.append(pending)
        pending = SceneObjectMention()
        named = true
      }
      if let background = Self.backgrounds[word] { mention.background = background }
      if let found = Self.relations[word] { relation = (found, mention.objects.count) }
      if let count = ["two": 2, "three": 3, "four": 4][word] { mention.count = count }
    }
    if let relation {
      // "left of B is A" has the relation before both objects, "A left of B" between them.
      if relation.before == 0 { mention.objects.swapAt(0, 1) }
      mention.relation = relation.0
    } else if mention.count == nil {
      mention.count = 1
    }
    return mention
  }

  @Test func `the words of a caption state its facts and nothing else`() {
    let sampler = SceneSampler(seed: 11)
    for index in 0..<1500 {
      let facts = sampler.scene(index).facts
      for caption in sampler.captions(index) {
        var found = read(caption.text)
        if let relation = found.relation, relation != caption.mention.relation {
          found.relation = relation.inverse
          found.objects.swapAt(0, 1)
        }
        #expect(found == caption.mention, "\(caption.text)")
        #expect(caption.mention.agrees(with: facts), "\(caption.text)")
      }
    }
  }

  @Test func `captions use fewer than 200 words and all of them are in the vocabulary`() {
    let vocabulary = Set(SceneVocabulary.words)
    #expect(vocabulary.count < 200)
    var used: Set<String> = []
    let sampler = SceneSampler(seed: 5)
    for index in 0..<4000 {
      for caption in sampler.captions(index, count: 2) { used.formUnion(caption.text.split(separator: " ").map(String.init)) }
    }
    #expect(used == vocabulary)
    #expect(used.allSatisfy { word in word.allSatisfy { $0.isLowercase && $0.isASCII } })
  }

  @Test func `five captions of a picture differ from each other`() {
    let sampler = SceneSampler(seed: 6)
    var repeated = 0
    for index in 0..<500 { repeated += 5 - Set(sampler.captions(index).map(\.text)).count }
    #expect(repeated == 0)
  }

  @Test func `facts are mentioned as often as the wording says`() {
    let sampler = SceneSampler(seed: 7, wording: SceneWording(colour: 0.8, pattern: 0.5, size: 0.3, background: 0.6))
    var told = (objects: 0.0, colour: 0.0, pattern: 0.0, size: 0.0, captions: 0.0, background: 0.0)
    for index in 0..<2000 {
      let caption = sampler.captions(index, count: 1)[0]
      told.captions += 1
      if caption.mention.background != nil { told.background += 1 }
      for object in caption.mention.objects {
        told.objects += 1
        #expect(object.shape != nil)
        if object.colour != nil { told.colour += 1 }
        if object.pattern != nil { told.pattern += 1 }
        if object.size != nil { told.size += 1 }
      }
    }
    #expect(abs(told.colour / told.objects - 0.8) < 0.03)
    #expect(abs(told.pattern / told.objects - 0.5) < 0.04)
    #expect(abs(told.size / told.objects - 0.3) < 0.04)
    #expect(abs(told.background / told.captions - 0.6) < 0.04)
  }

  @Test func `complete wording tells every fact`() {
    let sampler = SceneSampler(seed: 8, wording: .complete)
    for index in 0..<200 {
      let facts = sampler.scene(index).facts
      let mention = sampler.captions(index, count: 1)[0].mention
      for (told, object) in zip(mention.objects, facts.objects) {
        #expect(told == SceneObjectMention(shape: object.shape, colour: object.colour, pattern: object.pattern, size: object.size))
      }
      #expect(mention.background == facts.background)
    }
  }

  @Test func `articles fit the next word`() {
    let sampler = SceneSampler(seed: 9)
    for index in 0..<800 {
      for caption in sampler.captions(index) {
        let words = caption.text.split(separator: " ").map(String.init)
        for (word, next) in zip(words, words.dropFirst()) where word == "a" || word == "an" {
          let vowel = ["orange", "outlined", "arrow", "hourglass", "image", "outline", "open"].contains(next)
          #expect((word == "an") == vowel, "\(caption.text)")
        }
      }
    }
  }
}
