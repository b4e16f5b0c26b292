/// A picture that a sampler or a network spoilt.
public struct SamplerError: Error, CustomStringConvertible, Equatable {
  /// Number of the picture in the whole run, from 0.
  public let image: Int
  /// Sampler step, from 1.
  public let step: Int
  public let steps: Int
  /// The training step asked about.
  public let time: Double

  public var description: String {
    let shown = time == time.rounded() ? "\(Int(time))" : "\(time)"
    return "sampler: picture \(image) became NaN or infinite at step \(step) of \(steps) (training step \(shown)); the model's weights are damaged or the guidance is far too large"
  }
}

extension Scheduler {
  /// Samples a batch with a fresh copy of this sampler.
  ///
  /// Every picture has a stream of its own: first its start noise is drawn from it, then the noise of each step that needs some.
  ///
  /// - Parameters:
  ///   - shape: [C, H, W] of a picture.
  ///   - streams: one for each picture of the batch.
  ///   - firstImage: number of the batch's first picture in the whole run; it only names pictures in errors.
  ///   - progress: called after each step with its number from 1; it may throw to cancel.
  ///   - network: the (guided) output for the pictures, already scaled for it, at a training step.
  /// - Returns: [B, C, H, W].
  /// - Throws: `SamplerError` if a picture becomes NaN or infinite, and whatever the closures throw.
  public func sample(shape: [Int], streams: [RandomStream], firstImage: Int = 0, progress: (Int) throws -> Void = { _ in },
                     network: (Tensor, Double) throws -> Tensor) throws -> Tensor {
    var scheduler = self
    var streams = streams
    let count = shape.reduce(1, *)
    func draw() throws -> Tensor {
      try Tensor.build([streams.count] + shape) { buffer in
        for image in streams.indices {
          try Cancellation.check()
          for index in 0..<count { buffer[image * count + index] = streams[image].normal() }
        }
      }
    }
    var pictures = try draw()
    if initialNoiseScale != 1 { pictures = try pictures * initialNoiseScale }
    for (index, time) in timesteps.enumerated() {
      let output = try network(scheduler.scaledModelInput(pictures, at: index), time)
      pictures = try scheduler.step(output, at: index, sample: pictures, noise: needsNoise(at: index) ? draw() : nil).previous
      if let spoilt = try pictures.firstNotFinite(size: count) {
        throw SamplerError(image: firstImage + spoilt, step: index + 1, steps: timesteps.count, time: time)
      }
      try progress(index + 1)
    }
    return pictures
  }
}

extension Tensor {
  /// The first of equal parts of `size` elements that holds NaN or an infinite number.
  func firstNotFinite(size: Int) throws -> Int? {
    try withFloats { values in
      for part in 0..<values.count / max(1, size) {
        // A sum of zero times each value is NaN exactly if one of them is NaN or infinite.
        var probe: Float = 0
        for index in part * size..<(part + 1) * size { probe += values[index] * 0 }
        if probe != 0 { return part }
      }
      return nil
    }
  }
}
