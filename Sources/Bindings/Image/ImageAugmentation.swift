import Host
import ML

/// The crops of training, one at a time, with what was drawn for them.
enum ImageAugmentation {
  private static let image = Argument<ImageHandle>.object("self", "the picture")
  private static let recipe = Argument.choice("recipe", "recipe of the crop", AugmentationRecipe.names, default: "strong")
  private static let size = Argument.integer("size", "side of the crop in pixels", default: 224, in: 1...4096)
  private static let seed = Argument.integer("seed", "of what is drawn", default: 1)
  private static let index = Argument.integer("index", "number of the crop among those of the seed", default: 0, in: 0...Int.max)

  static let augment = Function(
    "augment", "Gives a random crop as training sees it, before normalisation, and the numbers that were drawn for it; the same seed and index give the same.", image,
    .options("settings", "recipe, size, stream", recipe, size, seed, index),
    returns: .several(
      .object("a new picture", ImageHandle.self),
      .value("what was drawn: crop {left, top, width, height} in pixels where there is one, changes {{kind, amount}, ...} of colour in their order, greyscale, blur (pixels), solarised, flip, downsampled_to",
             type: "table<string, any>")),
    source: "torchvision's RandomResizedCrop, ColorJitter, RandomSolarize; Tian et al. 2023, arXiv:2306.00984, appendix",
    example: ("""
      local crop, drawn = data.scenes{count = 1}:image(1):augment{recipe = "weak", size = 16}
      return crop, drawn.flip, drawn.crop.width <= 32
      """, "Image of 16 x 16\tfalse\ttrue")
  ) { handle, settings in
    let pipeline = try AugmentationPipeline(try AugmentationRecipe.named(settings[recipe], side: settings[size]))
    var stream = RandomStream(seed: UInt64(bitPattern: Int64(settings[seed])), purpose: "crop of a picture", index: UInt64(settings[index]))
    let drawn = pipeline.recipe.parameters(width: handle.image.width, height: handle.image.height, stream: &stream)
    return (ImageHandle(try pipeline.image(handle.image, drawn)), record(drawn))
  }

  private static func record(_ drawn: AugmentationParameters) -> LuaValue {
    var fields: [(String, LuaValue)] = [
      ("greyscale", .boolean(drawn.greyscale)), ("blur", .number(Double(drawn.blurRadius))), ("solarised", .boolean(drawn.solarised)), ("flip", .boolean(drawn.flip)),
      ("changes", .list(drawn.colourChanges.map(change))),
    ]
    if let side = drawn.downsampledSide { fields.append(("downsampled_to", .integer(side))) }
    if let crop = drawn.crop {
      fields.append(("crop", .record(["left": .integer(crop.left), "top": .integer(crop.top), "width": .integer(crop.width), "height": .integer(crop.height)])))
    }
    return .record(fields)
  }

  private static func change(_ change: AugmentationParameters.ColourChange) -> LuaValue {
    func entry(_ kind: String, _ amount: Float) -> LuaValue { .record(["kind": .string(kind), "amount": .number(Double(amount))]) }
    switch change {
    case .brightness(let factor): return entry("brightness", factor)
    case .contrast(let factor): return entry("contrast", factor)
    case .saturation(let factor): return entry("saturation", factor)
    case .hue(let turn): return entry("hue", turn)
    }
  }
}
