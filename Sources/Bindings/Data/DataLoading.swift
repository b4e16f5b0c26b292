import Host
import ML

/// Where data sets come from: the scenes world, files, probe tasks.
enum DataLoading {
  /// Pictures drawn between two looks at the interrupt.
  private static let chunk = 512

  /// What `data.scenes` was asked for.
  struct SceneRequest {
    var count: Int
    var side: Int
    var seed: UInt64
    var imagesPerCaption: Int
    var captionsPerImage: Int
    var combinations: SceneCombinations
    var nuisances: SceneNuisanceLevels
  }

  /// Captioned scenes: each picture with captions of its own, or several pictures drawn for each caption.
  static func scenes(_ request: SceneRequest, check: () throws -> Void) throws -> Dataset {
    let (scenes, captions, groups) = try described(request, check: check)
    return Dataset(
      images: try rendered(scenes, side: request.side, check: check), captions: captions, groups: groups,
      source: "scenes (seed \(request.seed), \(request.combinations.rawValue))")
  }

  /// The masks of the pictures that `scenes` draws for the same request, N · side · side classes.
  static func sceneMasks(_ request: SceneRequest, check: () throws -> Void) throws -> [Int] {
    try described(request, check: check).scenes.flatMap { scene in
      try check()
      return try scene.mask(side: request.side)
    }
  }

  private static func described(_ request: SceneRequest, check: () throws -> Void) throws -> (scenes: [Scene], captions: [[String]], groups: [Int]) {
    guard request.count % request.imagesPerCaption == 0 else {
      throw ArgumentFault.invalid("count (\(request.count)) must be a multiple of images_per_caption (\(request.imagesPerCaption))")
    }
    let sampler = SceneSampler(seed: request.seed, combinations: request.combinations, nuisances: request.nuisances)
    var scenes: [Scene] = [], captions: [[String]] = [], groups: [Int] = []
    if request.imagesPerCaption == 1 {
      for index in 0..<request.count {
        let scene = sampler.scene(index)
        scenes.append(scene)
        captions.append(sampler.captions(of: scene.facts, index: index, count: request.captionsPerImage).map(\.text))
        groups.append(index)
        if index % chunk == 0 { try check() }
      }
    } else {
      for group in 0..<(request.count / request.imagesPerCaption) {
        let caption = sampler.captions(group, count: 1)[0]
        for picture in 0..<request.imagesPerCaption {
          scenes.append(try sampler.scene(picture, with: caption.mention, purpose: "caption \(group)"))
          captions.append([caption.text])
          groups.append(group)
        }
        if group % chunk == 0 { try check() }
      }
    }
    return (scenes, captions, groups)
  }

  private static func rendered(_ scenes: [Scene], side: Int, check: () throws -> Void) throws -> [Image] {
    var images: [Image] = []
    var start = 0
    while start < scenes.count {
      try check()
      let end = min(start + chunk, scenes.count)
      images += try Array(scenes[start..<end]).rendered(side: side)
      start = end
    }
    return images
  }

  /// One split of a probe task.
  static func probe(
    _ task: SceneProbe, _ split: SceneProbe.Split, count: Int, seed: UInt64, side: Int, nuisances: SceneNuisanceLevels
  ) throws -> Dataset {
    let data = try task.dataset(split, count: count, seed: seed, side: side, nuisances: nuisances)
    return Dataset(
      images: data.images, labels: data.labels, classNames: data.classNames, source: "scenes, \(task.rawValue), \(split.rawValue) (seed \(seed))")
  }

  /// What `data.load` was asked for.
  struct FileRequest {
    var kind = "auto"
    var side: Int?
    var limit: Int?
    var split: String?
    /// Pictures stay in their files.
    var isOnDemand = false
    /// Of a list of pictures.
    var columns = PictureList.Columns()

    /// The side of pictures that have no size of their own.
    var givenSide: Int { side ?? 32 }
    var storage: PictureStorage { isOnDemand ? .files(side: givenSide) : .memory }
    var prepare: @Sendable (Image) throws -> Image {
      let side = givenSide
      return { try SquareFit.crop.apply($0, size: side) }
    }
  }

  /// Pictures in files, by the layout that is there: Loam's own, captioned, or labelled.
  static func load(_ path: String, _ request: FileRequest, check: () throws -> Void) throws -> Dataset {
    var folder = path
    while folder.count > 1, folder.hasSuffix("/") { folder.removeLast() }
    if PictureList.isList(folder), Host.Folder.kind(of: folder) == .file { return try PictureList.load(folder, request) }
    if request.columns.areGiven { throw LuaError("\(path) has no columns: only a list of pictures, a .csv or .tsv file, has them") }
    if DatasetFiles.isDataset(folder) {
      if request.isOnDemand { return try DatasetFiles.open(folder, side: request.side, limit: request.limit, check: check) }
      let set = try DatasetFiles.read(folder, limit: request.limit, check: check)
      return try request.side.map { try set.resized($0) } ?? set
    }
    guard Host.Folder.kind(of: folder) != .missing else {
      throw LuaError("\(path): there is no such file or folder")
    }
    func captioned() throws -> Dataset { try CaptionedParts.load([folder], request) }
    func labelled() throws -> Dataset {
      let set = try DatasetLoader.load(folder, split: request.split, limit: request.limit, prepare: request.prepare, storage: request.storage)
      return Dataset(pictures: set.pictures, labels: set.labels, classNames: set.classNames, skipped: set.skipped, source: path)
    }
    if request.kind == "captioned" { return try captioned() }
    if request.kind == "labelled" { return try labelled() }
    do { return try captioned() } catch let first as FormatError {
      // Which of the two was meant is not known: the message must fit either.
      do { return try labelled() } catch let second as FormatError {
        throw LuaError("\(second)\nand as captioned pictures: \(first.problem)")
      }
    }
  }
}
