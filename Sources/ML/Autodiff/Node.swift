import Synchronization

/// The history of one tensor: the operation that made it, what it was made from, and how gradients flow back.
public final class Node {
  /// Position in creation order; an operation always comes after its inputs.
  let sequence: Int
  /// Nil for a leaf.
  let operation: OperationName?
  private(set) var inputs: [Node?]
  private(set) var backward: ((TensorData) throws -> [TensorData?])?
  private(set) var isReleased = false

  private static let counter = Atomic<Int>(0)

  init(operation: OperationName? = nil, inputs: [Node?] = [], backward: ((TensorData) throws -> [TensorData?])? = nil) {
    sequence = Node.counter.wrappingAdd(1, ordering: .relaxed).oldValue
    self.operation = operation
    self.inputs = inputs
    self.backward = backward
  }

  var isLeaf: Bool { operation == nil }

  /// Lets go of what the backward pass needed.
  func release() {
    guard !isLeaf else { return }
    isReleased = true
    backward = nil
    let dropped = inputs
    inputs = []
    Node.dismantle(dropped)
  }

  deinit {
    backward = nil
    let dropped = inputs
    inputs = []
    Node.dismantle(dropped)
  }

  /// Frees a chain of nodes in a loop: freeing it by recursion would overflow the stack on long histories.
  private static func dismantle(_ nodes: [Node?]) {
    var pending = nodes
    while var node = pending.popLast() ?? nil {
      if isKnownUniquelyReferenced(&node) {
        node.backward = nil
        pending.append(contentsOf: node.inputs)
        node.inputs = []
      }
    }
  }
}
