import Testing

@testable import ML

struct RepresentationTests {
  static func options(_ objective: RepresentationObjective, crops: Int = 24, steps: Int = 4) -> RepresentationOptions {
    RepresentationOptions(
      objective: objective, encoder: VisionTransformerConfiguration(imageSize: 8, patchSize: 4, width: 16, depth: 1, heads: 2),
      text: TextTransformerConfiguration(vocabulary: 20, contextLength: 6, width: 16, depth: 1, heads: 2),
      optimization: OptimizationOptions(steps: steps, learningRate: 1e-3, warmupSteps: 1, averageDecay: nil, seed: 3),
      cropsPerStep: crops, imagesPerCaption: 4, headHidden: 16, headOutput: 8, matchingWidth: 8, classes: 3, localSize: 4)
  }

  /// Captions with five plain pictures each, whose colour is decided by the caption.
  static func data(_ count: Int = 12, images: Int = 5) throws -> [CaptionGroup] {
    try (0..<count).map { group in
      var stream = RandomStream(seed: 1, purpose: "data", index: UInt64(group))
      let pictures = try (0..<images).map { _ in
        try Image(width: 8, height: 8) { bytes in for place in bytes.indices { bytes[place] = UInt8(stream.integer(below: 60) + group * 16) } }
      }
      return CaptionGroup(images: pictures, captions: [[1, 3 + group, 2], [1, 4, 3 + group, 2]], label: group % 3)
    }
  }

  static let view: ViewMaker = { image, stream, output in
    image.writePlanar(into: output)
    let shift = stream.uniform(-0.1, 0.1)
    for place in 0..<image.pixels.count { output[place] += shift }
  }

  /// The upper left quarter of a picture of 8 x 8.
  static let smallView: ViewMaker = { image, stream, output in
    for place in 0..<48 { output[place] = Float(image.pixels[((place % 16 / 4) * 8 + place % 4) * 3 + place / 16]) / 255 + stream.uniform(-0.1, 0.1) }
  }

  static func trainer(_ options: RepresentationOptions) throws -> RepresentationTrainer {
    try RepresentationTrainer(model: RepresentationModel(options, seed: 5), data: data(), makeView: view, makeLocalView: smallView)
  }

  static func trainer(_ objective: RepresentationObjective, crops: Int = 24) throws -> RepresentationTrainer { try trainer(options(objective, crops: crops)) }

