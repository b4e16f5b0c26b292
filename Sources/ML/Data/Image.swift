/// A colour picture: eight bits per channel, red, green and blue interleaved, rows from top to bottom.
///
/// `pixels[(y * width + x) * 3 + channel]`; greyscale sources repeat their value in the three channels.
public struct Image: Sendable, Equatable {
  public let width: Int
  public let height: Int
  /// `width * height * 3` bytes.
  public var pixels: [UInt8]

  /// Wraps pixels that already have the right number of bytes.
  ///
  /// - Parameters:
  ///   - width: columns, at least 1.
  ///   - height: rows, at least 1.
  ///   - pixels: `width * height * 3` bytes, interleaved.
  /// - Throws: `ImageError` when the sizes are not positive or do not fit the number of bytes.
  public init(width: Int, height: Int, pixels: [UInt8]) throws {
    try Image.check(width: width, height: height)
    guard pixels.count == width * height * 3 else {
      throw ImageError.byteCount(width: width, height: height, bytes: pixels.count)
    }
    self.width = width
    self.height = height
    self.pixels = pixels
  }

  /// Makes a picture whose bytes are written by `fill`, which receives `width * height * 3` zeros.
  public init(
    width: Int, height: Int, fill: (UnsafeMutableBufferPointer<UInt8>) throws -> Void
  ) throws {
    try Image.check(width: width, height: height)
    let count = width * height * 3
    self.width = width
    self.height = height
    pixels = try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      buffer.initialize(repeating: 0)
      try fill(UnsafeMutableBufferPointer(rebasing: buffer[0..<count]))
      initialized = count
    }
  }

  /// Makes a picture from planar numbers, such as the output of a generator.
  ///
  ///     byte = round(255 * clamp((value - lower) / (upper - lower), 0, 1))
  ///
  /// - Parameters:
  ///   - planar: `3 * height * width` numbers, one plane per channel; NaN becomes 0.
  ///   - range: the numbers that become 0 and 255, default 0...1; a diffusion model's pictures use -1...1.
  /// - Throws: `ImageError` when the number of values does not fit the sizes.
  public init(
    width: Int, height: Int, planar: UnsafeBufferPointer<Float>, range: ClosedRange<Float> = 0...1
  ) throws {
    try Image.check(width: width, height: height)
    guard planar.count == width * height * 3 else {
      throw ImageError.planarCount(width: width, height: height, values: planar.count)
    }
    guard range.upperBound > range.lowerBound else { throw ImageError.emptyRange(range.lowerBound) }
    let area = width * height
    let scale = 255 / (range.upperBound - range.lowerBound)
    try self.init(width: width, height: height) { bytes in
      for channel in 0..<3 {
        for position in 0..<area {
          let value = (planar[channel * area + position] - range.lowerBound) * scale + 0.5
          bytes[position * 3 + channel] = value >= 255 ? 255 : value > 0 ? UInt8(value) : 0
        }
      }
    }
  }

  /// Makes a picture from an array of planar numbers; see the form that takes a buffer.
  public init(width: Int, height: Int, planar: [Float], range: ClosedRange<Float> = 0...1) throws {
    self = try planar.withUnsafeBufferPointer {
      try Image(width: width, height: height, planar: $0, range: range)
    }
  }

  /// Writes the picture as `3 * height * width` planar numbers, `(byte / 255 - mean) / deviation` per channel.
  public func writePlanar(
    into output: UnsafeMutablePointer<Float>, mean: SIMD3<Float> = .zero, deviation: SIMD3<Float> = .one
  ) {
    let area = width * height
    pixels.withUnsafeBufferPointer { bytes in
      for channel in 0..<3 {
        let scale = 1 / (255 * deviation[channel])
        let shift = mean[channel] / deviation[channel]
        let plane = output + channel * area
        for position in 0..<area { plane[position] = Float(bytes[position * 3 + channel]) * scale - shift }
      }
    }
  }

  /// The picture as `3 * height * width` planar numbers; see `writePlanar`.
  public func planar(mean: SIMD3<Float> = .zero, deviation: SIMD3<Float> = .one) -> [Float] {
    [Float](unsafeUninitializedCapacity: pixels.count) { buffer, initialized in
      if let base = buffer.baseAddress { writePlanar(into: base, mean: mean, deviation: deviation) }
      initialized = pixels.count
    }
  }

  private static func check(width: Int, height: Int) throws {
    guard width > 0, height > 0, width <= 1 << 20, height <= 1 << 20 else {
      throw ImageError.size(width: width, height: height)
    }
  }
}

/// What can be wrong with the sizes or options of a picture.
public enum ImageError: Error, Equatable, CustomStringConvertible {
  case size(width: Int, height: Int)
  case byteCount(width: Int, height: Int, bytes: Int)
  case planarCount(width: Int, height: Int, values: Int)
  case emptyRange(Float)

  public var description: String {
    switch self {
    case .size(let width, let height):
      return "image: expected a width and height from 1 to 1048576 pixels, got \(width) x \(height); "
        + "give sizes in that range"
    case .byteCount(let width, let height, let bytes):
      return "image: expected \(width * height * 3) bytes for \(width) x \(height) pixels of 3 channels, "
        + "got \(bytes); give interleaved red, green and blue"
    case .planarCount(let width, let height, let values):
      return "image: expected 3 x \(height) x \(width) numbers, got \(values); "
        + "give three planes (channels, rows, columns)"
    case .emptyRange(let bound):
      return "image: expected a range with two different ends, got \(bound)...\(bound); "
        + "give the numbers that become black and white, such as 0...1"
    }
  }
}
