import Host
import ML

/// Loam's own form of a data set: WebDataset shards that keep groups, labels and provenance, and a file that describes them.
enum DatasetFiles {
  static let descriptionName = "dataset.json"
  private static let formatName = "loam dataset 1"

  /// Writes a data set into a folder: shard-000000.tar, ... and dataset.json, which is written last.
  static func write(_ dataset: Dataset, to folder: String, check: () throws -> Void) throws {
    try Host.Folder.create(folder)
    // Older shards of the same name would be taken for members.
    for name in try Host.Folder.names(in: folder) where name == descriptionName || (name.hasPrefix("shard-") && name.hasSuffix(".tar")) {
      try Host.Folder.remove(folder + "/" + name)
    }
    let writer = try ShardWriter(prefix: folder + "/shard")
    for place in 0..<dataset.count {
      if place % 64 == 0 { try check() }
      try writer.add(key: key(place), fields: try fields(of: place, in: dataset))
    }
    let shards = try writer.finish()
    let description: StoreValue = [
      "format": .string(formatName), "count": .integer(dataset.count), "classes": .list(dataset.classNames.map { .string($0) }),
      "source": .string(dataset.source), "digest": .string(try dataset.digest.hex),
      "shards": .list(shards.map { .string(Host.Folder.name(of: $0)) }),
    ]
    try Host.AtomicFile.write(description.plainJSON(pretty: true) + "\n", to: folder + "/" + descriptionName)
  }

  /// Writes a data set as a single shard, whole or not at all.
  ///
  /// - Parameters:
  ///   - first: number of the first picture in names.
  ///   - firstGroup: added to the numbers of groups.
  static func writeShard(_ dataset: Dataset, to path: String, first: Int, firstGroup: Int, check: () throws -> Void) throws {
    try Host.Folder.create(Host.Folder.parent(of: path))
    let writer = try TarWriter(path: path)
    for place in 0..<dataset.count {
      if place % 64 == 0 { try check() }
      for field in try fields(of: place, in: dataset, firstGroup: firstGroup) { try writer.add(key(first + place) + "." + field.name, field.bytes) }
    }
    try writer.finish()
  }

