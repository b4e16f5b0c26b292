extension SceneMention {
  /// A sentence that states exactly these facts; the stream chooses its wording.
  ///
  /// Every object must have a shape.
  func sentence(stream: inout RandomStream) -> String {
    let phrases = objects.map { $0.nounPhrase(count: count ?? 1, stream: &stream) }
    var core: String
    var inverted = false
    if let relation, phrases.count == 2 {
      // "Left of a blue ring is a red star": takes no opening before it.
      inverted = stream.chance(0.15)
      core = SceneMention.relate(phrases[0], relation, phrases[1], inverted, stream: &stream)
    } else {
      core = phrases.joined(separator: " and ")
    }
    let several = (count ?? 1) > 1
    let openings = several || objects.count > 1
      ? ["a picture of", "an image of", "a photo of", "a drawing of", several ? "there are" : "there is"]
      : ["a picture of", "an image of", "a photo of", "a drawing of", "there is", "this is"]
    let opened = stream.chance(0.5) && !inverted
    let opening = stream.pick(openings)
    guard let background else { return opened ? opening + " " + core : core }
    let place = stream.pick(background.phrases)
    // The place comes first in one sentence of six, and then without an opening.
    if !inverted, stream.chance(1 / 6) { return place + " " + core }
    core += " " + place
    return opened ? opening + " " + core : core
  }

  private static func relate(
    _ first: String, _ relation: SceneRelation, _ second: String, _ inverted: Bool,
    stream: inout RandomStream
  ) -> String {
    let told = stream.chance(0.5) ? (first, relation, second) : (second, relation.inverse, first)
    let link = stream.pick(told.1.phrases)
    return inverted ? "\(link) \(told.2) is \(told.0)" : "\(told.0) \(link) \(told.2)"
  }
}

extension SceneObjectMention {
  /// The object with its article or number, such as "two small striped red stars".
  func nounPhrase(count: Int, stream: inout RandomStream) -> String {
    var before: [String] = []
    var after: [String] = []
    if let size { before.append(stream.pick(size.phrases)) }
    var adjective: String?
    if let pattern {
      if stream.chance(0.3) { after.append(stream.pick(pattern.complements)) } else {
        adjective = stream.pick(pattern.adjectives)
      }
    }
    if let colour {
      if after.isEmpty, stream.chance(0.12) {
        if let adjective { before.append(adjective) }
        after.append("in " + colour.rawValue)
      } else if let adjective, stream.chance(0.3) {
        before += [colour.rawValue, adjective]
      } else {
        if let adjective { before.append(adjective) }
        before.append(colour.rawValue)
      }
    } else if let adjective {
      before.append(adjective)
    }
    let names = shape?.nouns ?? [("object", "objects")]
    let noun = names[stream.chance(0.75) ? 0 : stream.integer(below: names.count)]
    before.append(count > 1 ? noun.plural : noun.singular)
    let number: String
    switch count {
    case 2: number = "two"
    case 3: number = "three"
    case 4: number = "four"
    default: number = SceneObjectMention.article(before: before[0])
    }
    return ([number] + before + after).joined(separator: " ")
  }

  private static func article(before word: String) -> String {
    guard let initial = word.first else { return "a" }
    return "aeio".contains(initial) || word.hasPrefix("hour") ? "an" : "a"
  }
}

extension RandomStream {
  /// One of the choices, all equally likely; there must be at least one.
  mutating func pick<Choice>(_ choices: [Choice]) -> Choice { choices[integer(below: choices.count)] }
}
