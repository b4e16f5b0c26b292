/// Folders of picture files.
enum ImageFolder {
  private static let readable = [".jpg", ".jpeg", ".png"]
  /// Endings of picture formats that are not read; such files are named among the skipped.
  private static let unreadable = [".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".heic", ".avif"]

  /// Loads class folders: each folder below the root is a class, labels follow the sorted names, and the files below a class
  /// folder (at any depth) are taken folder by folder in sorted order, as torchvision's ImageFolder does.
  static func load(_ request: DatasetLoader.Request) throws -> LabelledImages {
    let root = try root(request)
    let classes = try Folder.names(root).filter { Folder.isFolder(DatasetLoader.join(root, $0)) }
    var files: [(path: String, label: Int)] = []
    var skipped: [SkippedItem] = []
    for (label, name) in classes.enumerated() {
      for file in try pictures(below: DatasetLoader.join(root, name), skipped: &skipped) { files.append((file, label)) }
    }
    guard !files.isEmpty else {
      throw DatasetLoader.failure(
        root, "nothing that can be read: .tar shards, CIFAR .bin files, idx files or class folders with .jpg or .png pictures were expected"
          + (skipped.first.map { "; skipped: \($0)" } ?? ""))
    }
    var result = LabelledImages(pictures: [], labels: [], classNames: classes, skipped: skipped)
    try read(files.map(\.path), request) { index, picture in
      result.pictures.append(picture)
      result.labels.append(files[index].label)
    } skip: { result.skipped.append($0) }
    return result
  }

  /// Loads pictures that have a text file of the same name beside them, as img2dataset's "files" layout.
  static func loadCaptioned(_ request: DatasetLoader.Request) throws -> CaptionedImages {
    let root = try root(request)
    var result = CaptionedImages(pictures: [], captions: [], keys: [], labels: [], groups: [], skipped: [])
    var files: [(path: String, captions: [String])] = []
    for path in try pictures(below: root, skipped: &result.skipped) {
      let stem = String(path[..<(path.lastIndex(of: ".") ?? path.endIndex)])
      let text = Folder.isFile(stem + ".txt") ? String(validating: try MappedFile.read(stem + ".txt"), as: UTF8.self) : nil
      let captions = text.map { ShardFiles.lines($0) } ?? []
      if captions.isEmpty {
        result.skipped.append(SkippedItem(source: path, reason: "no caption (.txt beside it)"))
      } else {
        files.append((path, captions))
      }
    }
    try read(files.map(\.path), request) { index, picture in
      let path = files[index].path
      result.pictures.append(picture)
      result.captions.append(files[index].captions)
      result.keys.append(String(path.dropFirst(root.count + 1)[..<(path.lastIndex(of: ".") ?? path.endIndex)]))
      result.labels.append(nil)
      result.groups.append(nil)
    } skip: { result.skipped.append($0) }
    return result
  }

  /// The folder of the split, when folders are named by splits.
  private static func root(_ request: DatasetLoader.Request) throws -> String {
    guard let split = request.split else { return request.path }
    let folder = DatasetLoader.join(request.path, split)
    if Folder.isFolder(folder) { return folder }
    let names = try Folder.names(request.path).filter { Folder.isFolder(DatasetLoader.join(request.path, $0)) }
    throw DatasetLoader.failure(
      request.path, "there is no split '\(split)' (a folder of that name); the folders are: \(names.prefix(20).joined(separator: ", "))")
  }

  /// The picture files below a folder, folder by folder.
  private static func pictures(below folder: String, skipped: inout [SkippedItem]) throws -> [String] {
    var files: [String] = [], folders: [String] = [], open = [(folder, 0)]
    while let (next, depth) = open.popLast() {
      folders.append(next)
      // Links can lead in circles: 64 levels are more than any data set has.
      guard depth < 64 else { throw DatasetLoader.failure(next, "folders are nested more than 64 deep: is there a link in a circle?") }
      for name in try Folder.names(next) where Folder.isFolder(DatasetLoader.join(next, name)) {
        open.append((DatasetLoader.join(next, name), depth + 1))
      }
    }
    for next in folders.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
      for name in try Folder.names(next) {
        let lower = name.lowercased(), path = DatasetLoader.join(next, name)
        guard Folder.isFile(path) else { continue }
        if readable.contains(where: { lower.hasSuffix($0) }) {
          files.append(path)
        } else if unreadable.contains(where: { lower.hasSuffix($0) }) {
          skipped.append(SkippedItem(source: path, reason: "this picture format is not supported: convert it to PNG or JPEG"))
        }
      }
    }
    return files
  }

  /// Hands out files in order: decoded, some at a time, or as they are.
  static func read(
    _ paths: [String], _ request: DatasetLoader.Request, body: (Int, Picture) -> Void, skip: (SkippedItem) -> Void
  ) throws {
    if case .files(let side) = request.storage {
      for (index, path) in paths.prefix(request.limit ?? .max).enumerated() { body(index, request.picture(in: path, nil, name: path, side: side)) }
      return
    }
    var start = 0, wanted = request.limit ?? .max
    while start < paths.count, wanted > 0 {
      let count = min(256, paths.count - start, wanted)
      let results = try PictureDecoding.decode(count: count, reading: request.reading, prepare: request.prepare) {
        (try MappedFile.read(paths[start + $0]), paths[start + $0])
      }
      for (offset, result) in results.enumerated() {
        switch result {
        case .success(let image):
          body(start + offset, .image(image))
          wanted -= 1
        case .failure(let error): skip(SkippedItem(source: paths[start + offset], reason: PictureDecoding.reason(error)))
        }
      }
      start += count
    }
  }
}
