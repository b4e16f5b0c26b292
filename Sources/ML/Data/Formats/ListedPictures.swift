/// Picture files that a list names.
public enum ListedPictures {
  /// Reads the files of a list, in its order.
  ///
  /// - Parameters:
  ///   - paths: PNG or JPEG files.
  ///   - limit: most pictures; default all.
  ///   - reading: background of transparent pictures and largest size.
  ///   - prepare: what is done to each picture after decoding, such as resizing, on several threads.
  ///   - storage: where the pictures stay, default memory. With files, a picture is first decoded when it is asked for.
  /// - Returns: the place in `paths` of each picture that could be read, with the picture; and those left out, with the reason.
  /// - Throws: `FormatError` when not one could be read; `TensorError.interrupted`.
  public static func load(
    _ paths: [String], source: String, limit: Int? = nil, reading: ImageReading = ImageReading(), prepare: (@Sendable (Image) throws -> Image)? = nil,
    storage: PictureStorage = .memory
  ) throws -> (pictures: [(place: Int, picture: Picture)], skipped: [SkippedItem]) {
    let request = DatasetLoader.Request(path: source, split: nil, limit: limit, reading: reading, prepare: prepare, storage: storage)
    var pictures: [(place: Int, picture: Picture)] = [], skipped: [SkippedItem] = []
    var places: [Int] = []
    for (place, path) in paths.enumerated() {
      if Folder.isFile(path) { places.append(place) } else { skipped.append(SkippedItem(source: path, reason: "there is no such file")) }
    }
    try ImageFolder.read(places.map { paths[$0] }, request) { pictures.append((places[$0], $1)) } skip: { skipped.append($0) }
    guard !pictures.isEmpty else {
      throw DatasetLoader.failure(source, "no picture of the list could be read" + (skipped.first.map { "; the first reason: \($0)" } ?? ""))
    }
    return (pictures, skipped)
  }
}
