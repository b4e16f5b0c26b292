import Testing

@testable import ML

struct TrainingLoopTests {
  struct Stop: Error {}

  static func trainer(steps: Int = 6, identity: String = "", learningRate: Double = 1e-3, optimizer: OptimizerKind = .adamW) throws -> DiffusionTrainer {
    let model = try TextToImageTests.model()
    let options = DiffusionOptions(steps: steps, learningRate: learningRate, warmupSteps: 2, averageDecay: 0.9, seed: 4, optimizer: optimizer)
    return try DiffusionTrainer(model: model, options: options, dataIdentity: identity) { step in
      DiffusionBatch(images: try ModelGolden.random([3, 3, 16, 16], seed: UInt64(step)), captions: Array(TextToImageTests.captions.prefix(3)))
    }
  }

  static func bytes(_ trainer: DiffusionTrainer) throws -> [[Float]] {
    try (trainer.model.namedTensors() + trainer.loop.average!.namedTensors()).map { try $0.tensor.floats() } + [trainer.loop.losses]
  }

  @Test(arguments: OptimizerKind.allCases)
  func `a run that was cut and continued ends with the bytes of an unbroken one`(optimizer: OptimizerKind) throws {
    try ModelGolden.withFolder { folder in
      let whole = try TrainingLoopTests.trainer(optimizer: optimizer)
      try whole.run()
      let path = folder + "/state.safetensors"
      for cut in 1...5 {
        let first = try TrainingLoopTests.trainer(optimizer: optimizer)
        try first.run(until: cut, checkpoint: path)
        let second = try TrainingLoopTests.trainer(optimizer: optimizer)
        try second.loop.restore(from: path)
        #expect(second.loop.step == cut)
        try second.run(checkpoint: path, every: 2)
        #expect(try TrainingLoopTests.bytes(second) == TrainingLoopTests.bytes(whole), "cut after \(cut)")
      }
      #expect(whole.loop.losses.count == 6 && whole.loop.isFinished)
    }
  }

