extension StableDiffusionPipeline {
  /// Generates a picture for each prompt.
  ///
  /// A picture depends on its prompts, its stream and the options only: not on the batch size, its place in the batch or the number of threads.
  ///
  /// - Parameters:
  ///   - configuration: of the scheduler; nil for the folder's own.
  ///   - onStep: called after each model call; false ends the generation.
  /// - Returns: [N, 3, H, W] in [-1, 1].
  /// - Throws: `ModelError` before anything is computed if options do not fit, `SamplerError` for latents that are not finite,
  ///   ``GenerationCancelled``.
  public func generate(_ request: StableDiffusionRequest, configuration: SchedulerConfiguration? = nil,
                       onStep: (StableDiffusionStep) throws -> Bool = { _ in true }) throws -> Tensor {
    // Every batch takes a copy of the fresh scheduler.
    let scheduler = try (configuration ?? schedulerConfiguration()).scheduler(steps: request.steps)
    let count = request.prompts.count
    let size = try latentSize(width: request.width ?? defaultSize, height: request.height ?? defaultSize)
    let shape = [autoencoder.configuration.latentChannels, size.height, size.width]
    try check(request, shape: shape)
    let first = try firstCall(request, scheduler)
    return try withoutTracking {
      var pictures: [Tensor] = []
      for start in stride(from: 0, to: count, by: request.batchSize) {
        let range = start..<min(start + request.batchSize, count)
        let latents = try sample(request, range, shape: shape, scheduler: scheduler, from: first, onStep: onStep)
        pictures.append(try decode(latents))
      }
      return try Tensor.concatenate(pictures, axis: 0)
    }
  }

  private func check(_ request: StableDiffusionRequest, shape: [Int]) throws {
    let count = request.prompts.count
    guard count > 0 else { throw ModelError("generate: at least one prompt is needed") }
    guard request.streams.count == count else { throw ModelError("generate: \(count) prompts need as many random streams, got \(request.streams.count)") }
    guard request.negativePrompts.count == count || request.negativePrompts.count == 1 else {
      throw ModelError("generate: \(count) prompts need one negative prompt, or as many; got \(request.negativePrompts.count)")
    }
    guard request.guidance.isFinite else { throw ModelError("generate: the guidance must be a finite number, got \(request.guidance)") }
    guard request.batchSize >= 1 else { throw ModelError("generate: the batch size must be at least 1, got \(request.batchSize)") }
    for (name, noise) in [("latents", request.latents), ("posterior noise", request.posteriorNoise)] {
      guard let noise, noise.shape != [count] + shape else { continue }
      throw ModelError("generate: the \(name) should be \(Layout.describe([count] + shape)), got \(Layout.describe(noise.shape))")
    }
    guard let image = request.image else { return }
    let scale = autoencoder.configuration.scale
    let sides = [autoencoder.configuration.inputChannels, shape[1] * scale, shape[2] * scale]
    guard image.shape == [1] + sides || image.shape == [count] + sides else {
      throw ModelError("generate: the image to start from should be \(Layout.describe([count] + sides)), or one for all, got \(Layout.describe(image.shape))")
    }
    guard (0...1).contains(request.strength) else { throw ModelError("generate: the strength must lie between 0 and 1, got \(request.strength)") }
  }

  /// The first model call: later ones than the first when a picture is given.
  private func firstCall(_ request: StableDiffusionRequest, _ scheduler: any Scheduler) throws -> Int {
    guard request.image != nil else { return 0 }
    // As diffusers counts: of S steps the last ⌊S strength⌋ are gone; Heun's method makes two calls to a step.
    let steps = request.steps, kept = min(steps, Int(Double(steps) * request.strength)), times = scheduler.timesteps
    guard kept >= 1 else {
      throw ModelError("generate: a strength of \(request.strength) leaves no step of \(steps); raise it or take more steps")
    }
    return (steps - kept) * (steps > 1 && times.count == 2 * steps - 1 && times[1] == times[2] ? 2 : 1)
  }

