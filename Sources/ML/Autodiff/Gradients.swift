/// The gradients of a loss by the leaves it depends on.
public struct Gradients {
  private var values: [ObjectIdentifier: TensorData] = [:]
  /// Keeps the leaves alive, so that an identifier is never reused.
  private(set) var leaves: [Node] = []

  /// The gradient by a tracked leaf, of the leaf's shape; nil when the loss does not depend on it.
  public subscript(_ tensor: Tensor) -> Tensor? {
    guard let node = tensor.node, let value = values[ObjectIdentifier(node)] else { return nil }
    return Tensor(value)
  }

  mutating func set(_ node: Node, _ value: TensorData) {
    values[ObjectIdentifier(node)] = value
    leaves.append(node)
  }

  func value(of node: Node) -> TensorData? { values[ObjectIdentifier(node)] }

  mutating func set(again node: Node, _ value: TensorData) { values[ObjectIdentifier(node)] = value }

  /// Forgets the gradient by a leaf.
  mutating func remove(_ tensor: Tensor) {
    guard let node = tensor.node else { return }
    values[ObjectIdentifier(node)] = nil
    leaves.removeAll { $0 === node }
  }

  /// Replaces the gradient by a leaf, for example with a clipped one.
  public mutating func replace(_ tensor: Tensor, with gradient: Tensor) {
    if let node = tensor.node { values[ObjectIdentifier(node)] = gradient.data }
  }

  /// Number of leaves that have a gradient.
  public var count: Int { leaves.count }
}

extension Tensor {
  /// The gradients of this scalar, or of the sum of this tensor times `upstream`, by every tracked leaf it was computed from.
  ///
  /// - Parameters:
  ///   - upstream: of this tensor's shape and type; nil means 1, which only a tensor of one element has a use for.
  ///   - keepGraph: keep what a second backward pass over the same graph needs; by default it is released at once.
  /// - Throws: `TensorError.notScalar`, `.shapeMismatch`, `.typeMismatch`, `.notTracked`, or `.graphReleased` when the graph was
  ///   used before.
  public func backward(from upstream: Tensor? = nil, keepGraph: Bool = false) throws -> Gradients {
    try ProductPrecision.single.within { try walkedBack(from: upstream, keepGraph: keepGraph) }
  }

  private func walkedBack(from upstream: Tensor?, keepGraph: Bool) throws -> Gradients {
    if upstream == nil, count != 1 { throw TensorError.notScalar(shape: shape) }
    guard let root = node else { throw TensorError.notTracked }
    if let upstream {
      guard upstream.shape == shape else {
        throw TensorError.shapeMismatch(operation: "backward", left: shape, right: upstream.shape, remedy: "the upstream gradient has the tensor's own shape")
      }
      try upstream.requireType(dtype, "backward")
    }
    var order: [Node] = []
    var seen: Set<ObjectIdentifier> = [ObjectIdentifier(root)]
    var pending = [root]
    while let next = pending.popLast() {
      if next.isReleased { throw TensorError.graphReleased }
      order.append(next)
      for case let input? in next.inputs where seen.insert(ObjectIdentifier(input)).inserted { pending.append(input) }
    }
    // Creation order is a topological order, and always the same one.
    order.sort { $0.sequence > $1.sequence }
    var flowing: [ObjectIdentifier: TensorData] = [ObjectIdentifier(root): try upstream?.cast(dtype.gradient).data ?? backend.full(shape, 1, dtype.gradient)]
    /// Sums made here, which may be added to in place; other gradients may be shared between nodes.
    var owned: Set<ObjectIdentifier> = []
    var gradients = Gradients()
    for node in order {
      guard let upstream = flowing.removeValue(forKey: ObjectIdentifier(node)) else { continue }
      if node.isLeaf {
        gradients.set(node, try backend.contiguous(upstream))
        continue
      }
      guard let backward = node.backward else { throw TensorError.graphReleased }
      let parts = try backward(upstream)
      for (input, part) in zip(node.inputs, parts) {
        guard let input, let part else { continue }
        let key = ObjectIdentifier(input)
        guard let present = flowing[key] else {
          flowing[key] = part
          continue
        }
        if owned.contains(key) {
          try backend.accumulate(try backend.contiguous(part), scale: 1, into: present)
        } else {
          flowing[key] = try backend.binary(.add, present, part)
          owned.insert(key)
        }
      }
      if !keepGraph { node.release() }
    }
    return gradients
  }
}

/// Whether operations record history on this thread.
enum Tracking {
  @TaskLocal static var isEnabled = true
}

/// Runs `body` without recording history: its results are constants.
///
/// - Returns: what `body` returns.
public func withoutTracking<R>(_ body: () throws -> R) rethrows -> R {
  try Tracking.$isEnabled.withValue(false) { try body() }
}
