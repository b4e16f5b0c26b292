/// How strongly each nuisance varies; 0 switches it off and 1 is the usual strength.
///
/// Nuisances are what captions never mention. They make two pictures of one caption look different.
public struct SceneNuisanceLevels: Sendable, Equatable, Codable {
  /// Rotation (at 1 the full circle), foreshortening, and where on the object its pattern begins (at 1 anywhere).
  public var pose: Float
  /// Strength of shading, shadow, brightness and tint; the direction of the light is always free.
  public var lighting: Float
  /// Sensor noise; at 1 a standard deviation of up to 0.055 of full scale.
  public var noise: Float
  /// Small dull litter in the background; at 1 up to four pieces.
  public var clutter: Float

  public init(pose: Float = 1, lighting: Float = 1, noise: Float = 1, clutter: Float = 1) {
    self.pose = pose
    self.lighting = lighting
    self.noise = noise
    self.clutter = clutter
  }

  /// The usual strength of everything.
  public static let usual = SceneNuisanceLevels()
}

/// Where an object stands and how it is turned; lengths are fractions of the picture's side, y grows downwards.
public struct ScenePose: Sendable, Equatable {
  public var centre: SIMD2<Float>
  /// Half of the object's extent.
  public var radius: Float
  /// Clockwise turn in radians, 0..<2 pi.
  public var rotation: Float
  /// Direction along which the object is foreshortened, in radians.
  public var tiltAxis: Float
  /// Remaining extent along the tilt axis, 0.8...1.
  public var foreshortening: Float
  /// Turn of the pattern against the object, in radians.
  public var patternAngle: Float
  /// Shift of the pattern, as fractions of its period.
  public var patternPhase: SIMD2<Float>

  /// The eighth of the circle that the rotation lies in, 0...7.
  public var octant: Int { min(7, Int(rotation / (.pi / 4))) }
}

/// The light of a scene.
public struct SceneLighting: Sendable, Equatable {
  /// Where the light comes from, in radians clockwise from the right, 0..<2 pi.
  public var direction: Float
  /// Brightness of the whole picture.
  public var gain: Float
  /// Colour cast, a factor per channel.
  public var tint: SIMD3<Float>
  /// How much the side towards the light is brighter.
  public var shading: Float
  /// Darkness of the cast shadow, 0...1.
  public var shadow: Float

  /// The quarter of the circle that the light comes from, 0...3, beginning at the lower right and going clockwise.
  public var quadrant: Int { min(3, Int(direction / (.pi / 2))) }
}

/// The looks of a background that its name leaves open.
public struct SceneBackdrop: Sendable, Equatable {
  /// Two dull colours; what they mean depends on the background.
  public var first: SIMD3<Float>
  public var second: SIMD3<Float>
  public var phase: SIMD2<Float>
  /// Direction of a gradient, turn of tiles, slope of a horizon, in radians.
  public var angle: Float
  /// Period of tiles or height of the horizon, as a fraction of the picture's side.
  public var scale: Float
  /// Key of the speckles' places.
  public var key: UInt32
}

/// A small piece of litter.
public struct SceneClutter: Sendable, Equatable {
  public var start: SIMD2<Float>
  public var end: SIMD2<Float>
  public var radius: Float
  public var colour: SIMD3<Float>
}

/// Everything that is needed to draw a scene and that captions never mention.
public struct SceneNuisances: Sendable, Equatable {
  /// One pose for each object in the picture.
  public var poses: [ScenePose]
  public var lighting: SceneLighting
  public var backdrop: SceneBackdrop
  public var clutter: [SceneClutter]
  /// Standard deviation of the sensor noise, full scale is 1.
  public var noise: Float
  /// Stream of the noise.
  public var noiseKey: UInt64
}

/// One picture of the world before it is drawn: what captions may tell, and what they never do.
public struct Scene: Sendable, Equatable {
  public var facts: SceneFacts
  public var nuisances: SceneNuisances

  public init(facts: SceneFacts, nuisances: SceneNuisances) {
    self.facts = facts
    self.nuisances = nuisances
  }
}
