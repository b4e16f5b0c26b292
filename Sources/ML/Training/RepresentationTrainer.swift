#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Turns a picture into a crop for training.
///
/// It writes channels x size x size planar numbers, normalised as the encoder expects, and takes all randomness from the
/// stream. It is called from several threads at once.
public typealias ViewMaker = @Sendable (_ image: Image, _ stream: inout RandomStream, _ output: UnsafeMutablePointer<Float>) throws -> Void

/// Trains an encoder on captioned pictures by one of the objectives.
///
/// Batches, crops and wordings are pure functions of (seed, step), so arms see the same number of crops in every step and a
/// continued run equals an unbroken one.
public final class RepresentationTrainer {
  public let model: RepresentationModel
  public let loop: TrainingLoop
  public let batches: RepresentationBatches
  /// Called with each picture in a file that could not be read and was replaced, in every step that wanted it.
  public var onUnreadable: (SkippedItem) -> Void = { _ in }
  private let data: [CaptionGroup]
  private let makeView: ViewMaker
  private let makeLocalView: ViewMaker?

  /// Prepares a run.
  ///
  /// - Parameters:
  ///   - model: what is trained; its options decide the objective.
  ///   - data: pictures by caption.
  ///   - dataIdentity: names the data in checkpoints, for example by a hash; a checkpoint of other data is refused.
  ///   - makeView: augmentation and normalisation.
  ///   - makeLocalView: the same for small crops; needed if the options ask for some.
  /// - Throws: `ModelError` if data and options do not fit.
  public init(model: RepresentationModel, data: [CaptionGroup], dataIdentity: String = "", makeView: @escaping ViewMaker, makeLocalView: ViewMaker? = nil) throws {
    guard model.options.localCrops == 0 || makeLocalView != nil else { throw ModelError("representation: small crops need an augmentation of their own") }
    self.makeLocalView = makeLocalView
    self.model = model
    self.data = data
    self.makeView = makeView
    batches = try RepresentationBatches(options: model.options, data: data)
    loop = try TrainingLoop(model, options: model.options.optimization, identity: "representation," + dataIdentity + "," + model.options.json())
    loop.afterStep = { [unowned loop] in try model.afterStep(loop.step) }
  }

