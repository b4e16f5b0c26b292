import Host
import ML

/// The function diffusion.train.
enum GeneratorTraining {
  private static let data = Argument<Dataset>.object("data", "captioned pictures of one size")
  private static let steps = Argument.integer("steps", "training steps", in: 1...100_000_000)
  private static let batch = Argument.integer("batch", "pictures in each step", default: 64, in: 1...100_000)
  private static let learningRate = Argument.number("learning_rate", "highest rate of the schedule", default: 1e-3)
  private static let optimizer = Argument.choice(
    "optimizer", "adamw, or muon for the hidden matrices with adamw for the rest (Liu et al. 2025, arXiv:2502.16982)", ["adamw", "muon"], default: "adamw")
  private static let warmup = Argument.integer("warmup_steps", "steps of linear rise", default: 100, in: 0...100_000_000)
  private static let average = Argument.number("average_decay", "of the moving average of weights, which is what is kept", default: 0.998)
  private static let dropout = Argument.number("caption_dropout", "share of pictures shown with the empty caption", default: 0.1)
  private static let flip = Argument.number("flip_chance", "share of mirrored pictures; 0 where captions speak of left and right", default: 0)
  private static let widths = Argument.optional(.integers("widths", "channels of each level; default {64, 96, 128}"))
  private static let blocks = Argument.optional(.integer("blocks", "residual blocks of each level, on the way down and up alike; default 1", in: 1...16))
  private static let attentionFrom = Argument.optional(.integer("attention_from", "first level with attention; the captions are looked at there and in the middle; default 2", in: 1...16))
  private static let weighting = Argument.choice(
    "weighting", "of the loss by step: uniform, or min_snr with gamma 5 (Hang et al. 2023, arXiv:2303.09556)", ["uniform", "min_snr"], default: "uniform")
  private static let times = Argument.choice(
    "times", "which steps training sees: all alike, or mostly the middle (Esser et al. 2024, arXiv:2403.03206)", ["uniform", "logit_normal"], default: "uniform")
  private static let timeMean = Argument.number("time_mean", "of logit_normal, in logits of t / T; 0 is the middle, below it less noise", default: 0)
  private static let timeDeviation = Argument.number("time_deviation", "of logit_normal", default: 1)
  private static let maximumWords = Argument.integer("vocabulary_size", "most words with an id of their own", default: 4096, in: 8...1_000_000)
  private static let every = Argument.integer("checkpoint_every", "steps between saves", default: 100, in: 1...100_000_000)
  private static let from = Argument.optional(.object(
    "from", "a generator to go on from: its weights, words and shape are taken; words it has never seen are unknown to it", GeneratorHandle.self))

  static func train(_ session: ScriptSession) -> Function {
    Function(
      "train", """
        Trains a small text-to-image diffusion model on captioned pictures: a word tokenizer, a text transformer and a UNet that predicts velocity. \
        With `from` it trains an existing one further. A run that goes on from its checkpoint ends with the same bytes.
        """,
      .options("settings", "data and training", data, from, steps, batch, learningRate, optimizer, warmup, average, dropout, flip, weighting, times,
               timeMean, timeDeviation, widths, blocks, attentionFrom, maximumWords, DiffusionLibrary.seed, DiffusionLibrary.checkpoint, every, DiffusionLibrary.onStep),
      returns: .object("the trained generator", GeneratorHandle.self), source: "Ho & Salimans 2022, arXiv:2207.12598; Salimans & Ho 2022, arXiv:2202.00512",
      example: ("""
        local d = data.scenes{count = 8, size = 16}
        local g = diffusion.train{data = d, steps = 2, batch = 4, widths = {16, 32}}
        local more = diffusion.train{data = d, from = g, steps = 1, batch = 4}
        return g, #g.losses, more.hash ~= g.hash
        """, "Generator of 16 x 16 pictures\t2\ttrue")
    ) { s in
      let set = s[data]
      guard let size = set.size, size.width == size.height else { throw ArgumentFault.invalid("the pictures must be squares of one size; load them with a size") }
      guard set.captions.allSatisfy({ !$0.isEmpty }) else { throw ArgumentFault.invalid("every picture needs a caption") }
      let number = UInt64(bitPattern: Int64(s[DiffusionLibrary.seed]))
      let (model, tokenizer) = try start(s, size: size.width, captions: set.captions, seed: number)
      let (marks, length) = (TokenizerHandle(tokenizer), model.configuration.text.contextLength)
      let batches = try DiffusionBatches(
        images: try set.images(), captions: set.captions.map { $0.map { marks.marked($0, length: length) } }, batchSize: s[batch], seed: number, flipChance: s[flip])
      let options = DiffusionOptions(steps: s[steps], learningRate: s[learningRate], warmupSteps: s[warmup], averageDecay: s[average], seed: number, captionDropout: s[dropout],
        weighting: s[weighting] == "min_snr" ? .minSNR(gamma: 5) : .uniform,
        timeSampling: s[times] == "uniform" ? .uniform : .logitNormal(mean: s[timeMean], deviation: s[timeDeviation]),
        optimizer: s[optimizer] == "muon" ? .muon : .adamW)
      let origin = try s[from].map { " from " + (try $0.hash.get()) } ?? ""
      let trainer = try DiffusionTrainer(model: model, options: options, dataIdentity: set.digest.hex + origin, provider: { try batches.batch($0) })
      try TrainingRun(folder: s[DiffusionLibrary.checkpoint], every: s[every], onStep: s[DiffusionLibrary.onStep], interrupt: session.interrupt)
        .run(trainer.loop, loss: trainer.loss)
      return GeneratorHandle(try trainer.averagedModel(), tokenizer: tokenizer, losses: trainer.loop.losses)
    }
  }

  /// The model before its first step: a new one of random weights, or a copy of the one that `from` names.
  private static func start(_ s: Options, size: Int, captions: [[String]], seed: UInt64) throws -> (TextToImage, any TextTokenizer) {
    var stream = RandomStream(seed: seed, purpose: "generator weights")
    if let origin = s[from] {
      guard s[widths] == nil, s[blocks] == nil, s[attentionFrom] == nil else {
        throw ArgumentFault.invalid("a generator that goes on from another keeps its shape; leave out widths, blocks and attention_from")
      }
      let drawn = origin.model.configuration.unet.imageSize
      guard size == drawn else { throw ArgumentFault.invalid("the generator to go on from draws \(drawn) x \(drawn) pixels, the pictures have \(size) x \(size); load them with size = \(drawn)") }
      let model = try TextToImage(origin.model.configuration, stream: &stream)
      try model.load(origin.model.namedTensors())
      return (model, origin.tokenizer)
    }
    let tokenizer = try WordTokenizer(captions: captions.flatMap { $0 }, maximumSize: s[maximumWords])
    var configuration = try TextToImageConfiguration.scenes(
      vocabulary: tokenizer.vocabularySize, emptyCaption: TokenizerHandle(tokenizer).marked("", length: 32))
    let (levels, attends) = (s[widths] ?? [64, 96, 128], s[attentionFrom] ?? 2)
    configuration.unet.imageSize = size
    configuration.unet.widths = levels
    configuration.unet.layersPerBlock = s[blocks] ?? 1
    configuration.unet.attention = levels.indices.map { $0 + 1 >= attends }
    configuration.unet.crossAttention = levels.indices.map { $0 + 1 == attends }
    return (try TextToImage(configuration, stream: &stream), tokenizer)
  }
}
