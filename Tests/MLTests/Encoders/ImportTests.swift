import Foundation
import Testing

@testable import ML

/// The numbers of make_residual.py that look drawn from [-1, 1).
private func spread(_ count: Int, phase: Double) -> [Double] {
  (0..<count).map {
    let x = Double.sine(Double($0) * 12.9898 + phase) * 43758.5453
    return 2 * (x - x.rounded(.down)) - 1
  }
}

@Suite struct ImportTests {
  private static func fill(_ model: ResNet) throws {
    let tensors = try model.namedTensors().map { name, tensor -> (name: String, tensor: Tensor) in
      var values = spread(tensor.count, phase: Double(name.utf8.reduce(0) { $0 + Int($1) } % 1000))
      if tensor.rank == 4 {
        let scale = (6 / Double(tensor.shape[1] * tensor.shape[2] * tensor.shape[3])).squareRoot()
        values = values.map { $0 * scale }
      } else if name.hasSuffix("running_var") || name.hasSuffix("weight") {
        values = values.map { 1 + 0.3 * $0 }
      } else {
        values = values.map { $0 * 0.1 }
      }
      return (name, try Tensor(values.map { Float($0) }, shape: tensor.shape))
    }
    try model.load(tensors)
  }

  private static let images = Result { try Tensor(spread(6144, phase: 0.5).map { Float($0) }, shape: [2, 3, 32, 32]) }

  private func everyFourth(_ features: Tensor) throws -> Tensor { try features.stride(axis: 1, start: 0, count: features.shape[1] / 4, step: 4) }

  @Test(arguments: ["resnet18", "resnet50", "small"])
  func `features and gradients of a residual network equal timm's, in training and outside`(tag: String) throws {
    let golden = try #require(try ModelGolden.json("encoders/residual.json")[tag] as? [String: Any])
    var configuration = tag == "small" ? ResNetConfiguration() : try ResNetConfiguration(variant: tag)
    configuration.imageSize = 32
    var stream = RandomStream(seed: 1)
    let model = try ResNet(configuration, stream: &stream)
    try ImportTests.fill(model)
    let images = try ImportTests.images.get()
    let features = try withoutTracking { try model(images) }
    #expect(try ModelGolden.distance(everyFourth(features), ModelGolden.doubles(golden["features"])) < 1e-5)
    guard golden["trained"] != nil else { return }
    let trained = try model(images, views: 1, training: true)
    #expect(try ModelGolden.distance(everyFourth(trained), ModelGolden.doubles(golden["trained"])) < 1e-4)
    let weights = try Tensor(spread(trained.count, phase: 2.5).map { Float($0) }, shape: trained.shape)
    let gradients = try (trained * weights).sum().backward()
    let slope = try #require(gradients[model.convolution.weight.value]).floats()
    let kept = try Tensor(stride(from: 0, to: slope.count, by: 7).map { slope[$0] })
    #expect(try ModelGolden.distance(kept, ModelGolden.doubles(golden["gradient"])) < 1e-3)
    let buffers = Dictionary(uniqueKeysWithValues: model.namedBuffers().map { ($0.name, $0.buffer.value) })
    #expect(try ModelGolden.distance(#require(buffers["layer1.1.bn1.running_mean"]), ModelGolden.doubles(golden["mean"])) < 1e-5)
    #expect(try ModelGolden.distance(#require(buffers["layer2.0.downsample.1.running_var"]), ModelGolden.doubles(golden["variance"])) < 1e-5)
  }

