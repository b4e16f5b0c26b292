/// Pictures of one caption, as training sees them.
public struct CaptionGroup: Sendable {
  /// Pictures that the caption made (or the real picture).
  public var pictures: [Picture]
  /// Token ids of the caption, marks included; several wordings of it are alternatives, drawn anew in each step.
  public var captions: [[Int]]
  /// Class of the pictures, for the supervised control.
  public var label: Int?

  public init(images: [Image], captions: [[Int]] = [], label: Int? = nil) {
    self.init(pictures: images.map { .image($0) }, captions: captions, label: label)
  }

  public init(pictures: [Picture], captions: [[Int]] = [], label: Int? = nil) {
    self.pictures = pictures
    self.captions = captions
    self.label = label
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
public final class RepresentationBatches {
  let options: RepresentationOptions
  private let groupSizes: [Int]
  private let wordingCounts: [Int]
  /// What is drawn without replacement: whole groups, or (group, image).
  private let units: [SIMD2<Int>]
  private let perStep: Int
  private var order: (epoch: Int, units: [Int]) = (-1, [])

  /// - Throws: `ModelError` if there are too few captions or pictures, or captions or labels are missing.
  public init(options: RepresentationOptions, data: [CaptionGroup]) throws {
    try options.validate()
    self.options = options
    groupSizes = data.map(\.pictures.count)
    wordingCounts = data.map(\.captions.count)
    perStep = options.cropsPerStep / options.views
    let objective = options.objective
    if objective.joinsCaptions {
      if let small = groupSizes.firstIndex(where: { $0 < options.imagesPerCaption }) {
        throw ModelError("representation: caption \(small) has \(groupSizes[small]) pictures, but \(options.imagesPerCaption) of each caption are needed in a step; generate more or ask for fewer")
      }
      units = data.indices.map { SIMD2($0, -1) }
    } else {
      units = data.indices.flatMap { group in data[group].pictures.indices.map { SIMD2(group, $0) } }
    }
    guard units.count >= perStep else {
      let things = objective.joinsCaptions ? "captions" : "pictures"
      throw ModelError("representation: a step needs \(perStep) \(things), the data has \(units.count); lower the crops per step or give more data")
    }
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

  /// Steps until every caption (or picture) was drawn about once.
  public var stepsPerEpoch: Int { units.count / perStep }

  /// The batch of a step, counted from 0.
  public func batch(_ step: Int) -> RepresentationBatch {
    let seed = options.optimization.seed
    let epoch = step / stepsPerEpoch
    if order.epoch != epoch {
      var stream = RandomStream(seed: seed, purpose: "representation epoch", index: UInt64(epoch))
      order = (epoch, stream.permutation(units.count))
    }
    let first = step % stepsPerEpoch * perStep
    let chosen = order.units[first..<first + perStep].map { units[$0] }
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
