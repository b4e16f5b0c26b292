/// Pictures of one caption, as training sees them.
public struct CaptionGroup: Sendable {
  /// Pictures that the caption made (or the real picture).
  public var pictures: [Picture]
  /// Token ids of the caption, marks included; several wordings of it are alternatives, drawn anew in each step.
  public var captions: [[Int]]
  /// Class of the pictures, for the supervised control.
  public var label: Int?
  /// Which of several sets it comes from, from 0; counts where the options give shares.
  public var source: Int

  public init(images: [Image], captions: [[Int]] = [], label: Int? = nil, source: Int = 0) {
    self.init(pictures: images.map { .image($0) }, captions: captions, label: label, source: source)
  }

  public init(pictures: [Picture], captions: [[Int]] = [], label: Int? = nil, source: Int = 0) {
    self.pictures = pictures
    self.captions = captions
    self.label = label
    self.source = source
  }
}

/// Which pictures, crops and wordings a training step uses.
public struct RepresentationBatch: Sendable, Equatable {
  /// One crop: picture `image` of group `group`.
  public struct Crop: Sendable, Hashable {
    public let group: Int
    public let image: Int
  }

  /// View-major: the first n crops are view 0 of the n things that belong together.
  public let crops: [Crop]
  /// For each crop, which of the n things it shows.
  public let labels: [Int]
  public let views: Int
  /// For each crop, the row of its caption in `wordings`; empty if captions are not used.
  public let captionRows: [Int]
  /// (group, number of the wording) of each caption in the step, every group once; empty if captions are not used.
  public let wordings: [SIMD2<Int>]
}

/// Draws the batches of a run: a pure function of (seed, step).
///
/// Captions (or pictures, where the objective is about single pictures) are taken without replacement until fewer than a
/// batch are left, then in a new order. The m pictures of a caption are drawn without replacement among its pictures.
/// Where the options give shares, each set has an order of its own, and its places in a step are its share of them to the
/// nearest whole number above or below, exactly the share over many steps.
public final class RepresentationBatches {
  let options: RepresentationOptions
  private let groupSizes: [Int]
  private let wordingCounts: [Int]
  private let perStep: Int
  private let sources: [Source]
  private var orders: [(epoch: Int, units: [Int])]

  /// A set, of which a step draws some.
  private struct Source {
    /// What is drawn without replacement: whole groups, or (group, image).
    var units: [SIMD2<Int>] = []
    /// The end of its share and of those before it, in parts of 2^20: whole numbers, so that shares never drift.
    var end = RepresentationBatches.whole
    /// Most that a step draws of it.
    var most: Int

    var stepsPerEpoch: Int { units.count / max(1, most) }
  }

  private static let whole = 1 << 20

  /// - Throws: `ModelError` if there are too few captions or pictures, or captions or labels are missing.
  public init(options: RepresentationOptions, data: [CaptionGroup]) throws {
    try options.validate()
    self.options = options
    groupSizes = data.map(\.pictures.count)
    wordingCounts = data.map(\.captions.count)
    perStep = options.cropsPerStep / options.views
    let objective = options.objective
    if objective.joinsCaptions, let small = groupSizes.firstIndex(where: { $0 < options.imagesPerCaption }) {
      throw ModelError("representation: caption \(small) has \(groupSizes[small]) pictures, but \(options.imagesPerCaption) of each caption are needed in a step; generate more or ask for fewer")
    }
    sources = try Self.sources(options, data, perStep: perStep)
    orders = sources.map { _ in (-1, []) }
    if options.usesCaptions, let silent = wordingCounts.firstIndex(of: 0) {
      throw ModelError("representation: \(objective.rawValue) needs captions, but group \(silent) has none")
    }
    if objective.usesClasses {
      for (index, group) in data.enumerated() {
        guard let label = group.label, label >= 0, label < options.classes else {
          throw ModelError("representation: group \(index) has the label \(group.label.map(String.init) ?? "none"); \(objective.rawValue) needs labels 0 to \(options.classes - 1)")
        }
      }
    }
  }

