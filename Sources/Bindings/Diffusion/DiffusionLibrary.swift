import Host
import ML

/// The module loam.diffusion.
enum DiffusionLibrary {
  // Training.
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
  private static let blocks = Argument.integer("blocks", "residual blocks of each level, on the way down and up alike", default: 1, in: 1...16)
  private static let attentionFrom = Argument.integer("attention_from", "first level with attention; the captions are looked at there and in the middle", default: 2, in: 1...16)
  private static let weighting = Argument.choice(
    "weighting", "of the loss by step: uniform, or min_snr with gamma 5 (Hang et al. 2023, arXiv:2303.09556)", ["uniform", "min_snr"], default: "uniform")
  private static let times = Argument.choice(
    "times", "which steps training sees: all alike, or mostly the middle (Esser et al. 2024, arXiv:2403.03206)", ["uniform", "logit_normal"], default: "uniform")
  private static let timeMean = Argument.number("time_mean", "of logit_normal, in logits of t / T; 0 is the middle, below it less noise", default: 0)
  private static let timeDeviation = Argument.number("time_deviation", "of logit_normal", default: 1)
  private static let maximumWords = Argument.integer("vocabulary_size", "most words with an id of their own", default: 4096, in: 8...1_000_000)
  private static let seed = Argument.integer("seed", "of weights, order and noise", default: 1)
  private static let checkpoint = Argument.optional(.string("checkpoint", "folder for the state of the work; what was broken off goes on from it"))
  private static let every = Argument.integer("checkpoint_every", "steps between saves", default: 100, in: 1...100_000_000)
  private static let onStep = Argument.optional(.callback("on_step", "called after each step", type: "fun(step: integer, metrics: table)"))

  // Generation.
  private static let captions = Argument<[String]>.strings("captions", "what to show")
  private static let images = Argument.integer("images_per_caption", "pictures of each caption", default: 1, in: 1...100_000)
  private static let guidance = Argument.number("guidance", "w in u + w (c - u): 1 is plainly conditional, 0 unconditional", default: 3)
  private static let samplerSteps = Argument.integer("steps", "DDIM steps", default: 20, in: 1...1000)
  private static let eta = Argument.number("eta", "noise added in each step: 0 none, 1 as much as DDPM", default: 0)
  private static let together = Argument.integer("batch", "pictures computed together; does not change them", default: 32, in: 1...4096)

  private static func train(_ session: ScriptSession) -> Function {
    Function(
      "train", """
        Trains a small text-to-image diffusion model on captioned pictures: a word tokenizer, a text transformer and a UNet that predicts velocity. \
        A run that goes on from its checkpoint ends with the same bytes.
        """,
      .options("settings", "data and training", data, steps, batch, learningRate, optimizer, warmup, average, dropout, flip, weighting, times,
               timeMean, timeDeviation, widths, blocks, attentionFrom, maximumWords, seed, checkpoint, every, onStep),
      returns: .object("the trained generator", GeneratorHandle.self), source: "Ho & Salimans 2022, arXiv:2207.12598; Salimans & Ho 2022, arXiv:2202.00512",
      example: ("""
        local d = data.scenes{count = 8, size = 16}
        local g = diffusion.train{data = d, steps = 2, batch = 4, widths = {16, 32}}
        return g, #g.losses
        """, "Generator of 16 x 16 pictures\t2")
    ) { s in
      let set = s[data]
      guard let size = set.size, size.width == size.height else { throw ArgumentFault.invalid("the pictures must be squares of one size; load them with a size") }
      guard set.captions.allSatisfy({ !$0.isEmpty }) else { throw ArgumentFault.invalid("every picture needs a caption") }
      let tokenizer = try WordTokenizer(captions: set.captions.flatMap { $0 }, maximumSize: s[maximumWords])
      let marks = TokenizerHandle(tokenizer)
      var configuration = try TextToImageConfiguration.scenes(vocabulary: tokenizer.vocabularySize, emptyCaption: marks.marked("", length: 32))
      configuration.unet.imageSize = size.width
      let levels = s[widths] ?? [64, 96, 128]
      configuration.unet.widths = levels
      configuration.unet.layersPerBlock = s[blocks]
      configuration.unet.attention = levels.indices.map { $0 + 1 >= s[attentionFrom] }
      configuration.unet.crossAttention = levels.indices.map { $0 + 1 == s[attentionFrom] }
      let number = UInt64(bitPattern: Int64(s[seed]))
      var stream = RandomStream(seed: number, purpose: "generator weights")
      let model = try TextToImage(configuration, stream: &stream)
      let length = configuration.text.contextLength
      let batches = try DiffusionBatches(
        images: set.images, captions: set.captions.map { $0.map { marks.marked($0, length: length) } }, batchSize: s[batch], seed: number, flipChance: s[flip])
      let options = DiffusionOptions(steps: s[steps], learningRate: s[learningRate], warmupSteps: s[warmup], averageDecay: s[average], seed: number, captionDropout: s[dropout],
        weighting: s[weighting] == "min_snr" ? .minSNR(gamma: 5) : .uniform,
        timeSampling: s[times] == "uniform" ? .uniform : .logitNormal(mean: s[timeMean], deviation: s[timeDeviation]),
        optimizer: s[optimizer] == "muon" ? .muon : .adamW)
      let trainer = try DiffusionTrainer(model: model, options: options, dataIdentity: set.digest.hex, provider: { try batches.batch($0) })
      try TrainingRun(folder: s[checkpoint], every: s[every], onStep: s[onStep], interrupt: session.interrupt).run(trainer.loop, loss: trainer.loss)
      return GeneratorHandle(try trainer.averagedModel(), tokenizer: tokenizer, losses: trainer.loop.losses)
    }
  }

