/// A picture that a sampler or a network spoilt.
public struct SamplerError: Error, CustomStringConvertible, Equatable {
  /// Number of the picture in the whole run, from 0.
  public let image: Int
  /// Sampler step, from 1.
  public let step: Int
  public let steps: Int
  /// The training step asked about.
  public let time: Int

  public var description: String {
    "sampler: picture \(image) became NaN or infinite at step \(step) of \(steps) (training step \(time)); the model's weights are damaged or the guidance is far too large"
  }
}

/// Guidance in its one meaning: out = u + w (c - u). w = 1 is plain conditional, w = 0 unconditional.
public func guidedOutput(conditional: Tensor, unconditional: Tensor, scale: Double) throws -> Tensor {
  guard conditional.shape == unconditional.shape else {
    throw ModelError("guidance: both outputs should have one shape, got \(conditional.shape) and \(unconditional.shape)")
  }
  let factor = Float(scale)
  return try conditional.withFloats { with in
    try unconditional.withFloats { without in
      try Tensor.build(conditional.shape) { buffer in
        for index in buffer.indices { buffer[index] = without[index] + factor * (with[index] - without[index]) }
      }
    }
  }
}

/// The DDIM sampler: from noise to pictures along a plan of steps.
///
/// x̂_0 and ε̂ come from the network's output by `Prediction.factors`; then
/// x_prev = √ᾱ_prev x̂_0 + √(1 - ᾱ_prev - σ²) ε̂ + σ z, σ = η √((1 - ᾱ_prev) / (1 - ᾱ_t)) √(1 - ᾱ_t / ᾱ_prev).
///
/// Every picture has a stream of its own: first its start noise is drawn from it, then, if η > 0, the noise of each step.
///
/// Song et al. 2021, arXiv:2010.02502, equations 12 and 16.
public struct DDIMSampler: Sendable {
  public let plan: SamplerPlan
  public let prediction: Prediction

  public init(plan: SamplerPlan, prediction: Prediction) {
    self.plan = plan
    self.prediction = prediction
  }

  /// One step from x_t to x_prev.
  ///
  /// Shapes: `sample`, `output` [B, …] → the same.
  ///
  /// - Parameters:
  ///   - output: what the network said about `sample`.
  ///   - noise: z, needed if η > 0 and the step keeps noise.
  public func step(_ sample: Tensor, output: Tensor, at step: SamplerPlan.Step, noise: Tensor? = nil) throws -> Tensor {
    guard sample.shape == output.shape else {
      throw ModelError("sampler: the network answered with \(output.shape) to pictures of \(sample.shape)")
    }
    let factors = prediction.factors(alphaBar: step.alphaBar)
    let previous = step.previousAlphaBar
    let sigma = self.sigma(step)
    let direction = Float(max(0, 1 - previous - sigma * sigma).squareRoot())
    let signal = Float(previous.squareRoot())
    let cleanSample = Float(factors.clean.sample), cleanOutput = Float(factors.clean.output)
    let noiseSample = Float(factors.noise.sample), noiseOutput = Float(factors.noise.output)
    let inverseSpread = Float(1 / (1 - step.alphaBar).squareRoot())
    let present = Float(step.alphaBar.squareRoot())
    let clips = plan.options.clipsClean, recomputes = plan.options.recomputesNoise
    var next = try sample.withFloats { x in
      try output.withFloats { out in
        try Tensor.build(sample.shape) { buffer in
          for index in buffer.indices {
            var clean = cleanSample * x[index] + cleanOutput * out[index]
            var noise = noiseSample * x[index] + noiseOutput * out[index]
            if clips {
              // Written so that NaN stays NaN and is noticed afterwards.
              clean = clean > 1 ? 1 : clean < -1 ? -1 : clean
              if recomputes { noise = (x[index] - present * clean) * inverseSpread }
            }
            buffer[index] = signal * clean + direction * noise
          }
        }
      }
    }
    if sigma > 0 {
      guard let noise else { throw ModelError("sampler: eta \(plan.options.eta) needs noise at each step") }
      next = try next + noise * sigma
    }
    return next
  }

  /// σ of a step.
  public func sigma(_ step: SamplerPlan.Step) -> Double {
    let variance = (1 - step.previousAlphaBar) / (1 - step.alphaBar) * (1 - step.alphaBar / step.previousAlphaBar)
    return plan.options.eta * max(0, variance).squareRoot()
  }

  /// Samples a batch.
  ///
  /// - Parameters:
  ///   - shape: [C, H, W] of a picture.
  ///   - streams: one for each picture of the batch.
  ///   - firstImage: number of the batch's first picture in the whole run; it only names pictures in errors.
  ///   - progress: called after each step with its number from 1; it may throw to cancel.
  ///   - network: the (guided) output for the pictures at a training step.
  /// - Returns: [B, C, H, W].
  /// - Throws: `SamplerError` if a picture becomes NaN or infinite, and whatever the closures throw.
  public func sample(shape: [Int], streams: [RandomStream], firstImage: Int = 0, progress: (Int) throws -> Void = { _ in },
                     network: (Tensor, Int) throws -> Tensor) throws -> Tensor {
    var streams = streams
    let count = shape.reduce(1, *)
    func draw() throws -> Tensor {
      try Tensor.build([streams.count] + shape) { buffer in
        for image in streams.indices {
          for index in 0..<count { buffer[image * count + index] = streams[image].normal() }
        }
      }
    }
    var pictures = try draw()
    for (number, step) in plan.steps.enumerated() {
      let output = try network(pictures, step.time)
      pictures = try self.step(pictures, output: output, at: step, noise: sigma(step) > 0 ? draw() : nil)
      if let spoilt = try pictures.firstNotFinite(size: count) {
        throw SamplerError(image: firstImage + spoilt, step: number + 1, steps: plan.steps.count, time: step.time)
      }
      try progress(number + 1)
    }
    return pictures
  }
}
