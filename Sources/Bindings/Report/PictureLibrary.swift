import Host
import ML

/// Pictures with labels in Lua's hands.
final class PicturesHandle: LuaObject {
  static let luaName = "Pictures"
  let grid: ImageGrid
  init(_ grid: ImageGrid) { self.grid = grid }

  /// All pictures in one PNG, without labels, small ones enlarged by whole pixels as on the page.
  func png() throws -> [UInt8] {
    let columns = grid.rows.map(\.count).max() ?? 0
    let pictures = try grid.rows.flatMap { row in try (0..<columns).map { $0 < row.count ? try row[$0].map { try ImageFile.decode($0.png, source: "picture") } : nil } }
    guard let first = pictures.compactMap({ $0 }).first else { throw LuaError("a grid of pictures needs at least one picture") }
    let blank = try ML.Image(width: first.width, height: first.height) { $0.update(repeating: 255) }
    for picture in pictures.compactMap({ $0 }) where picture.width != first.width || picture.height != first.height {
      throw LuaError("the pictures of a grid must have one size; the first has \(first.width) x \(first.height), another \(picture.width) x \(picture.height)")
    }
    let scale = max(1, (grid.imageWidth ?? max(96, first.width)) / first.width)
    return try PNG.encode(try PictureGrid.image(pictures.map { $0 ?? blank }, columns: columns, scale: scale))
  }
}

/// Pictures in rows and columns: the options that loam.plot and loam.report share.
enum PictureLibrary {
  private static let caption = Argument.string("caption", "what stands below", default: "")
  private static let columnLabels = Argument.optional(.strings("columns", "above the columns"))
  private static let rowLabels = Argument.optional(.strings("rows", "left of the rows"))
  private static let width = Argument.optional(.integer("width", "of a picture on the page, in pixels", in: 8...2000))
  private static let images = Argument<[LuaTable]>.list(
    of: .table("images", "one list for each row: PNG bytes or an Image (false for none), or {png = ..., caption = ...}", type: "(string|Image|table|false)[]"))
  static let settings = Argument<Options>.options("settings", "pictures and labels", images, columnLabels, rowLabels, caption, width)

  private static func cell(_ value: LuaValue, row: Int, column: Int) throws -> ImageGrid.Cell? {
    switch value {
    case .none, .boolean(false): return nil
    case .bytes(let bytes): return ImageGrid.Cell(png: bytes)
    case .object(let object): if let image = object as? ImageHandle { return ImageGrid.Cell(png: try PNG.encode(image.image)) }
    case .table(let table):
      if let inner = try? cell(table["png"], row: row, column: column) { return ImageGrid.Cell(png: inner.png, caption: table["caption"].asString) }
    default: break
    }
    throw ArgumentFault.invalid("image \(column) of row \(row) must be a PNG file's bytes, an Image, or {png = ..., caption = ...}, got a \(value.typeName)")
  }

  static func grid(_ options: Options) throws -> ImageGrid {
    let rows = try options[images].enumerated().map { row, table -> [ImageGrid.Cell?] in
      let count = try table.pairs().compactMap(\.key.asInteger).max() ?? 0
      return try (0..<count).map { try cell(table[$0 + 1], row: row + 1, column: $0 + 1) }
    }
    return ImageGrid(
      caption: options[caption], columnLabels: options[columnLabels] ?? [], rowLabels: options[rowLabels] ?? [], rows: rows, imageWidth: options[width])
  }

  static let make = Function(
    "images", "Sets pictures of one size side by side.", settings, returns: .object("the pictures", PicturesHandle.self),
    example: ("local d = data.scenes{count = 2, size = 16}\nreturn plot.images{images = {{d:png(1), d:png(2)}}, columns = {\"one\", \"two\"}}", "Pictures in 1 row")
  ) { PicturesHandle(try grid($0)) }

  private static let save = Function(
    "save", "Writes all pictures as one PNG, whole or not at all.", .object("self", "the pictures", PicturesHandle.self), .string("path", "the file"), returns: .none,
    example: ("local path = os.tmpname() .. \".png\"\nplot.images{images = {{data.scenes{count = 1, size = 16}:png(1)}}}:save(path)\nlocal it = image.read(path); os.remove(path)\nreturn it", "Image of 96 x 96")
  ) { handle, path in
    guard path.lowercased().hasSuffix(".png") else { throw ArgumentFault.invalid("the name must end in .png, got \"\(path)\"") }
    try Host.Folder.create(Host.Folder.parent(of: path))
    try AtomicFile.write(try handle.png(), to: path)
  }

  static let type = ObjectType(
    PicturesHandle.self, "Pictures in rows and columns with labels.", methods: [save],
    describe: { "Pictures in \($0.grid.rows.count) \($0.grid.rows.count == 1 ? "row" : "rows")" })
}
