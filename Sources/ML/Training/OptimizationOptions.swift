/// What moves the weights.
public enum OptimizerKind: String, Codable, Sendable, CaseIterable {
  case adamW = "adamw"
  /// Muon for the hidden matrices, AdamW for everything else, both at the schedule's rate.
  case muon
}

/// How weights are optimised: AdamW or Muon with warm-up and half-cosine, clipping and averaging.
public struct OptimizationOptions: Codable, Sendable, Equatable {
  /// Optimiser steps of the whole run.
  public var steps: Int
  /// Peak rate.
  public var learningRate: Double
  /// Rate of the last step.
  public var finalLearningRate: Double
  /// Steps over which the rate grows from 0 to its peak.
  public var warmupSteps: Int
  public var beta1: Double
  public var beta2: Double
  public var epsilon: Double
  /// Decoupled decay; biases, norms and the logit scale are exempt.
  public var weightDecay: Double
  /// Largest norm of all gradients together; nil for no clipping.
  public var gradientClip: Double?
  /// Decay of the moving average of the weights; nil for none.
  public var averageDecay: Double?
  /// Seed of everything random in the run but the start weights.
  public var seed: UInt64
  public var optimizer: OptimizerKind
  /// Factor of the rate from each layer of a transformer to the one below, in (0, 1]; 1 for none. See ``LayerDecay``.
  public var layerDecay: Double

  /// The defaults are the paper's for representations (AdamW 0.9, 0.98, decay 0.1; no clipping, no average).
  public init(steps: Int, learningRate: Double, finalLearningRate: Double = 0, warmupSteps: Int = 0, beta1: Double = 0.9,
              beta2: Double = 0.98, epsilon: Double = 1e-8, weightDecay: Double = 0.1, gradientClip: Double? = nil,
              averageDecay: Double? = nil, seed: UInt64 = 0, optimizer: OptimizerKind = .adamW, layerDecay: Double = 1) {
    self.steps = steps
    self.learningRate = learningRate
    self.finalLearningRate = finalLearningRate
    self.warmupSteps = warmupSteps
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.gradientClip = gradientClip
    self.averageDecay = averageDecay
    self.seed = seed
    self.optimizer = optimizer
    self.layerDecay = layerDecay
  }

  /// The paper's rule: rate = base · crops / 512, base 2e-4 (0.003225 for 32 x 43 captions of 6 images).
  public static func paperLearningRate(crops: Int, base: Double = 2e-4) -> Double { base * Double(crops) / 512 }

  /// Refuses numbers that cannot train.
  public func validate() throws {
    guard steps >= 1, warmupSteps >= 0, warmupSteps <= steps else {
      throw ModelError("training: \(steps) steps with \(warmupSteps) of warm-up cannot be; give at least one step and a warm-up that fits")
    }
    guard learningRate > 0, finalLearningRate >= 0, weightDecay >= 0, learningRate.isFinite else {
      throw ModelError("training: the learning rate must be positive and the weight decay not negative, got \(learningRate) and \(weightDecay)")
    }
    guard optimizer == .adamW || layerDecay == 1 else { throw ModelError("training: a layer decay goes with AdamW alone, got \(layerDecay) with \(optimizer.rawValue)") }
    if let gradientClip, !(gradientClip > 0) { throw ModelError("training: the gradient clip must be positive, got \(gradientClip)") }
  }
}

/// What a training step reports.
public struct StepReport: Sendable, Equatable {
  /// Steps done, this one included.
  public let step: Int
  public let steps: Int
  public let loss: Double
  public let learningRate: Double
  /// Length of all gradients together, before clipping.
  public let gradientNorm: Double
}

/// A training run that had to stop.
public enum TrainingError: Error, CustomStringConvertible, Equatable {
  /// The loss or a gradient became NaN or infinite; no weight was touched by this step.
  case notFinite(step: Int, quantity: String, lastGood: String)
  /// A checkpoint belongs to a run with other options.
  case otherRun(path: String, difference: String)
  /// A checkpoint lacks what a run needs.
  case notACheckpoint(path: String, problem: String)

  public var description: String {
    switch self {
    case .notFinite(let step, let quantity, let lastGood):
      return "training stopped at step \(step): the \(quantity) is NaN or infinite. \(lastGood) Try a lower learning rate, a longer warm-up or gradient clipping."
    case .otherRun(let path, let difference):
      return "the checkpoint \(path) belongs to another run: \(difference). Use the same options to continue it, or another file to start anew."
    case .notACheckpoint(let path, let problem):
      return "\(path) is not a checkpoint of this kind of training: \(problem)."
    }
  }
}
