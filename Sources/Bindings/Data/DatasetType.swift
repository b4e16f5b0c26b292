import Host
import ML

/// What Lua can do with a data set.
enum DatasetType {
  private static let columns = Argument.integer("columns", "pictures in a row", default: 8, in: 1...256)
  private static let first = Argument.index("first", "the first picture shown", default: 1)
  private static let count = Argument.integer("count", "most pictures shown", default: 64, in: 1...100_000)
  private static let scale = Argument.integer("scale", "each pixel becomes a square of so many", default: 2, in: 1...64)
  private static let step = Argument.integer("step", "distance between pictures shown", default: 1, in: 1...Int.max)

  private static let set = Argument<Dataset>.object("self", "the set")

  private static func place(_ set: Dataset, _ position: IndexArgument) throws -> Int { try position.resolved(count: set.count) }

  private static let image = Function(
    "image", "Gives one picture.", set, .index("position", "from 1; negative from the end"), returns: .object("the picture", ImageHandle.self),
    example: ("return data.scenes{count = 2, size = 16}:image(1)", "Image of 16 x 16")
  ) { set, position in ImageHandle(try set.pictures[try place(set, position)].image()) }

  private static let captions = Function(
    "captions", "Lists the captions of one picture; several are different wordings.", set, .index("position", "from 1; negative from the end"),
    returns: .list(of: .string("the captions")), example: ("return #data.scenes{count = 1, captions_per_image = 3}:captions(1)", "3")
  ) { set, position in set.captions[try place(set, position)] }

  private static let allCaptions = Function(
    "all_captions", "Lists one caption for each group of pictures, the first wording of its first picture.", set,
    returns: .list(of: .string("the captions, in the order of the groups")),
    example: ("return #data.scenes{count = 6, images_per_caption = 3}:all_captions()", "2")
  ) { set in
    var texts = [String?](repeating: nil, count: set.groupCount)
    for place in 0..<set.count where texts[set.groups[place]] == nil { texts[set.groups[place]] = set.captions[place].first }
    if let silent = texts.firstIndex(of: nil) { throw LuaError("group \(luaPosition(silent)) of this set has no caption") }
    return texts.compactMap { $0 }
  }

  private static let label = Function(
    "label", "Gives the class of one picture, 0 for the first; nil where there are no labels.", set, .index("position", "from 1; negative from the end"),
    returns: .optional(.integer("the class")), example: ("return data.probe(\"count\", {train = 4, validation = 4, test = 4}).train:label(1)", "0")
  ) { set, position in
    let place = try place(set, position)
    return set.labels?[place]
  }

  private static let group = Function(
    "group", "Gives the number of the caption that a picture belongs to, from 1.", set, .index("position", "from 1; negative from the end"),
    returns: .integer("the group"), example: ("return data.scenes{count = 6, images_per_caption = 3}:group(4)", "2")
  ) { set, position in luaPosition(set.groups[try place(set, position)]) }

  private static let provenance = Function(
    "provenance", "Tells how a generated picture was made; nil for other pictures.", set, .index("position", "from 1; negative from the end"),
    returns: .value("caption, seed, guidance, steps, eta, model hash, version", type: "table?"),
    example: ("return data.scenes{count = 1}:provenance(1)", "nil")
  ) { set, position in
    let place = try place(set, position)
    return set.provenance.map { LuaConversion.lua($0[place]) } ?? .none
  }

  private static let take = Function(
    "take", "Gives the first pictures as a set of their own.", set, .integer("count", "how many", in: 0...Int.max), returns: .object("a new set", Dataset.self),
    example: ("return #data.scenes{count = 5}:take(3)", "3")
  ) { set, count in
    guard count <= set.count else { throw ArgumentFault.invalid("the set has \(set.count) pictures, \(count) were asked for") }
    return set.selecting(Array(0..<count))
  }

  private static let sampleSeed = Argument.integer("seed", "of the drawing", default: 1)

  private static let sample = Function(
    "sample", "Draws pictures without replacement, in random order, as a set of their own; all of them when the set is smaller.", set,
    .integer("count", "how many", in: 0...Int.max), .options("settings", "which", sampleSeed), returns: .object("a new set", Dataset.self),
    example: ("local d = data.scenes{count = 5, size = 16}\nreturn #d:sample(3), #d:sample(9)", "3\t5")
  ) { set, count, settings in
    var stream = RandomStream(seed: UInt64(bitPattern: Int64(settings[sampleSeed])), purpose: "sample of a data set")
    return set.selecting(Array(stream.permutation(set.count).prefix(count)))
  }

  private static let select = Function(
    "select", "Gives the pictures at some positions as a set of their own.", set, .positions("positions", "from 1; negative from the end"),
    returns: .object("a new set", Dataset.self), example: ("return #data.scenes{count = 5}:select{5, 1}", "2")
  ) { set, positions in set.selecting(try zeroBased(positions, count: set.count)) }

  private static let resize = Function(
    "resize", "Gives the set with the middle squares of its pictures at another size, by the bicubic filter; the set itself when they have it.", set,
    .integer("size", "side in pixels", in: 1...4096), returns: .object("a new set", Dataset.self), example: ("return data.scenes{count = 2, size = 32}:resize(16).size", "16")
  ) { set, side in try set.resized(side) }

