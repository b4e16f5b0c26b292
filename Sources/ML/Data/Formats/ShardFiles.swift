/// Finding the shards of a data set and turning their samples into pictures.
enum ShardFiles {
  private static let endings = [".tar", ".tar.gz", ".tgz"]
  private static let pictureFields = ["jpg", "jpeg", "png"]
  /// Samples decoded at a time: bounds the memory taken by undecoded files.
  private static let chunk = 256

  static func isShard(_ name: String) -> Bool {
    let lower = name.lowercased()
    return endings.contains { lower.hasSuffix($0) }
  }

  /// The split that a shard's name speaks of: "train" for "train-0003.tar", "" for "00003.tar".
  static func split(_ name: String) -> String {
    var stem = name[...]
    let lower = name.lowercased()
    if let ending = endings.first(where: { lower.hasSuffix($0) }) { stem = stem.dropLast(ending.count) }
    while let last = stem.unicodeScalars.last, last.isASCII, "0123456789-_.".unicodeScalars.contains(last) { stem.removeLast() }
    return String(stem)
  }

  /// The shards at a path, sorted by name.
  ///
  /// - Parameters:
  ///   - path: a shard, or a folder of shards.
  ///   - split: keep only shards of that split; nil keeps all. Shards without a split in their names serve for any.
  /// - Throws: `FormatError` naming the splits there are.
  static func find(_ path: String, split: String?) throws -> [String] {
    guard Folder.isFolder(path) else { return [path] }
    let names = try Folder.names(path).filter { isShard($0) }
    guard let split else { return names.map { path + "/" + $0 } }
    let fitting = names.filter { self.split($0) == split || self.split($0).isEmpty }
    guard !fitting.isEmpty else {
      let splits = Set(names.map { self.split($0) }).sorted().joined(separator: ", ")
      throw FormatError(format: "data set", source: path, problem: "there is no split '\(split)'; there are: \(splits)")
    }
    return fitting.map { path + "/" + $0 }
  }

  /// Reads shards one after another and hands out every sample with its picture, in order.
  ///
  /// - Parameters:
  ///   - request: how many usable samples, how pictures are decoded and where they stay.
  ///   - accept: tells why a sample is of no use before its picture is decoded; nil when it is.
  ///   - body: called for each usable sample.
  /// - Returns: the samples that were left out.
  /// - Throws: `FormatError` when a shard is damaged or cut short.
  static func read(
    _ paths: [String], _ request: DatasetLoader.Request, accept: (ShardSample) -> String?, body: (ShardSample, Picture) throws -> Void
  ) throws -> [SkippedItem] {
    var skipped: [SkippedItem] = []
    var wanted = request.limit ?? .max
    for path in paths where wanted > 0 {
      let reader = try ShardReader(path: path)
      if reader.isUnpacked { try request.requireMemory(path, "the shard is gzipped") }
      var pending: [(sample: ShardSample, picture: ShardSample.Field)] = []
      func flush() throws {
        if case .files(let side) = request.storage {
          for item in pending where wanted > 0 {
            try body(item.sample, request.picture(in: path, item.picture.range, name: item.sample.place(item.picture), side: side))
            wanted -= 1
          }
          pending.removeAll(keepingCapacity: true)
          return
        }
        let results = try PictureDecoding.decode(count: pending.count, reading: request.reading, prepare: request.prepare) {
          (pending[$0].picture.bytes, pending[$0].sample.place(pending[$0].picture))
        }
        for (item, result) in zip(pending, results) where wanted > 0 {
          switch result {
          case .success(let image):
            try body(item.sample, .image(image))
            wanted -= 1
          case .failure(let error):
            skipped.append(SkippedItem(source: item.sample.place(item.picture), reason: PictureDecoding.reason(error)))
          }
        }
        pending.removeAll(keepingCapacity: true)
      }
      while wanted > 0, let sample = try reader.next() {
        let picture = pictureFields.lazy.compactMap { name in sample.fields.first { $0.name == name } }.first
        if let picture, accept(sample) == nil {
          pending.append((sample, picture))
        } else {
          try flush()
          guard wanted > 0 else { break }
          let reason = picture == nil ? "no picture (.jpg, .jpeg or .png)" : accept(sample) ?? ""
          skipped.append(SkippedItem(source: "\(path): \(sample.key)", reason: reason))
        }
        if pending.count >= min(chunk, wanted) { try flush() }
      }
      try flush()
      if reader.isMissingEnd, wanted > 0 {
        skipped.append(SkippedItem(source: path, reason: "the shard has no end mark: samples may be missing at its end"))
      }
    }
    return skipped
  }

  /// The label in a `.cls` field: decimal text.
  static func label(_ sample: ShardSample) -> Int? {
    guard let bytes = sample["cls"], let label = Int(WhiteSpace.fold(String(decoding: bytes, as: UTF8.self))), label >= 0 else {
      return nil
    }
    return label
  }

  /// The "group" of a `.json` field: the number of the caption that the picture was made of.
  static func group(_ sample: ShardSample) -> Int? {
    guard let bytes = sample["json"], let number = try? JSONParser.parse(bytes, source: sample.key)["group"]?.integer, number >= 0 else { return nil }
    return number
  }

  /// The captions in a `.txt` field (one a line) or, without one, the "caption" of a `.json` field.
  static func captions(_ sample: ShardSample) -> [String] {
    if let bytes = sample["txt"] {
      guard let text = String(validating: bytes, as: UTF8.self) else { return [] }
      return lines(text)
    }
    guard let bytes = sample["json"], let caption = try? JSONParser.parse(bytes, source: sample.key)["caption"]?.string else { return [] }
    return lines(caption)
  }

  /// The lines of a text with white space folded, empty ones left out.
  static func lines(_ text: String) -> [String] {
    text.split(whereSeparator: \.isNewline).map { WhiteSpace.fold(String($0)) }.filter { !$0.isEmpty }
  }
}
