extension Scene {
  /// Draws the scene, anti-aliased by the distance of each pixel's centre to the outlines.
  ///
  /// The same scene at another side is the same picture at another resolution, apart from its noise.
  ///
  /// - Parameter side: width and height in pixels, a multiple of 8 in 16...256, default 32.
  /// - Throws: `SceneError.side` for any other side.
  public func render(side: Int = 32) throws -> Image {
    guard side >= 16, side <= 256, side % 8 == 0 else { throw SceneError.side(side) }
    return try withUnsafeTemporaryAllocation(of: SIMD3<Float>.self, capacity: side * side) { buffer in
      guard let pixels = buffer.baseAddress else { throw SceneError.side(side) }
      nuisances.backdrop.paint(facts.background, side: side, into: pixels)
      let canvas = SceneCanvas(side: side, pixels: pixels)
      for piece in nuisances.clutter { canvas.paint(piece) }
      for (place, pose) in nuisances.poses.enumerated() {
        let object = facts.objects[min(place, facts.objects.count - 1)]
        canvas.paint(object, pose, nuisances.lighting)
      }
      return try Image(width: side, height: side) { bytes in
        canvas.expose(nuisances, into: bytes)
      }
    }
  }
}

/// The picture while it is drawn: linear colours, painted back to front.
struct SceneCanvas {
  let side: Int
  /// `side * side` colours.
  let pixels: UnsafeMutablePointer<SIMD3<Float>>

  /// Draws a piece of litter: a thick line with round ends, or a dot.
  func paint(_ piece: SceneClutter) {
    let along = piece.end - piece.start
    let squared = max(1e-9, (along * along).sum())
    let reach = SIMD2<Float>(repeating: piece.radius)
    visit(
      lower: pointwiseMin(piece.start, piece.end) - reach, upper: pointwiseMax(piece.start, piece.end) + reach
    ) { point, pixel in
      let offset = point - piece.start
      let share = max(0, min(1, (offset * along).sum() / squared))
      let distance = length(offset - along * share) - piece.radius
      pixel += (piece.colour - pixel) * (0.8 * covered(-distance))
    }
  }

  /// Draws an object over its own soft shadow.
  func paint(_ object: SceneObjectFacts, _ pose: ScenePose, _ lighting: SceneLighting) {
    let surface = SceneSurface(pattern: object.pattern, pose: pose, side: Float(side))
    let light = SceneNuisances.direction(lighting.direction)
    let frame = SceneObjectFrame(pose, rim: surface.rim)
    let thickness = frame.thickness
    let tone = object.colour.tone
    let companion = object.colour.companion

    let reach = SIMD2<Float>(repeating: pose.radius * (1.2 + surface.rim))
    let cast = light * (-0.26 * pose.radius)
    let softness = 1 / (0.3 * pose.radius)
    visit(lower: pose.centre + cast - reach, upper: pose.centre + cast + reach) { point, pixel in
      let distance = object.shape.distance(frame.local(point - pose.centre - cast)) * thickness
      let shade = max(0, min(1, 0.5 - distance * softness))
      pixel *= 1 - lighting.shadow * shade
    }
    visit(lower: pose.centre - reach, upper: pose.centre + reach) { point, pixel in
      let offset = point - pose.centre
      let place = frame.local(offset)
      let distance = object.shape.distance(place)
      let coverage = covered((surface.rim - distance) * thickness)
      if coverage > 0 {
        // The rim of outlined objects is companion-coloured; elsewhere the pattern decides.
        var share = surface.companionShare(at: place, distance: distance)
        if surface.rim > 0 { share = 1 - share }
        let facing = max(-1, min(1, (offset * light).sum() / pose.radius))
        let colour = (tone + (companion - tone) * share) * (1 + lighting.shading * facing)
        pixel += (colour - pixel) * coverage
      }
    }
  }

  /// Applies light, colour cast and sensor noise and rounds to bytes.
  func expose(_ nuisances: SceneNuisances, into bytes: UnsafeMutableBufferPointer<UInt8>) {
    let lighting = nuisances.lighting
    let gain = lighting.tint * (255 * lighting.gain)
    let slope = SceneNuisances.direction(lighting.direction) * (lighting.shading * 0.9)
    let step = 1 / Float(side)
    // The sum of a word's four bytes is nearly normal, with a standard deviation of 147.8.
    let grain = nuisances.noise * 255 / 147.8
    let key = SIMD2(UInt32(truncatingIfNeeded: nuisances.noiseKey), UInt32(truncatingIfNeeded: nuisances.noiseKey >> 32))
    for row in 0..<side {
      let vertical = (Float(row) + 0.5) * step - 0.5
      for column in 0..<side {
        let position = row * side + column
        let horizontal = (Float(column) + 0.5) * step - 0.5
        let words = RandomStream.philox(counter: SIMD4(UInt32(position), 0, 0, 0), key: key)
        let pairs = (words & 0x00FF_00FF) &+ ((words &>> 8) & 0x00FF_00FF)
        let sums = (pairs & 0xFFFF) &+ (pairs &>> 16)
        let noise = SIMD3<Float>(Float(sums[0]) - 510, Float(sums[1]) - 510, Float(sums[2]) - 510) * grain
        let exposure = 1 + horizontal * slope.x + vertical * slope.y
        let value = pixels[position] * (gain * exposure) + noise + 0.5
        for channel in 0..<3 {
          bytes[position * 3 + channel] = UInt8(max(0, min(255, value[channel])))
        }
      }
    }
  }

  /// Calls the body for every pixel whose centre may lie between two corners, given as fractions of the side.
  @inline(__always)
  private func visit(
    lower: SIMD2<Float>, upper: SIMD2<Float>, _ body: (SIMD2<Float>, inout SIMD3<Float>) -> Void
  ) {
    let scale = Float(side)
    let left = max(0, Int(lower.x * scale) - 1)
    let right = min(side, Int(upper.x * scale) + 2)
    let top = max(0, Int(lower.y * scale) - 1)
    let bottom = min(side, Int(upper.y * scale) + 2)
    let step = 1 / scale
    guard left < right, top < bottom else { return }
    for row in top..<bottom {
      for column in left..<right {
        body(SIMD2((Float(column) + 0.5) * step, (Float(row) + 0.5) * step), &pixels[row * side + column])
      }
    }
  }

  /// The share of a pixel that lies inside an edge at the given depth, in fractions of the side.
  @inline(__always)
  private func covered(_ depth: Float) -> Float { max(0, min(1, depth * Float(side) + 0.5)) }
}
