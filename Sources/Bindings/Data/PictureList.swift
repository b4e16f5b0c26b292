import Host
import ML

/// Data sets that a table in a file lists: a row for each picture with its path, and a caption or a class.
enum PictureList {
  /// Names of columns that lists of pictures use, the first one found is taken.
  private static let pictureNames = ["filepath", "file_name", "filename", "path", "image", "picture"]
  private static let captionNames = ["title", "caption", "text"]
  private static let labelNames = ["label", "class"]

  /// The columns that were asked for by name; nil looks for the usual names.
  struct Columns {
    var picture: String?
    var caption: String?
    var label: String?

    var areGiven: Bool { picture != nil || caption != nil || label != nil }
  }

  static func isList(_ path: String) -> Bool { path.hasSuffix(".csv") || path.hasSuffix(".tsv") }

  /// One picture, with what all of its rows say.
  private struct Entry {
    let path: String
    let line: Int
    var captions: [String] = []
    var label: String?
  }

  /// Loads the pictures of a list. Rows that name the same file are one picture, whose captions are different wordings.
  ///
  /// - Throws: `LuaError` naming the line, and the columns there are.
  static func load(_ path: String, _ request: DataLoading.FileRequest) throws -> Dataset {
    let entries = try entries(CSV.table(MappedFile.read(path), source: path), path, request)
    let wantsCaptions = request.kind == "captioned", wantsLabels = request.kind == "labelled"
    if wantsCaptions, let silent = entries.first(where: { $0.captions.isEmpty }) { throw LuaError("\(path), line \(silent.line): \(silent.path) has no caption") }
    let isLabelled = !wantsCaptions && entries.allSatisfy { $0.label != nil }
    if wantsLabels, !isLabelled, let bare = entries.first(where: { $0.label == nil }) { throw LuaError("\(path), line \(bare.line): \(bare.path) has no class") }
    let (pictures, skipped) = try ListedPictures.load(
      entries.map(\.path), source: path, limit: request.limit, prepare: request.prepare, storage: request.storage)
    let classes = isLabelled ? classNames(entries.compactMap(\.label)) : []
    let numbers = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($0.element, $0.offset) })
    return Dataset(
      pictures: pictures.map(\.picture), captions: pictures.map { entries[$0.place].captions },
      labels: isLabelled ? pictures.map { entries[$0.place].label.flatMap { numbers[$0] } ?? 0 } : nil, classNames: classes, skipped: skipped, source: path)
  }

  private static func entries(_ table: CSV.Table, _ path: String, _ request: DataLoading.FileRequest) throws -> [Entry] {
    let header = table.columns
    func column(_ asked: String?, _ usual: [String]) throws -> Int? {
      guard let asked else { return usual.lazy.compactMap { header.firstIndex(of: $0) }.first }
      guard let found = header.firstIndex(of: asked) else { throw LuaError("\(path) has no column \"\(asked)\"; its columns are: \(header.joined(separator: ", "))") }
      return found
    }
    let captionColumn = try column(request.columns.caption, captionNames), labelColumn = try column(request.columns.label, labelNames)
    guard let pictureColumn = try column(request.columns.picture, pictureNames) else {
      throw LuaError("\(path) has no column for pictures (\(pictureNames.joined(separator: ", "))); its columns are: \(header.joined(separator: ", ")). Name it with picture_column")
    }
    if request.kind == "captioned", captionColumn == nil {
      throw LuaError("\(path) has no column for captions (\(captionNames.joined(separator: ", "))); its columns are: \(header.joined(separator: ", ")). Name it with caption_column")
    }
    if request.kind == "labelled", labelColumn == nil {
      throw LuaError("\(path) has no column for classes (\(labelNames.joined(separator: ", "))); its columns are: \(header.joined(separator: ", ")). Name it with label_column")
    }
    let splitColumn = try request.split.map { _ in try column("split", []) } ?? nil
    var entries: [Entry] = [], places: [String: Int] = [:]
    for row in table.rows {
      if let splitColumn, row.fields[splitColumn] != request.split { continue }
      let file = place(row.fields[pictureColumn], beside: path)
      let place = places[file] ?? entries.count
      if place == entries.count {
        places[file] = place
        entries.append(Entry(path: file, line: row.line))
      }
      if let captionColumn, !row.fields[captionColumn].isEmpty, !entries[place].captions.contains(row.fields[captionColumn]) {
        entries[place].captions.append(row.fields[captionColumn])
      }
      if let labelColumn, !row.fields[labelColumn].isEmpty {
        if let known = entries[place].label, known != row.fields[labelColumn] {
          throw LuaError("\(path), line \(row.line): \(file) is \"\(row.fields[labelColumn])\" here and \"\(known)\" on line \(entries[place].line)")
        }
        entries[place].label = row.fields[labelColumn]
      }
    }
    guard !entries.isEmpty else { throw LuaError("\(path) lists no pictures" + (request.split.map { " of the split '\($0)'" } ?? "")) }
    return entries
  }

  /// Paths are relative to the list.
  private static func place(_ file: String, beside list: String) -> String {
    if file.hasPrefix("/") { return file }
    let parent = Host.Folder.parent(of: list)
    return parent == "." ? file : parent + "/" + file
  }

  /// Numbers from 0 are their own classes; other names are sorted by their bytes.
  private static func classNames(_ labels: [String]) -> [String] {
    let numbers = labels.compactMap { Int($0) }
    if numbers.count == labels.count, let highest = numbers.max(), numbers.allSatisfy({ (0..<100_000).contains($0) }), labels.allSatisfy({ $0 == Int($0).map(String.init) }) {
      return (0...highest).map { String($0) }
    }
    return Set(labels).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}
