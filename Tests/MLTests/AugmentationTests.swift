import Testing

@testable import ML

@Suite struct AugmentationTests {
  private func pictures(_ count: Int) throws -> [Image] {
    let sampler = SceneSampler(seed: 4)
    return try (0..<count).map { try sampler.scene($0).render(side: 32) }
  }

  private func crops(_ recipe: AugmentationRecipe, _ images: [Image], _ choices: [Int], first: UInt64 = 0) throws -> [Float] {
    let pipeline = try AugmentationPipeline(recipe)
    var output = [Float](repeating: .nan, count: choices.count * pipeline.cropCount)
    try output.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      try pipeline.apply(images: images, choices: choices, seed: 9, purpose: "test", firstIndex: first, into: base)
    }
    return output
  }

  @Test func `a crop is the same alone, in a batch and on any number of threads`() throws {
    let images = try pictures(6)
    let choices = (0..<50).map { $0 % 6 }
    let threads = ThreadPool.threadCount
    defer { ThreadPool.setThreadCount(threads) }
    ThreadPool.setThreadCount(1)
    let alone = try crops(.strong(side: 24), images, choices)
    ThreadPool.setThreadCount(3)
    #expect(try crops(.strong(side: 24), images, choices) == alone)
    let late = try crops(.strong(side: 24), images, Array(choices[20..<50]), first: 20)
    #expect(late == Array(alone[(20 * 3 * 24 * 24)...]))
    #expect(alone.allSatisfy { $0.isFinite })
  }

  @Test func `written crops are the picture's normalised bytes`() throws {
    let image = try pictures(1)[0]
    let recipe = AugmentationRecipe.strong(side: 20)
    let pipeline = try AugmentationPipeline(recipe)
    for index in 0..<40 {
      var stream = RandomStream(seed: 1, purpose: "written", index: UInt64(index))
      let parameters = recipe.parameters(width: 32, height: 32, stream: &stream)
      var written = [Float](repeating: 0, count: pipeline.cropCount)
      try written.withUnsafeMutableBufferPointer { buffer in
        if let base = buffer.baseAddress { try pipeline.write(image, parameters, into: base) }
      }
      let expected = try pipeline.image(image, parameters)
        .planar(mean: AugmentationRecipe.imageNetMean, deviation: AugmentationRecipe.imageNetDeviation)
      for (one, other) in zip(written, expected) { #expect(abs(one - other) < 2e-6) }
    }
  }

  @Test func `without random steps a picture of the right side only is normalised`() throws {
    let image = try pictures(1)[0]
    let values = try crops(.none(side: 32), [image], [0])
    let expected = image.planar(mean: AugmentationRecipe.imageNetMean, deviation: AugmentationRecipe.imageNetDeviation)
    for (one, other) in zip(values, expected) { #expect(abs(one - other) < 2e-6) }
  }

  @Test func `each step happens as often as its probability says`() throws {
    let recipe = AugmentationRecipe.strongDownsampled(side: 224)
    var seen = (downsampled: 0, small: 0, jitter: 0, grey: 0, blur: 0, flip: 0)
    let count = 6000
    for index in 0..<count {
      var stream = RandomStream(seed: 2, purpose: "often", index: UInt64(index))
      let parameters = recipe.parameters(width: 320, height: 256, stream: &stream)
      if parameters.downsampledSide != nil { seen.downsampled += 1 }
      if parameters.downsampledSide == 64 { seen.small += 1 }
      if !parameters.colourChanges.isEmpty { seen.jitter += 1 }
      if parameters.greyscale { seen.grey += 1 }
      if parameters.blurRadius > 0 {
        seen.blur += 1
        #expect((0.1...2).contains(parameters.blurRadius))
      }
      if parameters.flip { seen.flip += 1 }
    }
    func near(_ value: Int, _ share: Double) -> Bool {
      abs(Double(value) - share * Double(count)) < 4 * (share * (1 - share) * Double(count)).squareRoot()
    }
    #expect(near(seen.downsampled, 0.05) && near(seen.small, 0.025) && near(seen.jitter, 0.8))
    #expect(near(seen.grey, 0.2) && near(seen.blur, 0.5) && near(seen.flip, 0.5))
  }

  @Test func `crops stay inside the picture, even of a thin one`() throws {
    for (width, height) in [(32, 32), (200, 3), (1, 50), (1, 1)] {
      for index in 0..<200 {
        var stream = RandomStream(seed: 3, purpose: "inside", index: UInt64(index))
        let box = AugmentationRecipe.crop(
          width: width, height: height, scale: 0.08...1, ratio: AugmentationRecipe.usualRatio, stream: &stream)
        #expect(box.left >= 0 && box.top >= 0 && box.width > 0 && box.height > 0)
        #expect(box.left + box.width <= width && box.top + box.height <= height)
      }
    }
  }

  @Test func `the scenes recipe never mirrors, greys or shifts a hue by more than two hundredths`() throws {
    let recipe = AugmentationRecipe.scenes()
    for index in 0..<2000 {
      var stream = RandomStream(seed: 5, purpose: "scenes recipe", index: UInt64(index))
      let parameters = recipe.parameters(width: 32, height: 32, stream: &stream)
      #expect(!parameters.flip && !parameters.greyscale && parameters.blurRadius < 0.6)
      for case .hue(let turn) in parameters.colourChanges { #expect(abs(turn) <= 0.02) }
    }
  }

  @Test func `solarising inverts the upper half of the bytes, and one crop in five is`() throws {
    let image = try pictures(1)[0]
    let pipeline = try AugmentationPipeline(.none(side: 32))
    let solarised = try pipeline.image(image, AugmentationParameters(solarised: true))
    #expect(image.pixels.contains { $0 >= 128 })
    #expect(solarised.pixels == image.pixels.map { $0 >= 128 ? 255 - $0 : $0 })
    let count = (0..<2000).count { index in
      var stream = RandomStream(seed: 5, purpose: "solarise", index: UInt64(index))
      return AugmentationRecipe.strongSolarised().parameters(width: 32, height: 32, stream: &stream).solarised
    }
    #expect((340...460).contains(count), "\(count)")
  }

  @Test func `mirroring swaps left and right exactly`() throws {
    let image = try pictures(1)[0]
    let pipeline = try AugmentationPipeline(.none(side: 32))
    let mirrored = try pipeline.image(image, AugmentationParameters(flip: true))
    for row in 0..<32 {
      for column in 0..<32 {
        for channel in 0..<3 {
          #expect(mirrored.pixels[(row * 32 + column) * 3 + channel] == image.pixels[(row * 32 + 31 - column) * 3 + channel])
        }
      }
    }
  }

  @Test func `blur keeps flat pictures and the mean, and spreads a point like a Gaussian`() throws {
    var flat = [UInt8](repeating: 77, count: 20 * 10 * 3)
    flat.withUnsafeMutableBufferPointer { GaussianBlur(radius: 2.3).apply($0.baseAddress!, width: 20, height: 10) }
    #expect(flat.allSatisfy { $0 == 77 })
    var point = [UInt8](repeating: 0, count: 41 * 41 * 3)
    for row in 18...22 { for column in 18...22 { for channel in 0..<3 { point[(row * 41 + column) * 3 + channel] = 250 } } }
    let radius = 2.0
    point.withUnsafeMutableBufferPointer { GaussianBlur(radius: Float(radius)).apply($0.baseAddress!, width: 41, height: 41) }
    var mass = 0.0, spread = 0.0
    for row in 0..<41 {
      for column in 0..<41 {
        let value = Double(point[(row * 41 + column) * 3])
        mass += value
        spread += value * Double((column - 20) * (column - 20))
      }
    }
    #expect(abs(mass / (25 * 250) - 1) < 0.02)
    // The square has a variance of 2 and the blur adds its own.
    #expect(abs(spread / mass - (2 + radius * radius)) < 0.4)
  }

  @Test func `options out of range are refused by name`() throws {
    func message(_ change: (inout AugmentationRecipe) -> Void) -> String {
      var recipe = AugmentationRecipe.strong(side: 32)
      change(&recipe)
      do {
        _ = try AugmentationPipeline(recipe)
        return "accepted"
      } catch { return "\(error)" }
    }
    let cases: [(String, (inout AugmentationRecipe) -> Void)] = [
      ("option flip must be a probability from 0 to 1, got 1.5", { $0.flip = 1.5 }),
      ("option greyscale", { $0.greyscale = .nan }),
      ("option side must be from 1 to 4096 pixels, got 0", { $0.side = 0 }),
      ("option crop.scale", { $0.crop = .random(scale: 0...1, ratio: 1...1) }),
      ("option crop.ratio", { $0.crop = .random(scale: 0.1...1, ratio: -1...1) }),
      ("option jitter.hue", { $0.jitter?.hue = 0.6 }),
      ("option jitter.contrast", { $0.jitter?.contrast = -1 }),
      ("option blur.radius", { $0.blur?.radius = -1...1 }),
      ("mean and deviation", { $0.deviation = SIMD3(1, 0, 1) }),
      ("an empty list", { $0.downsampling = .init(probability: 0.1, shorterSides: [], restoredSide: 8) }),
    ]
    for (expected, change) in cases {
      let found = message(change)
      #expect(found.hasPrefix("augmentation: ") && found.contains(expected), "\(found)")
    }
    #expect(throws: AugmentationError.name("harsh")) { try AugmentationRecipe.named("harsh", side: 32) }
  }

  @Test func `parameters and pictures that do not fit are refused`() throws {
    let image = try pictures(1)[0]
    let pipeline = try AugmentationPipeline(.none(side: 8))
    let outside = AugmentationParameters(crop: PixelRectangle(left: 30, top: 0, width: 3, height: 3))
    #expect(throws: ResizeError.self) { try pipeline.image(image, outside) }
    #expect(throws: AugmentationError.self) { try pipeline.image(image, AugmentationParameters(blurRadius: .infinity)) }
    #expect(throws: AugmentationError.self) { try pipeline.image(image, AugmentationParameters(colourChanges: [.hue(.nan)])) }
    #expect(throws: AugmentationError.crops(count: 3, images: 1)) { try crops(.weak(side: 8), [image], [0, 3]) }
    struct Broken: Error, Equatable { let index: Int }
    var output = [Float](repeating: 0, count: 30 * pipeline.cropCount)
    func picture(_ index: Int) throws -> Image {
      if index == 11 || index == 22 { throw Broken(index: index) }
      return image
    }
    #expect(throws: Broken(index: 11)) {
      try output.withUnsafeMutableBufferPointer { buffer in
        guard let base = buffer.baseAddress else { return }
        try pipeline.apply(
          count: 30, image: picture, stream: { RandomStream(seed: 1, purpose: "broken", index: UInt64($0)) }, into: base)
      }
    }
  }
}