  private static func sources(_ options: RepresentationOptions, _ data: [CaptionGroup], perStep: Int) throws -> [Source] {
    let things = options.objective.joinsCaptions ? "captions" : "pictures"
    func units(_ group: Int) -> [SIMD2<Int>] {
      options.objective.joinsCaptions ? [SIMD2(group, -1)] : data[group].pictures.indices.map { SIMD2(group, $0) }
    }
    guard let shares = options.sourceShares else {
      let only = Source(units: data.indices.flatMap(units), most: perStep)
      guard only.units.count >= perStep else {
        throw ModelError("representation: a step needs \(perStep) \(things), the data has \(only.units.count); lower the crops per step or give more data")
      }
      return [only]
    }
    if let stray = data.first(where: { !shares.indices.contains($0.source) })?.source {
      throw ModelError("representation: there are \(shares.count) shares, but data of a set number \(stray + 1)")
    }
    let total = shares.reduce(0, +)
    var sum = 0.0, start = 0, sources: [Source] = []
    for (number, share) in shares.enumerated() {
      sum += share
      let end = number == shares.count - 1 ? whole : Int((sum / total * Double(whole)).rounded())
      var source = Source(end: end, most: ((end - start) * perStep + whole - 1) / whole)
      source.units = data.indices.filter { data[$0].source == number }.flatMap(units)
      guard source.units.count >= source.most else {
        throw ModelError("representation: a step needs up to \(source.most) \(things) of set \(number + 1), it has \(source.units.count); lower its share or the crops per step")
      }
      sources.append(source)
      start = end
    }
    return sources
  }

  /// Steps until every caption (or picture) of the set that takes longest was drawn about once.
  public var stepsPerEpoch: Int { sources.map(\.stepsPerEpoch).max() ?? 0 }

  /// What a step draws, set by set.
  private func chosen(_ step: Int) -> [SIMD2<Int>] {
    // The same offset for all sets makes their places add up to those of the step; multiples of the golden ratio spread it evenly.
    let offset = Int(UInt32(truncatingIfNeeded: step) &* 0x9E37_79B1) >> 12
    var chosen: [SIMD2<Int>] = [], taken = 0
    for number in sources.indices where sources[number].most > 0 {
      let source = sources[number], epoch = step / source.stepsPerEpoch
      if orders[number].epoch != epoch {
        let purpose = "representation epoch" + (number == 0 ? "" : " of set \(number)")
        var stream = RandomStream(seed: options.optimization.seed, purpose: purpose, index: UInt64(epoch))
        orders[number] = (epoch, stream.permutation(source.units.count))
      }
      let end = source.end == Self.whole ? perStep : (source.end * perStep + offset) / Self.whole
      let first = step % source.stepsPerEpoch * source.most
      chosen += orders[number].units[first..<first + end - taken].map { source.units[$0] }
      taken = end
    }
    return chosen
  }

  /// The batch of a step, counted from 0.
  public func batch(_ step: Int) -> RepresentationBatch {
    let seed = options.optimization.seed
    let chosen = chosen(step)
    var crops: [RepresentationBatch.Crop] = []
    if options.objective.joinsCaptions {
      let pictures = chosen.enumerated().map { place, unit -> [Int] in
        var stream = RandomStream(seed: seed, purpose: "representation pictures", index: UInt64(step * perStep + place))
        return Array(stream.permutation(groupSizes[unit[0]]).prefix(options.imagesPerCaption))
      }
      for view in 0..<options.views {
        for (place, unit) in chosen.enumerated() {
          crops.append(.init(group: unit[0], image: pictures[place][view / options.cropsPerImage]))
        }
      }
    } else {
      for _ in 0..<options.views { crops += chosen.map { .init(group: $0[0], image: $0[1]) } }
    }
    var rows: [Int] = []
    var wordings: [SIMD2<Int>] = []
    if options.usesCaptions {
      // Pictures of one caption share its row, so that a caption never stands against itself.
      var known: [Int: Int] = [:]
      for crop in crops {
        if let row = known[crop.group] { rows.append(row); continue }
        var stream = RandomStream(seed: seed, purpose: "representation wording", index: UInt64(step * options.cropsPerStep + wordings.count))
        known[crop.group] = wordings.count
        rows.append(wordings.count)
        wordings.append(SIMD2(crop.group, stream.integer(below: wordingCounts[crop.group])))
      }
    }
    return RepresentationBatch(crops: crops, labels: viewMajorLabels(captions: perStep, views: options.views), views: options.views,
                               captionRows: rows, wordings: wordings)
  }
}
