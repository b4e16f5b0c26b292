import Testing

@testable import ML

/// One step of each objective beside PyTorch, from the same weights and crops (`Tests/Golden/objectives/make.py`).
struct ObjectiveGoldenTests {
  private static func options(_ objective: RepresentationObjective) -> RepresentationOptions {
    RepresentationOptions(
      objective: objective, encoder: VisionTransformerConfiguration(imageSize: 12, patchSize: 4, width: 16, depth: 1, heads: 2),
      text: TextTransformerConfiguration(vocabulary: 50, contextLength: 8, width: 16, depth: 1, heads: 2), optimization: OptimizationOptions(steps: 10, learningRate: 0.1), cropsPerStep: objective.joinsCaptions ? 12 : 8, imagesPerCaption: 3, headHidden: 12, headOutput: 8, matchingWidth: 6, classes: 3,
      teacherMomentum: 0.9, prototypes: 20, decoder: .init(width: 8, depth: 1, heads: 2),
      localCrops: objective == .synclr ? 2 : 0, localSize: 8)
  }

  @Test(arguments: RepresentationObjective.allCases)
  func `loss, gradients and teacher of a step equal PyTorch's`(objective: RepresentationObjective) throws {
    let golden = try ModelGolden.tensors("objectives/objectives.safetensors")
    func part(_ name: String) throws -> Tensor { try ModelGolden.tensor("\(objective.rawValue)/\(name)", in: golden) }
    let model = try RepresentationModel(ObjectiveGoldenTests.options(objective), seed: 1)
    try model.load(golden, prefix: "\(objective.rawValue)/start/")
    let crops = try part("crops")
    let visible = objective == .mae ? try (0..<8).map { sample in try part("visible").select(axis: 0, index: sample).integers() } : []
    let views = model.options.views
    let count = crops.shape[0] / views
    let labels = viewMajorLabels(captions: count, views: views)
    var captions: [[Int]] = []
    for row in 0..<(objective.usesCaptions ? count : 0) {
      let ids = try part("captions").select(axis: 0, index: row).integers()
      captions.append(Array(ids[...(ids.firstIndex(of: 49) ?? 0)]))
    }
    let batch = RepresentationBatch(crops: [], labels: labels, views: views, captionRows: objective.usesCaptions ? labels : [], wordings: [])
    let loss = try model.loss(images: crops, batch: batch, captions: captions, classes: [0, 1, 0, 2, 0, 1, 0, 2],
                              localImages: objective == .synclr ? part("small") : nil, visible: visible)
    let expected = try part("loss").item()
    #expect(abs(try loss.item() - expected) < 1e-5 * max(1, abs(expected)))
    let gradients = try loss.backward()
    // A bias in front of a batch norm has a gradient of rounding errors alone: they are measured by the model's largest gradient.
    let overall = try golden.filter { $0.name.hasPrefix("\(objective.rawValue)/gradient/") }.map { try $0.tensor.abs().maximum().item() }.max() ?? 0
    var compared = 0
    for (name, parameter) in model.namedParameters() {
      let reference = try part("gradient/\(name)")
      let largest = try reference.abs().maximum().item()
      let found = try gradients[parameter.value] ?? Tensor.zeros(parameter.shape)
      #expect(try (found - reference).abs().maximum().item() < 1e-4 * largest + 4e-6 * overall, "\(name)")
      parameter.value = try parameter.value.detached() - found * 0.1
      compared += 1
    }
    #expect(compared >= 20)
    try model.afterStep(3)
    for (name, tensor) in golden where name.hasPrefix("\(objective.rawValue)/after/") {
      let own = String(name.dropFirst("\(objective.rawValue)/after/".count))
      let found = try #require(model.namedTensors().first { $0.name == own }).tensor
      // What the step moved, a tenth of the gradient, is as uncertain as that is.
      #expect(try (found - tensor).abs().maximum().item() < 1e-5 + 2e-6 * overall, "\(own)")
    }
  }

  @Test func `a teacher follows by a momentum that rises to 1, and comes back from a checkpoint`() throws {
    try ModelGolden.withFolder { folder in
      let model = try RepresentationModel(ObjectiveGoldenTests.options(.dino), seed: 1)
      let before = try #require(model.teacher).namedBuffers().map { try $0.buffer.value.floats() }
      for (_, parameter) in model.namedParameters() { parameter.value = try parameter.value.detached() + 1 }
      try model.afterStep(10)
      #expect(try #require(model.teacher).namedBuffers().map { try $0.buffer.value.floats() } == before, "at the last step the teacher stands still")
      try model.afterStep(0)
      let first = try #require(model.teacher?.namedBuffers().first?.buffer.value.floats().first)
      #expect(abs(first - before[0][0] - 0.1) < 1e-5)
      try TensorFile.write(model.namedTensors(), to: folder + "/model.safetensors")
      let again = try RepresentationModel(ObjectiveGoldenTests.options(.dino), seed: 2)
      try again.load(try TensorFile.read(folder + "/model.safetensors").tensors)
      #expect(try again.trainedEncoder().namedTensors().map { try $0.tensor.floats() } == model.trainedEncoder().namedTensors().map { try $0.tensor.floats() })
    }
  }

  @Test func `losses refuse shapes and temperatures that do not fit, and say which`() throws {
    let a = try Tensor.zeros([4, 3]), b = try Tensor.zeros([4, 2])
    #expect(ModelGolden.message { _ = try bootstrapLoss(predictions: (a, a), targets: (a, b)) }.contains("[4, 2]"))
    #expect(ModelGolden.message { _ = try momentumContrastiveLoss(queries: (a, a), keys: (a, a), temperature: 0) }.contains("temperature must be positive, got 0"))
    #expect(ModelGolden.message { _ = try distillationLoss(student: [a], teacher: [a], center: try Tensor.zeros([3])) }.contains("two of the student"))
    #expect(ModelGolden.message { _ = try distillationLoss(student: [a, a], teacher: [a], center: try Tensor.zeros([2])) }.contains("centre should be [3]"))
    #expect(ModelGolden.message { _ = try Tensor.zeros([1, 3, 6, 5]).patches(2) }.contains("sides that 2 divides"))
    var options = ObjectiveGoldenTests.options(.mae)
    options.maskRatio = 1
    #expect(ModelGolden.message { try options.validate() }.contains("mask ratio in (0, 1)"))
    options.maskRatio = 0.75
    options.encoder.stem = .convolutional
    #expect(ModelGolden.message { try options.validate() }.contains("mae needs the stem patch"))
  }
}
