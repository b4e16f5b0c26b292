/// How a picture that is not square becomes square. References disagree, so the choice has a name.
public enum SquareFit: String, Sendable, CaseIterable {
  /// The largest square around the centre is kept, the rest is cut off.
  case crop
  /// The whole picture is kept, its aspect ratio is lost.
  case squash

  /// The picture as a square of another size, by the anti-aliased bicubic filter; the same picture when it has that size.
  ///
  /// - Parameter size: new width and height, at least 1.
  /// - Throws: `ResizeError` for a size out of range.
  public func apply(_ image: Image, size: Int) throws -> Image {
    if image.width == size, image.height == size { return image }
    var source = image
    if self == .crop, image.width != image.height {
      let side = min(image.width, image.height)
      source = try image.cropped(
        PixelRectangle(left: (image.width - side) / 2, top: (image.height - side) / 2, width: side, height: side))
    }
    return try source.resized(width: size, height: size, filter: .bicubic)
  }
}
