import ML

extension Loam {
  /// Decodes a PNG file, for terminals that want pixels: width, height, and bytes of red, green and blue.
  public static func pixels(ofPNG bytes: [UInt8]) throws -> (width: Int, height: Int, pixels: [UInt8]) {
    let image = try ImageFile.decode(bytes, source: "a picture")
    return (image.width, image.height, image.pixels)
  }
}
