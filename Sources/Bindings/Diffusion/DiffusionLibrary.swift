import Host
import ML

/// The module loam.diffusion.
enum DiffusionLibrary {
  // Training and generation.
  static let seed = Argument.integer("seed", "of weights, order and noise", default: 1)
  static let checkpoint = Argument.optional(.string("checkpoint", "folder for the state of the work; what was broken off goes on from it"))
  static let onStep = Argument.optional(.callback("on_step", "called after each step", type: "fun(step: integer, metrics: table)"))

  // Generation.
  private static let captions = Argument<[String]>.strings("captions", "what to show")
  private static let images = Argument.integer("images_per_caption", "pictures of each caption", default: 1, in: 1...100_000)
  private static let guidance = Argument.number("guidance", "w in u + w (c - u): 1 is plainly conditional, 0 unconditional", default: 3)
  private static let rescale = Argument.number("guidance_rescale", "share of the output whose deviation is brought back to the conditional half's", default: 0)
  private static let interval = Argument.optional(.numbers("guidance_interval", "{from, to}: the training steps with guidance; elsewhere w is 1; default all"))
  private static let sampler = Argument.choice("sampler", "how noise becomes a picture", of: SchedulerKind.self, default: .ddim)
  private static let samplerSteps = Argument.integer("steps", "sampler steps; pndm, plms and heun call the model more often", default: 20, in: 1...1000)
  private static let eta = Argument.number("eta", "noise added in each step of ddim: 0 none, 1 as much as ddpm", default: 0)
  private static let together = Argument.integer("batch", "pictures computed together; does not change them", default: 32, in: 1...4096)

  private static let load = Function(
    "load", "Reads a generator that save wrote.", .string("path", "a safetensors file"), returns: .object("the generator", GeneratorHandle.self),
    example: ("return (pcall(diffusion.load, \"no/such.safetensors\"))", "false")
  ) { path in try GeneratorHandle.read(path) }

  private static let handle = Argument<GeneratorHandle>.object("self", "the generator")

  private static let tiny = "local g = diffusion.train{data = data.scenes{count = 8, size = 16}, steps = 1, batch = 4, widths = {16, 32}}\n"

  private static func generate(_ session: ScriptSession) -> Function {
    Function(
      "generate", """
        Makes pictures from captions. Each picture has a random stream of its own, named by seed, caption and number: it is the same alone, in any batch \
        and order, on any number of threads. `on_step` is called with the hundredth that is done, and may raise an error to cancel.
        """,
      handle, .options("settings", "captions and sampler", captions, images, guidance, rescale, interval, sampler, samplerSteps, eta, seed, together, TensorProducts.precision, checkpoint, onStep),
      returns: .object("the pictures, grouped by caption, each with its provenance", Dataset.self), source: "Song et al. 2021, arXiv:2010.02502, eq. (12)",
      example: (tiny + "local d = g:generate{captions = {\"a red star\"}, images_per_caption = 2, steps = 2}\nreturn #d, d:provenance(2).caption", "2\ta red star")
    ) { handle, s in
      let options = GenerationOptions(
        imagesPerCaption: s[images], guidance: try guidanceOf(s[guidance], s[rescale], s[interval]), sampler: s[sampler], steps: s[samplerSteps], eta: s[eta],
        seed: UInt64(bitPattern: Int64(s[seed])), precision: s[TensorProducts.precision], batch: s[together], checkpoint: s[checkpoint])
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

  static func guidanceOf(_ scale: Double, _ rescale: Double, _ interval: [Double]?) throws -> Guidance {
    guard let interval else { return try Guidance(scale: scale, rescale: rescale) }
    guard interval.count == 2, interval[0] <= interval[1] else {
      throw ArgumentFault.invalid("guidance_interval must hold two training steps, the smaller first, got {\(interval.map { "\($0)" }.joined(separator: ", "))}")
    }
    return try Guidance(scale: scale, rescale: rescale, interval: interval[0]...interval[1])
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
      "regenerate", "Makes the picture of a PNG file again from the provenance in its text chunks.",
      .anyGenerator("generator", "the model that made it"),
      .string("path", "a PNG file that Loam wrote"), returns: .object("a set of one picture", Dataset.self),
      example: (tiny + """
        local d = g:generate{captions = {"a red star"}, images_per_caption = 2, steps = 2}
        local path = os.tmpname()
        local f = io.open(path, "wb"); f:write(d:png(2)):close()
        local again = diffusion.regenerate(g, path); os.remove(path)
        return again:png(1) == d:png(2)
        """, "true")
    ) { generator, path in
      let check = { try session.interrupt.check() }
      switch generator {
      case .small(let handle):
        let record = try Provenance(of: path, madeBy: handle.hash.get())
        return try handle.generate([PictureRequest(caption: record.caption, group: 0, number: record.number)], record.options()) { _ in try check() }
      case .pipeline(let handle): return try handle.regenerated(Provenance(of: path, madeBy: handle.hash.get()), check: check)
      }
    }
  }

  private static func type(_ session: ScriptSession) -> ObjectType {
    ObjectType(
      GeneratorHandle.self, "A text-to-image diffusion model with its tokenizer.", methods: [generate(session), save],
      properties: [
        Property("losses", "Loss of each training step.", .list(of: .number("loss"))) { (g: GeneratorHandle) in g.losses.map(Double.init) },
        Property("hash", "Hash of weights, configuration and tokenizer.", .string("64 hexadecimal digits")) { (g: GeneratorHandle) in try g.hash.get() },
        Property("multiply_adds", "Multiply-adds of one pass of the UNet over one picture; guidance takes two passes in each step.", .integer("it")) { (g: GeneratorHandle) in
          g.model.unet.multiplyAdds()
        },
        Property("parameter_count", "Number of trained numbers.", .integer("it")) { (g: GeneratorHandle) in g.model.parameterCount },
      ],
      describe: { "Generator of \($0.model.configuration.unet.imageSize) x \($0.model.configuration.unet.imageSize) pictures" })
  }

  static func library(_ session: ScriptSession) -> Library {
    Library(
      "diffusion", "Text-to-image diffusion models: training and sampling.",
      functions: [GeneratorTraining.train(session), load, regenerate(session), PipelineLibrary.open] + SchedulerLibrary.functions,
      types: [type(session), SchedulerLibrary.type, PipelineLibrary.type(session)])
  }
}
