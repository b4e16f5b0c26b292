import Host
import ML

/// The module loam.data.
enum DataLibrary {
  private static let count = Argument.integer("count", "number of pictures", in: 1...10_000_000)
  private static let size = Argument.integer("size", "width and height in pixels, a multiple of 8", default: 32, in: 16...256)
  private static let seed = Argument.integer("seed", "seed of the world", default: 1)
  private static let imagesPerCaption = Argument.integer(
    "images_per_caption", "above 1, so many pictures are drawn for each caption, as a perfect generator would", default: 1, in: 1...1000)
  private static let captionsPerImage = Argument.integer("captions_per_image", "wordings of each picture, when each has its own", default: 5, in: 1...100)
  private static let split = Argument.choice(
    "split", "combinations of shape, colour and pattern: those for training, those held out, or all", ["train", "test", "all"], default: "train")
  private static let nuisance = Argument.number("nuisance", "strength of pose, lighting, noise and clutter, 0 to 1", default: 1)
  private static let fileSize = Argument.optional(.integer("size", "side of the squares that pictures become; default 32, or as stored in Loam's own sets", in: 1...4096))
  private static let limit = Argument.optional(.integer("limit", "most pictures, the first in file order", in: 1...Int.max))
  private static let fileSplit = Argument.optional(.string("split", "such as \"train\" or \"test\"; all when left out"))
  private static let kind = Argument.choice("kind", "what is looked for", ["auto", "captioned", "labelled"], default: "auto")
  private static let onDemand = Argument.boolean(
    "on_demand", """
      whether pictures stay in their files and are read when they are asked for, so that a set may be larger than memory; one that cannot be read is \
      then replaced in training by another of its caption and listed in `skipped`, and is an error elsewhere. For shards, folders and lists
      """, default: false)
  private static let pictureColumn = Argument.optional(.string("picture_column", "of a list: paths of pictures, relative to the list; default the first of filepath, file_name, filename, path, image, picture"))
  private static let captionColumn = Argument.optional(.string("caption_column", "of a list: captions; default the first of title, caption, text"))
  private static let labelColumn = Argument.optional(.string("label_column", "of a list: classes; default the first of label, class"))
  private static let train = Argument.integer("train", "pictures to train on", default: 1000, in: 1...10_000_000)
  private static let validation = Argument.integer("validation", "pictures to choose on", default: 500, in: 1...10_000_000)
  private static let test = Argument.integer("test", "pictures to test on; they show held-out combinations", default: 1000, in: 1...10_000_000)

  private static func levels(_ settings: Options) throws -> SceneNuisanceLevels {
    let level = Float(settings[nuisance])
    guard (0...1).contains(level) else { throw ArgumentFault.invalid("nuisance must be from 0 to 1, got \(settings[nuisance])") }
    return SceneNuisanceLevels(pose: level, lighting: level, noise: level, clutter: level)
  }

  private static func request(_ settings: Options) throws -> DataLoading.SceneRequest {
    let combinations: [String: SceneCombinations] = ["train": .training, "test": .heldOut, "all": .all]
    return .init(
      count: settings[count], side: settings[size], seed: UInt64(bitPattern: Int64(settings[seed])), imagesPerCaption: settings[imagesPerCaption],
      captionsPerImage: settings[captionsPerImage], combinations: combinations[settings[split]] ?? .training, nuisances: try levels(settings))
  }

