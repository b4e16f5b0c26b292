extension RepresentationModel {
  /// The objective's loss on a batch, a scalar. DINO's centre follows the teacher here.
  ///
  /// - Parameters:
  ///   - images: crops [C, 3, S, S], view-major and normalised.
  ///   - batch: what they show.
  ///   - captions: token ids of `batch.wordings`, if the objective uses captions.
  ///   - classes: class of each crop, if the objective uses classes.
  ///   - localImages: small crops [localCrops · L, 3, s, s] of the L pictures of the batch, crop by crop, if there are any.
  ///   - visible: patches that are shown of each crop, if the objective is `mae`.
  ///   - stream: decides which branches are left out, if the options leave some out.
  public func loss(images: Tensor, batch: RepresentationBatch, captions: [[Int]] = [], classes: [Int] = [], localImages: Tensor? = nil,
                   visible: [[Int]] = [], stream: RandomStream = RandomStream(seed: 0)) throws -> Tensor {
    let dropPath = DropPath(rate: options.dropPath, stream: stream)
    if let decoder, let transformer = encoder as? VisionTransformer {
      return try reconstruction(images, visible: visible, transformer, decoder: decoder, dropPath: dropPath)
    }
    let features = try inParts(images.shape[0], encoder) { [encoder] start, count in
      try encoder(images.narrow(axis: 0, start: start, count: count), training: TrainingPass(views: batch.views, dropPath: dropPath.part(start)))
    }
    let projections = try head.map { try $0.project(features, views: batch.views) }
    if let teacher, let head, let projections {
      let local = try localImages.map { crops in
        let small = try inParts(crops.shape[0], encoder) { [encoder] start, count in
          let pass = TrainingPass(dropPath: dropPath.part(images.shape[0] + start), isLocal: true)
          return try encoder(crops.narrow(axis: 0, start: start, count: count), training: pass)
        }
        return try head.project(small, views: options.localViews)
      }
      let targets = try teacher.project(images, views: batch.views, microBatch: options.microBatch)
      return try following(projections, local: local, targets, batch)
    }
    if let textEncoder, let imageProjection, let logitScale {
      let texts = try inParts(captions.count, textEncoder) { start, count in
        try textEncoder(PaddedCaptions(Array(captions[start..<(start + count)]), contextLength: textEncoder.configuration.contextLength)).feature
      }
      let matched = try imageProjection(features)
      let scale = try logitScale.scale()
      if let logitBias { return try sigmoidImageTextLoss(images: matched, texts: texts, captions: batch.captionRows, scale: scale, bias: logitBias.value) }
      guard let projections else { return try imageTextLoss(images: matched, texts: texts, captions: batch.captionRows, scale: scale) }
      return try stableRepPlusLoss(projections: projections, images: matched, texts: texts, captions: batch.captionRows, scale: scale,
                                   temperature: options.temperature, imageWeight: options.imageWeight, textWeight: options.textWeight)
    }
    if let projections {
      return try multiPositiveLoss(projections, labels: options.objective == .supcon ? classes : batch.labels, temperature: options.temperature)
    }
    guard let classifier else { throw ModelError("representation: the model has nothing to train") }
    return try classifier(features).crossEntropy(labels: classes, labelSmoothing: options.labelSmoothing)
  }

  /// What modules make of `count` samples: at once or, with a micro-batch, part by part, each computed again in the backward pass in place of being remembered.
  private func inParts(_ count: Int, _ modules: any Module..., body: @escaping (_ start: Int, _ count: Int) throws -> Tensor) throws -> Tensor {
    let size = options.microBatch
    guard size > 0, size < count else { return try body(0, count) }
    let parameters = modules.flatMap { $0.namedParameters().map(\.parameter.value) }
    return try Tensor.concatenate(stride(from: 0, to: count, by: size).map { start in
      try Tensor.checkpoint([], parameters: parameters) { _ in try body(start, min(size, count - start)) }
    }, axis: 0)
  }

  private func reconstruction(_ images: Tensor, visible: [[Int]], _ encoder: VisionTransformer, decoder: MaskedDecoder, dropPath: DropPath) throws -> Tensor {
    let drawn = try inParts(images.shape[0], encoder, decoder) { start, count in
      let shown = Array(visible[start..<(start + count)])
      var tokens = try encoder.tokens(images.narrow(axis: 0, start: start, count: count), visible: shown, dropPath: dropPath.part(start))
      // An encoder that pools over patches has its norm behind the pooling; here each token passes it.
      if let pooledNorm = encoder.pooledNorm { tokens = try pooledNorm(tokens) }
      return try decoder(tokens, visible: shown)
    }
    let count = options.encoder.patchCount
    let hidden = try Tensor.build([visible.count, count]) { buffer in
      for index in buffer.indices { buffer[index] = 1 }
      for (sample, patches) in visible.enumerated() { for patch in patches { buffer[sample * count + patch] = 0 } }
    }
    return try maskedReconstructionLoss(drawn, target: images.patches(options.encoder.patchSize), hidden: hidden)
  }

  private func following(_ projections: Tensor, local: Tensor?, _ targets: Tensor, _ batch: RepresentationBatch) throws -> Tensor {
    let views = batch.views
    func parts(_ all: Tensor) throws -> [Tensor] {
      let rows = targets.shape[0] / views
      return try stride(from: 0, to: all.shape[0], by: rows).map { try all.narrow(axis: 0, start: $0, count: rows) }
    }
    if options.objective == .synclr, let predictor {
      let keys = Array(0..<targets.shape[0])
      let whole = try multiPositiveTeacherLoss(queries: predictor.project(projections, views: views), keys: targets, queryLabels: batch.labels, keyLabels: batch.labels,
                                               own: keys, temperature: options.temperature)
      guard let local else { return whole }
      let pictures = options.firstCrops(count: keys.count).map { batch.labels[$0] }
      let labels = (0..<local.shape[0]).map { pictures[$0 % pictures.count] }
      return try whole + multiPositiveTeacherLoss(queries: predictor.project(local, views: options.localViews), keys: targets, queryLabels: labels, keyLabels: batch.labels,
                                                  temperature: options.temperature)
    }
    let theirs = try parts(targets)
    if let center {
      let loss = try distillationLoss(student: parts(projections) + (local.map(parts) ?? []), teacher: theirs, center: center.value, studentTemperature: options.temperature,
                                      teacherTemperature: options.teacherTemperature)
      center.value = try center.value * 0.9 + targets.mean(axes: [0]) * 0.1
      return loss
    }
    guard let predictor else { throw ModelError("representation: \(options.objective.rawValue) has no predictor") }
    let mine = try parts(predictor.project(projections, views: views))
    return options.objective == .byol
      ? try bootstrapLoss(predictions: (mine[0], mine[1]), targets: (theirs[0], theirs[1]))
      : try momentumContrastiveLoss(queries: (mine[0], mine[1]), keys: (theirs[0], theirs[1]), temperature: options.temperature)
  }
}
