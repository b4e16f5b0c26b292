import Host
import ML

/// Pictures with what is known of them. All lists have one entry for each picture.
final class Dataset: LuaObject {
  static let luaName = "Dataset"
  let images: [Image]
  /// Captions of each picture; several wordings are alternatives. Empty lists where there are none.
  let captions: [[String]]
  /// Pictures of one caption have one group, counted from 0.
  let groups: [Int]
  /// Classes; nil where there are none.
  let labels: [Int]?
  let classNames: [String]
  /// How each generated picture was made; nil for real ones.
  let provenance: [StoreValue]?
  /// What was left out when the set was loaded.
  let skipped: [SkippedItem]
  /// Where it comes from, in words.
  let source: String
  /// Pixels; sets that share pictures count them each.
  private let byteCount: Int

  init(
    images: [Image], captions: [[String]] = [], groups: [Int]? = nil, labels: [Int]? = nil, classNames: [String] = [],
    provenance: [StoreValue]? = nil, skipped: [SkippedItem] = [], source: String
  ) {
    byteCount = images.reduce(0) { $0 + $1.pixels.count }
    MemoryPressure.hold(byteCount)
    self.images = images
    self.captions = captions.isEmpty ? [[String]](repeating: [], count: images.count) : captions
    self.groups = groups ?? Array(0..<images.count)
    self.labels = labels
    self.classNames = classNames
    self.provenance = provenance
    self.skipped = skipped
    self.source = source
  }

  deinit { MemoryPressure.release(byteCount) }

  var count: Int { images.count }
  var groupCount: Int { (groups.max() ?? -1) + 1 }

  /// Width and height that all pictures share; nil when they differ or there are none.
  var size: (width: Int, height: Int)? {
    guard let first = images.first, images.allSatisfy({ $0.width == first.width && $0.height == first.height }) else { return nil }
    return (first.width, first.height)
  }

  /// Hash of pixels, captions, groups, labels and class names; provenance, file names and what was skipped are not in it.
  private(set) lazy var digest: ContentHash = {
    var pieces: [UInt8] = []
    for image in images { pieces += ContentHash(of: image.pixels).bytes }
    let value: StoreValue = [
      "pixels": .bytes(pieces), "sizes": .list(images.flatMap { [.integer($0.width), .integer($0.height)] }),
      "captions": .list(captions.map { .list($0.map { .string($0) }) }), "groups": .list(groups.map { .integer($0) }),
      "labels": labels.map { .list($0.map { .integer($0) }) } ?? .null, "classes": .list(classNames.map { .string($0) }),
    ]
    // A value without files always has an encoding.
    return (try? ContentHash(of: value)) ?? ContentHash(of: pieces)
  }()

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
      images: places.map { images[$0] }, captions: places.map { captions[$0] }, groups: groups, labels: labels.map { all in places.map { all[$0] } },
      classNames: classNames, provenance: provenance.map { all in places.map { all[$0] } }, skipped: [], source: source ?? self.source)
  }

  /// The pictures as numbers in [0, 1], [N, 3, H, W].
  func tensor(_ places: Range<Int>) throws -> Tensor {
    guard let size else { throw LuaError("the pictures of this set differ in size; load it with a size") }
    let length = 3 * size.width * size.height
    return try Tensor.build([places.count, 3, size.height, size.width]) { buffer in
      guard let base = buffer.baseAddress else { return }
      ThreadPool.parallelFor(places.count, grain: 8) { index in images[places.lowerBound + index].writePlanar(into: base + index * length) }
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
    return try PNG.encode(images[place], text: text)
  }
}

/// How provenance is written down.
enum Provenance {
  /// Keyword of the PNG text chunk.
  static let keyword = "loam"
}