  private static let load = Function(
    "load", "Reads a generator that save wrote.", .string("path", "a safetensors file"), returns: .object("the generator", GeneratorHandle.self),
    example: ("return (pcall(diffusion.load, \"no/such.safetensors\"))", "false")
  ) { path in try GeneratorHandle.read(path) }

  private static let handle = Argument<GeneratorHandle>.object("self", "the generator")

  private static let tiny = "local g = diffusion.train{data = data.scenes{count = 8, size = 16}, steps = 1, batch = 4, widths = {16, 32}}\n"

  private static func generate(_ session: ScriptSession) -> Function {
    Function(
      "generate", """
        Makes pictures from captions by DDIM. Each picture has a random stream of its own, named by seed, caption and number: it is the same alone, in any batch \
        and order, on any number of threads. `on_step` is called with the hundredth that is done, and may raise an error to cancel.
        """,
      handle, .options("settings", "captions and sampler", captions, images, guidance, samplerSteps, eta, seed, together, checkpoint, onStep),
      returns: .object("the pictures, grouped by caption, each with its provenance", Dataset.self), source: "Song et al. 2021, arXiv:2010.02502, eq. (12)",
      example: (tiny + "local d = g:generate{captions = {\"a red star\"}, images_per_caption = 2, steps = 2}\nreturn #d, d:provenance(2).caption", "2\ta red star")
    ) { handle, s in
      let options = GenerationOptions(
        imagesPerCaption: s[images], guidance: s[guidance], steps: s[samplerSteps], eta: s[eta], seed: UInt64(bitPattern: Int64(s[seed])), batch: s[together],
        checkpoint: s[checkpoint])
      let report = s[onStep]
      var told = 0
      return try handle.generate(s[captions], options) { fraction in
        try session.interrupt.check()
        let hundredth = Int((fraction * 100).rounded(.down))
        if hundredth > told {
          // A few pictures make large leaps; each hundredth is still told at most once.
          told = hundredth
          _ = try report?.call(.integer(hundredth), .record([]))
        }
      }
    }
  }

  private static let precision = Argument.choice("precision", "f16 halves the file", ["f16", "f32"], default: "f16")

  private static let save = Function(
    "save", "Writes weights, configuration and tokenizer as one safetensors file, whole or not at all.", handle, .string("path", "the file"),
    .options("settings", "how", precision), returns: .none,
    example: (tiny + "local path = os.tmpname()\ng:save(path)\nlocal again = diffusion.load(path); os.remove(path)\nreturn again", "Generator of 16 x 16 pictures")
  ) { handle, path, s in
    try handle.write(path, precision: s[precision] == "f16" ? .f16 : .f32)
  }

  private static func regenerate(_ session: ScriptSession) -> Function {
    Function(
      "regenerate", "Makes the picture of a PNG file again from the provenance in its text chunks.", .object("generator", "the model that made it", GeneratorHandle.self),
      .string("path", "a PNG file that Loam wrote"), returns: .object("a set of one picture", Dataset.self),
      example: (tiny + """
        local d = g:generate{captions = {"a red star"}, images_per_caption = 2, steps = 2}
        local path = os.tmpname()
        local f = io.open(path, "wb"); f:write(d:png(2)):close()
        local again = diffusion.regenerate(g, path); os.remove(path)
        return again:png(1) == d:png(2)
        """, "true")
    ) { handle, path in
      guard let text = try PNG.text(ofFile: path).first(where: { $0.keyword == Provenance.keyword })?.text, let value = try? StoreValue(json: text),
        let caption = value["caption"]?.text, let number = value["number"]?.integer, let seed = value["seed"]?.integer, let steps = value["steps"]?.integer,
        let guidance = value["guidance"]?.number, let eta = value["eta"]?.number, let model = value["model"]?.text
      else { throw LuaError("\(path) carries no provenance of a generated picture") }
      let own = try handle.hash.get()
      guard own == model else { throw LuaError("\(path) was made by the model \(model.prefix(12)), this one is \(own.prefix(12))") }
      let options = GenerationOptions(guidance: guidance, steps: steps, eta: eta, seed: UInt64(bitPattern: Int64(seed)))
      return try handle.generate([PictureRequest(caption: caption, group: 0, number: number)], options) { _ in try session.interrupt.check() }
    }
  }

  private static func type(_ session: ScriptSession) -> ObjectType {
    ObjectType(
      GeneratorHandle.self, "A text-to-image diffusion model with its tokenizer.", methods: [generate(session), save],
      properties: [
        Property("losses", "Loss of each training step.", .list(of: .number("loss"))) { (g: GeneratorHandle) in g.losses.map(Double.init) },
        Property("hash", "Hash of weights, configuration and tokenizer.", .string("64 hexadecimal digits")) { (g: GeneratorHandle) in try g.hash.get() },
        Property("parameter_count", "Number of trained numbers.", .integer("it")) { (g: GeneratorHandle) in g.model.parameterCount },
      ],
      describe: { "Generator of \($0.model.configuration.unet.imageSize) x \($0.model.configuration.unet.imageSize) pictures" })
  }

  static func library(_ session: ScriptSession) -> Library {
    Library("diffusion", "Text-to-image diffusion models: training and sampling.", functions: [train(session), load, regenerate(session)], types: [type(session)])
  }
}
