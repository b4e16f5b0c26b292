import Host
import ML

/// The module loam.encoder.
enum EncoderLibrary {
  // What an encoder is.
  private static let size = Argument.integer("size", "side of the square pictures in pixels", default: 32, in: 8...4096)
  private static let patch = Argument.integer("patch", "side of a patch in pixels", default: 4, in: 1...256)
  private static let width = Argument.integer("width", "width of a token", default: 128, in: 1...8192)
  private static let depth = Argument.integer("depth", "number of transformer blocks", default: 4, in: 1...200)
  private static let heads = Argument.integer("heads", "attention heads", default: 4, in: 1...256)
  private static let stem = Argument<VisionStem>.choice("stem", "how pixels become tokens", of: VisionStem.self, default: .patch)
  static let pooling = Argument<FeaturePooling>.choice("pooling", "class token, or mean or maximum over patches", of: FeaturePooling.self, default: .cls)
  private static let positions = Argument<PositionKind>.choice("positions", "learned, or sines and cosines that never change", of: PositionKind.self, default: .learned)
  private static let classToken = Argument.boolean("class_token", "whether a learned token stands before the patches; without it pooling is mean or max", default: true)
  static let seed = Argument.integer("seed", "of weights, batches and crops", default: 1)
  private static let from = Argument.optional(.object(
    "from", "an encoder to start from, such as encoder.resnet{...} or one that was trained before: its network and weights are taken, so leave out what describes one", EncoderHandle.self))
  private static let dropPath = Argument.number("drop_path", "chance that a branch of a transformer's last block is left out of a step, less in earlier blocks", default: 0)

  // What it learns from, and how.
  private static let objective = Argument<RepresentationObjective>.choice("objective", "what is learned from", of: RepresentationObjective.self)
  private static let data = Argument<[Dataset]>.oneOrMoreSets("data", "pictures, those of one group belong to one caption; or a list of sets")
  private static let shares = Argument.optional(.numbers(
    "shares", "of several sets, how much of every step each gives, above 0 and in any unit; default by their sizes, as if they were one"))
  private static let steps = Argument.integer("steps", "training steps", in: 1...100_000_000)
  private static let crops = Argument.integer("crops", "crops in each step, the same for every objective; rounded down to what the views divide", default: 256, in: 2...1_000_000)
  private static let microBatch = Argument.integer(
    "micro_batch", "crops (and captions) whose history is in memory at a time, 0 for all of a step; the loss is that of the whole step, each part is computed twice", default: 0,
    in: 0...1_000_000)
  private static let textWidth = Argument.integer("text_width", "width of the encoder of captions", default: 128, in: 4...8192)
  private static let textDepth = Argument.integer("text_depth", "blocks of the encoder of captions", default: 2, in: 1...100)
  private static let textHeads = Argument.integer("text_heads", "attention heads of the encoder of captions", default: 4, in: 1...256)
  private static let textLength = Argument.integer("text_length", "words and marks of a caption that are read; the rest is cut off", default: 32, in: 3...1024)
  private static let images = Argument.integer("images_per_caption", "pictures of a caption in a step (stablerep, stablerep+, synclr)", default: 4, in: 1...1000)
  private static let cropsPerImage = Argument.integer("crops_per_image", "crops of each of them", default: 1, in: 1...100)
  private static let localCrops = Argument.optional(.integer(
    "local_crops", "small crops of each picture that only the student sees (synclr, dino); they come on top of crops. Default 4 for synclr, 0 for dino", in: 0...100))
  private static let localSize = Argument.optional(.integer(
    "local_size", "side of a small crop in pixels, a multiple of patch; default 3/7 of size in whole patches, two at least", in: 1...4096))
  private static let localScale = Argument.optional(.numbers("local_scale", "least and largest share of the picture's area in a small crop; default {0.08, 0.32}"))
  private static let temperature = Argument.optional(.number("temperature", "of the losses over projections; default 0.2 for moco-v3, 0.08 for synclr, 0.1 for the others"))
  private static let teacherMomentum = Argument.optional(.number(
    "teacher_momentum", "of the teacher at the start, in [0, 1]; it rises to 1 along a cosine. Default 0.99 for moco-v3, 0.996 for byol and dino, 0.994 for synclr"))
  private static let teacherTemperature = Argument.number("teacher_temperature", "of dino's teacher, above 0", default: 0.04)
  private static let prototypes = Argument.integer("prototypes", "of dino", default: 1024, in: 1...1_000_000)
  private static let maskRatio = Argument.number("mask_ratio", "share of patches that mae hides, in (0, 1)", default: 0.75)
  private static let decoderWidth = Argument.integer("decoder_width", "width of mae's decoder, a multiple of 4", default: 64, in: 4...8192)
  private static let decoderDepth = Argument.integer("decoder_depth", "blocks of mae's decoder", default: 2, in: 0...100)
  private static let decoderHeads = Argument.integer("decoder_heads", "attention heads of mae's decoder", default: 4, in: 1...256)
  private static let imageWeight = Argument.number("image_weight", "w1 of stablerep+", default: 1)
  private static let textWeight = Argument.number("text_weight", "w2 of stablerep+", default: 1)
  private static let learningRate = Argument.number("learning_rate", "highest rate of the schedule", default: 1e-3)
  private static let warmup = Argument.optional(.integer("warmup_steps", "steps of linear rise; default a tenth", in: 0...100_000_000))
  private static let decay = Argument.number("weight_decay", "of AdamW", default: 0.1)
  private static let beta2 = Argument.number("beta2", "of AdamW", default: 0.98)
  private static let clip = Argument.optional(.number("gradient_clip", "largest norm of all gradients together; default none"))
  private static let average = Argument.optional(.number("average_decay", "of a moving average of the weights, which is then what is returned; default none"))
  private static let headHidden = Argument.integer("head_hidden", "hidden width of the projection head", default: 512, in: 1...100_000)
  private static let headOutput = Argument.integer("head_output", "width of projections", default: 128, in: 1...100_000)
  private static let matching = Argument.integer("matching_width", "width in which pictures and captions are compared", default: 128, in: 1...100_000)
  private static let augmentation = Argument.choice(
    "augmentation", "recipe of the crops", AugmentationRecipe.names, default: "scenes")
  private static let checkpoint = Argument.optional(.string("checkpoint", "folder for the state of training; a run broken off goes on from it"))
  private static let every = Argument.integer("checkpoint_every", "steps between saves", default: 100, in: 1...100_000_000)
  private static let keep = Argument.integer(
    "checkpoint_keep", "states kept in the folder: with more than 1, those of the last saves have the step in their names, and stand in for training.safetensors when it is removed", default: 1,
    in: 1...1_000_000)
  private static let onStep = Argument.optional(.callback("on_step", "called after each step; returning false ends the training", type: "fun(step: integer, metrics: {loss: number}, rates: {learning_rate: number, gradient_norm: number}): boolean?"))
  private static let batch = Argument.integer("batch", "pictures computed together; does not change the result", default: 64, in: 1...100_000)

