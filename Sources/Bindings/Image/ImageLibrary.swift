import Host
import ML

/// A picture in Lua's hands.
final class ImageHandle: LuaObject {
  static let luaName = "Image"
  let image: Image
  init(_ image: Image) { self.image = image }
}

/// The module loam.image.
enum ImageLibrary {
  private static let lower = Argument.number("lower", "the number that is black", default: 0)
  private static let upper = Argument.number("upper", "the number that is full light", default: 1)
  private static let text = Argument.optional(.table("text", "entries for PNG text chunks", type: "table<string, string>"))
  private static let quality = Argument.integer("quality", "of JPEG", default: 95, in: 1...100)
  private static let filter = Argument.choice("filter", "how pixels are mixed", ["nearest", "bilinear", "bicubic"], default: "bicubic")
  private static let filters: [String: ResizeFilter] = ["nearest": .nearest, "bilinear": .bilinear, "bicubic": .bicubic]
  private static let image = Argument<ImageHandle>.object("self", "the picture")

  private static let read = Function(
    "read", "Reads a PNG or JPEG file; the data decide which.", .string("path", "the file"), returns: .object("the picture", ImageHandle.self),
    example: ("return pcall(image.read, \"no/such.png\")", "false\texample:1: no/such.png: file: cannot read: there is no such file or folder")
  ) { path in ImageHandle(try ImageFile.read(path)) }

  private static let readBytes = Function(
    "read_bytes", "Decodes a PNG or JPEG that is in memory.", .bytes("bytes", "the file's bytes"), returns: .object("the picture", ImageHandle.self),
    example: ("return image.read_bytes(data.scenes{count = 1, size = 16}:png(1))", "Image of 16 x 16")
  ) { bytes in ImageHandle(try ImageFile.decode(bytes, source: "bytes")) }

  private static let readText = Function(
    "read_text", "Reads the text chunks of a PNG file, such as the provenance of a generated picture.", .string("path", "the file"),
    returns: .value("text by keyword", type: "table<string, string>"),
    example: ("""
      local path = os.tmpname() .. ".png"
      data.scenes{count = 1, size = 16}:image(1):write(path, {text = {Title = "one"}})
      local texts = image.read_text(path); os.remove(path)
      return texts
      """, "{Title = \"one\"}")
  ) { path in .record(try PNG.text(ofFile: path).map { ($0.keyword, .string($0.text)) }) }

  private static let write = Function(
    "write", "Writes the picture, whole or not at all; the ending .png, .jpg or .jpeg chooses the format.", image, .string("path", "the file"),
    .options("settings", "quality, texts", text, quality), returns: .none,
    example: ("""
      local path = os.tmpname() .. ".png"
      data.scenes{count = 1, size = 16}:image(1):write(path)
      local again = image.read(path); os.remove(path)
      return again
      """, "Image of 16 x 16")
  ) { handle, path, settings in
    let entries = try settings[text]?.pairs().map { key, value -> PNGText in
      guard let key = key.asString, let value = value.asString else { throw ArgumentFault.invalid("text entries are strings by strings") }
      return PNGText(key, value)
    }.sorted { $0.keyword.utf8.lexicographicallyPrecedes($1.keyword.utf8) }
    try ImageFile.write(handle.image, to: path, text: entries ?? [], quality: settings[quality])
  }

  private static let png = Function(
    "png", "Gives the picture as a PNG file.", image, returns: .bytes("the file's bytes"),
    example: ("return image.read_bytes(data.scenes{count = 1, size = 16}:image(1):png())", "Image of 16 x 16")
  ) { handle in try PNG.encode(handle.image) }

  private static let tensor = Function(
    "tensor", "Gives the picture as numbers in [0, 1].", image, returns: .tensor("[3, H, W], f32"),
    example: ("return data.scenes{count = 1, size = 16}:image(1):tensor().shape", "{3, 16, 16}")
  ) { handle in try Tensor(handle.image.planar(), shape: [3, handle.image.height, handle.image.width]) }

  private static let fromTensor = Function(
    "from_tensor", "Makes a picture of numbers; what lies outside the range is cut.", .tensor("x", "[3, H, W]"),
    .options("settings", "the range", lower, upper), returns: .object("the picture", ImageHandle.self),
    example: ("return image.from_tensor(tensor.full({3, 2, 4}, 0.5))", "Image of 4 x 2")
  ) { x, settings in
    guard x.rank == 3, x.shape[0] == 3 else { throw ArgumentFault.invalid("a tensor of shape [3, H, W] expected, got \(TensorElements.list(x.shape))") }
    guard settings[lower] < settings[upper] else { throw ArgumentFault.invalid("lower must be below upper, got \(settings[lower]) and \(settings[upper])") }
    return ImageHandle(try Image(width: x.shape[2], height: x.shape[1], planar: x.floats(), range: Float(settings[lower])...Float(settings[upper])))
  }

  private static let resize = Function(
    "resize", "Gives the picture at another size, as Pillow computes it.", image, .integer("width", "in pixels", in: 1...65536),
    .integer("height", "in pixels", in: 1...65536), .options("settings", "the filter", filter), returns: .object("a new picture", ImageHandle.self),
    example: ("return data.scenes{count = 1, size = 16}:image(1):resize(8, 4)", "Image of 8 x 4")
  ) { handle, width, height, settings in
    ImageHandle(try handle.image.resized(width: width, height: height, filter: filters[settings[filter]] ?? .bicubic))
  }

  private static let type = ObjectType(
    ImageHandle.self, "A colour picture of 8 bits a channel.", methods: [write, png, tensor, resize, ImageAugmentation.augment],
    properties: [
      Property("width", "Columns of pixels.", .integer("it")) { (i: ImageHandle) in i.image.width },
      Property("height", "Rows of pixels.", .integer("it")) { (i: ImageHandle) in i.image.height },
    ], describe: { "Image of \($0.image.width) x \($0.image.height)" })

  static let library = Library("image", "Pictures: reading, writing, resizing, to and from tensors.", functions: [read, readBytes, readText, fromTensor], types: [type])
}
