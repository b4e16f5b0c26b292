import CImageCodec

/// One entry of a PNG's text chunks, such as the caption a picture was made from.
public struct PNGText: Equatable, Sendable {
  /// 1 to 79 Latin-1 characters, without leading, trailing or double spaces.
  public let keyword: String
  public let text: String

  public init(_ keyword: String, _ text: String) {
    self.keyword = keyword
    self.text = text
  }
}

/// PNG files through libpng: every colour type and bit depth in, 8-bit RGB out.
///
/// Transparency is laid over `ImageReading.background`; 16-bit samples keep their high byte; grey becomes three equal
/// channels. Gamma and colour-profile chunks are ignored: stored values are taken as sRGB.
public enum PNG {
  static let signature: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]

  /// Deflate cannot shrink more than about 1030 times.
  static let largestRatio = 1040

  /// Whether the data start like a PNG file.
  public static func isPNG(_ bytes: UnsafeRawBufferPointer) -> Bool { bytes.starts(with: signature) }

  /// Decodes a PNG file.
  ///
  /// - Parameters:
  ///   - bytes: the whole file.
  ///   - source: name used in errors.
  /// - Throws: `FormatError` when the data are damaged, cut short or too large.
  public static func decode(
    _ bytes: UnsafeRawBufferPointer, source: String, reading: ImageReading = ImageReading()
  ) throws -> Image {
    guard isPNG(bytes), let start = bytes.bindMemory(to: UInt8.self).baseAddress else {
      throw FormatError(format: "PNG", source: source, problem: "this is no PNG file: its signature is missing")
    }
    var header = loam_png_header()
    try call(source) { loam_png_read_header(start, bytes.count, &header, $0) }
    let width = Int(header.width), height = Int(header.height)
    try reading.check(
      width: width, height: height, rawBytes: header.raw_bytes, fileBytes: bytes.count, largestRatio: largestRatio,
      format: "PNG", source: source)
    var pixels = [UInt8](repeating: 0, count: 3 * width * height)
    let count = pixels.count
    try call(source) { message in
      pixels.withUnsafeMutableBufferPointer {
        loam_png_decode(start, bytes.count, reading.background, $0.baseAddress, count, message)
      }
    }
    return try Image(width: width, height: height, pixels: pixels)
  }

  /// Encodes a picture as 8-bit RGB; the same pixels and text always give the same bytes.
  ///
  /// - Parameters:
  ///   - text: entries stored as iTXt chunks (UTF-8) before the pixels, in this order.
  ///   - compressionLevel: of zlib, 0 to 9, default 6.
  /// - Throws: `FormatError` for an empty picture or a keyword that PNG does not allow.
  public static func encode(_ image: Image, text: [PNGText] = [], compressionLevel: Int = 6) throws -> [UInt8] {
    let source = "picture of \(image.width) x \(image.height)"
    guard image.width > 0, image.height > 0, image.pixels.count == 3 * image.width * image.height else {
      throw FormatError(
        format: "PNG", source: source, problem: "\(image.pixels.count) bytes of pixels came, width x height x 3 > 0 are needed")
    }
    guard (0...9).contains(compressionLevel) else {
      throw FormatError(format: "PNG", source: source, problem: "the compression level must be 0 to 9, \(compressionLevel) came")
    }
    for entry in text { try EncodedText.check(entry, source: source) }
    let entries = text.map { EncodedText($0) }
    defer { for entry in entries { entry.free() } }
    var encoded: UnsafeMutablePointer<UInt8>?
    var count = 0
    let chunks = entries.map(\.chunk)
    try call(source) { message in
      loam_png_encode(
        image.pixels, UInt32(image.width), UInt32(image.height), Int32(compressionLevel), chunks, chunks.count, &encoded,
        &count, message)
    }
    defer { loam_png_free(encoded) }
    return [UInt8](UnsafeBufferPointer(start: encoded, count: count))
  }

  /// Runs a codec function and turns its refusal into an error.
  private static func call(_ source: String, _ body: (UnsafeMutablePointer<CChar>) -> Int32) throws {
    try withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(LOAM_MESSAGE_CAPACITY)) { message in
      guard body(message.baseAddress!) == 1 else {
        throw FormatError(format: "PNG", source: source, problem: String(cString: message.baseAddress!))
      }
    }
  }
}

/// The C strings of one text entry.
private struct EncodedText {
  let keyword: UnsafeMutablePointer<CChar>
  let text: UnsafeMutablePointer<CChar>
  let count: Int

  /// - Throws: `FormatError` for what PNG cannot hold.
  static func check(_ entry: PNGText, source: String) throws {
    let scalars = entry.keyword.unicodeScalars
    let isPrintable = scalars.allSatisfy { (32...126).contains($0.value) || (161...255).contains($0.value) }
    let hasOddSpaces = entry.keyword.hasPrefix(" ") || entry.keyword.hasSuffix(" ")
      || zip(scalars, scalars.dropFirst()).contains { $0 == " " && $1 == " " }
    guard (1...79).contains(scalars.count), isPrintable, !hasOddSpaces else {
      throw FormatError(
        format: "PNG", source: source,
        problem: "the text keyword '\(entry.keyword)' must be 1 to 79 printable Latin-1 characters without odd spaces")
    }
    guard !entry.text.utf8.contains(0) else {
      throw FormatError(format: "PNG", source: source, problem: "the text for '\(entry.keyword)' contains a NUL character")
    }
  }

  /// - Parameter entry: one that has passed the check.
  init(_ entry: PNGText) {
    keyword = EncodedText.copy(entry.keyword.unicodeScalars.map { UInt8($0.value) })
    text = EncodedText.copy(Array(entry.text.utf8))
    count = entry.text.utf8.count
  }

  var chunk: loam_png_text { loam_png_text(keyword: keyword, text: text, text_length: count) }

  func free() {
    keyword.deallocate()
    text.deallocate()
  }

  private static func copy(_ bytes: [UInt8]) -> UnsafeMutablePointer<CChar> {
    let memory = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count + 1)
    for (index, byte) in bytes.enumerated() { memory[index] = CChar(bitPattern: byte) }
    memory[bytes.count] = 0
    return memory
  }
}