  private static let example = """
    local d = data.scenes{count = 8, size = 16, images_per_caption = 2}
    local net = encoder.train{objective = "stablerep", data = d, steps = 2, crops = 8, images_per_caption = 2, size = 16, width = 16, depth = 1, heads = 2}
    return net, #net.losses
    """

  private static func configuration(_ s: Options) -> VisionTransformerConfiguration {
    VisionTransformerConfiguration(imageSize: s[size], patchSize: s[patch], width: s[width], depth: s[depth], heads: s[heads],
                                   pooling: s[pooling], stem: s[stem], positions: s[positions], hasClassToken: s[classToken])
  }

  private static func train(_ session: ScriptSession) -> Function {
    Function(
      "train", """
        Trains an encoder. Batches and crops are functions of (seed, step) alone, so a run that goes on from its checkpoint ends with the same bytes. \
        Training stops with an error that names the step when the loss is no longer a number.
        """,
      .options("settings", "objective, data, encoder and training", objective, data, shares, from, dropPath, steps, crops, microBatch, images, cropsPerImage, localCrops, localSize, localScale, temperature, imageWeight,
               textWeight, learningRate, warmup, decay, beta2, clip, average, headHidden, headOutput, matching,
               teacherMomentum, teacherTemperature, prototypes, maskRatio, decoderWidth, decoderDepth, decoderHeads, textWidth, textDepth, textHeads,
               textLength, augmentation, checkpoint, every, keep, onStep, seed, size, patch,
               width, depth, heads, stem, pooling, positions, classToken),
      returns: .object("the trained encoder", EncoderHandle.self), source: "Tian et al. 2023, arXiv:2306.00984, section 3",
      example: (example, "Encoder of 16 x 16 pixels, width 16, depth 1, trained by stablerep\t2")
    ) { s in
      let sets = s[data], shares = s[shares]
      guard let first = sets.first else { throw ArgumentFault.invalid("data should be a set, or a list of at least one") }
      if let shares, shares.count != sets.count { throw ArgumentFault.invalid("\(shares.count) shares were given for \(sets.count) set\(sets.count == 1 ? "" : "s")") }
      let set = try sets.dropFirst().reduce(first) { try $0.joined(with: $1) }
      let kind = s[objective]
      let usesText = kind.usesCaptions
      var tokenizer: WordTokenizer?
      if usesText {
        guard set.captions.allSatisfy({ !$0.isEmpty }) else { throw ArgumentFault.invalid("the objective \(kind.rawValue) needs a caption for every picture") }
        tokenizer = try WordTokenizer(captions: set.captions.flatMap { $0 })
      }
      let longest = s[textLength]
      let text = tokenizer.map {
        TextTransformerConfiguration(vocabulary: $0.vocabularySize, contextLength: longest, width: s[textWidth], depth: s[textDepth], heads: s[textHeads])
      }
      let stepCount = s[steps]
      let start = s[from]
      if start != nil {
        let described = [("size", s.isGiven(size)), ("patch", s.isGiven(patch)), ("width", s.isGiven(width)), ("depth", s.isGiven(depth)), ("heads", s.isGiven(heads)),
                         ("stem", s.isGiven(stem)), ("pooling", s.isGiven(pooling)), ("positions", s.isGiven(positions)), ("class_token", s.isGiven(classToken))]
        if let extra = described.first(where: \.1)?.0 { throw ArgumentFault.invalid("an encoder to start from has a \(extra) of its own; leave out \(extra)") }
      }
      let transformer = start.map { ($0.encoder as? VisionTransformer)?.configuration ?? VisionTransformerConfiguration() } ?? configuration(s)
      var options = RepresentationOptions(
        objective: kind, encoder: transformer, text: text,
        optimization: OptimizationOptions(steps: stepCount, learningRate: s[learningRate], warmupSteps: min(stepCount, s[warmup] ?? stepCount / 10), beta2: s[beta2],
                                          weightDecay: s[decay], gradientClip: s[clip], averageDecay: s[average], seed: UInt64(bitPattern: Int64(s[seed]))),
        imagesPerCaption: s[images], cropsPerImage: s[cropsPerImage], temperature: s[temperature], imageWeight: s[imageWeight],
        textWeight: s[textWeight], headHidden: s[headHidden], headOutput: s[headOutput], matchingWidth: s[matching], classes: set.classNames.count,
        teacherMomentum: s[teacherMomentum], teacherTemperature: s[teacherTemperature], prototypes: s[prototypes], maskRatio: s[maskRatio],
        decoder: .init(width: s[decoderWidth], depth: s[decoderDepth], heads: s[decoderHeads]),
        residual: (start?.encoder as? ResNet)?.configuration, dropPath: s[dropPath], microBatch: s[microBatch], localCrops: s[localCrops], localSize: s[localSize], sourceShares: shares)
      options.cropsPerStep = s[crops] / options.views * options.views
      let groups = try sets.enumerated().flatMap { try Self.groups($0.element, tokenizer: tokenizer, length: longest, joined: !kind.usesClasses, source: shares == nil ? 0 : $0.offset) }
      let recipe = try AugmentationRecipe.named(s[augmentation], side: options.imageSize)
      let scale = s[localScale] ?? [0.08, 0.32]
      guard scale.count == 2, scale[0] > 0, scale[0] <= scale[1], scale[1] <= 1 else {
        throw ArgumentFault.invalid("local_scale should be the least and the largest share of the area, above 0 and up to 1, got {\(scale.map { "\($0)" }.joined(separator: ", "))}")
      }
      let trainer = try RepresentationTrainer(
        model: try RepresentationModel(options, seed: options.optimization.seed, from: start?.encoder), data: groups,
        dataIdentity: set.digest.hex + (try start.map { " from " + (try $0.contentIdentity()) } ?? ""),
        augmentation: recipe, localAugmentation: options.localCrops > 0 ? recipe.local(side: options.localSize, scale: Float(scale[0])...Float(scale[1])) : nil)
      trainer.onUnreadable = { item in for set in sets where set.contains(fileNamed: item.source) { set.skip(item) } }
      try TrainingRun(folder: s[checkpoint], every: s[every], keep: s[keep], onStep: s[onStep], interrupt: session.interrupt).run(trainer.loop, loss: trainer.loss)
      try trainer.takeAverage()
      var joint: JointEncoderHandle?
      if let tokenizer, let model = try trainer.model.jointEncoder() { joint = JointEncoderHandle(model, tokenizer: tokenizer, objective: kind.rawValue) }
      return EncoderHandle(try trainer.model.trainedEncoder(), objective: kind.rawValue, losses: trainer.loop.losses, joint: joint)
    }
  }

