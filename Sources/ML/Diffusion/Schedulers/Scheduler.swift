/// The way from noise to a picture: which times a model is asked about, and what is made of its answers.
///
/// A scheduler knows nothing of the model. For S model calls, index i in 0..<S:
///
///     x = noise * initialNoiseScale
///     for i in timesteps.indices {
///       out = model(scaledModelInput(x, at: i), timesteps[i])
///       (x, clean) = step(out, at: i, sample: x, noise: needsNoise(at: i) ? fresh noise : nil)
///     }
///
/// Steps are taken in order. Those of several orders keep earlier outputs, so a value serves one batch at a time; a copy taken
/// before the first step is fresh.
public protocol Scheduler {
  /// The model's time of each call, in order, on the scale of the training steps; Heun's method and PNDM's repeat some, and Euler's
  /// may lie between two training steps.
  var timesteps: [Double] { get }
  /// σ of each call and, last, of where the run ends, for samplers that count noise by σ; nil for the others.
  var sigmas: [Double]? { get }
  /// What standard normal noise is multiplied with to be the first sample.
  var initialNoiseScale: Double { get }
  /// What the model is shown at call `index`: `sample` itself, or sample / √(σ² + 1) for those that count noise by σ.
  func scaledModelInput(_ sample: Tensor, at index: Int) throws -> Tensor
  /// Whether `step` at `index` wants fresh standard normal noise of the sample's shape.
  func needsNoise(at index: Int) -> Bool
  /// One step.
  ///
  /// Shapes: `output`, `sample`, `noise` [B, …] → both results the same.
  ///
  /// - Parameters:
  ///   - output: what the model said at `timesteps[index]`, guidance done.
  ///   - sample: the noisy sample it was asked about, before `scaledModelInput`.
  ///   - noise: standard normal noise; needed where `needsNoise` says so, otherwise not looked at.
  /// - Returns: the next sample, and the clean one as this call foresees it.
  /// - Throws: `ModelError` for shapes that differ, for noise that is missing, and for a call out of order.
  mutating func step(_ output: Tensor, at index: Int, sample: Tensor, noise: Tensor?) throws -> (previous: Tensor, clean: Tensor)
  /// A clean sample with as much noise as call `index` expects, to start there from a given picture.
  ///
  /// - Parameter noise: standard normal noise of the sample's shape.
  func noised(_ clean: Tensor, noise: Tensor, at index: Int) throws -> Tensor
}

extension Scheduler {
  public var sigmas: [Double]? { nil }
}
