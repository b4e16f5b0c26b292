extension SceneBackdrop {
  /// The background of every pixel.
  ///
  /// - Parameters:
  ///   - background: which kind of background these looks belong to.
  ///   - side: the picture's side in pixels.
  ///   - canvas: `side * side` colours, overwritten.
  func paint(_ background: SceneBackground, side: Int, into canvas: UnsafeMutablePointer<SIMD3<Float>>) {
    let pixel = 1 / Float(side)
    let axis = SceneNuisances.direction(angle)
    switch background {
    case .light, .dark:
      // A faint drift between the two tints keeps the wall from being a constant.
      fill(side, canvas) { point in 0.5 + (point.x - 0.5) * axis.x + (point.y - 0.5) * axis.y }
    case .gradient:
      fill(side, canvas) { point in 0.5 + 0.85 * ((point.x - 0.5) * axis.x + (point.y - 0.5) * axis.y) }
    case .horizon:
      fill(side, canvas) { point in
        let depth = (point.y - scale) * axis.x + (point.x - 0.5) * axis.y
        return depth / pixel + 0.5
      }
    case .tiles:
      let joint = 0.0195 as Float
      fill(side, canvas) { point in
        let u = (point.x * axis.x + point.y * axis.y) / scale + phase.x
        let v = (point.y * axis.x - point.x * axis.y) / scale + phase.y
        let gap = min(abs(u - u.rounded()), abs(v - v.rounded())) * scale
        return (joint - gap) / pixel + 0.5
      }
    case .speckle:
      paintSpeckles(side, canvas)
    }
  }

  /// Mixes the two colours by a share that the closure tells for the centre of each pixel.
  @inline(__always)
  private func fill(
    _ side: Int, _ canvas: UnsafeMutablePointer<SIMD3<Float>>, _ share: (SIMD2<Float>) -> Float
  ) {
    let pixel = 1 / Float(side)
    let step = second - first
    for row in 0..<side {
      for column in 0..<side {
        let point = SIMD2((Float(column) + 0.5) * pixel, (Float(row) + 0.5) * pixel)
        canvas[row * side + column] = first + step * max(0, min(1, share(point)))
      }
    }
  }

  /// Dark and pale grains, one in each cell of a fine lattice, at hashed places.
  private func paintSpeckles(_ side: Int, _ canvas: UnsafeMutablePointer<SIMD3<Float>>) {
    let cells: Float = 11
    let resolution = Float(side) / cells
    let step = cells / Float(side)
    for row in 0..<side {
      let v = (Float(row) + 0.5) * step + phase.y
      for column in 0..<side {
        let u = (Float(column) + 0.5) * step + phase.x
        let cell = SIMD2(u.rounded(.down), v.rounded(.down))
        let bits = hash(UInt32(cell.x), UInt32(cell.y))
        let centre = SIMD2(
          0.3 + 0.4 * Float(bits & 255) / 255, 0.3 + 0.4 * Float(bits >> 8 & 255) / 255)
        let distance = length(SIMD2(u, v) - cell - centre)
        // Two cells of five stay empty.
        let reach: Float = (bits >> 17) % 5 < 3 ? 0.3 : -1
        let share = max(0, min(1, (reach - distance) * resolution + 0.5))
        let grain: Float = bits >> 16 & 1 == 0 ? 0.55 : 1.45
        canvas[row * side + column] = first * (1 + (grain - 1) * share)
      }
    }
  }

  @inline(__always)
  private func hash(_ x: UInt32, _ y: UInt32) -> UInt32 {
    var bits = (x &* 0x9E37_79B1) ^ (y &* 0x85EB_CA77) ^ key
    bits = (bits ^ bits >> 15) &* 0x2C1B_3C6D
    bits = (bits ^ bits >> 12) &* 0x297A_2D39
    return bits ^ bits >> 15
  }
}
