/// The words of the scenes world's captions.
public enum SceneVocabulary {
  /// Every word that a caption can contain, sorted; made from the same tables as the captions.
  public static let words: [String] = {
    var phrases = ["a picture of", "an image of", "a photo of", "a drawing of", "there is", "there are", "this is"]
    phrases += ["two", "three", "four", "in"]
    phrases += SceneColour.allCases.map(\.rawValue)
    phrases += SceneSize.allCases.flatMap(\.phrases)
    phrases += ScenePattern.allCases.flatMap { $0.adjectives + $0.complements }
    phrases += SceneShape.allCases.flatMap { $0.nouns.flatMap { [$0.singular, $0.plural] } }
    phrases += SceneRelation.allCases.flatMap(\.phrases)
    phrases += SceneBackground.allCases.flatMap(\.phrases)
    return Set(phrases.flatMap { $0.split(separator: " ").map(String.init) }).sorted()
  }()
}

extension SceneShape {
  /// Names in singular and plural, the usual one first.
  var nouns: [(singular: String, plural: String)] {
    switch self {
    case .circle: return [("circle", "circles"), ("disc", "discs")]
    case .square: return [("square", "squares"), ("box", "boxes")]
    case .triangle: return [("triangle", "triangles")]
    case .star: return [("star", "stars")]
    case .ring: return [("ring", "rings"), ("hoop", "hoops")]
    case .cross: return [("cross", "crosses"), ("plus", "pluses")]
    case .heart: return [("heart", "hearts")]
    case .crescent: return [("crescent", "crescents"), ("moon", "moons")]
    case .hourglass: return [("hourglass", "hourglasses")]
    case .arrow: return [("arrow", "arrows"), ("pointer", "pointers")]
    }
  }
}

extension ScenePattern {
  /// Words before the noun.
  var adjectives: [String] {
    switch self {
    case .solid: return ["solid", "filled"]
    case .striped: return ["striped"]
    case .dotted: return ["dotted", "spotted"]
    case .checked: return ["checked", "checkered"]
    case .outlined: return ["outlined", "rimmed"]
    }
  }

  /// Words after the noun.
  var complements: [String] {
    switch self {
    case .solid: return ["without pattern"]
    case .striped: return ["with stripes", "with bands"]
    case .dotted: return ["with dots", "with spots"]
    case .checked: return ["with checks"]
    case .outlined: return ["with an outline", "with a rim"]
    }
  }
}

extension SceneSize {
  var phrases: [String] {
    switch self {
    case .small: return ["small", "little", "tiny"]
    case .medium: return ["medium", "middle sized"]
    case .large: return ["large", "big", "huge"]
    }
  }
}

extension SceneRelation {
  var phrases: [String] {
    switch self {
    case .left: return ["left of", "to the left of", "on the left side of"]
    case .right: return ["right of", "to the right of", "on the right side of"]
    case .above: return ["above", "over", "higher than"]
    case .below: return ["below", "under", "lower than"]
    }
  }
}

extension SceneBackground {
  var phrases: [String] {
    switch self {
    case .light: return ["on a light background", "on a plain light background", "in front of a bright wall"]
    case .dark: return ["on a dark background", "on a plain dark background", "in front of a dark wall"]
    case .gradient: return ["on a gradient background", "on a gradient", "on a fading background"]
    case .tiles: return ["on a tiled background", "on tiles", "in front of a tiled wall"]
    case .speckle: return ["on a speckled background", "on speckles", "in front of a grainy wall"]
    case .horizon: return ["in front of a horizon", "with a horizon behind", "in an open landscape"]
    }
  }
}
