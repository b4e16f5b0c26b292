extension SceneNuisances {
  /// Draws the nuisances of a scene.
  ///
  /// - Parameters:
  ///   - facts: what is in the picture; sizes, count and relation limit the places.
  ///   - levels: strength of each nuisance.
  ///   - stream: the scene's own stream.
  static func draw(
    for facts: SceneFacts, levels: SceneNuisanceLevels, stream: inout RandomStream
  ) -> SceneNuisances {
    var poses: [ScenePose] = []
    let objects = facts.objects.count == 1
      ? Array(repeating: facts.objects[0], count: max(1, facts.count)) : facts.objects
    var radii = objects.map { radius(of: $0.size, stream: &stream) }
    // Crowded pictures hold slightly smaller objects, so that they always find room.
    if objects.count == 2 { radii = radii.map { $0 * 0.9 } }
    if objects.count > 2 { radii = radii.map { $0 * (objects.count == 3 ? 0.9 : 0.86) } }
    let centres = facts.relation.map { related($0, radii, stream: &stream) } ?? scattered(radii, stream: &stream)
    for (centre, radius) in zip(centres, radii) {
      poses.append(ScenePose(
        centre: centre, radius: radius,
        rotation: turn((stream.uniform() - 0.5) * 2 * .pi * levels.pose),
        tiltAxis: stream.uniform(0, .pi), foreshortening: 1 - 0.2 * levels.pose * stream.uniform(),
        patternAngle: (stream.uniform() - 0.5) * .pi * levels.pose,
        patternPhase: SIMD2(stream.uniform(), stream.uniform()) * levels.pose))
    }
    let lighting = SceneLighting(
      direction: stream.uniform(0, 2 * .pi),
      gain: 1 + levels.lighting * stream.uniform(-0.22, 0.14),
      tint: SIMD3(stream.uniform(-1, 1), stream.uniform(-1, 1), stream.uniform(-1, 1)) * (0.07 * levels.lighting) + 1,
      shading: levels.lighting * stream.uniform(0.12, 0.3),
      shadow: levels.lighting * stream.uniform(0.2, 0.55))
    let backdrop = SceneBackdrop.draw(for: facts.background, stream: &stream)
    var clutter: [SceneClutter] = []
    for _ in 0..<4 where stream.chance(0.45 * levels.clutter) {
      let start = SIMD2(stream.uniform(), stream.uniform())
      let angle = stream.uniform(0, 2 * .pi)
      let length = stream.chance(0.5) ? stream.uniform(0.05, 0.12) : 0
      clutter.append(SceneClutter(
        start: start, end: start + direction(angle) * length, radius: stream.uniform(0.012, 0.026),
        colour: SceneBackdrop.dull(stream.uniform(0.1, 0.9), 0.25, stream: &stream)))
    }
    return SceneNuisances(
      poses: poses, lighting: lighting, backdrop: backdrop, clutter: clutter,
      noise: levels.noise * stream.uniform(0.005, 0.055),
      noiseKey: UInt64(stream.word()) << 32 | UInt64(stream.word()))
  }

  /// The unit vector of an angle, clockwise from the right.
  static func direction(_ angle: Float) -> SIMD2<Float> {
    SIMD2(Float(Double.cosine(Double(angle))), Float(Double.sine(Double(angle))))
  }

  private static func turn(_ angle: Float) -> Float { angle < 0 ? max(0, angle + 2 * .pi) : angle }

  private static func radius(of size: SceneSize, stream: inout RandomStream) -> Float {
    switch size {
    case .small: return stream.uniform(0.165, 0.19)
    case .medium: return stream.uniform(0.225, 0.255)
    case .large: return stream.uniform(0.3, 0.36)
    }
  }

  /// Places without overlap, drawn one after the other; crowded draws fall back to the quarters of the picture.
  private static func scattered(_ radii: [Float], stream: inout RandomStream) -> [SIMD2<Float>] {
    for _ in 0..<6 {
      var centres: [SIMD2<Float>] = []
      for radius in radii {
        for _ in 0..<12 {
          let margin = radius * 0.98
          let centre = SIMD2(stream.uniform(margin, 1 - margin), stream.uniform(margin, 1 - margin))
          let free = zip(centres, radii).allSatisfy { other, otherRadius in
            let gap = centre - other
            let reach = (radius + otherRadius) * 1.08 + 0.02
            return (gap * gap).sum() > reach * reach
          }
          if free {
            centres.append(centre)
            break
          }
        }
      }
      if centres.count == radii.count { return centres }
    }
    let quarters = stream.permutation(4)
    return radii.indices.map { place in
      let quarter = quarters[place % 4]
      let corner = SIMD2<Float>(quarter & 1 == 0 ? 0.25 : 0.75, quarter & 2 == 0 ? 0.25 : 0.75)
      return corner + SIMD2(stream.uniform(-0.05, 0.05), stream.uniform(-0.05, 0.05))
    }
  }

  /// Two places such that the first stands in the given direction from the second.
  private static func related(
    _ relation: SceneRelation, _ radii: [Float], stream: inout RandomStream
  ) -> [SIMD2<Float>] {
    let reach = (radii[0] + radii[1]) * 1.06 + 0.02
    let room = max(0, 1 - radii[0] - radii[1] - reach)
    let before = stream.uniform() * room
    let extra = stream.uniform() * (room - before)
    let firstLeads = relation == .left || relation == .above
    let leader = firstLeads ? radii[0] : radii[1]
    let near = leader + before
    let far = near + reach + extra
    // Across the axis the offset stays under 0.45 of the distance along it, so that the relation is not in doubt.
    let middle = stream.uniform(0.32, 0.68)
    let offset = stream.uniform(-0.22, 0.22) * (far - near)
    func inside(_ value: Float, _ radius: Float) -> Float { max(radius, min(1 - radius, value)) }
    let along = firstLeads ? (near, far) : (far, near)
    let across = (inside(middle + offset, radii[0]), inside(middle - offset, radii[1]))
    return relation == .left || relation == .right
      ? [SIMD2(along.0, across.0), SIMD2(along.1, across.1)]
      : [SIMD2(across.0, along.0), SIMD2(across.1, along.1)]
  }
}

