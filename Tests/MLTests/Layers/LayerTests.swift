import Testing

@testable import ML

struct LayerTests {
  @Test func `a module names its parameters as the state dict of timm does`() throws {
    var stream = RandomStream(seed: 1)
    let model = try VisionTransformer(VisionTransformerConfiguration(imageSize: 8, patchSize: 4, width: 8, depth: 1, heads: 2), stream: &stream)
    #expect(model.namedParameters().map(\.name) == [
      "cls_token", "pos_embed", "patch_embed.proj.weight", "patch_embed.proj.bias", "blocks.0.norm1.weight", "blocks.0.norm1.bias",
      "blocks.0.attn.qkv.weight", "blocks.0.attn.qkv.bias", "blocks.0.attn.proj.weight", "blocks.0.attn.proj.bias",
      "blocks.0.norm2.weight", "blocks.0.norm2.bias", "blocks.0.mlp.fc1.weight", "blocks.0.mlp.fc1.bias", "blocks.0.mlp.fc2.weight",
      "blocks.0.mlp.fc2.bias", "norm.weight", "norm.bias",
    ])
  }

  @Test func `weight decay spares biases, norms and the logit scale but not class token and positions`() throws {
    let options = RepresentationOptions(
      objective: .stablerepPlus, encoder: VisionTransformerConfiguration(imageSize: 8, patchSize: 4, width: 8, depth: 1, heads: 2),
      text: TextTransformerConfiguration(vocabulary: 5, contextLength: 4, width: 8, depth: 1, heads: 2),
      optimization: OptimizationOptions(steps: 1, learningRate: 1))
    for (name, parameter) in try RepresentationModel(options, seed: 1).namedParameters() {
      let decays = !(parameter.shape.count <= 1 || name.hasSuffix("bias"))
      #expect(parameter.decays == decays, "\(name)")
    }
  }

  @Test func `start weights have the deviations that PyTorch and timm draw`() throws {
    var stream = RandomStream(seed: 5)
    func deviation(_ tensor: Tensor) throws -> Double {
      let values = try tensor.detached().floats().map { Double($0) }
      let mean = values.reduce(0, +) / Double(values.count)
      return (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)).squareRoot()
    }
    let linear = try Linear(300, 200, stream: &stream)
    /// How far the deviation of a weight is from the expected one, relatively.
    func offset(_ parameter: Parameter, _ expected: Double) throws -> Double { abs(try deviation(parameter.value) / expected - 1) }
    #expect(try offset(linear.weight, 1 / 900.0.squareRoot()) < 0.02)
    #expect(try linear.weight.value.detached().floats().allSatisfy { abs($0) <= 1 / Float(300).squareRoot() })
    let block = try TransformerBlock(width: 128, heads: 2, hidden: 512, stream: &stream)
    #expect(try offset(block.mlp.fc1.weight, 0.02) < 0.02)
    #expect(try #require(block.mlp.fc1.bias).value.detached().floats().allSatisfy { $0 == 0 })
    let text = try TextTransformer(TextTransformerConfiguration(vocabulary: 500, width: 128, depth: 6, heads: 2, output: 100), stream: &stream)
    let first = text.blocks.elements[0]
    #expect(try offset(first.attention.queryKeyValue.weight, 1 / 128.0.squareRoot()) < 0.02)
    #expect(try offset(first.attention.output.weight, 1 / 1536.0.squareRoot()) < 0.03)
    #expect(try offset(first.mlp.fc1.weight, 1 / 256.0.squareRoot()) < 0.02)
    #expect(try offset(text.tokenEmbedding.weight, 0.02) < 0.02)
  }

  @Test func `the same stream draws the same weights`() throws {
    func weights() throws -> [[Float]] {
      var stream = RandomStream(seed: 3, purpose: "weights")
      return try ProjectionHead(width: 4, hidden: 6, output: 3, stream: &stream).namedTensors().map { try $0.tensor.floats() }
    }
    #expect(try weights() == weights())
  }

  @Test func `the projection head equals torch, with batch norm over each view apart`() throws {
    let golden = try #require(try ModelGolden.json("losses/losses.json")["head"] as? [String: Any])
    let state = try #require(golden["state"] as? [String: Any])
    var stream = RandomStream(seed: 1)
    let head = try ProjectionHead(width: 3, hidden: 5, output: 2, stream: &stream)
    var tensors = try state.map { (name: $0.key, tensor: try ModelGolden.tensor($0.value, tracked: false)) }
    for norm in ["1", "4"] {
      tensors.append(("\(norm).running_mean", try Tensor.zeros([5])))
      tensors.append(("\(norm).running_var", try Tensor.full([5], 1)))
    }
    try head.load(tensors)
    let input = try Tensor(ModelGolden.doubles(golden["input"]).map { Float($0) }, shape: [8, 3]).tracked()
    let output = try head(input, views: 2)
    #expect(try ModelGolden.distance(output, ModelGolden.doubles(golden["output"])) < 1e-5)
    let weights = try Tensor((0..<16).map { -1 + 2 * Float($0) / 15 }, shape: [8, 2])
    let gradients = try (output * weights).sum().backward()
    #expect(try ModelGolden.distance(#require(gradients[input]), ModelGolden.doubles(golden["input_gradient"])) < 1e-4)
    let expected = try #require(golden["gradient"] as? [String: Any])
    let largest = try expected.values.flatMap { try ModelGolden.doubles($0) }.map { abs($0) }.max() ?? 1
    for (name, parameter) in head.namedParameters() {
      let found = try #require(gradients[parameter.value])
      // Biases before a batch norm have a gradient of zero up to rounding, so differences are measured against the largest.
      #expect(try ModelGolden.distance(found, ModelGolden.doubles(expected[name]), floor: largest) < 1e-5, "\(name)")
    }
    let running = try #require(golden["running"] as? [String: Any])
    for (name, buffer) in head.namedBuffers() {
      #expect(try ModelGolden.distance(buffer.value, ModelGolden.doubles(running[name])) < 1e-5, "\(name)")
    }
    #expect(try ModelGolden.distance(head(input, training: false), ModelGolden.doubles(golden["evaluated"])) < 1e-5)
  }

  @Test func `missing, extra and misshapen tensors are named, and nothing is loaded then`() throws {
    var stream = RandomStream(seed: 1)
    let layer = try Linear(2, 3, stream: &stream)
    let before = try layer.weight.value.detached().floats()
    let message = ModelGolden.message {
      try layer.load([("weight", Tensor.zeros([3, 4])), ("scale", Tensor.zeros([3]))])
    }
    #expect(message.contains("missing: bias"))
    #expect(message.contains("not part of the model: scale"))
    #expect(message.contains("weight should be [3, 2] but is [3, 4]"))
    #expect(try layer.weight.value.detached().floats() == before)
  }

  @Test func `a token id outside the vocabulary is an error`() throws {
    var stream = RandomStream(seed: 1)
    let table = try Embedding(count: 4, width: 2, stream: &stream)
    #expect(ModelGolden.message { _ = try table([1, 4]) }.contains("token id 4 is outside the vocabulary of 4"))
  }
}
