/// A Gaussian blur by three box blurs of fractional width in each direction, with Pillow's arithmetic.
///
/// Gwosdek, Grewenig, Bruhn & Weickert 2011, "Theoretical foundations of Gaussian convolution by extended box filtering".
struct GaussianBlur {
  /// Whole part of the box's radius.
  private let reach: Int
  /// Weight of the whole pixels, in 2^-24.
  private let inner: UInt32
  /// Weight of the two pixels at the box's ends, in 2^-24.
  private let outer: UInt32

  private static let passes = 3

  /// - Parameter radius: standard deviation in pixels, above 0.
  init(radius: Float) {
    let variance = radius * radius / Float(GaussianBlur.passes)
    let ideal = Float((12 * Double(variance) + 1).squareRoot())
    let whole = Float(((Double(ideal) - 1) / 2).rounded(.down))
    var fraction = (2 * whole + 1) * (whole * (whole + 1) - 3 * variance)
    fraction /= 6 * (variance - (whole + 1) * (whole + 1))
    let boxRadius = whole + fraction
    reach = Int(boxRadius)
    inner = UInt32(Float(1 << 24) / (boxRadius * 2 + 1))
    outer = ((1 << 24) - UInt32(reach * 2 + 1) * inner) / 2
  }

  /// Blurs interleaved pixels in place; the border's pixels are repeated beyond it.
  func apply(_ pixels: UnsafeMutablePointer<UInt8>, width: Int, height: Int) {
    let count = width * height * 3
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 2 * count) { spare in
      withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 3 * max(width, height)) { sums in
        guard let spare = spare.baseAddress, let sums = sums.baseAddress else { return }
        // Along the rows the picture lies on its side, so that many bytes take each step together.
        let turned = spare + count
        GaussianBlur.transpose(pixels, into: turned, width: width, height: height)
        blurThrice(turned, spare, sums, length: width, lanes: 3 * height)
        GaussianBlur.transpose(turned, into: pixels, width: height, height: width)
        blurThrice(pixels, spare, sums, length: height, lanes: 3 * width)
      }
    }
  }

  private static func transpose(
    _ source: UnsafePointer<UInt8>, into target: UnsafeMutablePointer<UInt8>, width: Int, height: Int
  ) {
    for row in 0..<height {
      for column in 0..<width {
        let from = source + (row * width + column) * 3
        let to = target + (column * height + row) * 3
        to[0] = from[0]
        to[1] = from[1]
        to[2] = from[2]
      }
    }
  }

  private func blurThrice(
    _ pixels: UnsafeMutablePointer<UInt8>, _ spare: UnsafeMutablePointer<UInt8>, _ sums: UnsafeMutablePointer<UInt32>,
    length: Int, lanes: Int
  ) {
    for _ in 0..<GaussianBlur.passes {
      spare.update(from: pixels, count: length * lanes)
      blur(spare, into: pixels, sums, length: length, lanes: lanes)
    }
  }

  /// One box blur along `length` steps of `lanes` neighbouring bytes each.
  private func blur(
    _ source: UnsafePointer<UInt8>, into target: UnsafeMutablePointer<UInt8>, _ sums: UnsafeMutablePointer<UInt32>,
    length: Int, lanes: Int
  ) {
    @inline(__always) func step(_ place: Int) -> UnsafePointer<UInt8> {
      source + max(0, min(length - 1, place)) * lanes
    }
    for lane in 0..<lanes { sums[lane] = 0 }
    for place in -reach...reach {
      let values = step(place)
      for lane in 0..<lanes { sums[lane] &+= UInt32(values[lane]) }
    }
    for place in 0..<length {
      let before = step(place - reach - 1)
      let after = step(place + reach + 1)
      let leaving = step(place - reach)
      let result = target + place * lanes
      for lane in 0..<lanes {
        let ends = UInt32(before[lane]) &+ UInt32(after[lane])
        result[lane] = UInt8(truncatingIfNeeded: (sums[lane] &* inner &+ ends &* outer &+ 0x80_0000) >> 24)
        sums[lane] = sums[lane] &+ UInt32(after[lane]) &- UInt32(leaving[lane])
      }
    }
  }
}