  @Test(arguments: RepresentationObjective.allCases)
  func `every objective trains on equal numbers of crops and continues to the same bytes`(objective: RepresentationObjective) throws {
    try ModelGolden.withFolder { folder in
      let path = folder + "/state.safetensors"
      let whole = try RepresentationTests.trainer(objective)
      var reports: [StepReport] = []
      try whole.run { reports.append($0) }
      #expect(reports.count == 4 && reports.allSatisfy { $0.loss.isFinite })
      for step in 0..<4 { #expect(whole.batches.batch(step).crops.count == 24) }
      let first = try RepresentationTests.trainer(objective)
      try first.run(until: 2, checkpoint: path)
      let second = try RepresentationTests.trainer(objective)
      try second.loop.restore(from: path)
      try second.run()
      #expect(try second.model.namedTensors().map { try $0.tensor.floats() } == whole.model.namedTensors().map { try $0.tensor.floats() })
      #expect(second.loop.losses == whole.loop.losses)
    }
  }

  @Test(arguments: [RepresentationObjective.simclr, .mocoV3, .dino, .clip])
  func `a residual network trains by the objectives of single features and continues to the same bytes`(objective: RepresentationObjective) throws {
    var options = RepresentationTests.options(objective)
    options.residual = ResNetConfiguration(imageSize: 8, blocks: [1, 1, 1, 1], width: 4, stem: .small)
    func trainer() throws -> RepresentationTrainer {
      try RepresentationTrainer(model: RepresentationModel(options, seed: 5), data: RepresentationTests.data(), makeView: RepresentationTests.view)
    }
    try ModelGolden.withFolder { folder in
      let path = folder + "/state.safetensors"
      let whole = try trainer()
      try whole.run()
      try trainer().run(until: 2, checkpoint: path)
      let second = try trainer()
      try second.loop.restore(from: path)
      try second.run()
      #expect(try second.model.namedTensors().map { try $0.tensor.floats() } == whole.model.namedTensors().map { try $0.tensor.floats() })
      #expect(try whole.model.encoder.namedTensors().map { try $0.tensor.floats() } != RepresentationModel(options, seed: 5).encoder.namedTensors().map { try $0.tensor.floats() })
    }
    options.objective = .mae
    #expect(throws: ModelError.self) { try options.validate() }
  }

  @Test func `training goes on from a given encoder, which stays as it is`() throws {
    let options = RepresentationTests.options(.supervised)
    let start = try randomFeatureEncoder(options.encoder, seed: 77)
    let before = try start.namedTensors().map { try $0.tensor.floats() }
    let model = try RepresentationModel(options, seed: 5, from: start)
    #expect(try model.encoder.namedTensors().map { try $0.tensor.floats() } == before)
    try RepresentationTrainer(model: model, data: RepresentationTests.data(), makeView: RepresentationTests.view).run()
    #expect(try start.namedTensors().map { try $0.tensor.floats() } == before)
    #expect(try model.encoder.namedTensors().map { try $0.tensor.floats() } != before)
    var other = options
    other.encoder.depth = 2
    #expect(throws: ModelError.self) { try RepresentationModel(other, seed: 5, from: start) }
  }

  @Test func `branches are left out more often in later blocks, never in the first, and what stays is scaled up`() throws {
    let factors = try DropPath(rate: 0.5, stream: RandomStream(seed: 1)).branches(batch: 4000, depth: 3)
    #expect(factors[0] == nil)
    for (block, chance) in [(1, 0.25), (2, 0.5)] {
      for branch in [factors[block]?.attention, factors[block]?.mlp] {
        let values = try #require(branch).floats()
        #expect(Set(values) == [0, Float(1 / (1 - chance))])
        // Six deviations of a share of 4,000.
        #expect(abs(Double(values.filter { $0 == 0 }.count) / 4000 - chance) < 6 * (chance * (1 - chance) / 4000).squareRoot())
      }
    }
    let encoder = try randomFeatureEncoder(VisionTransformerConfiguration(imageSize: 8, patchSize: 4, width: 16, depth: 2, heads: 2), seed: 1)
    let images = try Tensor((0..<3 * 192).map { Float($0 % 17) / 17 }, shape: [3, 3, 8, 8])
    let plain = try encoder(images).floats()
    #expect(try encoder(images, training: TrainingPass()).floats() == plain)
    #expect(try encoder(images, training: TrainingPass(dropPath: DropPath(rate: 0.9, stream: RandomStream(seed: 2)))).floats() != plain)
    // Left out for every picture, the last block does nothing.
    let gone = try Tensor([0, 0, 0] as [Float], shape: [3, 1, 1])
    let hidden = try Tensor((0..<3 * 32).map { Float($0 % 5) }, shape: [3, 2, 16])
    #expect(try encoder.blocks.elements[1](hidden, branches: (gone, gone)).floats() == hidden.floats())
  }

  @Test func `a StableRep batch holds m different pictures of each of n different captions, view by view`() throws {
    let batches = try RepresentationBatches(options: RepresentationTests.options(.stablerep), data: RepresentationTests.data())
    var seen = Set<Int>()
    for step in 0..<2 {
      let batch = batches.batch(step)
      #expect(batch.views == 4 && batch.labels == viewMajorLabels(captions: 6, views: 4))
      let groups = batch.crops.prefix(6).map(\.group)
      for place in 0..<6 {
        let mine = (0..<4).map { batch.crops[$0 * 6 + place] }
        #expect(Set(mine.map(\.group)) == [groups[place]])
        #expect(Set(mine.map(\.image)).count == 4)
      }
      seen.formUnion(groups)
    }
    #expect(seen.count == 12, "two steps of six captions make one epoch")
    #expect(batches.batch(0) == batches.batch(0))
    #expect(batches.batch(0) != batches.batch(2))
  }

  @Test func `a SimCLR batch holds every picture twice, a CLIP batch once, and captions never stand against themselves`() throws {
    let data = try RepresentationTests.data()
    let simclr = try RepresentationBatches(options: RepresentationTests.options(.simclr), data: data).batch(1)
    #expect(simclr.views == 2 && Array(simclr.crops.prefix(12)) == Array(simclr.crops.suffix(12)))
    #expect(Set(simclr.crops.map { $0.group * 100 + $0.image }).count == 12)
    let clip = try RepresentationBatches(options: RepresentationTests.options(.clip), data: data).batch(1)
    #expect(clip.views == 1 && Set(clip.crops.map { $0.group * 100 + $0.image }).count == 24)
    #expect(Set(clip.wordings.map { $0[0] }).count == clip.wordings.count)
    for (crop, row) in zip(clip.crops, clip.captionRows) { #expect(clip.wordings[row][0] == crop.group) }
  }

  @Test func `shares of sets hold in every step to the nearest whole place, exactly over many, and each set is used up before it begins again`() throws {
    let picture = try Image(width: 8, height: 8, pixels: [UInt8](repeating: 9, count: 192))
    let data = (0..<40).map { CaptionGroup(images: [picture], source: $0 < 25 ? 0 : $0 < 37 ? 1 : 2) }
    var options = RepresentationTests.options(.simclr)
    options.sourceShares = [6, 3, 1]
    let batches = try RepresentationBatches(options: options, data: data)
    var drawn = [0, 0, 0], counts = [Int: Int]()
    for step in 0..<1000 {
      let groups = batches.batch(step).crops.prefix(12).map(\.group)
      #expect(groups.count == 12 && Set(groups).count == 12)
      let places = (0..<3).map { source in groups.filter { data[$0].source == source }.count }
      #expect([7, 8].contains(places[0]) && [3, 4].contains(places[1]) && [1, 2].contains(places[2]), "\(places)")
      for source in 0..<3 { drawn[source] += places[source] }
      for group in groups { counts[group, default: 0] += 1 }
    }
    for (source, share) in [0.6, 0.3, 0.1].enumerated() { #expect(abs(Double(drawn[source]) / 12000 - share) < 1e-3, "\(drawn)") }
    // Within a set all are drawn about as often.
    for source in 0..<3 {
      let mine = data.indices.filter { data[$0].source == source }.map { Double(counts[$0] ?? 0) }
      let mean = mine.reduce(0, +) / Double(mine.count)
      #expect(mine.allSatisfy { abs($0 - mean) < mean * 0.15 }, "\(mine)")
    }
    #expect(batches.batch(3) == (try RepresentationBatches(options: options, data: data)).batch(3))
    options.sourceShares = [1, 1, 20]
    #expect(throws: ModelError("representation: a step needs up to 11 pictures of set 3, it has 3; lower its share or the crops per step")) { try RepresentationBatches(options: options, data: data) }
    options.sourceShares = [1, 0, 1]
    #expect(throws: ModelError("representation: the shares of sets must be above 0, got [1.0, 0.0, 1.0]")) { try RepresentationBatches(options: options, data: data) }
  }

  @Test func `the logit scale is kept inside its bounds while training`() throws {
    let trainer = try RepresentationTests.trainer(.clip)
    trainer.model.logitScale?.parameter.value = try Tensor.full([], 9)
    try trainer.run(until: 1)
    #expect(try #require(trainer.model.logitScale).parameter.value.item() <= LogitScale.limit + 1e-6)
  }

  @Test func `all arms start from the encoder of the random control`() throws {
    let random = try randomFeatureEncoder(RepresentationTests.options(.simclr).encoder, seed: 5)
    let expected = try random.namedTensors().map { try $0.tensor.floats() }
    for objective in RepresentationObjective.allCases {
      let model = try RepresentationModel(RepresentationTests.options(objective), seed: 5)
      #expect(try model.encoder.namedTensors().map { try $0.tensor.floats() } == expected)
    }
  }

  @Test func `multi-positive training pulls pictures of a caption together`() throws {
    var options = RepresentationTests.options(.stablerep, steps: 60)
    options.optimization.learningRate = 3e-3
    let trainer = try RepresentationTrainer(model: RepresentationModel(options, seed: 5), data: RepresentationTests.data(), makeView: RepresentationTests.view)
    try trainer.run()
    let losses = trainer.loop.losses
    #expect(losses[59] < losses[0] - 0.5, "\(losses[0]) to \(losses[59])")
    // With m = 4 positives the loss cannot fall below log 3.
    #expect(losses.allSatisfy { $0 >= Float(Double.logarithm(3)) - 1e-4 })
  }

  @Test(arguments: [RepresentationObjective.simclr, .stablerepPlus, .mae, .byol, .clip, .synclr])
  func `a micro-batch changes the memory that a step takes and not its loss or gradients`(objective: RepresentationObjective) throws {
    func gradients(_ size: Int) throws -> (loss: Float, values: [[Float]]) {
      var options = RepresentationTests.options(objective)
      options.microBatch = size
      let trainer = try RepresentationTests.trainer(options)
      let loss = try trainer.loss(0)
      let all = try loss.backward()
      return (try loss.floats()[0], try trainer.model.namedParameters().map { try all[$0.parameter.value]?.floats() ?? [] })
    }
    let whole = try gradients(0), parts = try gradients(7)
    #expect(whole.loss == parts.loss && whole.values.contains { !$0.isEmpty })
    // A bias before a batch norm has no gradient but rounding: the largest of all sets the scale for it.
    let largest = whole.values.joined().map(abs).max() ?? 0
    for (one, other) in zip(whole.values, parts.values) {
      #expect(one.count == other.count)
      let scale = one.map(abs).max() ?? 0, apart = zip(one, other).map { abs($0 - $1) }.max() ?? 0
      #expect(apart <= 1e-4 * scale + 1e-5 * largest, "\(apart) of \(scale), \(largest)")
    }
  }

  @Test func `features do not depend on the batch size, and a wrong size is named`() throws {
    let encoder = try randomFeatureEncoder(RepresentationTests.options(.simclr).encoder, seed: 5)
    let images = try RepresentationTests.data().flatMap(\.pictures)
    let all = try extractFeatures(encoder, pictures: images, batchSize: 60)
    #expect(all.shape == [60, 16])
    #expect(try all.floats() == extractFeatures(encoder, pictures: images, batchSize: 7).floats())
    let odd = try Image(width: 9, height: 8) { _ in }
    #expect(ModelGolden.message { _ = try extractFeatures(encoder, pictures: [images[0], .image(odd)]) }.contains("picture 1 is 9 x 8, the encoder reads 8 x 8"))
  }

  @Test func `data that an objective cannot use are refused with the remedy`() throws {
    func message(_ options: RepresentationOptions, _ data: [CaptionGroup]) -> String {
      ModelGolden.message { _ = try RepresentationBatches(options: options, data: data) }
    }
    #expect(message(RepresentationTests.options(.stablerep), try RepresentationTests.data(images: 3)).contains("caption 0 has 3 pictures, but 4 of each"))
    #expect(message(RepresentationTests.options(.stablerep, crops: 26), try RepresentationTests.data()).contains("take 24 or 28"))
    #expect(message(RepresentationTests.options(.simclr, crops: 200), try RepresentationTests.data()).contains("a step needs 100 pictures, the data has 60"))
    var silent = try RepresentationTests.data()
    silent[2].captions = []
    #expect(message(RepresentationTests.options(.clip), silent).contains("group 2 has none"))
    silent[1].label = 7
    #expect(message(RepresentationTests.options(.supervised), silent).contains("group 1 has the label 7"))
  }

  @Test func `crops of an augmentation recipe are a pure function of the step, and a wrong size is refused`() throws {
    func trainer(_ side: Int) throws -> RepresentationTrainer {
      try RepresentationTrainer(model: RepresentationModel(RepresentationTests.options(.simclr), seed: 5), data: RepresentationTests.data(),
                                augmentation: .scenes(side: side))
    }
    let first = try trainer(8), second = try trainer(8)
    func crops(_ trainer: RepresentationTrainer, _ step: Int) throws -> [Float] { try trainer.crops(trainer.batches.batch(step), step: step).whole.floats() }
    _ = try crops(second, 1)
    #expect(try crops(first, 2) == crops(second, 2))
    #expect(try crops(first, 1) != crops(first, 2))
    let batch = try crops(first, 2)
    #expect(batch[0..<192] != batch[12 * 192..<13 * 192], "two crops of one picture differ")
    #expect(ModelGolden.message { _ = try trainer(16) }.contains("makes crops of 16 pixels and 3 channels, the encoder reads 8 pixels"))
  }

  @Test func `small crops are made of each picture of a step, and training with them continues to the same bytes`() throws {
    var options = RepresentationTests.options(.synclr)
    #expect(options.localCrops == 4 && options.temperature == 0.08)
    let recipe = AugmentationRecipe.scenes(side: 8)
    let trainer = try RepresentationTrainer(model: RepresentationModel(options, seed: 5), data: RepresentationTests.data(), augmentation: recipe,
                                            localAugmentation: recipe.local(side: 4, scale: 0.08...0.32))
    let (whole, local) = try trainer.crops(trainer.batches.batch(1), step: 1)
    #expect(whole.shape == [24, 3, 8, 8] && local?.shape == [96, 3, 4, 4])
    #expect(ModelGolden.message {
      _ = try RepresentationTrainer(model: RepresentationModel(options, seed: 5), data: RepresentationTests.data(), augmentation: recipe)
    }.contains("small crops need an augmentation of their own"))
    options.localSize = 6
    #expect(ModelGolden.message { try options.validate() }.contains("a multiple of its patch 4, at most 8, got 6"))
    // Two crops of a picture share its small ones.
    options = RepresentationTests.options(.synclr)
    (options.imagesPerCaption, options.cropsPerImage) = (2, 2)
    let shared = try RepresentationTests.trainer(options)
    #expect(try shared.crops(shared.batches.batch(0), step: 0).local?.shape == [48, 3, 4, 4])
    // DINO has none unless it is asked.
    var dino = RepresentationTests.options(.dino)
    let without = try RepresentationTests.trainer(dino).loss(0).item()
    dino.localCrops = 3
    let with = try RepresentationTests.trainer(dino)
    #expect(try with.crops(with.batches.batch(0), step: 0).local?.shape == [36, 3, 4, 4])
    #expect(try with.loss(0).item() != without)
    var simclr = RepresentationTests.options(.simclr)
    simclr.localCrops = 1
    #expect(ModelGolden.message { try simclr.validate() }.contains("simclr knows no local crops"))
  }

  @Test func `a fault in a view reaches the caller`() throws {
    struct Fault: Error {}
    let trainer = try RepresentationTrainer(model: RepresentationModel(RepresentationTests.options(.simclr), seed: 5), data: RepresentationTests.data()) {
      _, _, _ in throw Fault()
    }
    #expect(throws: Fault.self) { try trainer.run() }
    #expect(trainer.loop.step == 0)
  }
}
