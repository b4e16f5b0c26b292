extension LBFGS {
  /// Minimises a loss of tensors, and leaves them at the best point found.
  ///
  /// - Parameters:
  ///   - leaves: tracked tensors; moved in place, in their own precision.
  ///   - loss: computes the loss from the leaves as they are.
  /// - Throws: what the loss throws; the leaves then stay at the last point tried.
  public func minimize(_ leaves: [Tensor], loss: () throws -> Tensor) throws -> Result {
    func place(_ point: UnsafeBufferPointer<Double>) throws {
      var start = 0
      for leaf in leaves {
        try leaf.assign(try Tensor(Array(point[start..<start + leaf.count]), shape: leaf.shape))
        start += leaf.count
      }
    }
    let found = try minimize(from: try leaves.flatMap { try $0.doubles() }) { point, gradient in
      try place(point)
      let value = try loss()
      let gradients = try value.backward()
      var start = 0
      for leaf in leaves {
        let part = try gradients[leaf]?.doubles() ?? [Double](repeating: 0, count: leaf.count)
        for (offset, slope) in part.enumerated() { gradient[start + offset] = slope }
        start += leaf.count
      }
      return try value.item()
    }
    try found.parameters.withUnsafeBufferPointer(place)
    return found
  }
}
