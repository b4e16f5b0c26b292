/// Classifier-free guidance in its one meaning: out = u + w (c - u). w = 1 is plain conditional, w = 0 unconditional.
///
/// Ho & Salimans 2022, arXiv:2207.12598.
public struct Guidance: Sendable, Equatable {
  /// What a model is asked.
  public enum Halves: Sendable, Equatable {
    case conditional, unconditional, both
  }

  /// w.
  public var scale: Double
  /// φ in [0, 1]: the share of the output whose deviation is brought back to that of the conditional half, default 0.
  /// Lin et al. 2023, arXiv:2305.08891, equations 15 and 16.
  public var rescale: Double
  /// The training steps, both ends included, at which there is guidance; elsewhere w is 1. Nil means all.
  /// Kynkäänniemi et al. 2024, arXiv:2404.07724.
  public var interval: ClosedRange<Double>?

  /// - Throws: `ModelError` for a scale that is not finite or a share outside [0, 1].
  public init(scale: Double, rescale: Double = 0, interval: ClosedRange<Double>? = nil) throws {
    guard scale.isFinite else { throw ModelError("guidance must be a finite number, got \(scale)") }
    guard rescale >= 0, rescale <= 1 else { throw ModelError("guidance rescale must lie in [0, 1], got \(rescale)") }
    self.scale = scale
    self.rescale = rescale
    self.interval = interval
  }

  /// What has to be computed at a training step; a half that cannot change the output is left out.
  public func halves(at time: Double) -> Halves {
    if let interval, !interval.contains(time) { return .conditional }
    if scale == 1 { return .conditional }
    return scale == 0 && rescale == 0 ? .unconditional : .both
  }

  /// The guided output of both halves.
  ///
  /// Shapes: both [B, …] → the same.
  public func combined(conditional: Tensor, unconditional: Tensor) throws -> Tensor {
    let guided = try guidedOutput(conditional: conditional, unconditional: unconditional, scale: scale)
    guard rescale > 0, let batch = guided.shape.first, batch > 0, guided.count > batch else { return guided }
    let size = guided.count / batch
    func deviation(_ values: ArraySlice<Float>) -> Double {
      let mean = values.reduce(0.0) { $0 + Double($1) } / Double(size)
      return (values.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(size - 1)).squareRoot()
    }
    let told = try conditional.floats()
    var values = try guided.floats()
    for image in 0..<batch {
      let range = image * size..<(image + 1) * size
      let own = deviation(values[range])
      // An output without any variation has nothing to bring back.
      guard own > 0 else { continue }
      let factor = Float(rescale * deviation(told[range]) / own + 1 - rescale)
      for index in range { values[index] *= factor }
    }
    return try Tensor(values, shape: guided.shape)
  }
}

/// out = u + w (c - u).
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
