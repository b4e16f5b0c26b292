import ML

/// Pictures of one size side by side.
enum PictureGrid {
  /// Pixels between two pictures, before enlarging.
  private static let gap = 1

  /// One picture of all, row by row, on white.
  ///
  /// - Parameter scale: each pixel becomes a square of so many.
  static func image(_ images: [Image], columns: Int, scale: Int) throws -> Image {
    guard let first = images.first, columns >= 1 else { throw ImageError.size(width: 0, height: 0) }
    let rows = (images.count + columns - 1) / columns
    let width = (columns * (first.width + gap) - gap) * scale
    let height = (rows * (first.height + gap) - gap) * scale
    return try Image(width: width, height: height) { bytes in
      bytes.update(repeating: 255)
      for (index, image) in images.enumerated() {
        let left = index % columns * (first.width + gap) * scale
        let top = index / columns * (first.height + gap) * scale
        for y in 0..<(image.height * scale) {
          for x in 0..<(image.width * scale) {
            let source = (y / scale * image.width + x / scale) * 3
            let target = ((top + y) * width + left + x) * 3
            for channel in 0..<3 { bytes[target + channel] = image.pixels[source + channel] }
          }
        }
      }
    }
  }
}
