/// Fine-tuning: the whole encoder and a new linear classifier learn a labelled set, and are tested once.
public enum FineTuning {
  /// How it is done; the defaults are those of MAE's recipe, as far as short runs allow.
  public struct Options: Sendable {
    public var steps: Int
    /// Pictures in a step.
    public var batchSize: Int
    /// Peak rate of the classifier; the layers below have less.
    public var learningRate: Double
    /// See ``LayerDecay``; default 0.75. 1 for residual networks.
    public var layerDecay: Double
    public var weightDecay: Double
    public var warmupSteps: Int
    public var labelSmoothing: Double
    /// Chance that a branch of the last block is left out of a step.
    public var dropPath: Double
    public var seed: UInt64
    public var microBatch: Int

    public init(steps: Int, batchSize: Int = 64, learningRate: Double = 1e-3, layerDecay: Double = 0.75, weightDecay: Double = 0.05, warmupSteps: Int? = nil,
                labelSmoothing: Double = 0.1, dropPath: Double = 0.1, seed: UInt64 = 0, microBatch: Int = 0) {
      (self.steps, self.batchSize, self.learningRate, self.layerDecay) = (steps, batchSize, learningRate, layerDecay)
      (self.weightDecay, self.warmupSteps) = (weightDecay, warmupSteps ?? steps / 10)
      (self.labelSmoothing, self.dropPath, self.seed, self.microBatch) = (labelSmoothing, dropPath, seed, microBatch)
    }
  }

  /// Prepares the training of a copy of an encoder.
  ///
  /// - Parameters:
  ///   - encoder: is not changed.
  ///   - pictures: with their labels, each below `classes`; of any size that the augmentation can crop.
  ///   - augmentation: of the crops.
  /// - Throws: `ModelError` for options or data that do not fit.
  public static func trainer(_ encoder: any ImageEncoder, pictures: [Picture], labels: [Int], classes: Int, options: Options, dataIdentity: String = "",
                             augmentation: AugmentationRecipe) throws -> RepresentationTrainer {
    let transformer = (encoder as? VisionTransformer)?.configuration ?? VisionTransformerConfiguration()
    let representation = RepresentationOptions(
      objective: .supervised, encoder: transformer,
      optimization: OptimizationOptions(
        steps: options.steps, learningRate: options.learningRate, warmupSteps: min(options.steps, options.warmupSteps), beta2: 0.999, weightDecay: options.weightDecay,
        seed: options.seed, layerDecay: options.layerDecay),
      cropsPerStep: options.batchSize, classes: classes, residual: (encoder as? ResNet)?.configuration, dropPath: options.dropPath, microBatch: options.microBatch,
      labelSmoothing: options.labelSmoothing)
    return try RepresentationTrainer(
      model: RepresentationModel(representation, seed: options.seed, from: encoder), data: zip(pictures, labels).map { CaptionGroup(pictures: [$0], label: $1) },
      dataIdentity: dataIdentity, augmentation: augmentation)
  }

  /// The classes that a fine-tuned model gives to pictures of its encoder's size.
  public static func predictions(_ model: RepresentationModel, pictures: [Picture], progress: (Int) throws -> Void = { _ in }) throws -> [Int] {
    guard let classifier = model.classifier else { throw ModelError("fine-tuning: the model has no classifier") }
    let features = try extractFeatures(model.encoder, pictures: pictures, progress: progress)
    guard !pictures.isEmpty else { return [] }
    return try withoutTracking { try classifier(features).argmax(axis: 1).integers() }
  }
}
