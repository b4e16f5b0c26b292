/// What went wrong in a tensor operation, as a sentence that names the operation, both sides and the remedy.
public enum TensorError: Error, Equatable, CustomStringConvertible {
  // Shapes
  case shapeMismatch(operation: String, left: [Int], right: [Int], remedy: String)
  case invalidShape(operation: String, shape: [Int], expected: String)
  case invalidAxis(operation: String, axis: Int, rank: Int)
  case indexOutOfRange(operation: String, index: Int, size: Int)
  // Types
  case typeMismatch(operation: String, got: DType, expected: String)
  // Arguments
  case invalidArgument(operation: String, message: String)
  // Gradients
  case notScalar(shape: [Int])
  case notTracked
  case graphReleased
  // Memory
  case outOfMemory(requested: Int, live: Int, limit: Int)
  // Time
  case interrupted

  public var description: String {
    switch self {
    case .shapeMismatch(let operation, let left, let right, let remedy):
      return "\(operation): shapes \(Layout.describe(left)) and \(Layout.describe(right)) do not fit; \(remedy)"
    case .invalidShape(let operation, let shape, let expected):
      return "\(operation): got shape \(Layout.describe(shape)), expected \(expected)"
    case .invalidAxis(let operation, let axis, let rank):
      return "\(operation): axis index \(axis) does not exist in a tensor of rank \(rank)"
    case .indexOutOfRange(let operation, let index, let size):
      return "\(operation): index \(index) lies outside an axis of \(size) elements"
    case .typeMismatch(let operation, let got, let expected):
      return "\(operation): got a tensor of type \(got.name), expected \(expected); convert it with cast"
    case .invalidArgument(let operation, let message):
      return "\(operation): \(message)"
    case .notScalar(let shape):
      return "backward: expected a loss of one element, got shape \(Layout.describe(shape)); reduce it with sum or mean first"
    case .notTracked:
      return "backward: nothing here is tracked; mark the inputs with track() before computing the loss"
    case .graphReleased:
      return "backward: the graph of this loss was already used and released; compute the loss again, or keep the graph the first time"
    case .outOfMemory(let requested, let live, let limit):
      return "out of tensor memory: \(requested) bytes requested, \(live) in use, limit \(limit); use a smaller batch or raise --memory-limit"
    case .interrupted: return "interrupted"
    }
  }
}
