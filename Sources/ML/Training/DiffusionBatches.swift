/// Draws the batches of a generator's training from a fixed set of captioned pictures: a pure function of (seed, step).
///
/// Pictures are taken in a random order without replacement until all were seen, then in a new order; each time a picture
/// comes up, one of its captions is drawn.
public final class DiffusionBatches {
  private let images: [Image]
  private let captions: [[[Int]]]
  private let batchSize: Int
  private let seed: UInt64
  private let flips: Bool
  private var order: (epoch: Int, items: [Int]) = (-1, [])

  /// - Parameters:
  ///   - images: all of one size.
  ///   - captions: for each picture, the token ids of at least one caption.
  ///   - batchSize: pictures in each step, 1 or more.
  ///   - seed: of the order and of the drawn captions.
  ///   - flips: whether half of the pictures are mirrored; wrong where captions speak of left and right. Default false.
  /// - Throws: `ModelError` when the data is empty, of several sizes or without captions.
  public init(images: [Image], captions: [[[Int]]], batchSize: Int, seed: UInt64, flips: Bool = false) throws {
    guard let first = images.first, images.count == captions.count else {
      throw ModelError("generator data: expected as many lists of captions as pictures, at least one; got \(images.count) pictures and \(captions.count) lists")
    }
    if let odd = images.firstIndex(where: { $0.width != first.width || $0.height != first.height }) {
      throw ModelError("generator data: picture \(odd + 1) has \(images[odd].width)x\(images[odd].height) pixels, the first has \(first.width)x\(first.height); resize them to one size")
    }
    if let silent = captions.firstIndex(where: \.isEmpty) { throw ModelError("generator data: picture \(silent + 1) has no caption") }
    guard batchSize >= 1 else { throw ModelError("generator data: the batch size must be at least 1, got \(batchSize)") }
    self.images = images
    self.captions = captions
    self.batchSize = batchSize
    self.seed = seed
    self.flips = flips
  }

  /// The batch of a step, counted from 0.
  public func batch(_ step: Int) throws -> DiffusionBatch {
    var chosen: [Image] = []
    var words: [[Int]] = []
    for item in 0..<batchSize {
      let position = step * batchSize + item
      let epoch = position / images.count
      if order.epoch != epoch {
        var stream = RandomStream(seed: seed, purpose: "generator data order", index: UInt64(epoch))
        order = (epoch, stream.permutation(images.count))
      }
      let index = order.items[position % images.count]
      var stream = RandomStream(seed: seed, purpose: "generator caption", index: UInt64(position))
      words.append(captions[index][stream.integer(below: captions[index].count)])
      chosen.append(flips && stream.chance(0.5) ? try images[index].mirrored() : images[index])
    }
    return try DiffusionBatch(images: chosen, captions: words)
  }
}

extension Image {
  /// The picture with left and right exchanged.
  func mirrored() throws -> Image {
    try Image(width: width, height: height) { bytes in
      for y in 0..<height {
        for x in 0..<width {
          for c in 0..<3 { bytes[(y * width + x) * 3 + c] = pixels[(y * width + width - 1 - x) * 3 + c] }
        }
      }
    }
  }
}
