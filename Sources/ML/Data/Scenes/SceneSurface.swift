extension SceneColour {
  /// The colour under white light, red, green and blue in 0...1.
  var tone: SIMD3<Float> {
    switch self {
    case .red: return SIMD3(0.86, 0.08, 0.08)
    case .orange: return SIMD3(1.0, 0.5, 0.03)
    case .yellow: return SIMD3(0.98, 0.9, 0.12)
    case .green: return SIMD3(0.1, 0.62, 0.15)
    case .cyan: return SIMD3(0.1, 0.84, 0.88)
    case .blue: return SIMD3(0.1, 0.22, 0.88)
    case .purple: return SIMD3(0.5, 0.12, 0.72)
    case .pink: return SIMD3(1.0, 0.5, 0.76)
    case .white: return SIMD3(0.97, 0.97, 0.97)
    case .black: return SIMD3(0.04, 0.04, 0.05)
    }
  }

  /// The second tone of patterns: pale for deep colours and dark for bright ones, so that a pattern always shows.
  var companion: SIMD3<Float> {
    switch self {
    case .red: return SIMD3(0.99, 0.86, 0.82)
    case .orange: return SIMD3(0.36, 0.15, 0.02)
    case .yellow: return SIMD3(0.34, 0.28, 0.03)
    case .green: return SIMD3(0.85, 0.97, 0.82)
    case .cyan: return SIMD3(0.02, 0.24, 0.3)
    case .blue: return SIMD3(0.82, 0.86, 1.0)
    case .purple: return SIMD3(0.92, 0.82, 0.98)
    case .pink: return SIMD3(0.42, 0.08, 0.28)
    case .white: return SIMD3(0.36, 0.36, 0.37)
    case .black: return SIMD3(0.72, 0.72, 0.72)
    }
  }
}

/// The pattern of one object: how much of each pixel shows the companion tone.
struct SceneSurface {
  let pattern: ScenePattern
  private let axis: SIMD2<Float>
  private let period: Float
  private let phase: SIMD2<Float>
  /// Pixels per unit of the object's coordinates.
  private let resolution: Float

  /// The thickness of the rim of outlined objects, in units of the radius; it lies outside of the shape's own outline.
  let rim: Float
  /// The band along the outline that patterns leave in the main colour, so that the shape stays readable.
  private let margin: Float

  init(pattern: ScenePattern, pose: ScenePose, side: Float) {
    self.pattern = pattern
    axis = SceneNuisances.direction(pose.patternAngle)
    phase = pose.patternPhase
    resolution = pose.radius * side
    // Periods shrink with the object down to what 32 pixels can still show.
    let pixel = 1 / (32 * pose.radius)
    switch pattern {
    case .striped: period = max(0.52, 3.7 * pixel)
    case .dotted: period = max(0.62, 3.8 * pixel)
    case .checked: period = max(0.8, 4.6 * pixel)
    case .solid, .outlined: period = 1
    }
    rim = pattern == .outlined ? max(0.2, 1.35 * pixel) : 0
    margin = max(0.1, 0.75 * pixel)
  }

  /// The share of the companion tone.
  ///
  /// - Parameters:
  ///   - point: place on the object, in units of its radius.
  ///   - distance: distance to the shape's outline in the same units, negative inside.
  @inline(__always)
  func companionShare(at point: SIMD2<Float>, distance: Float) -> Float {
    switch pattern {
    case .solid:
      return 0
    case .outlined:
      return covered(-distance)
    case .striped:
      let along = wrap((point.x * axis.x + point.y * axis.y) / period + phase.x)
      return covered(min(0.23 * period - abs(along) * period, -distance - margin))
    case .dotted:
      let u = (point.x * axis.x + point.y * axis.y) / period + phase.x
      let v = (point.y * axis.x - point.x * axis.y) / period + phase.y
      let place = SIMD2(wrap(u), wrap(v)) * period
      return covered(min(0.31 * period - length(place), -distance - margin))
    case .checked:
      let u = abs(wrap((point.x * axis.x + point.y * axis.y) / period + phase.x)) - 0.25
      let v = abs(wrap((point.y * axis.x - point.x * axis.y) / period + phase.y)) - 0.25
      let first = covered(u * period)
      let second = covered(v * period)
      return (first * second + (1 - first) * (1 - second)) * covered(-distance - margin)
    }
  }

  /// The share of a pixel that lies inside an edge at the given distance, positive inside.
  @inline(__always)
  private func covered(_ depth: Float) -> Float { max(0, min(1, depth * resolution + 0.5)) }

  /// The fractional part, centred: -0.5..<0.5.
  @inline(__always)
  private func wrap(_ value: Float) -> Float { value - (value + 0.5).rounded(.down) }
}
