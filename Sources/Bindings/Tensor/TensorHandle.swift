import Host
import ML

/// What Lua holds of a tensor.
final class TensorHandle: LuaObject {
  static let luaName = "Tensor"
  let tensor: Tensor

  init(_ tensor: Tensor) { self.tensor = tensor }
}

/// A tensor or a number, as arithmetic takes them. Lua's integers keep a tensor of whole numbers whole, its floats make it f32.
enum Operand {
  case tensor(Tensor)
  case number(Double)
  case integer(Int)

  /// The operand as a tensor that takes part in promotion like a number beside `other`: it never widens a type of its own kind.
  func beside(_ other: DType) throws -> Tensor {
    switch self {
    case .tensor(let tensor): return tensor
    case .number(let value): return try Tensor.full([], value, dtype: other.floating)
    case .integer(let value):
      let dtype: DType = other == .bool ? .i64 : other
      guard dtype != .u8 || (0...255).contains(value), dtype != .i32 || Int32(exactly: value) != nil else {
        throw ArgumentFault.invalid("\(value) does not fit into \(dtype.name); cast the tensor to i64 first")
      }
      return dtype == .i64 ? try Tensor([value], shape: []) : try Tensor.full([], Double(value), dtype: dtype)
    }
  }

  /// Both operands as tensors, at least one of which was one.
  static func both(_ a: Operand, _ b: Operand) throws -> (Tensor, Tensor) {
    switch (a, b) {
    case (.tensor(let left), _): return (left, try b.beside(left.dtype))
    case (_, .tensor(let right)): return (try a.beside(right.dtype), right)
    default: throw ArgumentFault.invalid("at least one of the operands must be a Tensor")
    }
  }
}

extension Argument where Value == Tensor {
  /// A tensor, taken out of its handle.
  static func tensor(_ name: String, _ doc: String) -> Argument {
    Argument(name, "Tensor", doc) { call, index in try call.object(index, as: TensorHandle.self)?.tensor }
  }
}

extension Argument where Value == Operand {
  /// A tensor or a number.
  static func operand(_ name: String, _ doc: String) -> Argument {
    Argument(name, "Tensor|number", doc) { call, index in
      if let number = call.number(index) { return call.isInteger(index) ? .integer(call.integer(index) ?? 0) : .number(number) }
      return try call.object(index, as: TensorHandle.self).map { .tensor($0.tensor) }
    }
  }
}

extension Argument where Value == [Int] {
  /// Sizes of axes: a list, or one number for a single axis. -1 is allowed only where the body allows it.
  static func shape(_ name: String, _ doc: String) -> Argument {
    Argument(name, "integer|integer[]", doc, expected: "size or list of sizes") { call, index in
      if let size = call.integer(index) { return [size] }
      guard call.kind(index) == .table else { return nil }
      return call.list(index) { call, slot in call.integer(slot) }
    }
  }

  /// Integers as they are (labels, token ids): a list, or a tensor of one axis.
  static func labels(_ name: String, _ doc: String) -> Argument {
    Argument(name, "integer[]|Tensor", doc, expected: "list of integers or a tensor") { call, index in
      if call.kind(index) == .table { return call.list(index) { call, slot in call.integer(slot) } }
      return try call.object(index, as: TensorHandle.self).map { try $0.tensor.integers() }
    }
  }

  /// Positions counted from 1, negative from the end: a list, or a tensor of one axis. The body resolves them.
  static func positions(_ name: String, _ doc: String) -> Argument { labels(name, doc) }
}

extension Argument where Value == DType {
  /// The type of elements by its name.
  static func dtype(_ name: String, _ doc: String, default fallback: DType? = nil) -> Argument {
    let words = DType.allCases.map(\.name)
    let type = words.map { "\"\($0)\"" }.joined(separator: "|")
    return Argument(
      name, type, doc, expected: "one of " + words.joined(separator: ", "), default: fallback,
      defaultText: fallback.map { "\"\($0.name)\"" }
    ) { call, index in
      guard let word = call.string(index) else { return nil }
      guard let dtype = DType.allCases.first(where: { $0.name == word }) else {
        throw ArgumentFault.invalid("one of \(words.joined(separator: ", ")) expected, got \"\(word)\"")
      }
      return dtype
    }
  }
}

extension Argument where Value == Activation {
  /// An activation by its name.
  static func activation(_ name: String, _ doc: String, default fallback: Activation = .none) -> Argument {
    let words = ["none", "relu", "gelu", "quick_gelu", "silu"]
    let cases: [Activation] = [.none, .relu, .gelu, .quickGelu, .silu]
    let type = words.map { "\"\($0)\"" }.joined(separator: "|")
    let text = cases.firstIndex(of: fallback).map { "\"\(words[$0])\"" }
    return Argument(name, type, doc, expected: type, default: fallback, defaultText: text) { call, index in
      guard let word = call.string(index) else { return nil }
      guard let position = words.firstIndex(of: word) else {
        throw ArgumentFault.invalid("one of \(words.joined(separator: ", ")) expected, got \"\(word)\"")
      }
      return cases[position]
    }
  }
}

extension Argument where Value == [Int]? {
  /// One number for every axis of a window, or one for each of them; nil leaves the default to the body.
  static func window(_ name: String, _ doc: String) -> Argument { .optional(.shape(name, doc)) }
}

extension Returned where Value == Tensor {
  /// A new handle of a tensor.
  static func tensor(_ doc: String) -> Returned { Returned("Tensor", doc) { try $0.push(TensorHandle($1)) } }
}

/// A position counted from 1 (or from the end, negative) as one counted from 0; the border's rule for lists of positions.
func zeroBased(_ positions: [Int], count: Int) throws -> [Int] {
  try positions.map { try IndexArgument(position: $0).resolved(count: count) }
}

/// The element of a tensor of one element as Lua has it: integer, boolean or number by the tensor's type.
func luaElement(_ tensor: Tensor) throws -> LuaValue {
  switch tensor.dtype {
  case .bool: return .boolean(try tensor.integers()[0] != 0)
  case .i64, .i32, .u8: return .integer(try tensor.integers()[0])
  default: return .number(try tensor.item())
  }
}
