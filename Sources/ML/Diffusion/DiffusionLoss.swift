/// How the steps of a diffusion model's training are weighted against each other.
public enum LossWeighting: Codable, Sendable, Equatable {
  /// Every step alike.
  case uniform
  /// min(SNR, γ) / SNR for noise, min(SNR, γ) / (SNR + 1) for velocity, min(SNR, γ) for the clean picture.
  /// Hang et al. 2023, arXiv:2303.09556, section 3.4; the paper's γ is 5.
  case minSNR(gamma: Double)

  /// The weight of a training step.
  public func weight(signalToNoise snr: Double, prediction: Prediction) -> Double {
    guard case .minSNR(let gamma) = self else { return 1 }
    let cut = min(snr, gamma)
    switch prediction {
    case .noise: return cut / snr
    case .velocity: return cut / (snr + 1)
    case .clean: return cut
    }
  }
}

/// Which steps of the noise schedule training sees how often.
public enum TimeSampling: Codable, Sendable, Equatable {
  /// Every step alike.
  case uniform
  /// t / T = sigmoid(z), z normal with this mean and deviation: mostly the middle, where what a picture shows is decided, seldom the
  /// ends, where nothing can be seen or nothing is left to do. Esser et al. 2024, arXiv:2403.03206, section 3.1.
  case logitNormal(mean: Double, deviation: Double)

  /// Draws a step in 0..<steps.
  func draw(_ steps: Int, stream: inout RandomStream) -> Int {
    switch self {
    case .uniform: return stream.integer(below: steps)
    case .logitNormal(let mean, let deviation):
      let share = 1 / (1 + Double.exponential(-(mean + deviation * Double(stream.normal()))))
      return min(steps - 1, Int(share * Double(steps)))
    }
  }
}

extension TextToImage {
  /// The training loss of a batch: the mean squared error of the prediction at random steps.
  ///
  /// Picture i draws from its own stream, in this order: whether its caption is dropped, its step, its noise.
  ///
  /// - Parameters:
  ///   - images: clean pictures [B, C, S, S] in [-1, 1].
  ///   - captions: token ids of each.
  ///   - captionDropout: chance that a picture is shown with the empty caption, which is what makes guidance possible.
  ///   - weighting: of steps, default uniform.
  ///   - timeSampling: how often which step is drawn, default uniform.
  ///   - streams: one for each picture.
  /// - Returns: a scalar.
  public func trainingLoss(images: Tensor, captions: [[Int]], captionDropout: Double = 0.1, weighting: LossWeighting = .uniform,
                           timeSampling: TimeSampling = .uniform, streams: [RandomStream]) throws -> Tensor {
    let batch = captions.count
    guard images.rank == 4, images.shape[0] == batch, streams.count == batch else {
      throw ModelError("diffusion training: \(batch) captions need as many pictures and streams, got \(images.shape) and \(streams.count)")
    }
    let size = images.count / max(1, batch)
    let schedule = configuration.schedule
    var streams = streams
    var shown = captions
    var times = [Int](repeating: 0, count: batch)
    for index in 0..<batch {
      if streams[index].chance(Float(captionDropout)) { shown[index] = configuration.emptyCaption }
      times[index] = timeSampling.draw(schedule.trainingSteps, stream: &streams[index])
    }
    let noise = try Tensor.build(images.shape) { buffer in
      for image in 0..<batch {
        for index in image * size..<(image + 1) * size { buffer[index] = streams[image].normal() }
      }
    }
    func mixed(_ factors: (Int) -> (Double, Double)) throws -> Tensor {
      try images.withFloats { clean in
        try noise.withFloats { random in
          try Tensor.build(images.shape) { buffer in
            for image in 0..<batch {
              let pair = factors(times[image])
              let (a, b) = (Float(pair.0), Float(pair.1))
              for index in image * size..<(image + 1) * size { buffer[index] = a * clean[index] + b * random[index] }
            }
          }
        }
      }
    }
    let noisy = try mixed { (schedule.alphaBars[$0].squareRoot(), (1 - schedule.alphaBars[$0]).squareRoot()) }
    let target = try mixed {
      let factors = configuration.prediction.target(alphaBar: schedule.alphaBars[$0])
      return (factors.clean, factors.noise)
    }
    let output = try predict(noisy, times: times.map(Double.init), captions: encode(shown))
    if weighting == .uniform { return try output.meanSquaredError(target) }
    let weights = times.map { Float(weighting.weight(signalToNoise: schedule.signalToNoise($0), prediction: configuration.prediction)) }
    return try ((output - target).square() * Tensor(weights, shape: [batch, 1, 1, 1])).mean()
  }
}
