extension Scene {
  /// Number of classes of a mask: the background and each shape.
  public static let maskClasses = ["background"] + SceneShape.allCases.map(\.rawValue)

  /// What each pixel's centre shows: 0 for the background, else 1 + the number of the shape in `SceneShape.allCases`; row by row.
  ///
  /// Shadows and litter belong to the background; a ring's hole is not of the ring.
  ///
  /// - Parameter side: width and height in pixels, at least 1, default 32.
  public func mask(side: Int = 32) throws -> [Int] {
    guard side >= 1 else { throw SceneError.side(side) }
    var classes = [Int](repeating: 0, count: side * side)
    for (place, pose) in nuisances.poses.enumerated() {
      let object = facts.objects[min(place, facts.objects.count - 1)]
      let number = 1 + (SceneShape.allCases.firstIndex(of: object.shape) ?? 0)
      let surface = SceneSurface(pattern: object.pattern, pose: pose, side: Float(side))
      let frame = SceneObjectFrame(pose, rim: surface.rim)
      for pixel in classes.indices {
        let point = SIMD2((Float(pixel % side) + 0.5) / Float(side), (Float(pixel / side) + 0.5) / Float(side))
        if object.shape.distance(frame.local(point - pose.centre)) <= surface.rim { classes[pixel] = number }
      }
    }
    return classes
  }
}

/// From the picture to an upright object of unit radius.
struct SceneObjectFrame {
  let turn: SIMD2<Float>
  let axis: SIMD2<Float>
  let stretch: Float
  /// Object units of a picture unit.
  let scale: Float
  /// Picture units of an object unit, on average over directions.
  let thickness: Float

  /// - Parameter rim: width of the outline in object units.
  init(_ pose: ScenePose, rim: Float) {
    turn = SceneNuisances.direction(pose.rotation)
    axis = SceneNuisances.direction(pose.tiltAxis)
    stretch = 1 / pose.foreshortening - 1
    let grown = 1 + rim * 0.5
    scale = grown / pose.radius
    thickness = pose.radius * pose.foreshortening.squareRoot() / grown
  }

  @inline(__always)
  func local(_ offset: SIMD2<Float>) -> SIMD2<Float> {
    let level = offset + axis * ((offset * axis).sum() * stretch)
    return SIMD2(level.x * turn.x + level.y * turn.y, level.y * turn.x - level.x * turn.y) * scale
  }
}
