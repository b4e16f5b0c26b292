/// The outlines an object of the scenes world can have.
public enum SceneShape: String, CaseIterable, Sendable, Codable {
  case circle, square, triangle, star, ring, cross, heart, crescent, hourglass, arrow
}

/// The main colour of an object.
public enum SceneColour: String, CaseIterable, Sendable, Codable {
  case red, orange, yellow, green, cyan, blue, purple, pink, white, black
}

/// How an object's main colour and its companion tone share its surface.
public enum ScenePattern: String, CaseIterable, Sendable, Codable {
  case solid, striped, dotted, checked, outlined
}

/// How large an object is, compared with the picture and not with its neighbours.
public enum SceneSize: String, CaseIterable, Sendable, Codable {
  case small, medium, large
}

/// Where the first object of a scene stands as seen from the second.
public enum SceneRelation: String, CaseIterable, Sendable, Codable {
  case left, right, above, below

  /// The same arrangement told from the other object's side.
  public var inverse: SceneRelation {
    switch self {
    case .left: return .right
    case .right: return .left
    case .above: return .below
    case .below: return .above
    }
  }
}

/// What lies behind the objects.
public enum SceneBackground: String, CaseIterable, Sendable, Codable {
  case light, dark, gradient, tiles, speckle, horizon
}

/// The facts of one kind of object in a scene.
public struct SceneObjectFacts: Sendable, Equatable, Codable {
  public var shape: SceneShape
  public var colour: SceneColour
  public var pattern: ScenePattern
  public var size: SceneSize

  public init(shape: SceneShape, colour: SceneColour, pattern: ScenePattern, size: SceneSize) {
    self.shape = shape
    self.colour = colour
    self.pattern = pattern
    self.size = size
  }
}

/// Everything about a scene that a caption may speak about.
///
/// There are three arrangements: one object, two to four equal objects, or two different objects in a spatial relation.
public struct SceneFacts: Sendable, Equatable, Codable {
  /// One entry, or two different ones when there is a relation.
  public var objects: [SceneObjectFacts]
  /// How many copies of the only object there are, 1...4; always 1 for each of two related objects.
  public var count: Int
  /// Where `objects[0]` stands as seen from `objects[1]`; nil without a second object.
  public var relation: SceneRelation?
  public var background: SceneBackground

  public init(
    objects: [SceneObjectFacts], count: Int = 1, relation: SceneRelation? = nil, background: SceneBackground
  ) {
    self.objects = objects
    self.count = count
    self.relation = relation
    self.background = background
  }
}

/// The facts of one object as far as they are fixed; nil leaves a fact open.
public struct SceneObjectMention: Sendable, Equatable, Codable {
  public var shape: SceneShape?
  public var colour: SceneColour?
  public var pattern: ScenePattern?
  public var size: SceneSize?

  public init(
    shape: SceneShape? = nil, colour: SceneColour? = nil, pattern: ScenePattern? = nil, size: SceneSize? = nil
  ) {
    self.shape = shape
    self.colour = colour
    self.pattern = pattern
    self.size = size
  }

  /// Whether an object has all the facts that are fixed here.
  public func agrees(with object: SceneObjectFacts) -> Bool {
    (shape ?? object.shape) == object.shape && (colour ?? object.colour) == object.colour
      && (pattern ?? object.pattern) == object.pattern && (size ?? object.size) == object.size
  }
}

/// The facts of a scene as far as a caption states them, or as far as an experiment wants them fixed.
public struct SceneMention: Sendable, Equatable, Codable {
  /// As many entries as the scene has kinds of objects; empty leaves the arrangement open.
  public var objects: [SceneObjectMention]
  public var count: Int?
  public var relation: SceneRelation?
  public var background: SceneBackground?

  public init(
    objects: [SceneObjectMention] = [], count: Int? = nil, relation: SceneRelation? = nil,
    background: SceneBackground? = nil
  ) {
    self.objects = objects
    self.count = count
    self.relation = relation
    self.background = background
  }

  /// Whether a scene has all the facts that are fixed here.
  public func agrees(with facts: SceneFacts) -> Bool {
    if !objects.isEmpty {
      guard objects.count == facts.objects.count else { return false }
      for (mention, object) in zip(objects, facts.objects) where !mention.agrees(with: object) { return false }
    }
    if let count, count != facts.count { return false }
    if let relation, relation != facts.relation { return false }
    return background == nil || background == facts.background
  }
}
