import Testing

@testable import ML

struct TextToImageTests {
  /// A tiny model whose last layers do not start at zero, so that every part matters.
  static func model(seed: UInt64 = 1, prediction: Prediction = .velocity, pooling: CaptionPooling = .endMark) throws -> TextToImage {
    let configuration = TextToImageConfiguration(
      text: TextTransformerConfiguration(vocabulary: 20, contextLength: 8, width: 16, depth: 1, heads: 2, causal: false),
      unet: UNetConfiguration(imageSize: 16, widths: [16, 32], attention: [false, true], crossAttention: [false, true], headWidth: 16,
                              contextWidth: 16, pooledWidth: 16, timeWidth: 32, groups: 8, startsAtZero: false),
      schedule: try NoiseSchedule(.cosine, trainingSteps: 100), prediction: prediction, captionPooling: pooling, emptyCaption: [1, 2])
    var stream = RandomStream(seed: seed)
    return try TextToImage(configuration, stream: &stream)
  }

  static let captions = [[1, 5, 6, 2], [1, 7, 2], [1, 8, 9, 10, 11, 2], [1, 3, 2], [1, 4, 4, 2], [1, 12, 2], [1, 5, 2]]
  static func streams(_ indices: some Sequence<Int>) -> [RandomStream] { indices.map { RandomStream(seed: 9, purpose: "image", index: UInt64($0)) } }

