import ML

/// Shows a tensor as text: numbers aligned, only the edges of long axes, type and shape at the end.
struct TensorText {
  /// Tensors of more elements show only the edges of their axes.
  static let largestWhole = 64
  /// Elements at either end of an axis that is cut.
  static let edge = 3

  private let tensor: Tensor
  private let isCut: Bool
  private var width = 0
  private var cells: [String] = []
  private var next = 0

  /// The text of a tensor.
  static func describe(_ tensor: Tensor) throws -> String {
    var text = try TensorText(tensor.detached())
    let head = "tensor("
    let tail = "\(tensor.dtype.name) [\(tensor.shape.map(String.init).joined(separator: ", "))]" + (tensor.isTracked ? ", tracked" : "")
    if tensor.count == 0 { return head + "{}, " + tail + ")" }
    return head + text.lines(axis: 0, indent: head.count) + ", " + tail + ")"
  }

  private init(_ tensor: Tensor) throws {
    isCut = tensor.count > TensorText.largestWhole
    var shown = tensor
    if isCut {
      for axis in 0..<tensor.rank where tensor.shape[axis] > 2 * TensorText.edge {
        let size = tensor.shape[axis]
        let indices = Array(0..<TensorText.edge) + Array(size - TensorText.edge..<size)
        shown = try shown.indexSelect(axis: axis, indices: indices)
      }
    }
    self.tensor = tensor
    cells = try TensorText.cells(shown)
    width = cells.map(\.count).max() ?? 0
  }

  /// The numbers as text, all in one format.
  private static func cells(_ tensor: Tensor) throws -> [String] {
    switch tensor.dtype {
    case .bool: return try tensor.integers().map { $0 == 0 ? "false" : "true" }
    case .i64, .i32, .u8: return try tensor.integers().map(String.init)
    default: break
    }
    let values = try tensor.doubles()
    let finite = values.filter(\.isFinite)
    let largest = finite.map { abs($0) }.max() ?? 0
    if finite.allSatisfy({ $0 == $0.rounded() }) && largest < 1e8 {
      return values.map { $0.isFinite ? String(Int($0)) : special($0) }
    }
    let smallest = finite.filter { $0 != 0 }.map { abs($0) }.min() ?? 1
    let isScientific = largest >= 1e8 || smallest < 1e-4 || largest / smallest > 1e4
    return values.map { !$0.isFinite ? special($0) : isScientific ? scientific($0) : fixed($0) }
  }

  private static func special(_ value: Double) -> String { value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }

  /// Four decimals, rounded half to even of the stored number.
  static func fixed(_ value: Double) -> String {
    let scaled = Int((abs(value) * 1e4).rounded(.toNearestOrEven))
    let fraction = String(scaled % 10_000)
    let sign = value < 0 && scaled != 0 ? "-" : ""
    return sign + "\(scaled / 10_000)." + String(repeating: "0", count: 4 - fraction.count) + fraction
  }

  private static func scientific(_ value: Double) -> String {
    if value == 0 { return "0" }
    var exponent = 0
    var mantissa = abs(value)
    while mantissa >= 10 { mantissa /= 10; exponent += 1 }
    while mantissa < 1 { mantissa *= 10; exponent -= 1 }
    var digits = fixed(mantissa)
    if digits.hasPrefix("10.") { digits = "1.0000"; exponent += 1 }
    return (value < 0 ? "-" : "") + digits + "e" + (exponent < 0 ? "-" : "+") + (abs(exponent) < 10 ? "0" : "") + String(abs(exponent))
  }

  /// The text from an axis on; consumes cells in order.
  private mutating func lines(axis: Int, indent: Int) -> String {
    guard axis < tensor.rank else {
      defer { next += 1 }
      return tensor.rank == 0 ? cells[next] : String(repeating: " ", count: width - cells[next].count) + cells[next]
    }
    let size = tensor.shape[axis]
    let cutsHere = isCut && size > 2 * TensorText.edge
    let isLast = axis == tensor.rank - 1
    var parts: [String] = []
    for position in 0..<(cutsHere ? 2 * TensorText.edge : size) {
      if cutsHere && position == TensorText.edge { parts.append("...") }
      parts.append(lines(axis: axis + 1, indent: indent + 1))
    }
    // A blank line between matrices, as their rows are lines already.
    let gap = isLast ? ", " : "," + String(repeating: "\n", count: max(1, tensor.rank - axis - 1)) + String(repeating: " ", count: indent + 1)
    return "{" + parts.joined(separator: gap) + "}"
  }
}
