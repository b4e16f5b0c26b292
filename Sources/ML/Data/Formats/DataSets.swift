/// An item of a data set that could not be used, and why.
public struct SkippedItem: Equatable, Sendable, CustomStringConvertible {
  /// The file, or the shard and the member.
  public let source: String
  public let reason: String

  public var description: String { "\(source): \(reason)" }
}

/// Pictures with class labels.
public struct LabelledImages: Sendable {
  public var pictures: [Picture]
  /// One label per picture, below `classNames.count`.
  public var labels: [Int]
  public var classNames: [String]
  /// What was left out, in the order of the data; never silently.
  public var skipped: [SkippedItem]

  public var count: Int { pictures.count }
  /// Those that are in memory.
  public var images: [Image] { pictures.compactMap { if case .image(let image) = $0 { image } else { nil } } }
}

/// Pictures with captions.
public struct CaptionedImages: Sendable {
  public var pictures: [Picture]
  /// The captions of each picture, at least one.
  public var captions: [[String]]
  /// The name of each picture in its shard or folder.
  public var keys: [String]
  /// The label of each picture, nil where there is none.
  public var labels: [Int?]
  /// The number of the caption that each picture was made of, as its shard tells it; nil where it tells none.
  public var groups: [Int?]
  /// What was left out, in the order of the data; never silently.
  public var skipped: [SkippedItem]

  public var count: Int { pictures.count }
  /// Those that are in memory.
  public var images: [Image] { pictures.compactMap { if case .image(let image) = $0 { image } else { nil } } }
}

/// Decodes pictures on all threads; what cannot be decoded is kept as an error in its place.
enum PictureDecoding {
  /// - Parameters:
  ///   - count: number of pictures.
  ///   - bytes: lends the file of picture i and its name.
  ///   - prepare: what is done to each picture after decoding, such as resizing.
  /// - Throws: `TensorError.interrupted`.
  static func decode(
    count: Int, reading: ImageReading, prepare: ((Image) throws -> Image)?,
    bytes: (Int) throws -> (bytes: [UInt8], source: String)
  ) throws -> [Result<Image, Error>] {
    try ThreadPool.results(count, grain: 4) { index in
      let file = try bytes(index)
      let image = try ImageFile.decode(file.bytes, source: file.source, reading: reading)
      return try prepare?(image) ?? image
    }
  }

  /// The reason of a failure without the source that is named beside it.
  static func reason(_ error: Error) -> String {
    guard let error = error as? FormatError else { return "\(error)" }
    return "\(error.format): \(error.problem)"
  }
}
