/// How a picture is sampled when it changes its size.
public enum ResizeFilter: String, CaseIterable, Sendable, Codable {
  /// The pixel under the new pixel's centre.
  case nearest
  /// A triangle of one pixel to each side.
  case bilinear
  /// A cubic of two pixels to each side; a = -0.5 with anti-aliasing (as Pillow), -0.75 without (as PyTorch).
  case bicubic
}

/// A rectangle of whole pixels.
public struct PixelRectangle: Sendable, Equatable, Codable {
  public var left: Int
  public var top: Int
  public var width: Int
  public var height: Int

  public init(left: Int, top: Int, width: Int, height: Int) {
    self.left = left
    self.top = top
    self.width = width
    self.height = height
  }
}

/// What can be wrong with a crop or a new size.
public enum ResizeError: Error, Equatable, CustomStringConvertible {
  case size(width: Int, height: Int)
  case outside(PixelRectangle, width: Int, height: Int)

  public var description: String {
    switch self {
    case .size(let width, let height):
      return "resize: expected a new width and height from 1 to 65536 pixels, got \(width) x \(height)"
    case .outside(let box, let width, let height):
      return "crop: the rectangle of \(box.width) x \(box.height) pixels at column \(box.left), row \(box.top) does not "
        + "lie inside the picture of \(width) x \(height); give a rectangle of at least one pixel within it"
    }
  }
}

extension Image {
  /// The picture at another size.
  ///
  /// With anti-aliasing the filter widens when the picture shrinks, so that every source pixel counts; the arithmetic
  /// is Pillow's (weights of 22 fractional bits, rows first, bytes between the passes) and so are the bytes. Without it
  /// the filter looks at the source pixels next to each new centre and repeats the border, as PyTorch's `interpolate`
  /// does.
  ///
  /// - Parameters:
  ///   - width: new number of columns, 1...65536.
  ///   - height: new number of rows, 1...65536.
  ///   - filter: default bilinear.
  ///   - antialias: default true; the nearest filter has none.
  /// - Throws: `ResizeError.size`.
  public func resized(
    width: Int, height: Int, filter: ResizeFilter = .bilinear, antialias: Bool = true
  ) throws -> Image {
    guard (1...65536).contains(width), (1...65536).contains(height) else {
      throw ResizeError.size(width: width, height: height)
    }
    let whole = PixelRectangle(left: 0, top: 0, width: self.width, height: self.height)
    return try Image(width: width, height: height) { output in
      pixels.withUnsafeBufferPointer { source in
        guard let source = source.baseAddress, let output = output.baseAddress else { return }
        Resampling(whole, width: width, height: height, filter: filter, antialias: antialias)
          .run(source, sourceWidth: self.width, output)
      }
    }
  }

  /// The picture with its shorter side at the given length and its proportions kept, the longer side rounded down.
  ///
  /// - Throws: `ResizeError.size` when a side would leave 1...65536.
  public func resized(
    shorterSide: Int, filter: ResizeFilter = .bilinear, antialias: Bool = true
  ) throws -> Image {
    guard (1...65536).contains(shorterSide) else {
      throw ResizeError.size(width: shorterSide, height: shorterSide)
    }
    return width <= height
      ? try resized(width: shorterSide, height: shorterSide * height / width, filter: filter, antialias: antialias)
      : try resized(width: shorterSide * width / height, height: shorterSide, filter: filter, antialias: antialias)
  }

  /// A copy of a part of the picture.
  ///
  /// - Throws: `ResizeError.outside` when the rectangle is empty or leaves the picture.
  public func cropped(_ box: PixelRectangle) throws -> Image {
    try check(box)
    return try Image(width: box.width, height: box.height) { output in
      for row in 0..<box.height {
        let start = ((box.top + row) * width + box.left) * 3
        for byte in 0..<box.width * 3 { output[row * box.width * 3 + byte] = pixels[start + byte] }
      }
    }
  }

  /// Checks that a rectangle lies inside the picture and holds at least one pixel.
  func check(_ box: PixelRectangle) throws {
    guard box.left >= 0, box.top >= 0, box.width > 0, box.height > 0, box.left <= width - box.width,
      box.top <= height - box.height
    else { throw ResizeError.outside(box, width: width, height: height) }
  }
}
