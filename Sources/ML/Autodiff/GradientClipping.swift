extension Gradients {
  /// Scales all gradients so that their joint length is at most `limit`.
  ///
  /// - Parameters:
  ///   - tensors: the leaves that count.
  ///   - limit: > 0.
  /// - Returns: the length before clipping.
  public mutating func clip(_ tensors: [Tensor], to limit: Double) throws -> Double {
    var total = 0.0
    for tensor in tensors {
      guard let gradient = self[tensor] else { continue }
      total += try withoutTracking { try gradient.square().sum().item() }
    }
    let norm = total.squareRoot()
    guard norm > limit else { return norm }
    for tensor in tensors {
      guard let gradient = self[tensor] else { continue }
      replace(tensor, with: try withoutTracking { try gradient * (limit / norm) })
    }
    return norm
  }
}
