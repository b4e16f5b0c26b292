/// Draws batches of captioned pictures for a generator: a pure function of (seed, step).
///
/// Pictures are taken without replacement until fewer than a batch are left, then in a new order; the wording of a picture
/// with several captions is drawn anew each time.
public final class DiffusionBatches {
  private let images: [Image]
  private let captions: [[[Int]]]
  private let batchSize: Int
  private let seed: UInt64
  private let flip: Float
  private var order: (epoch: Int, images: [Int]) = (-1, [])

  /// Wraps pictures of one size.
  ///
  /// - Parameters:
  ///   - images: at least a batch of them.
  ///   - captions: for each picture one or more captions as token ids, marks included.
  ///   - batchSize: B.
  ///   - seed: of the drawing.
  ///   - flipChance: chance that a picture is mirrored; default 0, right where captions speak of left and right.
  /// - Throws: `ModelError` if pictures and captions do not fit together.
  public init(images: [Image], captions: [[[Int]]], batchSize: Int, seed: UInt64, flipChance: Double = 0) throws {
    guard images.count == captions.count else {
      throw ModelError("diffusion batches: \(images.count) pictures need as many lists of captions, got \(captions.count)")
    }
    guard batchSize >= 1, images.count >= batchSize else {
      throw ModelError("diffusion batches: a batch of \(batchSize) cannot be drawn from \(images.count) pictures")
    }
    if let silent = captions.firstIndex(where: \.isEmpty) { throw ModelError("diffusion batches: picture \(silent) has no caption") }
    if let odd = images.firstIndex(where: { $0.width != images[0].width || $0.height != images[0].height }) {
      throw ModelError("diffusion batches: picture \(odd) is \(images[odd].width) x \(images[odd].height), the first is \(images[0].width) x \(images[0].height); resize them to one size")
    }
    self.images = images
    self.captions = captions
    self.batchSize = batchSize
    self.seed = seed
    flip = Float(flipChance)
  }

  /// The batch of a step, counted from 0.
  public func batch(_ step: Int) throws -> DiffusionBatch {
    let perEpoch = images.count / batchSize
    if order.epoch != step / perEpoch {
      var stream = RandomStream(seed: seed, purpose: "diffusion epoch", index: UInt64(step / perEpoch))
      order = (step / perEpoch, stream.permutation(images.count))
    }
    let first = step % perEpoch * batchSize
    let chosen = Array(order.images[first..<first + batchSize])
    var wordings: [[Int]] = []
    var mirrored: [Bool] = []
    for (place, index) in chosen.enumerated() {
      var stream = RandomStream(seed: seed, purpose: "diffusion wording", index: UInt64(step * batchSize + place))
      wordings.append(captions[index][stream.integer(below: captions[index].count)])
      mirrored.append(stream.chance(flip))
    }
    let (width, height) = (images[0].width, images[0].height)
    let half = SIMD3<Float>(repeating: 0.5)
    let count = 3 * width * height
    let pictures = try Tensor.build([batchSize, 3, height, width]) { buffer in
      guard let base = buffer.baseAddress else { return }
      try ThreadPool.interruptibleFor(batchSize, grain: 8) { place in
        let output = base + place * count
        images[chosen[place]].writePlanar(into: output, mean: half, deviation: half)
        if mirrored[place] {
          for row in 0..<3 * height {
            var line = UnsafeMutableBufferPointer(start: output + row * width, count: width)
            line.reverse()
          }
        }
      }
    }
    return DiffusionBatch(images: pictures, captions: wordings)
  }
}