  private func sample(_ request: StableDiffusionRequest, _ range: Range<Int>, shape: [Int], scheduler fresh: any Scheduler, from first: Int,
                      onStep: (StableDiffusionStep) throws -> Bool) throws -> Tensor {
    var streams = Array(request.streams[range])
    var scheduler = fresh
    let size = shape.reduce(1, *)
    func draw() throws -> Tensor {
      try Tensor.build([streams.count] + shape) { buffer in
        for image in streams.indices {
          try Cancellation.check()
          for index in 0..<size { buffer[image * size + index] = streams[image].normal() }
        }
      }
    }
    func part(_ tensor: Tensor) throws -> Tensor { try tensor.narrow(axis: 0, start: range.lowerBound, count: range.count).contiguous() }

    let guidance = try Guidance(scale: request.guidance, rescale: request.guidanceRescale, interval: request.guidanceInterval)
    let context = try EncodedPrompts(request, range) { [self] in try encode($0, clipSkip: request.clipSkip) }
    var latents: Tensor
    if let image = request.image {
      let shown = image.shape[0] == 1 ? try image.expand([range.count] + image.shape[1...]).contiguous() : try part(image)
      let (mean, deviation) = try autoencoder.encode(shown)
      let posterior = try mean + deviation * (request.posteriorNoise.map(part) ?? draw())
      latents = try scheduler.noised(posterior * autoencoder.configuration.scalingFactor, noise: request.latents.map(part) ?? draw(), at: first)
    } else {
      latents = try (request.latents.map(part) ?? draw()) * scheduler.initialNoiseScale
    }
    for index in first..<scheduler.timesteps.count {
      let time = scheduler.timesteps[index]
      let output = try guided(scheduler.scaledModelInput(latents, at: index), time: time, context: context, guidance: guidance)
      let result = try scheduler.step(output, at: index, sample: latents, noise: scheduler.needsNoise(at: index) ? draw() : nil)
      latents = result.previous
      let (step, steps) = (index - first + 1, scheduler.timesteps.count - first)
      if let spoilt = try latents.firstNotFinite(size: size) {
        throw SamplerError(image: range.lowerBound + spoilt, step: step, steps: steps, time: time)
      }
      let report = StableDiffusionStep(images: range, total: request.prompts.count, step: step, steps: steps, time: time, latents: latents, clean: result.clean)
      guard try onStep(report) else { throw GenerationCancelled(step: step) }
    }
    return latents
  }

  private func guided(_ latents: Tensor, time: Double, context: EncodedPrompts, guidance: Guidance) throws -> Tensor {
    let count = latents.shape[0], halves = guidance.halves(at: time)
    guard halves == .both else {
      return try unet(latents, times: [Double](repeating: time, count: count), context: context.states(halves))
    }
    let both = try unet(Tensor.concatenate([latents, latents], axis: 0), times: [Double](repeating: time, count: 2 * count), context: context.states(halves))
    return try guidance.combined(conditional: both.narrow(axis: 0, start: 0, count: count), unconditional: both.narrow(axis: 0, start: count, count: count))
  }
}

/// Token states of the prompts and negative prompts of a batch. Each text is encoded once, however many pictures want it, and only when a step does.
private final class EncodedPrompts {
  private let told: [String], negative: [String]
  private let encode: ([String]) throws -> Tensor
  private var known: [Guidance.Halves: Tensor] = [:]

  init(_ request: StableDiffusionRequest, _ range: Range<Int>, encode: @escaping ([String]) throws -> Tensor) throws {
    told = Array(request.prompts[range])
    negative = request.negativePrompts.count == 1 ? told.map { _ in request.negativePrompts[0] } : Array(request.negativePrompts[range])
    self.encode = encode
  }

  /// [B, L, D], or [2 B, L, D] for both halves, the negative prompts behind.
  func states(_ halves: Guidance.Halves) throws -> Tensor {
    if let states = known[halves] { return states }
    let texts = halves == .conditional ? told : halves == .unconditional ? negative : told + negative
    var places: [String: Int] = [:], different: [String] = []
    let order = texts.map { text -> Int in
      if let place = places[text] { return place }
      places[text] = different.count
      different.append(text)
      return different.count - 1
    }
    let once = try encode(different)
    let states = different.count == texts.count ? once : try once.indexSelect(axis: 0, indices: order)
    known[halves] = states
    return states
  }
}
