import KernelInterface

// Losses that come with their gradient.
extension CPUBackend {
  func crossEntropy(_ x: TensorData, labels: [Int]?, targets: TensorData?, smoothing: Double) throws -> (loss: TensorData, gradient: TensorData) {
    try compute("crossEntropy", x.dtype,
      single: { try entropy($0, x, labels, targets, smoothing) }, double: { try entropy($0, x, labels, targets, smoothing) })
  }

  private func entropy<T: ComputeScalar>(_: T.Type, _ input: TensorData, _ labels: [Int]?, _ soft: TensorData?, _ smoothing: Double) throws
    -> (loss: TensorData, gradient: TensorData) {
    let x = try contiguous(input), targets = try soft.map { try contiguous($0) }
    let rows = x.shape[0], columns = x.shape[1]
    let gradient = try TensorData(x.shape, x.dtype), loss = try TensorData([], x.dtype)
    let px = x.pointer(T.self), pg = gradient.pointer(T.self), pt = targets?.pointer(T.self)
    let spread = T(smoothing) / T(max(1, columns)), peak = 1 - T(smoothing), share = 1 / T(max(1, rows))
    try withScratch(T.self, max(1, rows)) { losses in
      try rowPieces(rows, columns) { start, n in
        for row in start..<start + n {
          let line = pg + row * columns
          T.kernels.softmax(px + row * columns, line, 1, columns, 1, true)
          var total = T.zero
          if let pt {
            let target = pt + row * columns
            // Computed from log-probabilities before they are overwritten.
            total = -T.kernels.dot(target, line, columns)
            let mass = T.kernels.sum(target, columns)
            T.kernels.unary(.exponential, line, line, columns)
            T.kernels.combine(line, share * mass, target, -share, 0, line, columns)
          } else if let labels {
            let label = labels[row]
            total = -peak * line[label] - (spread == 0 ? 0 : spread * T.kernels.sum(line, columns))
            T.kernels.unary(.exponential, line, line, columns)
            T.kernels.binaryScalar(.multiply, line, share, false, line, columns)
            if spread != 0 { T.kernels.binaryScalar(.subtract, line, spread * share, false, line, columns) }
            line[label] -= peak * share
          }
          losses[row] = total
        }
      }
      loss.pointer(T.self)[0] = T.kernels.sum(losses, rows) * share
    }
    return (loss, gradient)
  }

  func multiPositive(_ similarities: TensorData, labels: [Int], temperature: Double) throws -> (loss: TensorData, gradient: TensorData) {
    try compute("multiPositive", similarities.dtype,
      single: { try contrast($0, similarities, labels, temperature) }, double: { try contrast($0, similarities, labels, temperature) })
  }

  private func contrast<T: ComputeScalar>(_: T.Type, _ input: TensorData, _ labels: [Int], _ temperature: Double) throws
    -> (loss: TensorData, gradient: TensorData) {
    let x = try contiguous(input), n = labels.count
    let gradient = try TensorData(x.shape, x.dtype), loss = try TensorData([], x.dtype)
    let px = x.pointer(T.self), pg = gradient.pointer(T.self)
    let inverse = 1 / T(temperature), share = 1 / T(max(1, n))
    var members: [Int: [Int]] = [:]
    for (index, label) in labels.enumerated() { members[label, default: []].append(index) }
    try withScratch(T.self, max(1, n)) { losses in
      try rowPieces(n, n) { start, count in
        for row in start..<start + count {
          let line = pg + row * n
          T.kernels.binaryScalar(.multiply, px + row * n, inverse, false, line, n)
          // A sample is no candidate for itself; a large finite number keeps 0 x log q from being NaN.
          line[row] -= 1e9
          T.kernels.softmax(line, line, 1, n, 1, true)
          let positives = members[labels[row]]!
          let weight = positives.count > 1 ? 1 / T(positives.count - 1) : 0
          var total = T.zero
          for j in positives where j != row { total -= weight * line[j] }
          losses[row] = total
          if weight == 0 {
            // An anchor without a positive adds nothing, though it counts in the mean.
            line.update(repeating: 0, count: n)
            continue
          }
          T.kernels.unary(.exponential, line, line, n)
          T.kernels.binaryScalar(.multiply, line, share * inverse, false, line, n)
          for j in positives where j != row { line[j] -= weight * share * inverse }
          line[row] = 0
        }
      }
      loss.pointer(T.self)[0] = T.kernels.sum(losses, n) * share
    }
    return (loss, gradient)
  }
}