  private static func makers(_ session: ScriptSession) -> [Function] {
    let check = { try session.interrupt.check() }
    let scenes = Function(
      "scenes", "Draws captioned pictures of a procedural world: shapes, colours, patterns, sizes, counts, relations and backgrounds. Nothing is downloaded.",
      .options("settings", "how many and which", count, size, seed, imagesPerCaption, captionsPerImage, split, nuisance),
      returns: .object("the pictures", Dataset.self),
      example: ("local d = data.scenes{count = 4, seed = 1}\nprint(d)\nreturn d:captions(1)[1]", """
        Dataset of 4 pictures, 32 x 32: scenes (seed 1, training)
        a drawing of a middle sized striped square lower than a black arrow
        """)
    ) { settings in try DataLoading.scenes(request(settings), check: check) }
    let masks = Function(
      "scene_masks", """
        Gives the masks of the pictures that data.scenes draws with the same settings: 0 where the background is, else the number of the shape. \
        Shadows and litter belong to the background.
        """,
      .options("settings", "how many and which", count, size, seed, imagesPerCaption, captionsPerImage, split, nuisance),
      returns: .several(.tensor("[N, size, size], i64"), .list(of: .string("name of a class, the first for 0"))),
      example: ("local masks, classes = data.scene_masks{count = 4, seed = 1}\nreturn masks.shape, classes[1], classes[2]", "{4, 32, 32}\tbackground\tcircle")
    ) { settings in
      let side = settings[size]
      return (try Tensor(DataLoading.sceneMasks(request(settings), check: check), shape: [settings[count], side, side]), Scene.maskClasses)
    }
    let load = Function(
      "load", """
        Loads pictures from files, telling the layout from what is there: a set that save_shards wrote, WebDataset shards, CIFAR binaries, idx pairs, \
        folders of classes, folders of pictures with text files, lists of pictures (.csv or .tsv with named columns; rows of one picture are wordings of its \
        caption, and a column split serves `split`). Pictures that cannot be read are left out and listed in `skipped`. A list of paths is one set of \
        captioned pictures: shards of one set, or folders with other pictures of the same captions under the same names.
        """,
      .oneOrMore("path", "a file or folder, or a list of them", of: "path"), .options("settings", "which and how large", fileSize, limit, fileSplit, kind, onDemand, pictureColumn, captionColumn, labelColumn),
      returns: .object("the pictures", Dataset.self), example: ("return pcall(data.load, \"no/such/folder\")", "false\texample:1: no/such/folder: there is no such file or folder")
    ) { paths, settings in
      let request = DataLoading.FileRequest(
        kind: settings[kind], side: settings[fileSize], limit: settings[limit], split: settings[fileSplit], isOnDemand: settings[onDemand],
        columns: .init(picture: settings[pictureColumn], caption: settings[captionColumn], label: settings[labelColumn]))
      if paths.count == 1 { return try DataLoading.load(paths[0], request, check: check) }
      guard !paths.isEmpty, request.kind != "labelled" else { throw ArgumentFault.invalid("a list of paths is of captioned pictures, and not empty; load labelled ones one by one") }
      if let list = paths.first(where: PictureList.isList) { throw ArgumentFault.invalid("\(list) is a list of pictures: load it by itself, and put sets together with data.join") }
      if request.columns.areGiven { throw ArgumentFault.invalid("columns belong to a list of pictures, a .csv or .tsv file, loaded by itself") }
      return try CaptionedParts.load(paths, request)
    }
    let probe = Function(
      "probe", """
        Draws a classification task of the scenes world. Captions speak of shape, colour, pattern, count, relation and background; \
        lighting and rotation are decided by nuisances alone.
        """,
      .choice("task", "which fact is asked for", of: SceneProbe.self), .options("settings", "sizes, seed and nuisances", size, train, validation, test, seed, nuisance),
      returns: .table("name, train, validation, test, classes, is_captioned",
                      type: "{name: string, train: Dataset, validation: Dataset, test: Dataset, classes: string[], is_captioned: boolean}"),
      example: ("local task = data.probe(\"count\", {train = 8, validation = 4, test = 4})\nreturn task.classes, #task.train", "{\"one\", \"two\", \"three\", \"four\"}\t8")
    ) { task, settings in
      let nuisances = try levels(settings)
      func part(_ split: SceneProbe.Split, _ count: Int) throws -> LuaValue {
        try check()
        return .object(try DataLoading.probe(task, split, count: count, seed: UInt64(bitPattern: Int64(settings[seed])), side: settings[size], nuisances: nuisances))
      }
      return .record([
        "name": .string(task.rawValue), "train": try part(.train, settings[train]), "validation": try part(.validation, settings[validation]),
        "test": try part(.test, settings[test]), "classes": .list(task.classNames.map { .string($0) }), "is_captioned": .boolean(task.isCaptioned),
      ])
    }
    return [scenes, masks, load, probe]
  }

