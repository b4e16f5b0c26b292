/// How often captions tell which facts.
///
/// The shape is always told, and so are a count above one and a relation, since they decide the form of the sentence.
public struct SceneWording: Sendable, Equatable, Codable {
  /// Probability that an object's colour is told; for two objects, each on its own.
  public var colour: Float
  public var pattern: Float
  public var size: Float
  public var background: Float

  public init(colour: Float = 0.85, pattern: Float = 0.6, size: Float = 0.4, background: Float = 0.5) {
    self.colour = colour
    self.pattern = pattern
    self.size = size
    self.background = background
  }

  /// The usual shares: colour 0.85, pattern 0.6, size 0.4, background 0.5.
  public static let usual = SceneWording()

  /// Every fact in every caption.
  public static let complete = SceneWording(colour: 1, pattern: 1, size: 1, background: 1)
}

/// A sentence about a scene, with the facts it states kept beside it.
public struct SceneCaption: Sendable, Equatable, Codable {
  /// Lower-case words separated by single spaces, without punctuation.
  public let text: String
  /// What the sentence states; its objects are in the order of the scene's facts, whatever the order of the words.
  public let mention: SceneMention

  public init(text: String, mention: SceneMention) {
    self.text = text
    self.mention = mention
  }
}

extension SceneFacts {
  /// Sentences about these facts in varied wording, each telling some of them.
  ///
  /// - Parameters:
  ///   - count: how many; texts repeat only when 30 further draws bring nothing new.
  ///   - wording: how often which facts are told.
  ///   - stream: source of the wording.
  public func captions(
    count: Int = 5, wording: SceneWording = .usual, stream: inout RandomStream
  ) -> [SceneCaption] {
    var captions: [SceneCaption] = []
    var texts: Set<String> = []
    for _ in 0..<max(0, count) {
      var caption = self.caption(wording: wording, stream: &stream)
      for _ in 0..<30 where texts.contains(caption.text) { caption = self.caption(wording: wording, stream: &stream) }
      texts.insert(caption.text)
      captions.append(caption)
    }
    return captions
  }

  /// One sentence about these facts.
  public func caption(wording: SceneWording = .usual, stream: inout RandomStream) -> SceneCaption {
    let mentions = objects.map { object in
      SceneObjectMention(
        shape: object.shape,
        colour: stream.chance(wording.colour) ? object.colour : nil,
        pattern: stream.chance(wording.pattern) ? object.pattern : nil,
        size: stream.chance(wording.size) ? object.size : nil)
    }
    let mention = SceneMention(
      objects: mentions, count: relation == nil ? count : nil, relation: relation,
      background: stream.chance(wording.background) ? background : nil)
    return SceneCaption(text: mention.sentence(stream: &stream), mention: mention)
  }
}
