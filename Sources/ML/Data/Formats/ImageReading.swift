/// How pictures are turned into 8-bit RGB, and how large they may be.
public struct ImageReading: Sendable, Equatable {
  /// Colour under transparent pixels, red, green, blue; default white.
  public var background: [UInt8]
  /// Largest allowed width times height; default 2^26 (8192 x 8192).
  public var maximumPixels: Int

  public init(background: [UInt8] = [255, 255, 255], maximumPixels: Int = 1 << 26) {
    self.background = background
    self.maximumPixels = maximumPixels
  }

  /// Refuses pictures that are too large to want, or that their file is too short to hold.
  ///
  /// The second test keeps the memory that a hostile header can claim within a fixed multiple of the file's size.
  ///
  /// - Parameters:
  ///   - rawBytes: size of the picture before compression.
  ///   - fileBytes: size of the compressed data.
  ///   - largestRatio: the most that the compression can achieve.
  func check(
    width: Int, height: Int, rawBytes: Int, fileBytes: Int, largestRatio: Int, format: String, source: String
  ) throws {
    let (pixels, overflow) = width.multipliedReportingOverflow(by: height)
    guard width > 0, height > 0, !overflow, pixels <= maximumPixels else {
      throw FormatError(
        format: format, source: source,
        problem: "the picture claims \(width) x \(height) pixels; at most \(maximumPixels) are allowed (maximumPixels)")
    }
    guard rawBytes / largestRatio <= fileBytes else {
      throw FormatError(
        format: format, source: source,
        problem: "the header claims \(width) x \(height) pixels, more than \(fileBytes) bytes can hold: damaged or cut short")
    }
    guard background.count == 3 else {
      throw FormatError(
        format: format, source: source, problem: "the background needs 3 values (red, green, blue), \(background.count) came")
    }
  }
}

/// Reads and writes picture files, telling PNG from JPEG by the data itself.
public enum ImageFile {
  /// Decodes a PNG or JPEG.
  ///
  /// - Parameters:
  ///   - bytes: the whole file.
  ///   - source: name used in errors.
  /// - Throws: `FormatError` naming the source and what is wrong.
  public static func decode(
    _ bytes: UnsafeRawBufferPointer, source: String, reading: ImageReading = ImageReading()
  ) throws -> Image {
    if PNG.isPNG(bytes) { return try PNG.decode(bytes, source: source, reading: reading) }
    if JPEG.isJPEG(bytes) { return try JPEG.decode(bytes, source: source, reading: reading) }
    let start = bytes.prefix(8).map { ByteSpelling.hexadecimal($0) }.joined(separator: " ")
    throw FormatError(
      format: "picture", source: source,
      problem: bytes.isEmpty
        ? "the data are empty; a PNG or JPEG was expected" : "neither PNG nor JPEG (it starts with \(start))")
  }

  /// Decodes a PNG or JPEG.
  public static func decode(_ bytes: [UInt8], source: String, reading: ImageReading = ImageReading()) throws -> Image {
    try bytes.withUnsafeBytes { try decode($0, source: source, reading: reading) }
  }

  /// Reads a PNG or JPEG file; the extension is not looked at.
  ///
  /// - Throws: `FormatError` naming the path and what is wrong.
  public static func read(_ path: String, reading: ImageReading = ImageReading()) throws -> Image {
    let file = try MappedFile(path: path)
    return try withExtendedLifetime(file) { try decode(file.bytes, source: path, reading: reading) }
  }

  /// Writes a picture whole or not at all; the extension (.png, .jpg, .jpeg) chooses the format.
  ///
  /// - Parameters:
  ///   - text: entries for PNG text chunks; JPEG files cannot hold them.
  ///   - quality: of JPEG, 1 to 100, default 95.
  /// - Throws: `FormatError` for another extension, text in a JPEG or a failed write.
  public static func write(_ image: Image, to path: String, text: [PNGText] = [], quality: Int = 95) throws {
    let lower = path.lowercased()
    if lower.hasSuffix(".png") {
      try AtomicFile.write(PNG.encode(image, text: text), to: path)
    } else if lower.hasSuffix(".jpg") || lower.hasSuffix(".jpeg") {
      guard text.isEmpty else {
        throw FormatError(format: "JPEG", source: path, problem: "text entries are kept in PNG files only: use .png")
      }
      try AtomicFile.write(JPEG.encode(image, quality: quality), to: path)
    } else {
      throw FormatError(format: "picture", source: path, problem: "the name must end in .png, .jpg or .jpeg")
    }
  }
}

/// Spelling of bytes in messages.
enum ByteSpelling {
  static func hexadecimal(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }
}