extension SceneBackdrop {
  /// A dull colour of the given lightness; `strength` bounds its distance from grey.
  static func dull(_ lightness: Float, _ strength: Float, stream: inout RandomStream) -> SIMD3<Float> {
    var colour = SIMD3<Float>(stream.uniform(-1, 1), stream.uniform(-1, 1), stream.uniform(-1, 1))
    colour -= SIMD3(repeating: colour.sum() / 3)
    return SIMD3(repeating: lightness) + colour * (strength * lightness)
  }

  static func draw(for background: SceneBackground, stream: inout RandomStream) -> SceneBackdrop {
    let lightness: (ClosedRange<Float>, ClosedRange<Float>)
    var angle = stream.uniform(0, 2 * .pi)
    var scale: Float = 0
    switch background {
    case .light: lightness = (0.66...0.8, 0.66...0.8)
    case .dark: lightness = (0.22...0.31, 0.22...0.31)
    case .gradient: lightness = (0.16...0.28, 0.74...0.86)
    case .tiles:
      lightness = (0.52...0.68, 0.26...0.36)
      angle = stream.uniform(-0.3, 0.3)
      scale = stream.uniform(0.2, 0.29)
    case .speckle: lightness = (0.42...0.56, 0.42...0.56)
    case .horizon:
      lightness = (0.66...0.8, 0.28...0.4)
      angle = stream.uniform(-0.14, 0.14)
      scale = stream.uniform(0.35, 0.68)
    }
    let first = dull(stream.uniform(lightness.0.lowerBound, lightness.0.upperBound), 0.17, stream: &stream)
    let second = dull(stream.uniform(lightness.1.lowerBound, lightness.1.upperBound), 0.17, stream: &stream)
    return SceneBackdrop(
      first: first, second: second, phase: SIMD2(stream.uniform(), stream.uniform()), angle: angle, scale: scale,
      key: stream.word())
  }
}
