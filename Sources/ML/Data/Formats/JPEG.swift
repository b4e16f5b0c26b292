import CTurboJPEG

/// JPEG files through TurboJPEG: baseline and progressive, grey, YCbCr, RGB, CMYK and YCCK in, RGB out.
///
/// The orientation that cameras note in EXIF data is not applied: pixels come as they are stored. Colour profiles are
/// ignored. CMYK is taken in Adobe's inverted form, as other readers do, and converted without a profile.
public enum JPEG {
  /// Largest number of pixels that one byte of entropy-coded data can hold, with room to spare (the Huffman coder needs a bit
  /// for each block of 64 pixels; the arithmetic coder less on blank pictures).
  static let largestRatio = 2048

  /// Warnings of the decoder that leave the pixels as they were meant. All other warnings are errors here, among them
  /// "premature end": the decoder would paint the missing part grey.
  static let harmlessWarnings = ["extraneous bytes before marker", "unknown JFIF revision", "Unknown Adobe color transform"]

  /// Whether the data start like a JPEG file.
  public static func isJPEG(_ bytes: UnsafeRawBufferPointer) -> Bool { bytes.starts(with: [0xff, 0xd8, 0xff]) }

  /// Decodes a JPEG file.
  ///
  /// - Parameters:
  ///   - bytes: the whole file.
  ///   - source: name used in errors.
  /// - Throws: `FormatError` when the data are damaged, cut short or too large.
  public static func decode(
    _ bytes: UnsafeRawBufferPointer, source: String, reading: ImageReading = ImageReading()
  ) throws -> Image {
    guard isJPEG(bytes), let start = bytes.bindMemory(to: UInt8.self).baseAddress else {
      throw FormatError(format: "JPEG", source: source, problem: "this is no JPEG file: its start marker is missing")
    }
    guard let decoder = tjInitDecompress() else { throw startFailure(source) }
    defer { tjDestroy(decoder) }
    var width: Int32 = 0, height: Int32 = 0, subsampling: Int32 = 0, colours: Int32 = 0
    let headerResult = tjDecompressHeader3(
      decoder, start, UInt(bytes.count), &width, &height, &subsampling, &colours)
    guard headerResult == 0 || isHarmless(decoder) else { throw failure(decoder, source) }
    try reading.check(
      width: Int(width), height: Int(height), rawBytes: Int(width) * Int(height), fileBytes: bytes.count,
      largestRatio: largestRatio, format: "JPEG", source: source)
    let isCMYK = colours == TJCS_CMYK.rawValue || colours == TJCS_YCCK.rawValue
    let format = isCMYK ? TJPF_CMYK : TJPF_RGB
    var pixels = [UInt8](repeating: 0, count: (isCMYK ? 4 : 3) * Int(width) * Int(height))
    // The limit of 500 scans stops small progressive files that take hours.
    let result = tjDecompress2(
      decoder, start, UInt(bytes.count), &pixels, width, 0, height, format.rawValue, TJFLAG_LIMITSCANS)
    guard result == 0 || isHarmless(decoder) else { throw failure(decoder, source) }
    if isCMYK { pixels = rgbFromInvertedCMYK(pixels) }
    return try Image(width: Int(width), height: Int(height), pixels: pixels)
  }

  /// Encodes a picture as baseline JPEG.
  ///
  /// - Parameters:
  ///   - quality: 1 to 100, default 95.
  ///   - halvesColour: store colour at half the resolution (4:2:0) instead of 4:4:4; default true.
  /// - Throws: `FormatError` for an empty picture, one wider or higher than 65,500, or a quality out of range.
  public static func encode(_ image: Image, quality: Int = 95, halvesColour: Bool = true) throws -> [UInt8] {
    let source = "picture of \(image.width) x \(image.height)"
    guard (1...65500).contains(image.width), (1...65500).contains(image.height),
      image.pixels.count == 3 * image.width * image.height
    else {
      throw FormatError(
        format: "JPEG", source: source, problem: "each side must be 1 to 65,500 with 3 bytes a pixel; \(image.pixels.count) bytes came")
    }
    guard (1...100).contains(quality) else {
      throw FormatError(format: "JPEG", source: source, problem: "the quality must be 1 to 100, \(quality) came")
    }
    guard let encoder = tjInitCompress() else { throw startFailure(source) }
    defer { tjDestroy(encoder) }
    var encoded: UnsafeMutablePointer<UInt8>?
    var count: UInt = 0
    let result = tjCompress2(
      encoder, image.pixels, Int32(image.width), 0, Int32(image.height), TJPF_RGB.rawValue, &encoded, &count,
      Int32((halvesColour ? TJSAMP_420 : TJSAMP_444).rawValue), Int32(quality), TJFLAG_ACCURATEDCT)
    defer { tjFree(encoded) }
    guard result == 0 else { throw failure(encoder, source) }
    return [UInt8](UnsafeBufferPointer(start: encoded, count: Int(count)))
  }

  private static func message(_ handle: tjhandle) -> String { String(cString: tjGetErrorStr2(handle)) }

  private static func isHarmless(_ handle: tjhandle) -> Bool {
    guard tjGetErrorCode(handle) == TJERR_WARNING.rawValue else { return false }
    let text = message(handle)
    return harmlessWarnings.contains { text.contains($0) }
  }

  private static func failure(_ handle: tjhandle, _ source: String) -> FormatError {
    FormatError(format: "JPEG", source: source, problem: "the picture is damaged or cut short: \(message(handle))")
  }

  private static func startFailure(_ source: String) -> FormatError {
    FormatError(format: "JPEG", source: source, problem: "TurboJPEG could not be started: not enough memory")
  }

  /// RGB from inverted CMYK by R = C K / 255, rounded to the nearest.
  private static func rgbFromInvertedCMYK(_ cmyk: [UInt8]) -> [UInt8] {
    var rgb = [UInt8](repeating: 0, count: cmyk.count / 4 * 3)
    for pixel in 0..<(cmyk.count / 4) {
      let black = Int(cmyk[4 * pixel + 3])
      for channel in 0..<3 { rgb[3 * pixel + channel] = UInt8((Int(cmyk[4 * pixel + channel]) * black + 127) / 255) }
    }
    return rgb
  }
}
