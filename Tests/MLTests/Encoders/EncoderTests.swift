import Foundation
import Testing

@testable import ML

struct EncoderTests {
  static let golden = "encoders/encoders.safetensors"

  static func vision(_ tag: String) throws -> VisionTransformer {
    var configuration = VisionTransformerConfiguration(imageSize: 16, patchSize: 4, width: 16, depth: 2, heads: 2)
    if let pooling = FeaturePooling(rawValue: tag) { configuration.pooling = pooling }
    if tag == "patches" { (configuration.pooling, configuration.hasClassToken) = (.mean, false) }
    if tag == "clip" {
      configuration.preNorm = true
      configuration.gelu = .quick
    }
    var stream = RandomStream(seed: 1)
    let model = try VisionTransformer(configuration, stream: &stream)
    try model.load(ModelGolden.tensors(golden), prefix: "\(tag)/weight/")
    return model
  }

  @Test(arguments: ["cls", "mean", "max", "patches", "clip"])
  func `features of a vision transformer equal timm's`(tag: String) throws {
    let tensors = try ModelGolden.tensors(EncoderTests.golden)
    let features = try EncoderTests.vision(tag)(ModelGolden.tensor("images", in: tensors))
    #expect(try ModelGolden.distance(features, ModelGolden.tensor("\(tag)/features", in: tensors)) < 1e-5)
  }

  @Test func `a transformer without a class token is imported, resized and described, and has to pool over patches`() throws {
    let tensors = try ModelGolden.tensors(EncoderTests.golden)
    let weights = tensors.filter { $0.name.hasPrefix("patches/weight/") }.map { (String($0.name.dropFirst(15)), $0.tensor) }
    var options = EncoderImport.VisionOptions(gelu: .exact, heads: 2)
    options.pooling = .mean
    let model = try EncoderImport.visionTransformer(weights, options: options)
    #expect(try ModelGolden.distance(model(ModelGolden.tensor("images", in: tensors)), ModelGolden.tensor("patches/features", in: tensors)) < 1e-5)
    options.imageSize = 24
    #expect(try EncoderImport.visionTransformer(weights, options: options)(Tensor.zeros([1, 3, 24, 24])).shape == [1, 16])
    options.pooling = .cls
    #expect(ModelGolden.message { _ = try EncoderImport.visionTransformer(weights, options: options) }.contains("choose the pooling mean or max"))
    let described = try JSONEncoder().encode(model.configuration)
    #expect(try JSONDecoder().decode(VisionTransformerConfiguration.self, from: described) == model.configuration)
    #expect(try !String(decoding: JSONEncoder().encode(VisionTransformerConfiguration()), as: UTF8.self).contains("ClassToken"))
  }

  @Test func `gradients of every weight of a vision transformer equal timm's`() throws {
    let tensors = try ModelGolden.tensors(EncoderTests.golden)
    let model = try EncoderTests.vision("cls")
    let features = try model(ModelGolden.tensor("images", in: tensors))
    let count = features.count
    let weights = try Tensor((0..<count).map { -1 + 2 * Float($0) / Float(count - 1) }, shape: features.shape)
    let gradients = try (features * weights).sum().backward()
    for (name, parameter) in model.namedParameters() {
      let expected = try ModelGolden.tensor("cls/gradient/\(name)", in: tensors)
      #expect(try ModelGolden.distance(#require(gradients[parameter.value]), expected) < 1e-4, "\(name)")
    }
  }

  @Test(arguments: ["text", "text-open"])
  func `features of a text transformer equal open_clip's, with and without a causal mask`(tag: String) throws {
    let tensors = try ModelGolden.tensors(EncoderTests.golden)
    let configuration = TextTransformerConfiguration(
      vocabulary: 50, contextLength: 8, width: 16, depth: 2, heads: 2, causal: tag == "text", gelu: tag == "text" ? .quick : .exact, output: 12)
    var stream = RandomStream(seed: 1)
    let model = try TextTransformer(configuration, stream: &stream)
    try model.load(tensors, prefix: "\(tag)/weight/")
    let tokens = try PaddedCaptions([[48, 5, 6, 7, 49], [48, 49], [48, 1, 2, 3, 4, 5, 6, 49]], contextLength: 8)
    let feature = try model(tokens).feature
    #expect(try ModelGolden.distance(feature, ModelGolden.tensor("\(tag)/features", in: tensors)) < 1e-5)
  }

  @Test(arguments: [VisionStem.patch, .convolutional])
  func `a feature does not depend on the batch it is computed in`(stem: VisionStem) throws {
    var stream = RandomStream(seed: 2)
    let model = try VisionTransformer(VisionTransformerConfiguration(width: 64, depth: 2, heads: 2, stem: stem), stream: &stream)
    let images = try ModelGolden.random([7, 3, 32, 32], seed: 4)
    let together = try withoutTracking { try model(images).floats() }
    for index in 0..<7 {
      let alone = try withoutTracking { try model(images.narrow(axis: 0, start: index, count: 1)).floats() }
      #expect(alone == Array(together[index * 64..<(index + 1) * 64]), "image \(index)")
    }
  }

  @Test func `the convolutional stem has as many tokens as the patch stem`() throws {
    var stream = RandomStream(seed: 2)
    let configuration = VisionTransformerConfiguration(imageSize: 16, patchSize: 8, width: 32, depth: 1, heads: 2, stem: .convolutional)
    let model = try VisionTransformer(configuration, stream: &stream)
    #expect(try model.tokens(ModelGolden.random([2, 3, 16, 16], seed: 1)).shape == [2, 5, 32])
    #expect(model.namedParameters().contains { $0.name == "patch_embed.convolutions.2.weight" })
  }

  @Test func `sizes that do not fit are refused with the numbers`() throws {
    var stream = RandomStream(seed: 2)
    let model = try VisionTransformer(VisionTransformerConfiguration(imageSize: 16, patchSize: 4, width: 8, depth: 1, heads: 2), stream: &stream)
    #expect(ModelGolden.message { _ = try model(Tensor.zeros([1, 3, 32, 32])) }.contains("[batch, 3, 16, 16], got [1, 3, 32, 32]"))
    #expect(ModelGolden.message { try VisionTransformerConfiguration(imageSize: 30).validate() }.contains("patches of 4 pixels do not tile an image of 30"))
    #expect(ModelGolden.message { try VisionTransformerConfiguration(width: 100, heads: 3).validate() }.contains("width 100 cannot be cut into 3 equal heads"))
    #expect(ModelGolden.message { _ = try VisionTransformerConfiguration(variant: "H/14") }.contains("Ti/16, S/16, B/16, L/16"))
    #expect(ModelGolden.message { _ = try PaddedCaptions([[1, 2, 3]], contextLength: 2) }.contains("caption 0 has 3 tokens but the model reads at most 2"))
  }

  @Test func `paper sizes have timm's numbers of parameters`() throws {
    // timm: vit_small_patch16_224 without classifier has 21,665,664 parameters.
    let configuration = try VisionTransformerConfiguration(variant: "S/16")
    var stream = RandomStream(seed: 1)
    #expect(try VisionTransformer(configuration, stream: &stream).parameterCount == 21_665_664)
  }
}
