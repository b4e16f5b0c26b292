/// Loads data sets, telling their layout from the files that are there.
///
/// Layouts with labels: WebDataset shards (`.cls`), CIFAR-10 and CIFAR-100 binaries, idx pairs (all of these also
/// gzipped), and folders of class folders. With captions: WebDataset shards (`.txt`, or "caption" in `.json`), and folders in
/// which each picture has a `.txt` beside it. Class names come from `classes.txt` (one a line) or the set's own list.
public enum DatasetLoader {
  /// Loads pictures with labels.
  ///
  /// A picture that cannot be decoded or has no label is left out and named in `skipped`; an archive or binary file that is
  /// damaged or cut short is an error.
  ///
  /// - Parameters:
  ///   - path: a file or folder.
  ///   - split: such as "train" or "test"; nil takes everything.
  ///   - limit: most pictures, the first in file order; default all.
  ///   - size: width and height that every picture gets on loading, so that only small pictures stay in memory; nil keeps
  ///     their own sizes.
  ///   - fit: how pictures that are not square get there, default crop.
  ///   - reading: background of transparent pictures and largest size.
  ///   - prepare: what else is done to each picture after that, on several threads.
  ///   - storage: where the pictures stay, default memory. With files, a picture is first decoded when it is asked for, and one
  ///     that cannot be is no longer left out here; only shards and folders have pictures that can be read one by one.
  /// - Throws: `FormatError` naming the file and what to do.
  public static func load(
    _ path: String, split: String? = nil, limit: Int? = nil, size: Int? = nil, fit: SquareFit = .crop,
    reading: ImageReading = ImageReading(), prepare: (@Sendable (Image) throws -> Image)? = nil, storage: PictureStorage = .memory
  ) throws -> LabelledImages {
    let path = trimmed(path)
    let request = try Request(
      path: path, split: split, limit: limit, reading: reading, prepare: preparation(path, limit, size, fit, prepare), storage: storage)
    let result = try loadAny(request)
    guard result.count > 0 else {
      throw failure(path, "no picture with a label could be read" + (result.skipped.first.map { "; the first reason: \($0)" } ?? ""))
    }
    return result
  }

  /// What is done to each picture: resizing, then the caller's own step; nil when there is nothing to do.
  static func preparation(
    _ path: String, _ limit: Int?, _ size: Int?, _ fit: SquareFit, _ prepare: (@Sendable (Image) throws -> Image)?
  ) throws -> (@Sendable (Image) throws -> Image)? {
    if let limit, limit < 1 { throw failure(path, "the limit must be at least 1, \(limit) came") }
    guard let size else { return prepare }
    guard (1...65536).contains(size) else { throw failure(path, "the size must be 1 to 65536 pixels, \(size) came") }
    return { image in
      let resized = try fit.apply(image, size: size)
      return try prepare?(resized) ?? resized
    }
  }

  struct Request {
    let path: String
    let split: String?
    let limit: Int?
    let reading: ImageReading
    let prepare: (@Sendable (Image) throws -> Image)?
    let storage: PictureStorage

    /// Refuses to leave pictures in a file that has to be unpacked first.
    func requireMemory(_ path: String, _ reason: String) throws {
      guard storage == .memory else { throw DatasetLoader.failure(path, "its pictures cannot be read one by one: \(reason); load it into memory") }
    }

    /// A picture that stays in its file, the part of it that `range` tells.
    func picture(in path: String, _ range: Range<Int>?, name: String, side: Int) -> Picture {
      .file(PictureFile(path: path, name: name, range: range, side: side, reading: reading) { [prepare] in try prepare?($0) ?? $0 })
    }
  }

  static func failure(_ path: String, _ problem: String) -> FormatError {
    FormatError(format: "data set", source: path, problem: problem)
  }

  private static func loadAny(_ request: Request) throws -> LabelledImages {
    let path = request.path
    if Folder.isFile(path) {
      let name = fileName(path)
      if ShardFiles.isShard(name) { return try loadShards(request) }
      if isCIFAR(name) { return try loadCIFAR(request, files: [path]) }
      if isIDXImages(name) { return try loadIDX(request, images: path) }
      throw failure(path, "the kind of this file is not known: .tar, .bin, idx3-ubyte (each also .gz) or a folder was expected")
    }
    guard Folder.isFolder(path) else { throw failure(path, "there is no such file or folder") }
    let names = try Folder.names(path)
    if names.contains(where: ShardFiles.isShard) { return try loadShards(request) }
    if names.contains(where: isIDXImages) {
      return try loadIDX(request, images: path + "/" + choose(names.filter(isIDXImages), split: request.split, path: path)[0])
    }
    if names.contains(where: isCIFAR) {
      let files = try choose(names.filter(isCIFAR), split: request.split, path: path)
      return try loadCIFAR(request, files: files.map { path + "/" + $0 })
    }
    return try ImageFolder.load(request)
  }

  // MARK: - Shards

  private static func loadShards(_ request: Request) throws -> LabelledImages {
    var result = LabelledImages(pictures: [], labels: [], classNames: [], skipped: [])
    let folder = Folder.isFolder(request.path) ? request.path : parent(request.path)
    let names = try classNames(in: folder)
    result.skipped = try ShardFiles.read(
      ShardFiles.find(request.path, split: request.split), request) { sample in
      guard sample["cls"] != nil else { return "no label (.cls)" }
      guard let label = ShardFiles.label(sample) else { return "the label (.cls) is no whole number from 0" }
      return names.map { label < $0.count } ?? (label < 1 << 20) ? nil : "the label \(label) has no class name"
    } body: { sample, picture in
      result.pictures.append(picture)
      result.labels.append(ShardFiles.label(sample) ?? 0)
    }
    result.classNames = names ?? (0..<((result.labels.max() ?? -1) + 1)).map { String($0) }
    return result
  }

