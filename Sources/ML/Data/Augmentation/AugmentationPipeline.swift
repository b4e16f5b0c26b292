/// Runs a recipe on pictures: draw parameters, apply them, normalise.
public struct AugmentationPipeline: Sendable {
  public let recipe: AugmentationRecipe
  /// `(byte / 255 - mean) / deviation` for each byte, one table of 256 per channel.
  private let normalised: [Float]

  /// - Throws: `AugmentationError.option` when an option of the recipe is out of range.
  public init(_ recipe: AugmentationRecipe) throws {
    try recipe.validate()
    self.recipe = recipe
    normalised = (0..<3).flatMap { channel in
      (0..<256).map { (Float($0) / 255 - recipe.mean[channel]) / recipe.deviation[channel] }
    }
  }

  /// Numbers in one crop: `3 * side * side`.
  public var cropCount: Int { 3 * recipe.side * recipe.side }

  /// The picture after all steps but the last, which normalises.
  ///
  /// - Throws: `ResizeError.outside` when the parameters' crop leaves the picture.
  public func image(_ image: Image, _ parameters: AugmentationParameters) throws -> Image {
    try Image(width: recipe.side, height: recipe.side) { bytes in
      guard let bytes = bytes.baseAddress else { return }
      try transform(image, parameters, into: bytes)
      if parameters.flip { mirror(bytes) }
    }
  }

  /// Writes one crop as `3 * side * side` normalised planar numbers.
  ///
  /// - Throws: `ResizeError.outside` when the parameters' crop leaves the picture.
  public func write(
    _ image: Image, _ parameters: AugmentationParameters, into output: UnsafeMutablePointer<Float>
  ) throws {
    let side = recipe.side
    try withUnsafeTemporaryAllocation(of: UInt8.self, capacity: cropCount) { buffer in
      guard let bytes = buffer.baseAddress else { return }
      try transform(image, parameters, into: bytes)
      normalised.withUnsafeBufferPointer { tables in
        for row in 0..<side {
          for column in 0..<side {
            let source = bytes + (row * side + (parameters.flip ? side - 1 - column : column)) * 3
            for channel in 0..<3 {
              output[(channel * side + row) * side + column] = tables[channel * 256 + Int(source[channel])]
            }
          }
        }
      }
    }
  }

  /// Writes many crops on the thread pool; the bytes do not depend on the number of threads.
  ///
  /// - Parameters:
  ///   - count: number of crops.
  ///   - image: the picture of a crop; called from several threads.
  ///   - stream: the stream of a crop's parameters.
  ///   - output: `count * 3 * side * side` numbers, overwritten; crops in order.
  /// - Throws: the error of the first crop that failed; `TensorError.interrupted`.
  public func apply(
    count: Int, image: (Int) throws -> Image, stream: (Int) -> RandomStream,
    into output: UnsafeMutablePointer<Float>
  ) throws {
    try ThreadPool.throwingFor(count, grain: 4) { index in
      let picture = try image(index)
      var stream = stream(index)
      let parameters = recipe.parameters(width: picture.width, height: picture.height, stream: &stream)
      try write(picture, parameters, into: output + index * cropCount)
    }
  }

  /// Writes one crop of each chosen picture; see the form that takes closures.
  ///
  /// - Parameters:
  ///   - images: the pictures.
  ///   - choices: which picture each crop is taken of.
  ///   - seed: the experiment's seed.
  ///   - purpose: name of the random streams, such as "augmentation epoch 3".
  ///   - firstIndex: index of the first crop's stream, so that batches continue each other.
  public func apply(
    images: [Image], choices: [Int], seed: UInt64, purpose: String, firstIndex: UInt64 = 0,
    into output: UnsafeMutablePointer<Float>
  ) throws {
    if let wrong = choices.first(where: { !images.indices.contains($0) }) {
      throw AugmentationError.crops(count: wrong, images: images.count)
    }
    try apply(
      count: choices.count, image: { images[choices[$0]] },
      stream: { RandomStream(seed: seed, purpose: purpose, index: firstIndex &+ UInt64($0)) }, into: output)
  }

  /// All steps up to the mirroring, as interleaved bytes.
  private func transform(
    _ original: Image, _ parameters: AugmentationParameters, into bytes: UnsafeMutablePointer<UInt8>
  ) throws {
    try parameters.validate()
    var image = original
    if let side = parameters.downsampledSide, let downsampling = recipe.downsampling {
      for length in [side, downsampling.restoredSide] {
        let (width, height) = AugmentationRecipe.proportional(image.width, image.height, length)
        image = try image.resized(width: width, height: height, filter: recipe.filter)
      }
    }
    let side = recipe.side
    var box = parameters.crop ?? PixelRectangle(left: 0, top: 0, width: image.width, height: image.height)
    if parameters.crop == nil {
      if min(image.width, image.height) != side { image = try image.resized(shorterSide: side, filter: recipe.filter) }
      box = PixelRectangle(
        left: Int((Double(image.width - side) / 2).rounded(.toNearestOrEven)),
        top: Int((Double(image.height - side) / 2).rounded(.toNearestOrEven)), width: side, height: side)
    }
    try image.check(box)
    image.pixels.withUnsafeBufferPointer { source in
      guard let source = source.baseAddress else { return }
      Resampling(box, width: side, height: side, filter: recipe.filter, antialias: true)
        .run(source, sourceWidth: image.width, bytes)
    }
    let colours = ColourAdjustment(pixels: bytes, count: side * side)
    for change in parameters.colourChanges { colours.apply(change) }
    if parameters.greyscale { colours.removeColour() }
    if parameters.blurRadius > 0 {
      GaussianBlur(radius: parameters.blurRadius).apply(bytes, width: side, height: side)
    }
    if parameters.solarised {
      for place in 0..<cropCount where bytes[place] >= 128 { bytes[place] = 255 - bytes[place] }
    }
  }

  private func mirror(_ bytes: UnsafeMutablePointer<UInt8>) {
    let side = recipe.side
    for row in 0..<side {
      for column in 0..<side / 2 {
        for channel in 0..<3 {
          let left = (row * side + column) * 3 + channel
          let right = (row * side + side - 1 - column) * 3 + channel
          (bytes[left], bytes[right]) = (bytes[right], bytes[left])
        }
      }
    }
  }
}
