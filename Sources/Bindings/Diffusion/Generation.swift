import Host
import ML

/// What fixes the pictures of one call of `generate`, besides the model and the captions.
struct GenerationOptions {
  var imagesPerCaption = 1
  var guidance: Guidance
  var sampler = SchedulerKind.ddim
  var steps = 20
  var eta = 0.0
  var seed: UInt64 = 1
  /// What products are computed in.
  var precision = ProductPrecision.single
  /// Pictures computed together; does not change them.
  var batch = 32
  /// Where finished blocks of pictures are kept until all are done; nil for nowhere.
  var checkpoint: String?
}

extension GenerationOptions {
  /// All that makes a picture again; guidance's refinements are named where they are used.
  func provenance(_ request: PictureRequest, model: String) -> StoreValue {
    var entries: [(String, StoreValue)] = [
      ("caption", .string(request.caption)), ("number", .integer(request.number)), ("seed", .integer(Int(Int64(bitPattern: seed)))),
      ("guidance", .number(guidance.scale)), ("steps", .integer(steps)), ("eta", .number(eta)), ("sampler", .string(sampler.rawValue)),
      ("model", .string(model)), ("loam_version", .string(Loam.version)),
    ]
    if precision == .half { entries.append(("products", .string(precision.rawValue))) }
    if guidance.rescale > 0 { entries.append(("guidance_rescale", .number(guidance.rescale))) }
    if let interval = guidance.interval { entries.append(("guidance_interval", [.number(interval.lowerBound), .number(interval.upperBound)])) }
    return .table(entries.map { StoreEntry(.string($0), $1) })
  }
}

/// One picture to make: a caption and the picture's number within it, from 0.
struct PictureRequest {
  let caption: String
  let group: Int
  let number: Int

  /// The picture's stream: a function of seed, caption and number, so that it does not depend on what else is generated.
  func stream(seed: UInt64) -> RandomStream { RandomStream(seed: seed, purpose: "picture of " + caption, index: UInt64(number)) }
}

extension GeneratorHandle {
  /// Generates the pictures of some captions; those of a caption stand together.
  ///
  /// - Parameter progress: takes the share done, in [0, 1]; may throw to cancel.
  func generate(_ captions: [String], _ options: GenerationOptions, progress: (Double) throws -> Void) throws -> Dataset {
    let requests = captions.enumerated().flatMap { group, caption in
      (0..<options.imagesPerCaption).map { PictureRequest(caption: caption, group: group, number: $0) }
    }
    return try generate(requests, options, progress: progress)
  }

  /// Generates single pictures, block by block; with a checkpoint, blocks that an earlier call finished are read back.
  func generate(_ requests: [PictureRequest], _ options: GenerationOptions, progress: (Double) throws -> Void) throws -> Dataset {
    let modelHash = try hash.get()
    let provenance = requests.map { options.provenance($0, model: modelHash) }
    let blocks = try options.checkpoint.map { try PictureBlocks(folder: $0, identity: try ContentHash(of: .list(provenance)).hex) }
    let length = 8 * options.batch
    var images: [Image] = []
    var start = 0
    while start < requests.count {
      let range = start..<min(start + length, requests.count)
      if let done = blocks?.read(start, count: range.count) {
        images += done
      } else {
        let made = try pictures(Array(requests[range]), options) { share in
          try progress((Double(start) + share * Double(range.count)) / Double(requests.count))
        }
        try blocks?.write(start, made)
        images += made
      }
      start = range.upperBound
      try progress(Double(start) / Double(requests.count))
    }
    return Dataset(
      images: images, captions: requests.map { [$0.caption] }, groups: requests.map(\.group), provenance: provenance,
      source: "generated at guidance \(options.guidance.scale)")
  }

  private func pictures(_ requests: [PictureRequest], _ options: GenerationOptions, progress: (Double) throws -> Void) throws -> [Image] {
    try options.precision.scope {
      try TextToImage.images(try model.generate(
        tokens: requests.map { tokens($0.caption) }, guidance: options.guidance, steps: options.steps, sampler: .pixels(options.sampler, eta: options.eta),
        streams: requests.map { $0.stream(seed: options.seed) }, batchSize: options.batch
      ) { step in try ProductPrecision.single.scope { try progress(step.fraction) } })
    }
  }
}

/// Finished blocks of a generation that may be killed: one file each, written whole or not at all.
struct PictureBlocks {
  private let folder: String
  private let identity: String
  private static let identityKey = "loam.identity"

  /// - Parameter identity: names model, options and captions; blocks of another generation are not used.
  init(folder: String, identity: String) throws {
    try Host.Folder.create(folder)
    self.folder = folder
    self.identity = identity
  }

  private func path(_ start: Int) -> String { "\(folder)/pictures-\(start).safetensors" }

  /// The pictures of a block, nil when it is not there, damaged, or of another generation.
  func read(_ start: Int, count: Int) -> [Image]? {
    guard Host.Folder.kind(of: path(start)) == .file, let file = try? SafetensorsFile(path: path(start)),
      file.metadata[PictureBlocks.identityKey] == identity, let entry = file.find("pixels"), entry.dtype == .u8, entry.shape.count == 4,
      entry.shape[0] == count, entry.shape[3] == 3
    else { return nil }
    let (height, width) = (entry.shape[1], entry.shape[2])
    let size = height * width * 3
    return file.withBytes(of: entry) { bytes in
      (0..<count).compactMap { try? Image(width: width, height: height, pixels: Array(bytes[($0 * size)..<(($0 + 1) * size)])) }
    }
  }

  func write(_ start: Int, _ images: [Image]) throws {
    guard let first = images.first else { return }
    let array = SafetensorsArray(
      name: "pixels", dtype: .u8, shape: [images.count, first.height, first.width, 3], bytes: images.flatMap(\.pixels))
    try SafetensorsFile.write([array], metadata: [PictureBlocks.identityKey: identity], to: path(start))
  }
}
