#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Options of a generator's training.
public struct DiffusionOptions: Codable, Sendable, Equatable {
  public var optimization: OptimizationOptions
  /// Chance that a picture is shown with the empty caption.
  public var captionDropout: Double
  public var weighting: LossWeighting
  public var timeSampling: TimeSampling

  /// The defaults suit the small generator: AdamW (0.9, 0.99), clip 1, average 0.999, 10 % of captions dropped.
  public init(optimization: OptimizationOptions, captionDropout: Double = 0.1, weighting: LossWeighting = .uniform,
              timeSampling: TimeSampling = .uniform) {
    self.optimization = optimization
    self.captionDropout = captionDropout
    self.weighting = weighting
    self.timeSampling = timeSampling
  }

  public init(steps: Int, learningRate: Double = 1e-3, warmupSteps: Int = 100, averageDecay: Double? = 0.999, seed: UInt64 = 0,
              captionDropout: Double = 0.1, weighting: LossWeighting = .uniform, timeSampling: TimeSampling = .uniform,
              optimizer: OptimizerKind = .adamW) {
    self.init(optimization: OptimizationOptions(steps: steps, learningRate: learningRate, warmupSteps: min(warmupSteps, steps), beta2: 0.99,
                                                weightDecay: 0.01, gradientClip: 1, averageDecay: averageDecay, seed: seed, optimizer: optimizer),
              captionDropout: captionDropout, weighting: weighting, timeSampling: timeSampling)
  }
}

/// A batch of captioned pictures for a generator.
public struct DiffusionBatch {
  /// [B, C, S, S] in [-1, 1]
  public let images: Tensor
  /// Token ids of each caption, marks included.
  public let captions: [[Int]]

  public init(images: Tensor, captions: [[Int]]) {
    self.images = images
    self.captions = captions
  }

  /// Puts eight-bit pictures of one size together.
  public init(images: [Image], captions: [[Int]]) throws {
    guard let first = images.first, images.allSatisfy({ $0.width == first.width && $0.height == first.height }) else {
      throw ModelError("diffusion batch: it needs at least one picture, and all of one size")
    }
    let half = SIMD3<Float>(repeating: 0.5)
    let count = 3 * first.width * first.height
    self.images = try Tensor.build([images.count, 3, first.height, first.width]) { buffer in
      guard let base = buffer.baseAddress else { return }
      for (index, image) in images.enumerated() { image.writePlanar(into: base + index * count, mean: half, deviation: half) }
    }
    self.captions = captions
  }
}

/// Trains a text-to-image model on captioned pictures.
public final class DiffusionTrainer {
  public let model: TextToImage
  public let options: DiffusionOptions
  public let loop: TrainingLoop
  private let provider: (Int) throws -> DiffusionBatch

  /// Prepares a run.
  ///
  /// - Parameters:
  ///   - dataIdentity: names the data in checkpoints; a checkpoint of other data is refused.
  ///   - provider: the batch of a step, counted from 0; it must depend on the step (and a seed) only, or a continued run
  ///     will not equal an unbroken one.
  public init(model: TextToImage, options: DiffusionOptions, dataIdentity: String = "", provider: @escaping (Int) throws -> DiffusionBatch) throws {
    if case .logitNormal(let mean, let deviation) = options.timeSampling, !mean.isFinite || !(deviation > 0) || !deviation.isFinite {
      throw ModelError("diffusion training: the logit-normal sampling of times needs a finite mean and a positive deviation, got \(mean) and \(deviation)")
    }
    guard (0...1).contains(options.captionDropout) else {
      throw ModelError("diffusion training: the caption dropout must lie in [0, 1], got \(options.captionDropout)")
    }
    self.model = model
    self.options = options
    self.provider = provider
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let description = String(decoding: try encoder.encode(options), as: UTF8.self)
    loop = try TrainingLoop(model, options: options.optimization,
                            identity: "diffusion," + dataIdentity + "," + description + "," + model.configuration.json())
  }

  /// Prepares a run on pictures in memory.
  public convenience init(model: TextToImage, options: DiffusionOptions, dataIdentity: String = "", batches: DiffusionBatches) throws {
    try self.init(model: model, options: options, dataIdentity: dataIdentity, provider: batches.batch)
  }

  /// Trains to the end or to a given step; see `TrainingLoop.run`.
  public func run(until: Int? = nil, checkpoint: String? = nil, every: Int = 200, report: (StepReport) throws -> Void = { _ in }) throws {
    try loop.run(until: until, checkpoint: checkpoint, every: every, report: report, loss: loss)
  }

  /// The loss of the step with the given number, counted from 0.
  public func loss(_ step: Int) throws -> Tensor {
    let batch = try provider(step)
    let count = batch.captions.count
    let streams = (0..<count).map {
      RandomStream(seed: options.optimization.seed, purpose: "diffusion training", index: UInt64(step * count + $0))
    }
    return try model.trainingLoss(images: batch.images, captions: batch.captions, captionDropout: options.captionDropout,
                                  weighting: options.weighting, timeSampling: options.timeSampling, streams: streams)
  }

  /// A model with the averaged weights (or, without an average, the trained ones), for sampling.
  public func averagedModel() throws -> TextToImage {
    var stream = RandomStream(seed: 0)
    let copy = try TextToImage(model.configuration, stream: &stream)
    try copy.load(loop.average?.namedTensors() ?? model.namedTensors())
    return copy
  }
}