  private static func key(_ number: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, 8 - digits.count)) + digits
  }

  /// The files of one picture by their endings.
  private static func fields(of place: Int, in dataset: Dataset, firstGroup: Int = 0) throws -> [(name: String, bytes: [UInt8])] {
    var fields: [(name: String, bytes: [UInt8])] = [("png", try dataset.png(place))]
    if let caption = dataset.captions[place].first { fields.append(("txt", Array(caption.utf8))) }
    if let label = dataset.labels?[place] { fields.append(("cls", Array("\(label)".utf8))) }
    var entries: [StoreEntry] = [
      StoreEntry("group", .integer(firstGroup + dataset.groups[place])), StoreEntry("captions", .list(dataset.captions[place].map { .string($0) })),
    ]
    if let provenance = dataset.provenance?[place] { entries.append(StoreEntry("provenance", provenance)) }
    fields.append(("json", Array(StoreValue.table(entries).plainJSON().utf8)))
    return fields
  }

  /// Whether a folder holds Loam's own form.
  static func isDataset(_ folder: String) -> Bool { Host.Folder.kind(of: folder + "/" + descriptionName) == .file }

  /// What `dataset.json` says.
  private static func description(_ folder: String) throws -> (count: Int?, shards: [String], classNames: [String]) {
    let path = folder + "/" + descriptionName
    let text = String(decoding: try MappedFile.read(path), as: UTF8.self)
    guard let description = try? StoreValue(json: text), description["format"]?.text == formatName,
      case .list(let shards)? = description["shards"], case .list(let classes)? = description["classes"]
    else { throw LuaError("\(path) does not describe a Loam data set: expected format \"\(formatName)\" with shards and classes; write it again with save_shards") }
    return (description["count"]?.integer, shards.compactMap(\.text).map { folder + "/" + $0 }, classes.compactMap(\.text))
  }

  /// What is known of pictures, gathered sample by sample.
  private struct Gathered {
    var pictures: [Picture] = []
    private var captions: [[String]] = [], groups: [Int] = [], labels: [Int] = [], provenance: [StoreValue] = []

    mutating func add(_ picture: Picture, _ sample: ShardSample) {
      let json = (try? StoreValue(json: sample["json"] ?? [])) ?? .null
      pictures.append(picture)
      if case .list(let texts)? = json["captions"] { captions.append(texts.compactMap(\.text)) } else { captions.append([]) }
      groups.append(json["group"]?.integer ?? groups.count)
      if let label = sample["cls"].flatMap({ Int(String(decoding: $0, as: UTF8.self)) }) { labels.append(label) }
      if let made = json["provenance"] { provenance.append(made) }
    }

    func dataset(_ folder: String, _ classNames: [String], expected: Int?) throws -> Dataset {
      if let expected, pictures.count != expected {
        throw LuaError("\(folder) holds \(pictures.count) pictures, \(expected) were written; write it again with save_shards")
      }
      func whole<Element>(_ list: [Element]) -> [Element]? { list.count == pictures.count && !pictures.isEmpty ? list : nil }
      return Dataset(pictures: pictures, captions: captions, groups: groups, labels: whole(labels), classNames: classNames, provenance: whole(provenance), source: folder)
    }
  }

  private static func place(_ sample: ShardSample) -> String { "\(sample.source): \(sample.key).png" }

  /// Reads what `write` wrote.
  static func read(_ folder: String, limit: Int?, check: () throws -> Void) throws -> Dataset {
    let description = try description(folder)
    var gathered = Gathered()
    var pending: [ShardSample] = []
    func flush() throws {
      let samples = pending
      pending = []
      let results = try ThreadPool.results(samples.count, grain: 4) { try ImageFile.decode(samples[$0]["png"] ?? [], source: place(samples[$0])) }
      for (sample, result) in zip(samples, results) { gathered.add(.image(try result.get()), sample) }
      try check()
    }
    reading: for shard in description.shards {
      let reader = try ShardReader(path: shard)
      while let sample = try reader.next() {
        if let limit, gathered.pictures.count + pending.count >= limit { break reading }
        pending.append(sample)
        if pending.count == 256 { try flush() }
      }
    }
    try flush()
    return try gathered.dataset(folder, description.classNames, expected: limit == nil ? description.count : nil)
  }

  /// The same set with its pictures left in the shards.
  ///
  /// - Parameter side: width and height that every picture gets; nil takes those of the first, all others then become like it.
  static func open(_ folder: String, side: Int?, limit: Int?, check: () throws -> Void) throws -> Dataset {
    let description = try description(folder)
    var gathered = Gathered()
    var side = side
    reading: for shard in description.shards {
      let reader = try ShardReader(path: shard)
      while let sample = try reader.next() {
        if let limit, gathered.pictures.count >= limit { break reading }
        if gathered.pictures.count % 4096 == 0 { try check() }
        guard let field = sample.fields.first(where: { $0.name == "png" }) else {
          throw LuaError("\(place(sample)) is missing; write the set again with save_shards")
        }
        if side == nil {
          let first = try ImageFile.decode(field.bytes, source: place(sample))
          guard first.width == first.height else {
            throw LuaError("the pictures of \(folder) are no squares (\(first.width) x \(first.height) pixels); give a size to read them on demand")
          }
          side = first.width
        }
        let pixels = side ?? 0
        gathered.add(.file(PictureFile(path: shard, name: place(sample), range: field.range, side: pixels) { try SquareFit.crop.apply($0, size: pixels) }), sample)
      }
    }
    return try gathered.dataset(folder, description.classNames, expected: limit == nil ? description.count : nil)
  }
}
