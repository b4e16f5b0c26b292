import Host
import ML

/// Stable Diffusion in Lua: `diffusion.pipeline` and the type that it gives.
enum PipelineLibrary {
  private static let variant = Argument.optional(.string("variant", "the word in the names of weight files of another precision, such as \"fp16\""))

  /// The tiny model of the tests, for examples.
  private static let tiny = "local p = diffusion.pipeline(\"Tests/Golden/stable-diffusion/one\")\n"

  static let open = Function(
    "pipeline", """
      Opens a Stable Diffusion 1.x or 2.x model: a folder that diffusers saved, with safetensors in f32, f16 or bf16, whole or in shards. Weights are mapped into \
      memory and keep their precision; everything is computed in f32, products in f16 if `products` says so. Pickles are refused. There is no safety checker.
      """,
    .string("folder", "with model_index.json"), .options("settings", "which files, and how they are computed", variant, TensorProducts.precision), returns: .object("the model", PipelineHandle.self),
    source: "Rombach et al. 2022, arXiv:2112.10752", example: (tiny + "return p", "Stable Diffusion of 8 x 8 pictures")
  ) { folder, s in
    let precision = s[TensorProducts.precision]
    // A processor without halves is told of before gigabytes are read.
    return try precision.scope { PipelineHandle(try StableDiffusionPipeline(folder: folder, variant: s[variant]), precision: precision) }
  }

  private static let handle = Argument<PipelineHandle>.object("self", "the model")

  // MARK: Generation

  private static let prompt = Argument.oneOrMore("prompt", "what to show; a list gives pictures of each", of: "text")
  private static let negative = Argument.oneOrMore("negative", "what guidance leads away from; one text, or one for each prompt", of: "text", default: "")
  private static let guidance = Argument.number("guidance", "w in u + w (c - u): 1 is the prompt alone, 0 the negative prompt alone", default: 7.5)
  private static let rescale = Argument.number(
    "guidance_rescale", "share of each guided output whose deviation is brought back to that of the half with the prompt, 0 to 1", default: 0)
  private static let interval = Argument.optional(.numbers(
    "guidance_interval", "{first, last} training step, from 0, between which there is guidance; elsewhere w is 1. Default all"))
  private static let steps = Argument.integer("steps", "of the scheduler", default: 50, in: 1...1000)
  private static let scheduler = Argument.optional(.choice("scheduler", "the sampler; default what the folder says", of: SchedulerKind.self))
  private static let seed = Argument.integer("seed", "of the noise", default: 1)
  private static let width = Argument.optional(.integer("width", "in pixels, a multiple of 8; default the model's", in: 8...8192))
  private static let height = Argument.optional(.integer("height", "in pixels, a multiple of 8; default the model's", in: 8...8192))
  private static let images = Argument.integer("images", "pictures of each prompt", default: 1, in: 1...100_000)
  private static let clipSkip = Argument.integer("clip_skip", "how many of the text encoder's last blocks are left out", default: 0, in: 0...1000)
  private static let latents = Argument.optional(.tensor("latents", "standard normal start noise instead of the seed's, [N, C, h, w]"))
  private static let image = Argument.optional(.tensor("image", "a picture to start from, [3, H, W] or [N, 3, H, W] in [0, 1]"))
  private static let strength = Argument.number("strength", "share of the way from noise that is gone when a picture is given", default: 0.8)
  private static let batch = Argument.integer("batch", "pictures computed together; does not change them", default: 1, in: 1...256)
  private static let onStep = Argument.optional(.callback(
    "on_step", "called after each model call with its number, the latents and what they foresee; false ends the work",
    type: "fun(step: integer, latents: Tensor, clean: Tensor): boolean?"))

  private static func generate(_ session: ScriptSession) -> Function {
    Function(
      "generate", """
        Makes pictures of prompts. Each picture has a random stream of its own, named by seed, prompt and number: it is the same alone, in any batch and order, on \
        any number of threads. Gives nil when `on_step` ended the work.
        """,
      handle,
      .options("settings", "what and how", prompt, negative, guidance, rescale, interval, steps, scheduler, seed, width, height, images, clipSkip, latents, image, strength, batch, onStep),
      returns: .optional(.object("the pictures, grouped by prompt, each with its provenance", Dataset.self)),
      example: (tiny + """
        local d = p:generate{prompt = "a photo of a red cat", steps = 2, images = 2}
        local none = p:generate{prompt = "a dog", steps = 4, on_step = function(step) return step < 2 end}
        return #d, d:provenance(2).sampler, none
        """, "2\tplms\tnil")
    ) { handle, s in
      let pipeline = handle.pipeline
      let configuration = try pipeline.schedulerConfiguration(as: s[scheduler])
      let asked = PipelineRequest(
        prompts: s[prompt], negativePrompts: s[negative], imagesPerPrompt: s[images], seed: UInt64(bitPattern: Int64(s[seed])),
        scheduler: configuration.options.kind.rawValue)
      guard asked.negativePrompts.count == 1 || asked.negativePrompts.count == asked.prompts.count else {
        throw ArgumentFault.invalid("negative must be one text or one for each of the \(asked.prompts.count) prompts, got \(asked.negativePrompts.count)")
      }
      var request = asked.request()
      request.guidance = s[guidance]
      request.guidanceRescale = s[rescale]
      request.guidanceInterval = try DiffusionLibrary.guidanceOf(s[guidance], s[rescale], s[interval]).interval
      request.steps = s[steps]
      request.clipSkip = s[clipSkip]
      request.strength = s[strength]
      request.batchSize = s[batch]
      request.latents = s[latents]
      let given = try s[image].map { try ($0.rank == 3 ? $0.unsqueeze(axis: 0) : $0).cast(.f32) * 2 - 1 }
      request.image = given
      request.width = s[width] ?? given?.shape.last
      request.height = s[height] ?? given.map { $0.shape[max(0, $0.rank - 2)] }
      let report = s[onStep]
      do {
        let pictures = try handle.precision.scope {
          try pipeline.generate(request, configuration: configuration) { step in
            try session.interrupt.check()
            guard let report else { return true }
            // What a script does meanwhile is its own affair.
            let answer = try ProductPrecision.single.scope { try report.call(.integer(step.step), .object(TensorHandle(step.latents)), .object(TensorHandle(step.clean))) }
            if case .boolean(false)? = answer.first { return false }
            return true
          }
        }
        let provenance = given == nil && request.latents == nil ? asked.provenance(request, model: try handle.hash.get(), precision: handle.precision) : nil
        return Dataset(
          images: try TextToImage.images(pictures), captions: request.prompts.map { [$0] }, groups: asked.all.map(\.group), provenance: provenance,
          source: "generated at guidance \(request.guidance)")
      } catch is GenerationCancelled {
        return nil
      }
    }
  }