  // MARK: - Binaries

  static func isCIFAR(_ name: String) -> Bool { name.hasSuffix(".bin") || name.hasSuffix(".bin.gz") }

  static func isIDXImages(_ name: String) -> Bool {
    let stem = name.hasSuffix(".gz") ? String(name.dropLast(3)) : name
    return stem.hasSuffix("-images-idx3-ubyte") || stem.hasSuffix("-images.idx3-ubyte")
  }

  /// The files of a split: names that begin with it, or with one of its other names. Numbers in names are sorted as numbers.
  private static func choose(_ names: [String], split: String?, path: String) throws -> [String] {
    let sorted = names.sorted { numbered($0) < numbered($1) }
    guard let split else { return sorted }
    let others = ["train": ["data_batch"], "test": ["t10k"]][split] ?? []
    let fitting = sorted.filter { name in ([split] + others).contains { name.hasPrefix($0) } }
    guard !fitting.isEmpty else {
      throw failure(path, "there is no split '\(split)'; the files are: \(sorted.joined(separator: ", "))")
    }
    return fitting
  }

  /// A name as text, number, text for sorting: "data_batch_10.bin" comes after "data_batch_2.bin".
  private static func numbered(_ name: String) -> (String, Int, String) {
    let digits = name.firstIndex { $0.isNumber } ?? name.endIndex
    let rest = name[digits...]
    let end = rest.firstIndex { !$0.isNumber } ?? name.endIndex
    return (String(name[..<digits]), Int(rest[..<end]) ?? 0, String(name[end...]))
  }

  private static func loadCIFAR(_ request: Request, files: [String]) throws -> LabelledImages {
    let folder = parent(files[0])
    let names = try classNames(in: folder)
    var result = LabelledImages(pictures: [], labels: [], classNames: names ?? [], skipped: [])
    try request.requireMemory(files[0], "CIFAR's files hold bare pixels")
    for file in files {
      let rest = request.limit.map { $0 - result.count }
      if rest == 0 { break }
      let bytes = try Gzip.read(file)
      guard let layout = names.map({ $0.count > 10 ? .cifar100 : .cifar10 }) ?? CIFARFile.layout(byteCount: bytes.count) else {
        throw failure(file, "\(bytes.count) bytes are records of neither CIFAR-10 nor CIFAR-100 (or of both): put a classes.txt beside it")
      }
      if let names, names.count != layout.classCount {
        throw failure(folder, "\(names.count) class names are listed, \(layout.rawValue) has \(layout.classCount) classes")
      }
      let content = try CIFARFile.decode(bytes, source: file, layout: layout, limit: rest)
      result.pictures += try (request.prepare.map { prepare in try parallelMap(content.images, prepare) } ?? content.images).map { .image($0) }
      result.labels += content.labels
      if names == nil { result.classNames = (0..<layout.classCount).map { String($0) } }
    }
    return result
  }

  private static func loadIDX(_ request: Request, images path: String) throws -> LabelledImages {
    try request.requireMemory(path, "idx files hold bare pixels")
    let name = fileName(path)
    let stem = name.replacing("images-idx3", with: "labels-idx1").replacing("images.idx3", with: "labels.idx1")
    let candidates = [stem, stem.hasSuffix(".gz") ? String(stem.dropLast(3)) : stem + ".gz"].map { join(parent(path), $0) }
    guard let labelPath = candidates.first(where: Folder.isFile) else {
      throw failure(path, "its labels are missing: \(candidates[0]) was expected")
    }
    let pictures = try IDXFile(Gzip.read(path), source: path)
    let labels = try IDXFile(Gzip.read(labelPath), source: labelPath)
    guard labels.shape.count == 1, labels.shape[0] == pictures.shape[0] else {
      throw failure(labelPath, "shape \(labels.shape) came, [\(pictures.shape[0])] was expected, a label for each picture")
    }
    let images = try pictures.images(source: path, limit: request.limit)
    let used = labels.bytes.prefix(images.count).map { Int($0) }
    let names = try classNames(in: parent(path)) ?? (0..<((used.max() ?? -1) + 1)).map { String($0) }
    guard let highest = used.max(), highest < names.count else {
      throw failure(labelPath, "the highest label is \(used.max() ?? -1), but there are \(names.count) class names")
    }
    return LabelledImages(
      pictures: try (request.prepare.map { try parallelMap(images, $0) } ?? images).map { .image($0) }, labels: used, classNames: names, skipped: [])
  }

  private static func parallelMap(_ images: [Image], _ prepare: (Image) throws -> Image) throws -> [Image] {
    try ThreadPool.results(images.count, grain: 16) { try prepare(images[$0]) }.map { try $0.get() }
  }

  // MARK: - Names

  /// The class names listed in a folder, nil when it has no list.
  static func classNames(in folder: String) throws -> [String]? {
    for name in ["classes.txt", "fine_label_names.txt", "batches.meta.txt"] where Folder.isFile(join(folder, name)) {
      let names = ShardFiles.lines(String(decoding: try MappedFile.read(join(folder, name)), as: UTF8.self))
      if !names.isEmpty { return names }
    }
    return nil
  }

  /// A path without slashes at its end.
  static func trimmed(_ path: String) -> String {
    var result = path
    while result.count > 1, result.hasSuffix("/") { result.removeLast() }
    return result
  }

  static func fileName(_ path: String) -> String { String(path[(path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex)...]) }

  static func parent(_ path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  static func join(_ folder: String, _ name: String) -> String { folder.hasSuffix("/") ? folder + name : folder + "/" + name }
}
