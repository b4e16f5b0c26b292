import Host
import ML

/// What an index says about one axis.
enum Selection {
  case position(Int)
  /// From the first to the last position, both included; nil for the ends.
  case range(first: Int?, last: Int?, step: Int)
  case positions(Tensor)
  /// All axes that the other entries leave over.
  case rest

  var isRest: Bool { if case .rest = self { true } else { false } }

  /// Whether the part is a copy and not a view.
  var copies: Bool { if case .positions = self { true } else { false } }

  /// Reads one entry of an index list.
  static func read(_ call: Call, _ slot: Int32) throws -> Selection? {
    if let position = call.integer(slot) { return .position(position) }
    if let text = call.string(slot) { return try parse(text) }
    if let tensor = try call.object(slot, as: TensorHandle.self)?.tensor {
      guard tensor.dtype == .bool else { return .positions(tensor) }
      guard tensor.rank == 1 else { throw LuaError("flags inside an index list need one axis, got shape \(TensorElements.list(tensor.shape))") }
      return .positions(try tensor.nonzero().reshape([-1]) + Tensor([1], shape: []))
    }
    guard call.kind(slot) == .table, let ends = call.list(slot, { $0.integer($1) }), (2...3).contains(ends.count) else {
      throw LuaError("an entry of an index is a position, {first, last}, {first, last, step}, \"first:last:step\", \"...\" or a Tensor; got a \(call.typeName(slot))")
    }
    return try ranged(ends[0], ends[1], ends.count == 3 ? ends[2] : 1)
  }

  private static func parse(_ text: String) throws -> Selection {
    if text == "..." { return .rest }
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    let numbers = parts.map { Int($0) }
    guard (2...3).contains(parts.count), zip(parts, numbers).allSatisfy({ $0.isEmpty || $1 != nil }) else {
      throw LuaError("a range of an index is \"first:last\" or \"first:last:step\" with any of them left out, got \"\(text)\"")
    }
    return try ranged(numbers[0], numbers[1], parts.count == 3 ? numbers[2] ?? 1 : 1)
  }

  private static func ranged(_ first: Int?, _ last: Int?, _ step: Int) throws -> Selection {
    guard step >= 1 else { throw LuaError("the step of a range must be at least 1, got \(step); use flip for the other direction") }
    return .range(first: first, last: last, step: step)
  }

  /// The part of a tensor that this stands for along an axis.
  ///
  /// - Parameter whole: the tensor that messages speak of.
  func part(of tensor: Tensor, axis: Int, whole: Tensor) throws -> Tensor {
    let size = tensor.shape.indices.contains(axis) ? tensor.shape[axis] : 0
    func outside(_ what: String) -> LuaError {
      let place = luaPosition(axis + whole.rank - tensor.rank)
      return LuaError("\(what) lies outside axis \(place) of a tensor of shape \(TensorElements.list(whole.shape))")
    }
    guard axis < tensor.rank else { throw LuaError("a tensor without axes cannot be indexed; item() gives its number") }
    switch self {
    case .position(let position):
      guard let index = try? IndexArgument(position: position).resolved(count: size) else { throw outside("position \(position)") }
      return try tensor.select(axis: axis, index: index)
    case .range(let first, let last, let step):
      func end(_ position: Int?, _ fallback: Int) throws -> Int {
        guard let position else { return fallback }
        let counted = position < 0 ? size + position + 1 : position
        guard counted >= (fallback == 1 ? 1 : 0), counted <= size + (fallback == 1 ? 1 : 0) else { throw outside("the range's end \(position)") }
        return counted
      }
      // One past either end gives an empty part, as a loop over the same range would.
      let (start, stop) = (try end(first, 1), try end(last, size))
      return try tensor.stride(axis: axis, start: start - 1, count: max(0, (stop - start) / step + (stop >= start ? 1 : 0)), step: step)
    case .positions(let positions):
      guard positions.rank == 1 else { throw LuaError("positions inside an index need one axis, got shape \(TensorElements.list(positions.shape))") }
      let indices = try TensorLookup.indices(positions).integers()
      if let bad = indices.first(where: { $0 < -size || $0 >= size }) { throw outside("position \(bad < 0 ? bad : luaPosition(bad))") }
      return try tensor.indexSelect(axis: axis, indices: indices.map { $0 < 0 ? $0 + size : $0 })
    case .rest: return tensor
    }
  }
}
