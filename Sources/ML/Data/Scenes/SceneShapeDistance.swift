extension SceneShape {
  /// Distance from a point to the outline, negative inside, in units of the object's radius.
  ///
  /// The shape stands upright around the origin, y grows downwards, and fills about the unit circle. Distances are exact near the
  /// outline, where they decide how much of a pixel is covered, and bounds elsewhere.
  @inline(__always)
  func distance(_ point: SIMD2<Float>) -> Float {
    let x = point.x
    let y = point.y
    let sideways = abs(x)
    switch self {
    case .circle:
      return length(point) - 0.9
    case .square:
      return max(sideways, abs(y)) - 0.77
    case .triangle:
      // Three half-planes at 120 degrees; the centre of mass lies in the origin.
      return max(0.8660254 * sideways - 0.5 * y, y) - 0.56
    case .star:
      return SceneShape.starDistance(x, y)
    case .ring:
      return abs(length(point) - 0.71) - 0.24
    case .cross:
      let longer = max(sideways, abs(y))
      let shorter = min(sideways, abs(y))
      return boxDistance(longer - 0.95, shorter - 0.31)
    case .heart:
      // Two discs over a wedge that touches them; the wedge ends where the discs cover it.
      let disc = length(SIMD2(sideways - 0.46, y + 0.3)) - 0.48
      let wedge = 0.73248 * sideways + 0.68079 * y - 0.61271
      return min(disc, max(wedge, (0.4 * sideways - y - 0.42) * 0.92848))
    case .crescent:
      return max(length(SIMD2(x + 0.1, y)) - 0.96, 0.8 - length(SIMD2(x - 0.48, y)))
    case .hourglass:
      let rise = abs(y)
      return max((sideways - 0.1 - 0.72 * rise) * 0.8115, rise - 0.88)
    case .arrow:
      let head = max((sideways - 0.78 * (y + 1.0)) * 0.7885, y + 0.02)
      let shaft = boxDistance(sideways - 0.27, abs(y - 0.42) - 0.5)
      return min(head, shaft)
    }
  }

  /// A five-pointed star: mirrored into one tenth of the circle, where its outline is a single straight edge.
  @inline(__always)
  private static func starDistance(_ x: Float, _ y: Float) -> Float {
    var px = abs(x)
    var py = -y - 0.05
    // Mirrors at 36 and 72 degrees from the upright axis fold every point to the sector around the upper tip.
    var reach = px * 0.80901699 - py * 0.58778525
    if reach > 0 {
      px -= 2 * reach * 0.80901699
      py += 2 * reach * 0.58778525
    }
    px = abs(px)
    reach = px * 0.80901699 - py * 0.58778525
    if reach > 0 {
      px -= 2 * reach * 0.80901699
      py += 2 * reach * 0.58778525
    }
    px = abs(px)
    // The edge runs from the tip (0, 1.05) to the inner corner at radius 0.46, 36 degrees off the axis.
    return px * 0.92883520 + (py - 1.05) * 0.37049315
  }
}

@inline(__always)
func length(_ vector: SIMD2<Float>) -> Float { (vector.x * vector.x + vector.y * vector.y).squareRoot() }

/// Distance to a box when both arguments are the distances to its two pairs of sides.
@inline(__always)
private func boxDistance(_ across: Float, _ along: Float) -> Float {
  across > 0 && along > 0 ? length(SIMD2(across, along)) : max(across, along)
}