  // MARK: Parts

  private static let encodeText = Function(
    "encode_text", "The text encoder's states of all tokens, padding too: what the UNet attends to.", handle, .oneOrMore("prompt", "one text or a list", of: "text"),
    .options("settings", "how", clipSkip), returns: .tensor("[B, L, D]"), source: "Radford et al. 2021, arXiv:2103.00020",
    example: (tiny + "return p:encode_text({\"a cat\", \"\"}).shape", "{2, 20, 8}")
  ) { handle, prompts, s in try handle.precision.scope { try handle.pipeline.encode(prompts, clipSkip: s[clipSkip]) } }

  private static let tokens = Function(
    "tokens", "The ids of prompts as the text encoder reads them: start, text, end, padding. What does not fit is cut off before the end.", handle, .oneOrMore("prompt", "one text or a list", of: "text"),
    returns: .several(.tensor("[B, L], i64"), .list(of: .boolean("whether the prompt was cut"))),
    example: (tiny + "local ids, is_cut = p:tokens{\"a cat\", (\"a cat \"):rep(40)}\nreturn ids.shape, is_cut", "{2, 20}\t{false, true}")
  ) { handle, prompts in
    let rows = prompts.map { handle.pipeline.tokenizer.encode($0) }
    return (try Tensor(rows.flatMap(\.ids), shape: [rows.count, handle.pipeline.tokenizer.length]), rows.map(\.isCut))
  }

  private static let predict = Function(
    "predict", "What the UNet says about noisy latents: their noise or velocity, whichever it was trained for; guidance is not in it.", handle,
    .tensor("latents", "[B, C, h, w]"), .number("time", "on the scale of the training steps"), .tensor("states", "of prompts' tokens, [B, L, D]"),
    returns: .tensor("as the latents"),
    example: (tiny + "return p:predict(tensor.zeros({1, 4, 4, 6}), 500, p:encode_text(\"a cat\")).shape", "{1, 4, 4, 6}")
  ) { handle, latents, time, states in
    try handle.precision.scope { try handle.pipeline.unet(latents, times: [Double](repeating: time, count: latents.shape.first ?? 0), context: states) }
  }

  private static let decode = Function(
    "decode", "Pictures of scaled latents, as the UNet has them.", handle, .tensor("latents", "[B, C, h, w]"), returns: .tensor("[B, 3, H, W] in [0, 1]"),
    example: (tiny + "return p:decode(tensor.zeros({1, 4, 4, 6})).shape", "{1, 3, 8, 12}")
  ) { handle, latents in try handle.precision.scope { try handle.pipeline.decode(latents) * 0.5 + 0.5 } }

  private static let encode = Function(
    "encode", "Scaled latents of pictures: the mean of their distribution, and its standard deviation.", handle, .tensor("pictures", "[B, 3, H, W] in [0, 1]"),
    returns: .several(.tensor("[B, C, h, w]"), .tensor("alike")),
    example: (tiny + "local mean, deviation = p:encode(tensor.zeros({1, 3, 8, 12}))\nreturn mean.shape, deviation.shape", "{1, 4, 4, 6}\t{1, 4, 4, 6}")
  ) { handle, pictures in
    let (mean, deviation) = try handle.precision.scope { try handle.pipeline.autoencoder.encode(pictures.cast(.f32) * 2 - 1) }
    let scale = handle.pipeline.autoencoder.configuration.scalingFactor
    return (try mean * scale, try deviation * scale)
  }

  static func type(_ session: ScriptSession) -> ObjectType {
    ObjectType(
      PipelineHandle.self, "A Stable Diffusion model: text encoder, UNet, autoencoder, tokeniser and scheduler.",
      methods: [generate(session), tokens, encodeText, predict, encode, decode],
      properties: [
        Property("hash", "Hash of configuration, tokeniser and weights.", .string("64 hexadecimal digits")) { (p: PipelineHandle) in try p.hash.get() },
        Property("size", "Side of the pictures that the model was made for.", .integer("pixels")) { (p: PipelineHandle) in p.pipeline.defaultSize },
      ],
      describe: { "Stable Diffusion of \($0.pipeline.defaultSize) x \($0.pipeline.defaultSize) pictures" })
  }
}
