/// Colour changes on interleaved bytes, with Pillow's arithmetic.
struct ColourAdjustment {
  let pixels: UnsafeMutablePointer<UInt8>
  /// Number of pixels.
  let count: Int

  func apply(_ change: AugmentationParameters.ColourChange) {
    switch change {
    case .brightness(let factor): blend(towards: 0, factor)
    case .contrast(let factor): blend(towards: meanLightness(), factor)
    case .saturation(let factor): saturate(factor)
    case .hue(let turn): turnHue(turn)
    }
  }

  /// Replaces every pixel by its lightness.
  func removeColour() {
    for place in 0..<count {
      let lightness = UInt8(lightness(place))
      for channel in 0..<3 { pixels[place * 3 + channel] = lightness }
    }
  }

  /// The lightness of a pixel by ITU-R 601, weights in 65536ths.
  @inline(__always)
  private func lightness(_ place: Int) -> Int32 {
    let pixel = pixels + place * 3
    return (Int32(pixel[0]) &* 19595 &+ Int32(pixel[1]) &* 38470 &+ Int32(pixel[2]) &* 7471 &+ 0x8000) >> 16
  }

  /// The mean lightness, rounded to a whole number.
  private func meanLightness() -> Int32 {
    var sum = 0
    for place in 0..<count { sum += Int(lightness(place)) }
    return Int32(Double(sum) / Double(max(1, count)) + 0.5)
  }

  /// `base + factor * (value - base)`, cut off below the point and at 0 and 255.
  @inline(__always)
  private static func blend(_ base: Int32, _ value: Int32, _ factor: Float) -> UInt8 {
    let mixed = Float(base) + factor * Float(value - base)
    return mixed <= 0 ? 0 : mixed >= 255 ? 255 : UInt8(mixed)
  }

  private func blend(towards base: Int32, _ factor: Float) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 256) { table in
      for value in 0..<256 { table[value] = ColourAdjustment.blend(base, Int32(value), factor) }
      for place in 0..<count * 3 { pixels[place] = table[Int(pixels[place])] }
    }
  }

  private func saturate(_ factor: Float) {
    for place in 0..<count {
      let lightness = lightness(place)
      for channel in 0..<3 {
        let byte = place * 3 + channel
        pixels[byte] = ColourAdjustment.blend(lightness, Int32(pixels[byte]), factor)
      }
    }
  }

  /// Turns the hue through bytes of hue, saturation and value.
  private func turnHue(_ turn: Float) {
    let shift = UInt8(truncatingIfNeeded: Int32(Double(turn) * 255))
    for place in 0..<count {
      let pixel = pixels + place * 3
      let (hue, saturation, value) = ColourAdjustment.hueSaturationValue(pixel[0], pixel[1], pixel[2])
      let (red, green, blue) = ColourAdjustment.redGreenBlue(hue &+ shift, saturation, value)
      pixel[0] = red
      pixel[1] = green
      pixel[2] = blue
    }
  }

  /// Hue, saturation and value as bytes; a full turn of the hue is 255.
  @inline(__always)
  static func hueSaturationValue(_ red: UInt8, _ green: UInt8, _ blue: UInt8) -> (UInt8, UInt8, UInt8) {
    let highest = max(red, max(green, blue))
    let lowest = min(red, min(green, blue))
    guard highest > lowest else { return (0, 0, highest) }
    let range = Float(highest - lowest)
    let saturation = range / Float(highest)
    let toRed = Float(highest - red) / range
    let toGreen = Float(highest - green) / range
    let toBlue = Float(highest - blue) / range
    let sixths: Float
    if red == highest {
      sixths = toBlue - toGreen
    } else if green == highest {
      sixths = Float(2.0 + Double(toRed) - Double(toBlue))
    } else {
      sixths = Float(4.0 + Double(toGreen) - Double(toRed))
    }
    let turned = Double(sixths) / 6 + 1
    let hue = Float(turned >= 1 ? turned - 1 : turned)
    return (UInt8(Double(hue) * 255), UInt8(Double(saturation) * 255), highest)
  }

  /// Red, green and blue of bytes of hue, saturation and value.
  @inline(__always)
  static func redGreenBlue(_ hue: UInt8, _ saturation: UInt8, _ value: UInt8) -> (UInt8, UInt8, UInt8) {
    guard saturation > 0 else { return (value, value, value) }
    let sixths = Double(hue) * 6 / 255
    let sector = Int32(sixths)
    let share = Float(sixths - Double(sector))
    let strength = Float(Double(saturation) / 255)
    let full = Double(value)
    // Levels lie in 0...255, where adding a half and cutting off is rounding to the nearest.
    @inline(__always) func byte(_ level: Double) -> UInt8 { UInt8(truncatingIfNeeded: Int32(level + 0.5)) }
    let low = byte(full * (1 - Double(strength)))
    let falling = byte(full * (1 - Double(strength * share)))
    let rising = byte(full * (1 - Double(strength) * (1 - Double(share))))
    switch sector {
    case 6: return (value, rising, low)
    case 0: return (value, rising, low)
    case 1: return (falling, value, low)
    case 2: return (low, value, rising)
    case 3: return (low, falling, value)
    case 4: return (rising, low, value)
    default: return (value, low, falling)
    }
  }
}
