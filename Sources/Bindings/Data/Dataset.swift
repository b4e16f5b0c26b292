import Host
import ML

/// Pictures with what is known of them. All lists have one entry for each picture.
final class Dataset: LuaObject {
  static let luaName = "Dataset"
  let pictures: [Picture]
  /// Captions of each picture; several wordings are alternatives. Empty lists where there are none.
  let captions: [[String]]
  /// Pictures of one caption have one group, counted from 0.
  let groups: [Int]
  /// Classes; nil where there are none.
  let labels: [Int]?
  let classNames: [String]
  /// How each generated picture was made; nil for real ones.
  let provenance: [StoreValue]?
  /// What was left out when the set was loaded, and what training could not read.
  private(set) var skipped: [SkippedItem]
  /// Where it comes from, in words.
  let source: String
  /// Pixels; sets that share pictures count them each.
  private let byteCount: Int

  convenience init(
    images: [Image], captions: [[String]] = [], groups: [Int]? = nil, labels: [Int]? = nil, classNames: [String] = [],
    provenance: [StoreValue]? = nil, skipped: [SkippedItem] = [], source: String
  ) {
    self.init(pictures: images.map { .image($0) }, captions: captions, groups: groups, labels: labels, classNames: classNames,
              provenance: provenance, skipped: skipped, source: source)
  }

  init(
    pictures: [Picture], captions: [[String]] = [], groups: [Int]? = nil, labels: [Int]? = nil, classNames: [String] = [],
    provenance: [StoreValue]? = nil, skipped: [SkippedItem] = [], source: String
  ) {
    byteCount = pictures.reduce(0) { $0 + $1.bytesInMemory }
    MemoryPressure.hold(byteCount)
    self.pictures = pictures
    self.captions = captions.isEmpty ? [[String]](repeating: [], count: pictures.count) : captions
    self.groups = groups ?? Array(0..<pictures.count)
    self.labels = labels
    self.classNames = classNames
    self.provenance = provenance
    self.skipped = skipped
    self.source = source
  }

  deinit { MemoryPressure.release(byteCount) }

  var count: Int { pictures.count }
  var groupCount: Int { (groups.max() ?? -1) + 1 }

  /// Width and height that all pictures share; nil when they differ or there are none.
  var size: (width: Int, height: Int)? {
    guard let first = pictures.first?.size, pictures.allSatisfy({ $0.size == first }) else { return nil }
    return first
  }

  /// All pictures, read where they are in files.
  func images() throws -> [Image] { try pictures.map { try $0.image() } }

  /// Whether one of the pictures lies in a file of this name.
  func contains(fileNamed name: String) -> Bool {
    pictures.contains { if case .file(let file) = $0 { file.name == name } else { false } }
  }

  /// Notes a picture that could not be read, once.
  func skip(_ item: SkippedItem) {
    if !skipped.contains(where: { $0.source == item.source }) { skipped.append(item) }
  }

  private var knownDigest: ContentHash?

  /// Hash of pixels (of pictures in files: of the files' bytes), captions, groups, labels and class names; provenance, file names and what was
  /// skipped are not in it.
  ///
  /// - Throws: `FormatError` when a file cannot be read.
  var digest: ContentHash {
    get throws {
      if let knownDigest { return knownDigest }
      let made = try makeDigest()
      knownDigest = made
      return made
    }
  }

  private func makeDigest() throws -> ContentHash {
    let hashes = try ThreadPool.results(count, grain: 16) { index in
      switch pictures[index] {
      case .image(let image): ContentHash(of: image.pixels).bytes
      case .file(let file): ContentHash(of: try file.bytes()).bytes
      }
    }
    let pieces = try hashes.flatMap { try $0.get() }
    let value: StoreValue = [
      "pixels": .bytes(pieces), "sizes": .list(pictures.flatMap { [.integer($0.size.width), .integer($0.size.height)] }),
      "captions": .list(captions.map { .list($0.map { .string($0) }) }), "groups": .list(groups.map { .integer($0) }),
      "labels": labels.map { .list($0.map { .integer($0) }) } ?? .null, "classes": .list(classNames.map { .string($0) }),
    ]
    // A value without files always has an encoding.
    return (try? ContentHash(of: value)) ?? ContentHash(of: pieces)
  }

  /// The pictures at some places, in the given order; groups are numbered anew.
  func selecting(_ places: [Int], source: String? = nil) -> Dataset {
    var numbers: [Int: Int] = [:]
    let groups = places.map { place -> Int in
      let old = self.groups[place]
      if let known = numbers[old] { return known }
      numbers[old] = numbers.count
      return numbers.count - 1
    }
    return Dataset(
      pictures: places.map { pictures[$0] }, captions: places.map { captions[$0] }, groups: groups, labels: labels.map { all in places.map { all[$0] } },
      classNames: classNames, provenance: provenance.map { all in places.map { all[$0] } }, skipped: [], source: source ?? self.source)
  }

  /// The set with the middle squares of its pictures at another size.
  func resized(_ side: Int) throws -> Dataset {
    if let size, size == (side, side) { return self }
    return Dataset(
      pictures: try pictures.map { try $0.prepared(side: side) { try SquareFit.crop.apply($0, size: side) } }, captions: captions, groups: groups, labels: labels,
      classNames: classNames, provenance: provenance, skipped: skipped, source: source)
  }

  /// This set's pictures and then another's, whose groups follow.
  ///
  /// - Throws: `LuaError` when both have labels of other classes, which one number would mix up.
  func joined(with other: Dataset) throws -> Dataset {
    let areLabelled = labels != nil && other.labels != nil
    guard !areLabelled || classNames == other.classNames else {
      throw LuaError("the sets have other classes (\(classNames.prefix(3).joined(separator: ", ")) ... and \(other.classNames.prefix(3).joined(separator: ", ")) ...); their labels cannot be joined")
    }
    let offset = groupCount
    return Dataset(
      pictures: pictures + other.pictures, captions: captions + other.captions, groups: groups + other.groups.map { $0 + offset },
      labels: areLabelled ? (labels ?? []) + (other.labels ?? []) : nil, classNames: areLabelled ? classNames : [],
      provenance: provenance.flatMap { mine in other.provenance.map { mine + $0 } }, skipped: skipped + other.skipped, source: source == other.source ? source : "\(source) and \(other.source)")
  }

  /// The pictures as numbers in [0, 1], [N, 3, H, W].
  func tensor(_ places: Range<Int>) throws -> Tensor {
    guard let size else { throw LuaError("the pictures of this set differ in size; load it with a size") }
    let length = 3 * size.width * size.height
    return try Tensor.build([places.count, 3, size.height, size.width]) { buffer in
      guard let base = buffer.baseAddress else { return }
      try ThreadPool.throwingFor(places.count, grain: 8) { index in
        try pictures[places.lowerBound + index].image().writePlanar(into: base + index * length)
      }
    }
  }

  /// The PNG file of one picture, with its provenance in text chunks.
  func png(_ place: Int) throws -> [UInt8] {
    var text: [PNGText] = []
    if let caption = captions[place].first { text.append(PNGText("Description", caption)) }
    if let provenance = provenance?[place] {
      text.append(PNGText("Software", "Loam \(provenance["loam_version"]?.text ?? Loam.version)"))
      text.append(PNGText(Provenance.keyword, provenance.plainJSON()))
    }
    return try PNG.encode(try pictures[place].image(), text: text)
  }
}
