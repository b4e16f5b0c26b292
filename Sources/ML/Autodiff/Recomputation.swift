// Gradients without the memory of a whole graph.

extension Gradients {
  /// Adds the gradients of another loss, each times a factor; leaves that only the other has join.
  public mutating func add(_ other: Gradients, scale: Double = 1) throws {
    for node in other.leaves {
      guard let value = other.value(of: node) else { continue }
      let part = scale == 1 ? value : try backend.binaryScalar(.multiply, value, scale, reversed: false)
      if let present = self.value(of: node) { set(again: node, try backend.binary(.add, present, part)) } else { set(node, part) }
    }
  }
}

extension Tensor {
  /// A function's value whose history is computed again in the backward pass instead of being remembered.
  ///
  /// - Parameters:
  ///   - inputs: what the function gets.
  ///   - parameters: tracked leaves that it uses besides; their gradients are passed on.
  ///   - body: gives the same tensor whenever it gets the same inputs; random numbers must come from streams made inside.
  /// - Returns: the value; its gradients equal those of calling the function directly.
  /// - Throws: what the function throws. The backward pass throws `TensorError` if the function used tracked tensors that it was not given.
  /// Source: Chen et al. 2016, arXiv:1604.06174.
  public static func checkpoint(_ inputs: [Tensor], parameters: [Tensor] = [], _ body: @escaping ([Tensor]) throws -> Tensor) throws -> Tensor {
    let values = inputs.map { $0.detached() }
    let y = try withoutTracking { try body(values) }
    return result(y.data, .checkpoint, inputs + parameters) { g in
      let leaves = values.map { $0.dtype.isFloating ? $0.tracked() : $0 }
      let again = try Tracking.$isEnabled.withValue(true) { try body(leaves) }
      guard again.shape == y.shape else {
        throw TensorError.shapeMismatch(operation: "checkpoint", left: y.shape, right: again.shape, remedy: "the function must give the same tensor each time")
      }
      guard again.isTracked else { return (inputs + parameters).map { _ in nil } }
      let gradients = try again.backward(from: Tensor(g))
      let found = (leaves + parameters).map { gradients[$0] }
      guard found.count(where: { $0 != nil }) == gradients.count else {
        throw TensorError.invalidArgument(operation: "checkpoint", message: "the function used tracked tensors that it was not given; name them as inputs or parameters")
      }
      return found.map { $0?.data }
    }
  }
}

/// The gradients of a loss over a batch that is embedded in parts, with the graph of only one part in memory at a time.
///
/// The embeddings are computed without history, the loss and its gradient by them once over the whole batch, and each part once more to
/// carry that gradient to the parameters. Loss and gradients equal those of the whole batch at once, as long as an embedding depends on
/// its own sample alone (statistics of a batch norm would be those of its part). Gao et al. 2021, arXiv:2101.06983.
///
/// - Parameters:
///   - parts: how many; 1 or more.
///   - embed: the embeddings of a part, one tensor or several (such as pictures and texts), each [samples of the part, D].
///   - loss: of the embeddings of all parts, one tensor for each that `embed` gives.
/// - Returns: the loss without history, and the gradients by every tracked leaf, those that only `loss` uses too.
public func microBatchGradients(parts: Int, embed: (Int) throws -> [Tensor], loss: ([Tensor]) throws -> Tensor) throws -> (loss: Tensor, gradients: Gradients) {
  guard parts >= 1 else { throw TensorError.invalidArgument(operation: "micro batches", message: "expected at least one part, got \(parts)") }
  let pieces = try (0..<parts).map { part in try withoutTracking { try embed(part) } }
  guard let kinds = pieces.first?.count, kinds > 0, pieces.allSatisfy({ $0.count == kinds }) else {
    throw TensorError.invalidArgument(operation: "micro batches", message: "every part must give the same number of embeddings, at least one")
  }
  let whole = try (0..<kinds).map { kind in try Tensor.concatenate(pieces.map { $0[kind].detached() }, axis: 0).tracked() }
  let value = try loss(whole)
  let upstream = try value.backward()
  var total = upstream
  for leaf in whole { total.remove(leaf) }
  var starts = [Int](repeating: 0, count: kinds)
  for part in 0..<parts {
    let embeddings = try embed(part)
    guard zip(embeddings, pieces[part]).allSatisfy({ $0.shape == $1.shape }), embeddings.count == kinds else {
      throw TensorError.invalidArgument(operation: "micro batches", message: "part \(part) gave embeddings of another shape the second time")
    }
    var carried: Tensor?
    for kind in 0..<kinds {
      let count = embeddings[kind].shape[0]
      if let gradient = upstream[whole[kind]], embeddings[kind].isTracked {
        let share = try (embeddings[kind] * gradient.narrow(axis: 0, start: starts[kind], count: count)).sum()
        carried = try carried.map { try $0 + share } ?? share
      }
      starts[kind] += count
    }
    if let carried { try total.add(try carried.backward()) }
  }
  return (value.detached(), total)
}