  @Test func `an interrupt saves the state it leaves`() throws {
    try ModelGolden.withFolder { folder in
      let path = folder + "/state.safetensors"
      let first = try TrainingLoopTests.trainer()
      var steps: [Int] = []
      #expect(throws: Stop.self) {
        try first.run(checkpoint: path, every: 100) { report in
          steps.append(report.step)
          if report.step == 3 { throw Stop() }
        }
      }
      #expect(steps == [1, 2, 3])
      let second = try TrainingLoopTests.trainer()
      try second.loop.restore(from: path)
      #expect(second.loop.step == 3)
      #expect(try TrainingLoopTests.bytes(second) == TrainingLoopTests.bytes(first))
    }
  }

  /// A trainer whose batch of step 3 comes with an interrupt.
  private static func interrupted(_ flag: WatchedFlag) throws -> DiffusionTrainer {
    let model = try TextToImageTests.model()
    let options = DiffusionOptions(steps: 6, learningRate: 1e-3, warmupSteps: 2, averageDecay: 0.9, seed: 4)
    return try DiffusionTrainer(model: model, options: options, dataIdentity: "") { step in
      let images = try ModelGolden.random([3, 3, 16, 16], seed: UInt64(step))
      if step == 2 { flag.isRaised = true }
      return DiffusionBatch(images: images, captions: Array(TextToImageTests.captions.prefix(3)))
    }
  }

  @Test(arguments: [(true, 3), (false, 2)]) func `a short step that is interrupted is ended and saved, a long one is given up, and both go on to the same bytes`(_ isShort: Bool, _ kept: Int) throws {
    try ModelGolden.withFolder { folder in
      let whole = try TrainingLoopTests.trainer()
      try whole.run()
      let path = folder + "/state.safetensors"
      let flag = WatchedFlag()
      #expect(throws: TensorError.interrupted) {
        let trainer = try TrainingLoopTests.interrupted(flag)
        trainer.loop.shortStep = isShort ? .seconds(1e6) : .zero
        try trainer.run(checkpoint: path, every: 2) { _ in try Cancellation.check() }
      }
      flag.isRaised = false
      let second = try TrainingLoopTests.trainer()
      try second.loop.restore(from: path)
      #expect(second.loop.step == kept)
      try second.run(checkpoint: path)
      #expect(try TrainingLoopTests.bytes(second) == TrainingLoopTests.bytes(whole))
    }
  }

  @Test(arguments: [true, false]) func `a state that was not saved for long is saved before its turn`(_ isLong: Bool) throws {
    try ModelGolden.withFolder { folder in
      let path = folder + "/state.safetensors"
      let trainer = try TrainingLoopTests.trainer()
      trainer.loop.longestUnsaved = isLong ? .zero : .seconds(1e6)
      try trainer.run(checkpoint: path, every: 100) { report in
        if report.step == 1 { #expect((try? TensorFile.read(path).metadata["loam.step"]) == (isLong ? "1" : nil)) }
      }
    }
  }

  @Test func `a NaN loss stops before weights are touched, names the step and the last good state`() throws {
    try ModelGolden.withFolder { folder in
      let path = folder + "/state.safetensors"
      let model = try TextToImageTests.model()
      let trainer = try DiffusionTrainer(model: model, options: DiffusionOptions(steps: 5, seed: 4)) { step in
        let images = try step == 3 ? Tensor.full([1, 3, 16, 16], .nan) : ModelGolden.random([1, 3, 16, 16], seed: UInt64(step))
        return DiffusionBatch(images: images, captions: [[1, 5, 2]])
      }
      let message = ModelGolden.message { try trainer.run(checkpoint: path, every: 2) }
      #expect(message.contains("training stopped at step 4: the loss is NaN or infinite"))
      #expect(message.contains("The last good state is \(path), after step 2."))
      #expect(try model.namedTensors().allSatisfy { try $0.tensor.floats().allSatisfy { $0.isFinite } })
      #expect(try TensorFile.read(path).metadata["loam.step"] == "2")
    }
  }

  @Test func `a checkpoint of another run is refused with the difference`() throws {
    try ModelGolden.withFolder { folder in
      let path = folder + "/state.safetensors"
      try TrainingLoopTests.trainer().run(until: 1, checkpoint: path)
      let message = ModelGolden.message { try TrainingLoopTests.trainer(learningRate: 0.5).loop.restore(from: path) }
      #expect(message.contains("belongs to another run") && message.contains("\"learningRate\":0.5"))
      #expect(ModelGolden.message { try TrainingLoopTests.trainer(identity: "other data").loop.restore(from: path) }.contains("other data"))
      try TextToImageTests.model().save(to: path)
      #expect(ModelGolden.message { try TrainingLoopTests.trainer().loop.restore(from: path) }.contains("is not a checkpoint"))
    }
  }

  @Test func `a tiny generator learns the colours of its captions`() throws {
    let model = try TextToImageTests.model()
    // Plain pictures, one colour for each of four captions, each four times.
    let colours: [[Float]] = [[0.8, -0.8, -0.8], [-0.8, 0.8, -0.8], [-0.8, -0.8, 0.8], [0.8, 0.8, 0.8]]
    let images = try Tensor.build([16, 3, 16, 16]) { buffer in
      for place in buffer.indices { buffer[place] = colours[place / 768 % 4][place / 256 % 3] }
    }
    let captions = (0..<16).map { TextToImageTests.captions[$0 % 4] }
    let options = DiffusionOptions(steps: 150, learningRate: 4e-3, warmupSteps: 10, averageDecay: 0.9, seed: 1)
    let trainer = try DiffusionTrainer(model: model, options: options) { _ in DiffusionBatch(images: images, captions: captions) }
    try trainer.run()
    let losses = trainer.loop.losses
    let early = losses.prefix(5).reduce(0, +) / 5, late = losses.suffix(20).reduce(0, +) / 20
    #expect(late < early * 0.6, "\(early) to \(late)")
    let pictures = try trainer.averagedModel().generate(tokens: Array(captions.prefix(4)), guidance: 2, steps: 10, streams: TextToImageTests.streams(0..<4))
    let means = try pictures.mean(axes: [2, 3]).floats()
    for (found, wanted) in zip(means, colours.flatMap { $0 }) { #expect(found * wanted > 0.16, "\(means)") }
  }

  @Test func `training and generation give the same bytes on one thread and on several`() throws {
    func run(_ threads: Int) throws -> [[Float]] {
      let before = ThreadPool.threadCount
      ThreadPool.setThreadCount(threads)
      defer { ThreadPool.setThreadCount(before) }
      let trainer = try TrainingLoopTests.trainer(steps: 3)
      try trainer.run()
      let pictures = try trainer.averagedModel().generate(tokens: TextToImageTests.captions, guidance: 2, steps: 3, eta: 0.5,
                                                          streams: TextToImageTests.streams(0..<7), batchSize: 4)
      return try TrainingLoopTests.bytes(trainer) + [pictures.floats()]
    }
    let one = try run(1)
    #expect(try run(2) == one)
    #expect(try run(5) == one)
  }

  @Test func `batches in memory are a pure function of the step and use every picture once in an epoch`() throws {
    let images = try (0..<10).map { index in try Image(width: 2, height: 1) { $0[0] = UInt8(index); $0[3] = 255 } }
    let captions = (0..<10).map { [[1, $0, 2], [1, 50 + $0, 2]] }
    func batches(_ flip: Double = 0) throws -> DiffusionBatches { try DiffusionBatches(images: images, captions: captions, batchSize: 5, seed: 3, flipChance: flip) }
    let first = try batches(), second = try batches()
    var seen: [Int] = []
    for step in 0..<2 {
      let batch = try first.batch(step)
      let values = try batch.images.floats()
      for place in 0..<5 {
        let picture = Int(((values[place * 6] + 1) * 127.5).rounded())
        seen.append(picture)
        #expect(batch.captions[place][1] % 50 == picture)
      }
    }
    #expect(seen.sorted() == Array(0..<10))
    _ = try second.batch(7)
    let (a, b) = (try first.batch(4), try second.batch(4))
    #expect(try a.captions == b.captions && a.images.floats() == b.images.floats())
    let mirrored = try batches(1).batch(0).images.floats()
    #expect(try mirrored[0] == first.batch(0).images.floats()[1])
    #expect(ModelGolden.message { _ = try DiffusionBatches(images: images, captions: captions, batchSize: 11, seed: 1) }.contains("a batch of 11 cannot be drawn from 10"))
  }

  @Test func `the moving average follows with its warm-up`() throws {
    var stream = RandomStream(seed: 1)
    let layer = try Linear(1, 1, bias: false, stream: &stream)
    layer.weight.value = try Tensor([0 as Float], shape: [1, 1])
    let average = try MovingAverage(layer, decay: 0.5)
    var expected = 0.0
    for step in 0..<8 {
      layer.weight.value = try Tensor([1 as Float], shape: [1, 1])
      try average.update()
      let decay = min(0.5, Double(1 + step) / Double(10 + step))
      expected = decay * expected + (1 - decay)
    }
    #expect(abs(Double(try average.namedTensors()[0].tensor.floats()[0]) - expected) < 1e-6)
    #expect(ModelGolden.message { _ = try MovingAverage(layer, decay: 1) }.contains("[0, 1)"))
  }

  @Test func `the learning rate rule of the paper gives its rate`() {
    #expect(abs(OptimizationOptions.paperLearningRate(crops: 32 * 43 * 6) - 0.003225) < 1e-12)
  }
}