  /// Prepares a run whose crops come from augmentation recipes.
  ///
  /// - Parameters:
  ///   - augmentation: of the crops.
  ///   - localAugmentation: of the small crops; needed if the options ask for some.
  /// - Throws: `ModelError` if a recipe's crops have another size than the options say.
  public convenience init(model: RepresentationModel, data: [CaptionGroup], dataIdentity: String = "", augmentation: AugmentationRecipe,
                          localAugmentation: AugmentationRecipe? = nil) throws {
    let size = model.options.imageSize
    guard augmentation.side == size, model.options.channels == 3 else {
      throw ModelError("representation: the augmentation makes crops of \(augmentation.side) pixels and 3 channels, the encoder reads \(size) pixels and \(model.options.channels) channels")
    }
    if let side = localAugmentation?.side, side != model.options.localSize {
      throw ModelError("representation: the augmentation of small crops makes \(side) pixels, the options say \(model.options.localSize)")
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let recipes = [augmentation] + (localAugmentation.map { [$0] } ?? [])
    let description = try recipes.map { String(decoding: try encoder.encode($0), as: UTF8.self) }.joined(separator: ",")
    try self.init(model: model, data: data, dataIdentity: dataIdentity + "," + description, makeView: Self.maker(augmentation), makeLocalView: localAugmentation.map(Self.maker))
  }

  private static func maker(_ recipe: AugmentationRecipe) throws -> ViewMaker {
    let pipeline = try AugmentationPipeline(recipe)
    return { image, stream, output in try pipeline.write(image, recipe.parameters(width: image.width, height: image.height, stream: &stream), into: output) }
  }

  /// Trains to the end or to a given step; see `TrainingLoop.run`.
  public func run(until: Int? = nil, checkpoint: String? = nil, every: Int = 200, report: (StepReport) throws -> Void = { _ in }) throws {
    try loop.run(until: until, checkpoint: checkpoint, every: every, report: report, loss: loss)
  }

  /// Puts the averaged weights, if the options ask for an average, in the place of those that were trained; for the end of a run.
  public func takeAverage() throws {
    guard let average = loop.average else { return }
    let averaged = Dictionary(try average.namedTensors().map { ($0.name, $0.tensor) }, uniquingKeysWith: { $1 })
    for (name, parameter) in model.namedParameters() { if let value = averaged[name] { parameter.value = value } }
  }

  /// The loss of the step with the given number, counted from 0.
  public func loss(_ step: Int) throws -> Tensor {
    let batch = batches.batch(step)
    let (images, local) = try crops(batch, step: step)
    let captions = batch.wordings.map { data[$0[0]].captions[$0[1]] }
    let classes = model.options.objective.usesClasses ? batch.crops.map { data[$0.group].label ?? 0 } : []
    return try model.loss(images: images, batch: batch, captions: captions, classes: classes, localImages: local, visible: visiblePatches(batch, step: step),
                          stream: RandomStream(seed: model.options.optimization.seed, purpose: "representation branches", index: UInt64(step)))
  }

  /// Which patches of each crop a masked autoencoder sees in a step, ascending; empty for other objectives.
  func visiblePatches(_ batch: RepresentationBatch, step: Int) -> [[Int]] {
    guard model.options.objective == .mae else { return [] }
    let (count, shown) = (model.options.encoder.patchCount, model.options.visiblePatches)
    return batch.crops.indices.map { index in
      var stream = RandomStream(seed: model.options.optimization.seed, purpose: "representation mask", index: UInt64(step * batch.crops.count + index))
      return stream.permutation(count).prefix(shown).sorted()
    }
  }

  /// The crops of a step, [C, channels, S, S], and the small ones, if there are any, of each picture in turn: [localCrops · L, channels, s, s].
  func crops(_ batch: RepresentationBatch, step: Int) throws -> (whole: Tensor, local: Tensor?) {
    let options = model.options, read = try picturesInFiles(batch)
    let whole = try views(of: batch.crops, read, "representation crop", step: step, side: options.imageSize, makeView)
    guard options.localCrops > 0, let makeLocalView else { return (whole, nil) }
    let firsts = options.firstCrops(count: batch.crops.count).map { batch.crops[$0] }
    let all = Array(repeating: firsts, count: options.localCrops).flatMap { $0 }
    return (whole, try views(of: all, read, "representation small crop", step: step, side: options.localSize, makeLocalView))
  }

  private func views(of crops: [RepresentationBatch.Crop], _ read: [RepresentationBatch.Crop: Image], _ purpose: String, step: Int, side: Int,
                     _ make: ViewMaker) throws -> Tensor {
    let channels = model.options.channels, seed = model.options.optimization.seed
    let length = channels * side * side
    return try Tensor.build([crops.count, channels, side, side]) { buffer in
      guard let base = buffer.baseAddress else { return }
      try ThreadPool.throwingFor(crops.count, grain: 4) { index in
        let crop = crops[index]
        var stream = RandomStream(seed: seed, purpose: purpose, index: UInt64(step * crops.count + index))
        try make(read[crop] ?? data[crop.group].pictures[crop.image].image(), &stream, base + index * length)
      }
    }
  }

  /// The pictures of a step that lie in files, each read once however many crops are cut from it.
  ///
  /// In place of one that cannot be read stands the next of its caption that can, or else the first of the captions after it: a function of the data
  /// alone, so that a continued run sees the same.
  private func picturesInFiles(_ batch: RepresentationBatch) throws -> [RepresentationBatch.Crop: Image] {
    var wanted: [RepresentationBatch.Crop] = [], known: Set<RepresentationBatch.Crop> = []
    for crop in batch.crops {
      if case .file = data[crop.group].pictures[crop.image], known.insert(crop).inserted { wanted.append(crop) }
    }
    let results = try ThreadPool.results(wanted.count, grain: 2) { try data[wanted[$0].group].pictures[wanted[$0].image].image() }
    var images: [RepresentationBatch.Crop: Image] = [:]
    for (crop, result) in zip(wanted, results) {
      switch result {
      case .success(let image): images[crop] = image
      case .failure(let error): images[crop] = try replacement(of: crop, error)
      }
    }
    return images
  }

  private func replacement(of crop: RepresentationBatch.Crop, _ error: any Error) throws -> Image {
    report(crop, error)
    let own = data[crop.group].pictures.count
    let others = (1..<max(1, own)).map { RepresentationBatch.Crop(group: crop.group, image: (crop.image + $0) % own) }
    let following = (1..<max(1, min(data.count, 100))).map { RepresentationBatch.Crop(group: (crop.group + $0) % data.count, image: 0) }
    for candidate in others + following {
      do { return try data[candidate.group].pictures[candidate.image].image() } catch { report(candidate, error) }
    }
    throw ModelError("representation: \(error); no other picture of its caption, nor the first of the \(following.count) captions after it, can be read")
  }

  private func report(_ crop: RepresentationBatch.Crop, _ error: any Error) {
    guard case .file(let file) = data[crop.group].pictures[crop.image] else { return }
    onUnreadable(SkippedItem(source: file.name, reason: PictureDecoding.reason(error)))
  }
}
