/// How far a run of generation is.
public struct GenerationProgress: Sendable, Equatable {
  /// Pictures of the batch at work, counted over the whole run.
  public let images: Range<Int>
  /// Sampler step just finished, from 1.
  public let step: Int
  public let steps: Int
  /// Pictures of the whole run.
  public let total: Int

  /// Share of the whole run that is done, in [0, 1].
  public var fraction: Double {
    (Double(images.lowerBound) + Double(images.count) * Double(step) / Double(steps)) / Double(max(1, total))
  }
}

extension TextToImage {
  /// Generates a picture for each caption.
  ///
  /// A picture depends on its caption, its stream and the options only: not on the batch size, its place in the batch or the
  /// number of threads. The unconditional half of guidance sees the empty caption of the configuration.
  ///
  /// - Parameters:
  ///   - tokens: token ids of each caption, marks included.
  ///   - lengths: real tokens of each caption; nil means that the rows are not padded.
  ///   - guidance: how the two halves are joined; a half that cannot matter is not computed.
  ///   - steps: sampler steps S; the network is asked more often by PNDM and Heun.
  ///   - sampler: options of the sampler, default DDIM for pixels.
  ///   - streams: one for each picture.
  ///   - batchSize: pictures computed together, default 32.
  ///   - progress: called after each step of each batch; it may throw to cancel.
  /// - Returns: [N, C, S, S] in [-1, 1].
  /// - Throws: `ModelError` before anything is computed if options or numbers do not fit, `SamplerError` for NaN.
  public func generate(tokens: [[Int]], lengths: [Int]? = nil, guidance: Guidance, steps: Int, sampler: SchedulerOptions = .pixels(),
                       streams: [RandomStream], batchSize: Int = 32, progress: (GenerationProgress) throws -> Void = { _ in }) throws -> Tensor {
    guard tokens.count == streams.count else {
      throw ModelError("generate: \(tokens.count) captions need as many random streams, got \(streams.count)")
    }
    guard batchSize >= 1 else { throw ModelError("generate: the batch size must be at least 1, got \(batchSize)") }
    let scheduler = try sampler.scheduler(steps: steps, schedule: configuration.schedule, prediction: configuration.prediction)
    let asked = Set(scheduler.timesteps.map(guidance.halves))
    // The empty caption stands last, so that it is padded like the others.
    let padded = try PaddedCaptions(tokens + [configuration.emptyCaption], lengths: lengths.map { $0 + [configuration.emptyCaption.count] },
                                    contextLength: configuration.text.contextLength)
    let count = tokens.count
    let size = configuration.unet.imageSize
    let shape = [configuration.unet.channels, size, size]
    return try withoutTracking {
      let empty = try asked == [.conditional] ? nil : encode(padded.selecting([count]))
      var batches: [Tensor] = []
      var start = 0
      while start < count {
        let range = start..<min(start + batchSize, count)
        let told = try asked == [.unconditional] ? nil : encode(padded.selecting(range))
        let blank = try empty.map { try $0.repeated(range.count) }
        let both = try told.flatMap { told in try blank.map { try told.joined($0) } }
        let pictures = try scheduler.sample(
          shape: shape, streams: Array(streams[range]), firstImage: range.lowerBound,
          progress: { try progress(GenerationProgress(images: range, step: $0, steps: scheduler.timesteps.count, total: count)) },
          network: { pictures, time in
            switch guidance.halves(at: time) {
            case .conditional: return try predict(pictures, time: time, captions: told)
            case .unconditional: return try predict(pictures, time: time, captions: blank)
            case .both:
              let output = try predict(Tensor.concatenate([pictures, pictures], axis: 0), time: time, captions: both)
              return try guidance.combined(conditional: output.narrow(axis: 0, start: 0, count: range.count),
                                           unconditional: output.narrow(axis: 0, start: range.count, count: range.count))
            }
          })
        batches.append(try pictures.clamp(lower: -1, upper: 1))
        start = range.upperBound
      }
      guard !batches.isEmpty else { return try Tensor.zeros([0] + shape) }
      return try Tensor.concatenate(batches, axis: 0)
    }
  }

  /// Generates a picture for each caption by DDIM for pixels, with plain guidance.
  public func generate(tokens: [[Int]], lengths: [Int]? = nil, guidance: Double, steps: Int, eta: Double = 0, streams: [RandomStream],
                       batchSize: Int = 32, progress: (GenerationProgress) throws -> Void = { _ in }) throws -> Tensor {
    try generate(tokens: tokens, lengths: lengths, guidance: Guidance(scale: guidance), steps: steps, sampler: .pixels(eta: eta), streams: streams,
                 batchSize: batchSize, progress: progress)
  }

  /// Pictures of eight bits from numbers in [-1, 1].
  ///
  /// - Parameter pictures: [N, 3, H, W].
  public static func images(_ pictures: Tensor) throws -> [Image] {
    guard pictures.rank == 4, pictures.shape[1] == 3 else {
      throw ModelError("images: expected [N, 3, H, W], got \(pictures.shape)")
    }
    let (height, width) = (pictures.shape[2], pictures.shape[3])
    let count = 3 * height * width
    return try pictures.withFloats { values in
      try (0..<pictures.shape[0]).map { index in
        try Image(width: width, height: height, planar: UnsafeBufferPointer(rebasing: values[index * count..<(index + 1) * count]), range: -1...1)
      }
    }
  }

  private func predict(_ pictures: Tensor, time: Double, captions: EncodedCaptions?) throws -> Tensor {
    guard let captions else { throw ModelError("generate: captions of training step \(time) were not encoded") }
    return try predict(pictures, times: [Double](repeating: time, count: pictures.shape[0]), captions: captions)
  }
}

extension EncodedCaptions {
  /// One caption, many times.
  fileprivate func repeated(_ count: Int) throws -> EncodedCaptions {
    func repeated(_ tensor: Tensor) throws -> Tensor { try tensor.indexSelect(axis: 0, indices: [Int](repeating: 0, count: count)) }
    return EncodedCaptions(context: try repeated(context), lengths: [Int](repeating: lengths[0], count: count), pooled: try pooled.map(repeated))
  }

  /// These captions, and others behind them.
  fileprivate func joined(_ others: EncodedCaptions) throws -> EncodedCaptions {
    EncodedCaptions(
      context: try Tensor.concatenate([context, others.context], axis: 0), lengths: lengths + others.lengths,
      pooled: try pooled.flatMap { with in try others.pooled.map { try Tensor.concatenate([with, $0], axis: 0) } })
  }
}