  @Test func `the start of a residual network passes its shortcuts alone`() throws {
    var stream = RandomStream(seed: 1)
    let model = try ResNet(ResNetConfiguration(width: 8), stream: &stream)
    #expect(model.stages.allSatisfy { $0.elements.allSatisfy { $0.norms.last?.rows.weight.value.shape != nil } })
    for block in model.stages.flatMap(\.elements) { #expect(try block.norms.last?.rows.weight.value.floats().allSatisfy { $0 == 0 } == true) }
    #expect(try model(ModelGolden.random([2, 3, 32, 32], seed: 1)).shape == [2, 64])
  }

  private static func clip() throws -> [(name: String, tensor: Tensor)] {
    try ModelGolden.tensors("encoders/clip.safetensors").filter { $0.name.hasPrefix("clip/weight/") }.map { (String($0.name.dropFirst(12)), $0.tensor) }
  }

  private static func timm() throws -> [(name: String, tensor: Tensor)] {
    try ModelGolden.tensors("encoders/clip.safetensors").filter { $0.name.hasPrefix("tanh/weight/") }.map { (String($0.name.dropFirst(12)), $0.tensor) }
  }

  @Test func `a CLIP model's visual tower gives open_clip's features, and other ones with the wrong activation`() throws {
    let tensors = try ModelGolden.tensors("encoders/clip.safetensors")
    let images = try ModelGolden.tensor("images", in: tensors), expected = try ModelGolden.tensor("clip/features", in: tensors)
    let text: [(name: String, tensor: Tensor)] = [("logit_scale", try Tensor.full([], 2.6)), ("positional_embedding", try Tensor.zeros([8, 16]))]
    let model = try EncoderImport.visionTransformer(ImportTests.clip() + text, options: .init(gelu: .quick, heads: 2))
    #expect(model.featureWidth == 12 && model.configuration.imageSize == 16)
    #expect(try ModelGolden.distance(model(images), expected) < 1e-5)
    let wrong = try EncoderImport.visionTransformer(ImportTests.clip(), options: .init(gelu: .exact, heads: 2))
    #expect(try ModelGolden.distance(wrong(images), expected) > 1e-3)
  }

  @Test func `a transformer with the tanh form of GELU gives timm's features`() throws {
    let tensors = try ModelGolden.tensors("encoders/clip.safetensors")
    let model = try EncoderImport.visionTransformer(ImportTests.timm(), options: .init(gelu: .tanh, heads: 2))
    let expected = try ModelGolden.tensor("tanh/features", in: tensors)
    #expect(try ModelGolden.distance(model(ModelGolden.tensor("images", in: tensors)), expected) < 1e-5)
  }

  @Test(arguments: ["", "module."]) func `the tower of a StableRep model gives timm's features, whatever heads and texts it was trained with`(_ wrapper: String) throws {
    let tensors = try ModelGolden.tensors("encoders/clip.safetensors")
    let rest: [(name: String, tensor: Tensor)] = [
      ("image_mlp.layer1.weight", try Tensor.zeros([8, 16])), ("image_mlp.bn1.running_mean", try Tensor.zeros([8])), ("logit_scale", try Tensor.full([], 2.6)),
      ("transformer.resblocks.0.ln_1.weight", try Tensor.zeros([8])), ("positional_embedding", try Tensor.zeros([8, 16])), ("visual.head.weight", try Tensor.zeros([5, 16]))]
    let saved = try (ImportTests.timm().map { ("visual." + $0.name, $0.tensor) } + rest).map { (wrapper + $0.0, $0.1) }
    var options = EncoderImport.VisionOptions(gelu: .tanh, heads: 2)
    #expect(ModelGolden.message { _ = try EncoderImport.visionTransformer(saved, options: options) }.contains("not part of the model: head.weight"))
    options.ignored = [wrapper + "visual.head.weight"]
    let model = try EncoderImport.visionTransformer(saved, options: options)
    #expect(try ModelGolden.distance(model(ModelGolden.tensor("images", in: tensors)), ModelGolden.tensor("tanh/features", in: tensors)) < 1e-5)
  }

  @Test func `positions for another size of picture are resampled as timm resamples them`() throws {
    let tensors = try ModelGolden.tensors("encoders/clip.safetensors")
    var options = EncoderImport.VisionOptions(gelu: .tanh, heads: 2)
    for (side, name) in [(24, "tanh/positions"), (12, "tanh/fewer_positions")] {
      options.imageSize = side
      let model = try EncoderImport.visionTransformer(ImportTests.timm(), options: options)
      #expect(try ModelGolden.distance(#require(model.learnedPositions).value, ModelGolden.tensor(name, in: tensors)) < 1e-5)
      #expect(try model(Tensor.zeros([1, 3, side, side])).shape == [1, 16])
    }
  }

  @Test func `missing and extra tensors are errors that name them, unless named in advance`() throws {
    let options = EncoderImport.VisionOptions(gelu: .exact, heads: 2)
    let whole = try ImportTests.timm()
    let head: [(name: String, tensor: Tensor)] = [("head.weight", try Tensor.zeros([5, 16]))]
    #expect(ModelGolden.message { _ = try EncoderImport.visionTransformer(whole + head, options: options) }.contains("not part of the model: head.weight"))
    var lenient = options
    lenient.ignored = ["head.weight"]
    _ = try EncoderImport.visionTransformer(whole + head, options: lenient)
    let lacking = whole.filter { $0.name != "norm.bias" }
    #expect(ModelGolden.message { _ = try EncoderImport.visionTransformer(lacking, options: options) }.contains("missing: norm.bias"))
    #expect(ModelGolden.message { _ = try EncoderImport.visionTransformer(head, options: options) }.contains("no tensor patch_embed.proj.weight"))
    #expect(ModelGolden.message { _ = try EncoderImport.resNet(whole) }.contains("no tensor conv1.weight"))
    var stream = RandomStream(seed: 1)
    let network = try ResNet(ResNetConfiguration(width: 8), stream: &stream)
    let counted = network.namedTensors() + [("bn1.num_batches_tracked", try Tensor([3]))]
    #expect(try EncoderImport.resNet(counted).configuration == network.configuration)
    #expect(ModelGolden.message { _ = try EncoderImport.resNet(counted + [("fc.weight", try Tensor.zeros([2, 64]))]) }.contains("not part of the model: fc.weight"))
  }

  @Test func `fixed positions are kept in the file and are no parameters`() throws {
    var stream = RandomStream(seed: 1)
    let model = try VisionTransformer(VisionTransformerConfiguration(imageSize: 16, width: 16, depth: 1, heads: 2, positions: .fixed), stream: &stream)
    #expect(!model.namedParameters().contains { $0.name == "pos_embed" })
    let kept = try #require(model.namedTensors().first { $0.name == "pos_embed" }).tensor
    #expect(kept.shape == [1, 17, 16])
    // The second place of the first row: sin 1 of the column, then sines and cosines of row 0.
    let second = try kept.floats()[32..<48]
    #expect(abs(second[32] - 0.84147) < 1e-5 && abs(second[36] - 0.5403) < 1e-4 && second[40] == 0 && second[44] == 1)
    #expect(ModelGolden.message { try VisionTransformerConfiguration(width: 18, heads: 2, positions: .fixed).validate() }.contains("a width that 4 divides, got 18"))
  }

  @Test func `a configuration written before positions were a choice is still read`() throws {
    let old = #"{"channels":3,"depth":1,"epsilon":1e-06,"gelu":"exact","heads":2,"imageSize":32,"mlpRatio":4,"patchSize":4,"pooling":"cls","preNorm":false,"stem":"patch","width":16}"#
    let read = try JSONDecoder().decode(VisionTransformerConfiguration.self, from: Data(old.utf8))
    #expect(read == VisionTransformerConfiguration(width: 16, depth: 1, heads: 2))
  }
}