  private static let png = Function(
    "png", "Gives one picture as a PNG file, provenance in its text chunks.", set, .index("position", "from 1; negative from the end"),
    returns: .bytes("the file's bytes"), example: ("return #data.scenes{count = 1, size = 16}:png(1) > 100", "true")
  ) { set, position in try set.png(try place(set, position)) }

  private static let grid = Function(
    "grid", "Puts pictures side by side into one PNG.", set, .options("settings", "which and how", columns, first, count, step, scale),
    returns: .bytes("the file's bytes"),
    example: ("return image.read_bytes(data.scenes{count = 6, size = 16}:grid{columns = 3, scale = 1}).width", "50")
  ) { set, settings in
    guard set.size != nil else { throw LuaError("the pictures of this set differ in size or there are none") }
    let start = try settings[first].resolved(count: set.count)
    let places = Array(stride(from: start, to: set.count, by: settings[step]).prefix(settings[count]))
    return try PNG.encode(try PictureGrid.image(try places.map { try set.pictures[$0].image() }, columns: min(settings[columns], places.count), scale: settings[scale]))
  }

  private static let tensor = Function(
    "tensor", "Gives the pictures as numbers in [0, 1].", set, returns: .tensor("[N, 3, H, W], f32"),
    example: ("return data.scenes{count = 2, size = 16}:tensor().shape", "{2, 3, 16, 16}")
  ) { set in try set.tensor(0..<set.count) }

  private static func saveShards(_ session: ScriptSession) -> Function {
    Function(
      "save_shards", "Writes the set into a folder as WebDataset shards with captions, labels, groups and provenance; data.load reads it back.", set,
      .string("path", "the folder, made when missing"), returns: .none,
      example: ("""
        local path = os.tmpname(); os.remove(path)
        local d = data.scenes{count = 3, size = 16}
        d:save_shards(path)
        return data.load(path).digest == d.digest
        """, "true")
    ) { set, path in try DatasetFiles.write(set, to: path) { try session.interrupt.check() } }
  }

  private static let firstNumber = Argument.integer("first", "number of the first picture in the names of the files", default: 0, in: 0...99_999_999)
  private static let firstGroup = Argument.integer("first_group", "number that the first group has in the files, from 0", default: 0, in: 0...Int(Int32.max))

  private static func saveShard(_ session: ScriptSession) -> Function {
    Function(
      "save_shard", "Writes the set as one WebDataset shard, whole or not at all: a part of a larger set.", set, .string("path", "the .tar file"),
      .options("settings", "how pictures are numbered", firstNumber, firstGroup), returns: .none,
      example: ("""
        local path = os.tmpname() .. ".tar"
        local d = data.scenes{count = 3, size = 16, captions_per_image = 1}
        d:save_shard(path, {first = 30})
        local again = data.load(path); os.remove(path)
        return #again, again:captions(3)[1] == d:captions(3)[1]
        """, "3\ttrue")
    ) { set, path, s in try DatasetFiles.writeShard(set, to: path, first: s[firstNumber], firstGroup: s[firstGroup]) { try session.interrupt.check() } }
  }

  private static let length = Function(
    "length", "Counts the pictures.", set, returns: .integer("their number"), example: ("return #data.scenes{count = 3}", "3")
  ) { set in set.count }

  static func make(_ session: ScriptSession) -> ObjectType {
    ObjectType(
      Dataset.self, "Pictures with captions, groups, labels and provenance. `#d` counts them; positions are from 1.",
      methods: [image, captions, allCaptions, label, group, provenance, take, sample, select, resize, png, grid, tensor, saveShards(session), saveShard(session)],
      properties: [
        Property("classes", "Names of the classes; empty where there are no labels.", .list(of: .string("name"))) { (d: Dataset) in d.classNames },
        Property("labels", "The class of each picture; nil where there are no labels.", .optional(.list(of: .integer("class")))) { (d: Dataset) in d.labels },
        Property("skipped", "What was left out when the set was loaded, or replaced in training because it could not be read: source and reason.", .value("the list", type: "{source: string, reason: string}[]")) {
          (d: Dataset) in .list(d.skipped.map { .record(["source": .string($0.source), "reason": .string($0.reason)]) })
        },
        Property("group_count", "Number of captions that pictures belong to.", .integer("it")) { (d: Dataset) in d.groupCount },
        Property("size", "Width and height in pixels, when all are squares of one size; else nil.", .optional(.integer("it"))) {
          (d: Dataset) in d.size.flatMap { $0.width == $0.height ? $0.width : nil }
        },
        Property("digest", "Hash of pixels, captions, groups and labels; of a set that is read on demand, of its files' bytes in place of the pixels.", .string("64 hexadecimal digits")) { (d: Dataset) in try d.digest.hex },
        Property("source", "Where the pictures come from, in words.", .string("it")) { (d: Dataset) in d.source },
      ],
      operators: [.length: length], describe: describe)
  }

  private static func describe(_ set: Dataset) -> String {
    var parts = ["\(set.count) pictures"]
    if let size = set.size { parts.append("\(size.width) x \(size.height)") }
    if set.groupCount != set.count { parts.append("\(set.groupCount) captions") }
    if !set.classNames.isEmpty { parts.append("\(set.classNames.count) classes") }
    if set.pictures.contains(where: { $0.bytesInMemory == 0 }) { parts.append("read on demand") }
    if !set.skipped.isEmpty { parts.append("\(set.skipped.count) skipped") }
    return "Dataset of \(parts.joined(separator: ", ")): \(set.source)"
  }
}