  /// Pictures by caption, or each for itself with its class.
  private static func groups(_ set: Dataset, tokenizer: WordTokenizer?, length: Int, joined: Bool, source: Int) throws -> [CaptionGroup] {
    func tokens(_ texts: [String]) -> [[Int]] {
      guard let tokenizer else { return [] }
      return texts.map { [tokenizer.startID] + tokenizer.encode($0).prefix(length - 2) + [tokenizer.endID] }
    }
    if !joined {
      guard let labels = set.labels else { throw ArgumentFault.invalid("this objective needs labelled pictures") }
      return set.pictures.indices.map { CaptionGroup(pictures: [set.pictures[$0]], label: labels[$0], source: source) }
    }
    var members = [[Int]](repeating: [], count: set.groupCount)
    for (place, group) in set.groups.enumerated() { members[group].append(place) }
    return members.map { places in
      CaptionGroup(pictures: places.map { set.pictures[$0] }, captions: tokens(places.first.map { set.captions[$0] } ?? []), source: source)
    }
  }

  private static let random = Function(
    "random", "Makes an encoder with random weights: the floor of every comparison, and where training of the same seed starts.",
    .options("settings", "the encoder", seed, size, patch, width, depth, heads, stem, pooling, positions, classToken), returns: .object("the encoder", EncoderHandle.self),
    example: ("return encoder.random{width = 16, depth = 1, heads = 2}", "Encoder of 32 x 32 pixels, width 16, depth 1, random")
  ) { s in EncoderHandle(try randomFeatureEncoder(configuration(s), seed: UInt64(bitPattern: Int64(s[seed]))), objective: "random") }

