/// The objective of multinomial logistic regression and its gradient, over tiles of rows.
///
///     f(W, b) = 1/n sum_i [ log sum_k exp(w_k x_i + b_k) - (w_y x_i + b_y) ] + 1/(2 C n) ||W||^2
///
/// Products are in `Scalar`; softmax, loss and the sum over chunks in f64. Rows are cut into chunks and tiles by their number
/// alone, each chunk adds up its own gradient and the chunks are added in order, so threads do not change a bit.
final class SoftmaxObjective<Scalar: ComputeScalar> {
  let rows: Int, dimension: Int, classes: Int
  /// The factor of ||W||^2 / 2.
  var penalty: Double

  private let features: [Scalar]
  private let targets: [Int32]
  private let tile = 256
  private let chunkRows: Int
  private let chunks: Int
  private let logits: UnsafeMutableBufferPointer<Scalar>
  private let weights: UnsafeMutableBufferPointer<Scalar>
  private let partialGradients: UnsafeMutableBufferPointer<Scalar>
  private let partialIntercepts: UnsafeMutableBufferPointer<Double>
  private let partialLosses: UnsafeMutableBufferPointer<Double>

  /// Shapes: features [rows, dimension], targets [rows] in 0..<classes.
  init(features: [Scalar], targets: [Int32], dimension: Int, classes: Int, penalty: Double) {
    self.features = features
    self.targets = targets
    self.dimension = dimension
    self.classes = classes
    self.penalty = penalty
    rows = targets.count
    let tiles = (rows + tile - 1) / tile
    chunkRows = max(1, (tiles + 15) / 16) * tile
    chunks = (rows + chunkRows - 1) / chunkRows
    logits = .allocate(capacity: chunks * tile * classes)
    weights = .allocate(capacity: classes * dimension)
    partialGradients = .allocate(capacity: chunks * classes * dimension)
    partialIntercepts = .allocate(capacity: chunks * classes)
    partialLosses = .allocate(capacity: chunks)
    logits.initialize(repeating: 0)
    weights.initialize(repeating: 0)
    partialGradients.initialize(repeating: 0)
    partialIntercepts.initialize(repeating: 0)
    partialLosses.initialize(repeating: 0)
  }

  deinit {
    logits.deallocate()
    weights.deallocate()
    partialGradients.deallocate()
    partialIntercepts.deallocate()
    partialLosses.deallocate()
  }

  /// Value and gradient. Shapes: parameters and gradient [classes * dimension + classes], the intercepts last.
  ///
  /// - Throws: `TensorError.interrupted`.
  func evaluate(_ parameters: UnsafeBufferPointer<Double>, _ gradient: UnsafeMutableBufferPointer<Double>) throws -> Double {
    let weightCount = classes * dimension
    var squares = 0.0
    for index in 0..<weightCount {
      weights[index] = Scalar(parameters[index])
      squares += parameters[index] * parameters[index]
    }
    let intercepts = UnsafeBufferPointer(rebasing: parameters[weightCount...])
    let cancellation = Cancellation.current
    try features.withUnsafeBufferPointer { features in
      try targets.withUnsafeBufferPointer { targets in
        try ThreadPool.interruptibleFor(chunks) { chunk in self.run(chunk, features, targets, intercepts, cancellation) }
      }
    }
    let scale = 1 / Double(rows), block = 4096
    ThreadPool.parallelFor((weightCount + block - 1) / block) { number in
      for index in number * block..<min(weightCount, (number + 1) * block) {
        var sum = 0.0
        for chunk in 0..<self.chunks { sum += Double(self.partialGradients[chunk &* weightCount &+ index]) }
        gradient[index] = sum * scale + self.penalty * parameters[index]
      }
    }
    for index in 0..<classes {
      var sum = 0.0
      for chunk in 0..<chunks { sum += partialIntercepts[chunk * classes + index] }
      gradient[weightCount + index] = sum * scale
    }
    var loss = 0.0
    for chunk in 0..<chunks { loss += partialLosses[chunk] }
    return loss * scale + 0.5 * penalty * squares
  }

  private func run(
    _ chunk: Int, _ features: UnsafeBufferPointer<Scalar>, _ targets: UnsafeBufferPointer<Int32>, _ intercepts: UnsafeBufferPointer<Double>,
    _ cancellation: Cancellation?
  ) {
    guard let input = features.baseAddress, let weights = UnsafePointer(weights.baseAddress),
      let allLogits = logits.baseAddress, let allGradients = partialGradients.baseAddress
    else { return }
    let tileLogits = allLogits + chunk * tile * classes
    let target = allGradients + chunk * classes * dimension
    let interceptSums = UnsafeMutableBufferPointer(rebasing: partialIntercepts[chunk * classes..<(chunk + 1) * classes])
    for index in 0..<classes { interceptSums[index] = 0 }
    var loss = 0.0
    let first = chunk * chunkRows, end = min(rows, first + chunkRows)
    var start = first
    while start < end, cancellation?.isRequested != true {
      let count = min(tile, end - start)
      FeatureProduct.multiply(
        input + start * dimension, weights, into: tileLogits, rows: count, columns: classes, inner: dimension, transposeRight: true)
      for row in 0..<count {
        loss += softmaxMinusTarget(tileLogits + row * classes, Int(targets[start + row]), intercepts, interceptSums)
      }
      FeatureProduct.multiply(
        UnsafePointer(tileLogits), input + start * dimension, into: target, rows: classes, columns: dimension, inner: count,
        transposeLeft: true, accumulate: start > first)
      start += count
    }
    partialLosses[chunk] = loss
  }

  /// Turns a row of logits (without intercepts) into probabilities minus the one-hot target; returns the row's loss.
  @inline(__always)
  private func softmaxMinusTarget(
    _ row: UnsafeMutablePointer<Scalar>, _ target: Int, _ intercepts: UnsafeBufferPointer<Double>, _ sums: UnsafeMutableBufferPointer<Double>
  ) -> Double {
    var largest = -Double.infinity
    for index in 0..<classes { largest = max(largest, Double(row[index]) + intercepts[index]) }
    let aim = Double(row[target]) + intercepts[target]
    var sum = 0.0
    for index in 0..<classes {
      let term = Double.exponential(Double(row[index]) + intercepts[index] - largest)
      row[index] = Scalar(term)
      sum += term
    }
    let inverse = 1 / sum
    for index in 0..<classes {
      let probability = Double(row[index]) * inverse
      sums[index] += probability
      row[index] = Scalar(probability)
    }
    sums[target] -= 1
    row[target] -= 1
    return Double.logarithm(sum) + largest - aim
  }
}
