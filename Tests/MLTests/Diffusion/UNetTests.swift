import Testing

@testable import ML

struct UNetTests {
  /// The network of Tests/Golden/diffusion/make.py.
  static func tiny(_ tag: String) -> UNetConfiguration {
    UNetConfiguration(
      imageSize: 8, pixelUnshuffle: 1, widths: [8, 16], layersPerBlock: 1, attention: [false, true], crossAttention: [false, true],
      middleAttention: true, middleBlocks: 2, headWidth: 8, feedForward: 4, contextWidth: 8, pooledWidth: tag == "scale_shift" ? 6 : nil,
      timeWidth: 32, timeConditioning: tag == "scale_shift" ? .scaleShift : .add, skips: .everyStage, groups: 4, startsAtZero: false)
  }

  @Test(arguments: ["add", "scale_shift"])
  func `a whole UNet equals diffusers in output and gradients, with masked captions`(tag: String) throws {
    let tensors = try ModelGolden.tensors("diffusion/unet-\(tag).safetensors")
    var stream = RandomStream(seed: 1)
    let net = try UNet(UNetTests.tiny(tag), stream: &stream)
    try net.load(tensors, prefix: "\(tag)/weight/")
    let output = try net(ModelGolden.tensor("sample", in: tensors), times: [17, 801], context: ModelGolden.tensor("context", in: tensors),
                         lengths: [5, 3], pooled: ModelGolden.tensor("pooled", in: tensors))
    #expect(try ModelGolden.distance(output, ModelGolden.tensor("\(tag)/output", in: tensors)) < 2e-5)
    let weights = try Tensor((0..<384).map { -1 + 2 * Float($0) / 383 }, shape: output.shape)
    let gradients = try (output * weights).sum().backward()
    let parameters = Dictionary(uniqueKeysWithValues: net.namedParameters().map { ($0.name, $0.parameter) })
    let prefix = "\(tag)/gradient/"
    let expected = tensors.filter { $0.name.hasPrefix(prefix) }
    #expect(expected.count >= 10)
    for (name, tensor) in expected {
      let parameter = try #require(parameters[String(name.dropFirst(prefix.count))])
      #expect(try ModelGolden.distance(#require(gradients[parameter.value]), tensor) < 1e-3, "\(name)")
    }
  }

  @Test func `the generator of scenes stays within four million parameters and 0.4 GFLOP`() throws {
    var stream = RandomStream(seed: 1)
    let model = try TextToImage(.scenes(vocabulary: 800, emptyCaption: [1, 2]), stream: &stream)
    #expect(model.parameterCount <= 4_000_000, "\(model.parameterCount)")
    let cost = model.unet.multiplyAdds()
    #expect(2 * cost <= 400_000_000, "\(2 * cost)")
  }

  @Test func `a network that starts at zero predicts zero`() throws {
    var stream = RandomStream(seed: 1)
    let net = try UNet(UNetConfiguration(imageSize: 16, widths: [16, 32], attention: [false, true], crossAttention: [false, true]), stream: &stream)
    let output = try withoutTracking {
      try net(ModelGolden.random([2, 3, 16, 16], seed: 1), times: [3, 900], context: ModelGolden.random([2, 4, 128], seed: 2),
              pooled: ModelGolden.random([2, 128], seed: 3))
    }
    #expect(output.shape == [2, 3, 16, 16])
    #expect(try output.floats().allSatisfy { $0 == 0 })
  }

  @Test func `sizes that do not fit are refused with the numbers`() throws {
    #expect(ModelGolden.message { try UNetConfiguration(imageSize: 36).validate() }.contains("multiple of 8 for 3 levels and pixel unshuffle 2, got 36"))
    #expect(ModelGolden.message { try UNetConfiguration(widths: [64, 100, 128]).validate() }.contains("width 100 cannot be cut into 16 groups"))
    #expect(ModelGolden.message { try UNetConfiguration(attention: [true]).validate() }.contains("3 widths need as many"))
    var stream = RandomStream(seed: 1)
    let net = try UNet(UNetTests.tiny("add"), stream: &stream)
    let message = ModelGolden.message { _ = try net(Tensor.zeros([1, 3, 16, 16]), times: [0], context: Tensor.zeros([1, 2, 8])) }
    #expect(message.contains("[1, 3, 8, 8]") && message.contains("got [1, 3, 16, 16]"))
  }
}