  @Test(arguments: [(0.0, 0.0, CaptionPooling.endMark), (1.0, 0.0, .mean), (3.0, 0.0, .endMark), (3.0, 0.0, .mean), (2.0, 0.7, .mean)])
  func `an image has the same bytes alone, in any batch and in any order`(guidance: Double, eta: Double, pooling: CaptionPooling) throws {
    let model = try TextToImageTests.model(pooling: pooling)
    let captions = TextToImageTests.captions
    func generate(_ indices: [Int], batchSize: Int) throws -> [[Float]] {
      let pictures = try model.generate(tokens: indices.map { captions[$0] }, guidance: guidance, steps: 4, eta: eta,
                                        streams: TextToImageTests.streams(indices), batchSize: batchSize)
      return try (0..<indices.count).map { try pictures.select(axis: 0, index: $0).floats() }
    }
    let all = try generate(Array(0..<7), batchSize: 7)
    #expect(try generate(Array(0..<7), batchSize: 3) == all)
    #expect(try generate(Array((0..<7).reversed()), batchSize: 5) == all.reversed())
    for index in 0..<7 { #expect(try generate([index], batchSize: 1) == [all[index]], "image \(index)") }
    #expect(all[0] != all[1])
  }

  @Test func `guidance 1 shows the caption, guidance 0 ignores it`() throws {
    let model = try TextToImageTests.model()
    func generate(_ caption: [Int], _ guidance: Double) throws -> [Float] {
      try model.generate(tokens: [caption], guidance: guidance, steps: 3, streams: TextToImageTests.streams([0])).floats()
    }
    #expect(try generate([1, 5, 2], 0) == generate([1, 9, 9, 2], 0))
    #expect(try generate([1, 5, 2], 0) == generate([1, 2], 1))
    #expect(try generate([1, 5, 2], 1) != generate([1, 9, 9, 2], 1))
    #expect(try generate([1, 5, 2], 2) != generate([1, 5, 2], 1))
  }

  @Test func `a pooled caption is the mean of its own tokens, whatever stands beside it`() throws {
    let model = try TextToImageTests.model(pooling: .mean)
    let together = try model.encode(TextToImageTests.captions), pooled = try #require(together.pooled).floats()
    for (row, caption) in TextToImageTests.captions.enumerated() {
      let alone = try model.encode([caption])
      let own = Array(pooled[row * 16..<(row + 1) * 16])
      #expect(try #require(alone.pooled).floats() == own)
      let tokens = try alone.context.floats()
      for place in 0..<16 {
        let mean = (0..<caption.count).reduce(Float(0)) { $0 + tokens[$1 * 16 + place] } / Float(caption.count)
        #expect(abs(mean - own[place]) < 1e-6)
      }
    }
  }

  @Test func `steps are drawn evenly, or mostly from the middle`() {
    func shares(_ sampling: TimeSampling) -> (inner: Double, early: Double) {
      var stream = RandomStream(seed: 3)
      let draws = (0..<20_000).map { _ in sampling.draw(1000, stream: &stream) }
      #expect(draws.allSatisfy { (0..<1000).contains($0) })
      return (Double(draws.count { (250..<750).contains($0) }) / 20_000, Double(draws.count { $0 < 500 }) / 20_000)
    }
    let even = shares(.uniform), middle = shares(.logitNormal(mean: 0, deviation: 1)), early = shares(.logitNormal(mean: -1, deviation: 1))
    #expect(abs(even.inner - 0.5) < 0.015 && abs(even.early - 0.5) < 0.015)
    // Of a standard normal 0.7281 lie within ln 3 of its mean, 0.8413 below one deviation above it.
    #expect(abs(middle.inner - 0.7281) < 0.015 && abs(middle.early - 0.5) < 0.015)
    #expect(abs(early.early - 0.8413) < 0.015)
  }

  @Test func `padding of a caption does not change its image`() throws {
    let model = try TextToImageTests.model()
    let short = try model.generate(tokens: [[1, 5, 2]], guidance: 2, steps: 3, streams: TextToImageTests.streams([0])).floats()
    let padded = try model.generate(tokens: [[1, 5, 2, 19, 19, 19]], lengths: [3], guidance: 2, steps: 3, streams: TextToImageTests.streams([0])).floats()
    #expect(short == padded)
  }

  @Test func `a model survives its file, and f16 halves it`() throws {
    try ModelGolden.withFolder { folder in
      let model = try TextToImageTests.model()
      try model.save(to: folder + "/a.safetensors", metadata: ["seed": "1"])
      let (loaded, metadata) = try TextToImage.load(from: folder + "/a.safetensors")
      #expect(metadata["seed"] == "1")
      func picture(_ model: TextToImage) throws -> [Float] {
        try model.generate(tokens: [[1, 5, 2]], guidance: 2, steps: 2, streams: TextToImageTests.streams([0])).floats()
      }
      #expect(try picture(loaded) == picture(model))
      try model.save(to: folder + "/b.safetensors", precision: .f16)
      let half = try picture(TextToImage.load(from: folder + "/b.safetensors").model)
      #expect(try zip(half, picture(model)).allSatisfy { abs($0 - $1) < 0.1 })
      try TensorFile.write(model.namedTensors(), to: folder + "/c.safetensors")
      #expect(ModelGolden.message { _ = try TextToImage.load(from: folder + "/c.safetensors") }.contains("holds no text-to-image model"))
    }
  }

  @Test func `a poisoned weight gives an error that names image and step, not a black image`() throws {
    let model = try TextToImageTests.model()
    let weight = model.unet.outputConvolution.weight
    var values = try weight.value.detached().floats()
    values[0] = .infinity
    weight.value = try Tensor(values, shape: weight.shape)
    let message = ModelGolden.message {
      _ = try model.generate(tokens: [[1, 2]], guidance: 1, steps: 3, streams: TextToImageTests.streams([0]))
    }
    #expect(message.contains("picture 0 became NaN or infinite at step 1 of 3"))
  }

  @Test func `progress counts every step of every batch and may cancel`() throws {
    struct Stop: Error {}
    let model = try TextToImageTests.model()
    var seen: [Double] = []
    func generate(_ progress: (GenerationProgress) throws -> Void) throws {
      _ = try model.generate(tokens: Array(TextToImageTests.captions.prefix(3)), guidance: 1, steps: 2, streams: TextToImageTests.streams(0..<3),
                             batchSize: 2, progress: progress)
    }
    try generate { seen.append($0.fraction) }
    #expect(seen.map { Int((6 * $0).rounded()) } == [2, 4, 5, 6])
    var calls = 0
    #expect(throws: Stop.self) { try generate { _ in calls += 1; if calls == 2 { throw Stop() } } }
    #expect(calls == 2)
  }

  @Test func `wrong requests are refused before anything is computed`() throws {
    let model = try TextToImageTests.model()
    func message(_ steps: Int, _ tokens: [[Int]]) -> String {
      ModelGolden.message { _ = try model.generate(tokens: tokens, guidance: 1, steps: steps, streams: TextToImageTests.streams([0])) }
    }
    #expect(message(101, [[1, 2]]).contains("101 steps asked for, but the model was trained with 100"))
    #expect(message(2, [[1, 2], [1, 2]]).contains("2 captions need as many random streams, got 1"))
    #expect(message(2, [[1, 3, 3, 3, 3, 3, 3, 3, 2]]).contains("caption 0 has 9 tokens but the model reads at most 8"))
  }

  @Test func `pictures in [-1, 1] become eight bits`() throws {
    let images = try TextToImage.images(Tensor([-1, 1, 0, 2] + [Float](repeating: -1, count: 8), shape: [1, 3, 2, 2]))
    #expect(images[0].pixels == [0, 0, 0, 255, 0, 0, 128, 0, 0, 255, 0, 0])
  }

  @Test(arguments: Prediction.allCases)
  func `a batch is trained with noisy pictures, dropped captions and finite gradients`(prediction: Prediction) throws {
    let model = try TextToImageTests.model(prediction: prediction)
    let images = try ModelGolden.random([7, 3, 16, 16], seed: 2).clamp(lower: -1, upper: 1)
    func loss(_ dropout: Double, _ weighting: LossWeighting = .uniform, captions: [[Int]] = TextToImageTests.captions) throws -> Tensor {
      try model.trainingLoss(images: images, captions: captions, captionDropout: dropout, weighting: weighting, streams: TextToImageTests.streams(0..<7))
    }
    let value = try loss(0.3)
    #expect(try value.item().isFinite && value.item() == loss(0.3).item())
    let empty = [[Int]](repeating: [1, 2], count: 7)
    #expect(try loss(1).item() == loss(1, captions: empty).item())
    #expect(try loss(0).item() != loss(1).item())
    #expect(try loss(0.3, .minSNR(gamma: 0.1)).item() != value.item())
    let gradients = try value.backward()
    for (name, parameter) in model.namedParameters() {
      let gradient = try #require(gradients[parameter.value], "\(name)")
      #expect(try gradient.floats().allSatisfy { $0.isFinite }, "\(name)")
    }
  }
}
