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
  ///   - guidance: w in out = u + w (c - u). At 1 and 0 only one half is computed.
  ///   - options: sampler options; see `SamplerOptions`.
  ///   - streams: one for each picture.
  ///   - batchSize: pictures computed together, default 32.
  ///   - progress: called after each step of each batch; it may throw to cancel.
  /// - Returns: [N, C, S, S] in [-1, 1].
  /// - Throws: `ModelError` before anything is computed if options or numbers do not fit, `SamplerError` for NaN.
  public func generate(tokens: [[Int]], lengths: [Int]? = nil, guidance: Double, options: SamplerOptions, streams: [RandomStream],
                       batchSize: Int = 32, progress: (GenerationProgress) throws -> Void = { _ in }) throws -> Tensor {
    guard tokens.count == streams.count else {
      throw ModelError("generate: \(tokens.count) captions need as many random streams, got \(streams.count)")
    }
    guard batchSize >= 1 else { throw ModelError("generate: the batch size must be at least 1, got \(batchSize)") }
    guard guidance.isFinite else { throw ModelError("generate: the guidance must be a finite number, got \(guidance)") }
    let plan = try SamplerPlan(options, schedule: configuration.schedule)
    // The empty caption stands last, so that it is padded like the others.
    let padded = try PaddedCaptions(tokens + [configuration.emptyCaption], lengths: lengths.map { $0 + [configuration.emptyCaption.count] },
                                    contextLength: configuration.text.contextLength)
    let count = tokens.count
    let size = configuration.unet.imageSize
    let shape = [configuration.unet.channels, size, size]
    let sampler = DDIMSampler(plan: plan, prediction: configuration.prediction)
    return try withoutTracking {
      let empty = try guidance == 1 ? nil : encode(padded.selecting([count]))
      var batches: [Tensor] = []
      var start = 0
      while start < count {
        let range = start..<min(start + batchSize, count)
        let captions = try self.captions(padded, range: range, empty: empty, guidance: guidance)
        let pictures = try sampler.sample(
          shape: shape, streams: Array(streams[range]), firstImage: range.lowerBound,
          progress: { try progress(GenerationProgress(images: range, step: $0, steps: plan.steps.count, total: count)) },
          network: { try guided($0, time: $1, captions: captions, guidance: guidance) })
        batches.append(try pictures.clamp(lower: -1, upper: 1))
        start = range.upperBound
      }
      guard !batches.isEmpty else { return try Tensor.zeros([0] + shape) }
      return try Tensor.concatenate(batches, axis: 0)
    }
  }

  /// Generates a picture for each caption with the default options but for steps and eta.
  public func generate(tokens: [[Int]], lengths: [Int]? = nil, guidance: Double, steps: Int, eta: Double = 0, streams: [RandomStream],
                       batchSize: Int = 32, progress: (GenerationProgress) throws -> Void = { _ in }) throws -> Tensor {
    try generate(tokens: tokens, lengths: lengths, guidance: guidance, options: SamplerOptions(steps: steps, eta: eta), streams: streams,
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

  /// Captions of a batch; with guidance the conditional half comes first, then as many empty captions.
  private func captions(_ tokens: PaddedCaptions, range: Range<Int>, empty: EncodedCaptions?, guidance: Double) throws -> EncodedCaptions {
    let count = range.count
    func repeated(_ tensor: Tensor) throws -> Tensor { try tensor.indexSelect(axis: 0, indices: [Int](repeating: 0, count: count)) }
    if let empty, guidance == 0 {
      return EncodedCaptions(context: try repeated(empty.context), lengths: [Int](repeating: empty.lengths[0], count: count),
                             pooled: try empty.pooled.map(repeated))
    }
    let told = try encode(tokens.selecting(range))
    guard let empty else { return told }
    return EncodedCaptions(
      context: try Tensor.concatenate([told.context, repeated(empty.context)], axis: 0),
      lengths: told.lengths + [Int](repeating: empty.lengths[0], count: count),
      pooled: try told.pooled.flatMap { with in try empty.pooled.map { try Tensor.concatenate([with, repeated($0)], axis: 0) } })
  }

  private func guided(_ pictures: Tensor, time: Int, captions: EncodedCaptions, guidance: Double) throws -> Tensor {
    let count = pictures.shape[0]
    if guidance == 0 || guidance == 1 {
      return try predict(pictures, times: [Int](repeating: time, count: count), captions: captions)
    }
    let both = try predict(Tensor.concatenate([pictures, pictures], axis: 0), times: [Int](repeating: time, count: 2 * count), captions: captions)
    return try guidedOutput(conditional: both.narrow(axis: 0, start: 0, count: count),
                            unconditional: both.narrow(axis: 0, start: count, count: count), scale: guidance)
  }
}