  private static let images = Argument<[ImageHandle]>.objects("images", "the pictures", ImageHandle.self)
  private static let captions = Argument.optional(.list(of: .oneOrMore("captions", "for each picture a caption or a list of captions", of: "caption")))
  private static let groups = Argument.optional(.integers("groups", "for each picture the number of its caption, from 1"))
  private static let labels = Argument.optional(.integers("labels", "for each picture its class, 0 for the first"))
  private static let classes = Argument.optional(.strings("classes", "names of the classes"))

  private static let new = Function(
    "new", "Makes a data set of pictures that the script has.", .options("settings", "pictures and what is known of them", images, captions, groups, labels, classes),
    returns: .object("the set", Dataset.self),
    example: ("local d = data.scenes{count = 2, size = 16}\nreturn data.new{images = {d:image(2), d:image(1)}, captions = {\"b\", {\"a\", \"a thing\"}}}", "Dataset of 2 pictures, 16 x 16: script")
  ) { settings in
    let pictures = settings[images].map(\.image)
    func fits(_ count: Int?, _ name: String) throws {
      if let count, count != pictures.count { throw ArgumentFault.invalid("\(name) has \(count) entries for \(pictures.count) images") }
    }
    try fits(settings[captions]?.count, "captions")
    try fits(settings[groups]?.count, "groups")
    try fits(settings[labels]?.count, "labels")
    if let bad = settings[groups]?.first(where: { $0 < 1 }) { throw ArgumentFault.invalid("groups count from 1, got \(bad)") }
    if let bad = settings[labels]?.first(where: { $0 < 0 }) { throw ArgumentFault.invalid("labels are 0 or above, got \(bad)") }
    let names = settings[classes] ?? (settings[labels]?.max()).map { (0...$0).map { String($0) } } ?? []
    if let highest = settings[labels]?.max(), highest >= names.count {
      throw ArgumentFault.invalid("label \(highest) has no class name: \(names.count) are given")
    }
    return Dataset(
      images: pictures, captions: settings[captions] ?? [], groups: settings[groups]?.map { $0 - 1 }, labels: settings[labels], classNames: names, source: "script")
  }

  private static let sets = Argument<[Dataset]>.objects("sets", "one or more", Dataset.self)

  private static let join = Function(
    "join", "Puts sets one behind the other; groups of a later one follow those of the sets before. Labels stay where all sets have them and the same classes.", sets,
    returns: .object("a new set", Dataset.self),
    example: ("local d = data.scenes{count = 2, size = 16}\nlocal both = data.join{d, d}\nreturn #both, both:group(4), both:captions(3)[1] == d:captions(1)[1]", "4\t4\ttrue")
  ) { sets in
    guard let first = sets.first else { throw ArgumentFault.invalid("a list of at least one set is needed, it is empty") }
    return try sets.dropFirst().reduce(first) { try $0.joined(with: $1) }
  }

  static func library(_ session: ScriptSession) -> Library {
    Library(
      "data", "Data sets of pictures with captions or labels: drawn, loaded or generated.", functions: makers(session) + [new, join],
      types: [DatasetType.make(session)])
  }
}

extension Argument where Value == [String] {
  /// A text, or several of them.
  ///
  /// - Parameter kind: what a text is, such as "path", for errors.
  static func oneOrMore(_ name: String, _ doc: String, of kind: String, default fallback: String? = nil) -> Argument {
    Argument(
      name, "string|string[]", doc, expected: "\(kind) or list of \(kind)s", default: fallback.map { [$0] }, defaultText: fallback.map { "\"\($0)\"" }
    ) { call, index in
      if let text = call.string(index) { return [text] }
      guard call.kind(index) == .table else { return nil }
      return call.list(index) { $0.string($1) }
    }
  }
}

extension Argument where Value == [Dataset] {
  /// A data set, or several of them.
  static func oneOrMoreSets(_ name: String, _ doc: String) -> Argument {
    let single = Argument<Dataset>.object(name, doc), several = Argument<[Dataset]>.objects(name, doc)
    return Argument(name, "Dataset|Dataset[]", doc, expected: "Dataset or list of Datasets") { call, index in
      call.kind(index) == .table ? try several.value(call, at: index) : [try single.value(call, at: index)]
    }
  }
}
