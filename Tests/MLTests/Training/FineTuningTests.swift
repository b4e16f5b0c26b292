import Testing

@testable import ML

@Suite struct FineTuningTests {
  @Test func `rates shrink from the classifier to the patches, one factor a layer`() throws {
    let names = ["encoder.cls_token", "encoder.patch_embed.proj.weight", "encoder.blocks.0.norm1.weight", "encoder.blocks.11.mlp.fc2.bias", "encoder.fc_norm.weight", "classifier.weight"]
    let layers = try LayerDecay(decay: 0.75, names: names)
    // timm.optim.param_groups_layer_decay gives these for a ViT of 12 blocks.
    let expected = [0.023757264018058777, 0.023757264018058777, 0.03167635202407837, 0.75, 1, 1]
    for (name, factor) in zip(names, expected) { #expect(abs(layers.factor(name) - factor) < 1e-12, "\(name)") }
    #expect(ModelGolden.message { _ = try LayerDecay(decay: 0.5, names: ["encoder.layer1.0.conv1.weight"]) }.contains("needs a transformer"))
    #expect(ModelGolden.message { _ = try LayerDecay(decay: 0, names: names) }.contains("(0, 1], got 0"))
  }

  @Test func `a factor scales the step of its parameter alone`() throws {
    let parameters = try ["a", "b"].map { ($0, Parameter(try Tensor([Float(1), 2]))) }
    let optimizer = try AdamW(parameters: parameters, learningRate: 0.1, weightDecay: 0) { $0 == "b" ? 0.25 : 1 }
    let loss = try (parameters[0].1.value * 3 + parameters[1].1.value * 3).sum()
    try optimizer.step(loss.backward())
    // The first step of Adam is the rate, whatever the gradient's length.
    #expect(try zip(parameters[0].1.value.floats(), [0.9, 1.9]).allSatisfy { abs($0 - Float($1)) < 1e-6 })
    #expect(try zip(parameters[1].1.value.floats(), [0.975, 1.975]).allSatisfy { abs($0 - Float($1)) < 1e-6 })
  }

  @Test func `fine-tuning learns classes, leaves the encoder alone, and ends alike when it is broken off`() throws {
    let groups = try RepresentationTests.data(3, images: 20)
    let pictures = groups.flatMap(\.pictures), labels = groups.flatMap { group in group.pictures.map { _ in group.label ?? 0 } }
    let encoder = try randomFeatureEncoder(RepresentationTests.options(.simclr).encoder, seed: 5)
    let before = try encoder.namedTensors().map { try $0.tensor.floats() }
    func trainer() throws -> RepresentationTrainer {
      try FineTuning.trainer(encoder, pictures: pictures, labels: labels, classes: 3, options: .init(steps: 150, batchSize: 20, learningRate: 4e-3, dropPath: 0.05),
                             augmentation: AugmentationRecipe.named("none", side: 8))
    }
    let whole = try trainer()
    try whole.run()
    #expect(try encoder.namedTensors().map { try $0.tensor.floats() } == before)
    let predictions = try FineTuning.predictions(whole.model, pictures: pictures)
    #expect(zip(predictions, labels).count(where: { $0 == $1 }) >= 54, "\(predictions)")
    try FormatGolden.withFolder { folder in
      let first = try trainer()
      try first.run(until: 17, checkpoint: folder + "/state")
      let second = try trainer()
      try second.loop.restore(from: folder + "/state")
      try second.run()
      #expect(second.loop.losses == whole.loop.losses)
    }
  }
}