  private static let load = Function(
    "load", "Reads an encoder that save wrote.", .string("path", "a safetensors file"), returns: .object("the encoder", EncoderHandle.self),
    example: ("return pcall(encoder.load, \"no/such.safetensors\") == false", "true")
  ) { path in try EncoderHandle.read(path) }

  private static let handle = Argument<EncoderHandle>.object("self", "the encoder")

  private static func features(_ session: ScriptSession) -> Function {
    Function(
      "features", "Gives the features of pictures, without augmentation.", handle, .object("data", "the pictures", Dataset.self),
      .options("settings", "how many at once, and how they are computed", batch, TensorProducts.precision), returns: .tensor("[N, width], f32"),
      example: ("return encoder.random{width = 16, depth = 1, heads = 2}:features(data.scenes{count = 3}).shape", "{3, 16}")
    ) { handle, set, s in try s[TensorProducts.precision].scope { try handle.features(set.pictures, batch: s[batch]) { try session.interrupt.check() } } }
  }

  private static func patchFeatures(_ session: ScriptSession) -> Function {
    Function(
      "patch_features", "Gives the features of the patches of pictures, row by row, without the class token. Only vision transformers have them.", handle,
      .object("data", "the pictures", Dataset.self), .options("settings", "how many at once", batch), returns: .tensor("[N, patches, width], f32"),
      example: ("return encoder.random{width = 16, depth = 1, heads = 2}:patch_features(data.scenes{count = 3}).shape", "{3, 64, 16}")
    ) { handle, set, s in try handle.patchFeatures(set.pictures, batch: s[batch]) { try session.interrupt.check() } }
  }

  private static let save = Function(
    "save", "Writes the encoder as safetensors with timm's names, whole or not at all.", handle, .string("path", "the file"), returns: .none,
    example: ("""
      local path = os.tmpname()
      encoder.random{width = 16, depth = 1, heads = 2}:save(path)
      local again = encoder.load(path); os.remove(path)
      return again
      """, "Encoder of 32 x 32 pixels, width 16, depth 1, random")
  ) { handle, path in try handle.write(path) }

  private static func type(_ session: ScriptSession) -> ObjectType {
    ObjectType(
      EncoderHandle.self, "An image encoder.", methods: [features(session), patchFeatures(session), save],
      properties: [
        Property("losses", "Loss of each training step.", .list(of: .number("loss"))) { (e: EncoderHandle) in e.losses.map(Double.init) },
        Property("objective", "What it was trained by, or \"random\".", .string("it")) { (e: EncoderHandle) in e.objective },
        Property("width", "Width of its features.", .integer("it")) { (e: EncoderHandle) in e.encoder.featureWidth },
        Property("joint", "With the text tower that was trained beside it; nil where there was none, and for encoders read from files.",
                 .optional(.object("it", JointEncoderHandle.self))) { (e: EncoderHandle) in e.joint },
      ],
      describe: { e in e.summary })
  }

  static func library(_ session: ScriptSession) -> Library {
    Library("encoder", "Encoders of pictures and how they learn.", functions: [train(session), random, resNet, load, importing, JointEncoderLibrary.load],
            types: [type(session), JointEncoderLibrary.type(session)])
  }
}
