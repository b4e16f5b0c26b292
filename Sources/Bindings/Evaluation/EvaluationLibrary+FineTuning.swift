import Host
import ML

extension EvaluationLibrary {
  private static let network = Argument<EncoderHandle>.object("encoder", "where training starts; it is not changed")
  private static let learned = Argument<Dataset>.object("train", "labelled pictures")
  private static let tested = Argument<Dataset>.object("test", "labelled pictures of the encoder's size, looked at once")
  private static let steps = Argument.integer("steps", "training steps", in: 1...100_000_000)
  private static let batchSize = Argument.integer("batch", "pictures in a step", default: 64, in: 1...1_000_000)
  private static let rate = Argument.number("learning_rate", "highest rate of the classifier", default: 1e-3)
  private static let layerDecay = Argument.optional(.number("layer_decay", "factor of the rate from each block to the one below, in (0, 1]; default 0.75, 1 for residual networks"))
  private static let weightDecay = Argument.number("weight_decay", "of AdamW", default: 0.05)
  private static let warmup = Argument.optional(.integer("warmup_steps", "steps of linear rise; default a tenth", in: 0...100_000_000))
  private static let smoothing = Argument.number("label_smoothing", "share of each target that is spread over all classes, in [0, 1)", default: 0.1)
  private static let dropPath = Argument.optional(.number("drop_path", "chance that a branch of a transformer's last block is left out of a step; default 0.1"))
  private static let augmentation = Argument.choice(
    "augmentation", "recipe of the crops", AugmentationRecipe.names, default: "weak")
  private static let microBatch = Argument.integer("micro_batch", "pictures whose history is in memory at a time, 0 for all of a step", default: 0, in: 0...1_000_000)
  private static let seed = Argument.integer("seed", "of everything random", default: 0)
  private static let checkpoint = Argument.optional(.string("checkpoint", "folder for the state of training; a run broken off goes on from it"))
  private static let onStep = Argument.optional(.callback("on_step", "called after each step; returning false ends the training", type: "fun(step: integer, metrics: {loss: number}, rates: {learning_rate: number, gradient_norm: number}): boolean?"))

  static func fineTune(_ session: ScriptSession) -> Function {
    Function(
      "fine_tune", """
        Trains a copy of an encoder with a new linear classifier on labelled pictures, lower layers at lower rates, and tests it once. All choices are fixed beforehand: \
        nothing is selected on the test pictures.
        """,
      .options("settings", "what is learned and how", network, learned, tested, steps, batchSize, rate, layerDecay, weightDecay, warmup, smoothing, dropPath, augmentation, microBatch,
               seed, checkpoint, onStep),
      returns: .table("accuracy, mean_per_class, low, high, test_rows, losses, encoder", type: "{accuracy: number, mean_per_class: number, low: number, high: number, losses: number[], encoder: Encoder}"),
      source: "He et al. 2022, arXiv:2111.06377, A.1; Clark et al. 2020, arXiv:2003.10555",
      example: ("""
        local task = data.probe("colour", {size = 16, train = 40, validation = 10, test = 20, nuisance = 0})
        local net = encoder.random{size = 16, width = 16, depth = 1, heads = 2}
        local r = eval.fine_tune{encoder = net, train = task.train, test = task.test, steps = 2, batch = 8}
        return #r.losses, r.test_rows
        """, "2\t20")
    ) { s in
      let handle = s[network], set = s[learned], test = s[tested]
      guard let labels = set.labels, let truths = test.labels else { throw ArgumentFault.invalid("train and test need labels") }
      guard set.classNames == test.classNames else {
        throw ArgumentFault.invalid("train has \(set.classNames.count) classes and test \(test.classNames.count), or they have other names")
      }
      try handle.requireSize(test.pictures)
      let isResidual = handle.encoder is ResNet
      let options = FineTuning.Options(
        steps: s[steps], batchSize: s[batchSize], learningRate: s[rate], layerDecay: s[layerDecay] ?? (isResidual ? 1 : 0.75), weightDecay: s[weightDecay],
        warmupSteps: s[warmup], labelSmoothing: s[smoothing], dropPath: s[dropPath] ?? (isResidual ? 0 : 0.1), seed: UInt64(bitPattern: Int64(s[seed])), microBatch: s[microBatch])
      let trainer = try FineTuning.trainer(
        handle.encoder, pictures: set.pictures, labels: labels, classes: set.classNames.count, options: options,
        dataIdentity: set.digest.hex + " from " + (try handle.contentIdentity()), augmentation: try AugmentationRecipe.named(s[augmentation], side: handle.encoder.imageSize))
      trainer.onUnreadable = { set.skip($0) }
      try TrainingRun(folder: s[checkpoint], every: 100, onStep: s[onStep], interrupt: session.interrupt).run(trainer.loop, loss: trainer.loss)
      let predictions = try FineTuning.predictions(trainer.model, pictures: test.pictures) { _ in try session.interrupt.check() }
      return .record(try judged(try ConfusionMatrix(truths: truths, predictions: predictions)) + [
        ("losses", .list(trainer.loop.losses.map { .number(Double($0)) })),
        ("encoder", .object(EncoderHandle(try trainer.model.trainedEncoder(), objective: "fine-tuned", losses: trainer.loop.losses))),
      ])
    }
  }
}
