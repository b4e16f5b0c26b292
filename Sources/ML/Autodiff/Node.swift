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
    dismantle()
  }

  deinit { dismantle() }

  /// Frees the chain of histories behind this node in a loop: freeing it by recursion would overflow the stack on long ones.
  private func dismantle() {
    backward = nil
    // The list must be the only owner of its nodes, or none of them would look unique.
    var pending: [Node] = []
    swapInputs(into: &pending)
    while var node = pending.popLast() {
      if isKnownUniquelyReferenced(&node) {
        node.backward = nil
        node.swapInputs(into: &pending)
      }
    }
  }

  private func swapInputs(into pending: inout [Node]) {
    for case let input? in inputs { pending.append(input) }
    inputs = []
  }
}
