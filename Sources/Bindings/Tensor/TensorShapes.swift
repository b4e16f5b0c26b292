import Host
import ML

/// Functions that move elements about without changing them. Axes and positions count from 1.
enum TensorShapes {
  private static let axis = Argument<AxisArgument>.axis("axis", "from 1; negative from the end", default: 1)

  static let reshape = Function(
    "reshape", "Gives the elements another shape; one size may be -1 and is then worked out.", .tensor("x", "the tensor"),
    .shape("shape", "sizes of the axes"), returns: .tensor("a view where possible, else a copy"),
    example: ("return tensor.arange(0, 6):reshape{2, -1}", """
      tensor({{0, 1, 2},
              {3, 4, 5}}, f32 [2, 3])
      """)
  ) { x, shape in try x.reshape(shape) }

  static let permute = Function(
    "permute", "Puts the axes into another order.", .tensor("x", "the tensor"), .axes("order", "each axis once"),
    returns: .tensor("a view"), example: ("return tensor.zeros{2, 3, 4}:permute{3, 1, 2}.shape", "{4, 2, 3}")
  ) { x, order in try x.permute(try order.resolved(rank: x.rank)) }

  static let transpose = Function(
    "transpose", "Exchanges two axes.", .tensor("x", "the tensor"), .axis("first", "one axis", default: -2),
    .axis("second", "the other", default: -1), returns: .tensor("a view"),
    example: ("return tensor.new{{1, 2}, {3, 4}}:transpose()", """
      tensor({{1, 3},
              {2, 4}}, f32 [2, 2])
      """)
  ) { x, first, second in try x.transpose(try first.resolved(rank: x.rank), try second.resolved(rank: x.rank)) }

  static let narrow = Function(
    "narrow", "Takes neighbouring elements along an axis.", .tensor("x", "the tensor"), .axis("axis", "from 1; negative from the end"),
    .index("first", "the first position taken"), .integer("count", "how many", in: 0...Int.max), returns: .tensor("a view"),
    example: ("return tensor.arange(0, 6):narrow(1, 3, 2)", "tensor({2, 3}, f32 [2])")
  ) { x, axis, first, count in
    let axis = try axis.resolved(rank: x.rank)
    let start = try first.resolved(count: x.shape[axis])
    guard count <= x.shape[axis] - start else {
      throw ArgumentFault.invalid("\(count) elements from position \(luaPosition(start)) on do not exist in an axis of \(x.shape[axis])")
    }
    return try x.narrow(axis: axis, start: start, count: count)
  }

  static let select = Function(
    "select", "Takes one position along an axis, which disappears. Unlike x[i] it always gives a tensor and keeps the history.",
    .tensor("x", "the tensor"), .axis("axis", "from 1; negative from the end"), .index("position", "from 1; negative from the end"),
    returns: .tensor("a view"), example: ("return tensor.new{{1, 2}, {3, 4}}:select(2, 1)", "tensor({1, 3}, f32 [2])")
  ) { x, axis, position in
    let axis = try axis.resolved(rank: x.rank)
    return try x.select(axis: axis, index: try position.resolved(count: x.shape[axis]))
  }

  static let indexSelect = Function(
    "index_select", "Takes the elements at given positions along an axis, repeated ones too.", .tensor("x", "the tensor"),
    .axis("axis", "from 1; negative from the end"), .positions("positions", "from 1; negative from the end"), returns: .tensor("a copy"),
    example: ("return tensor.new{10, 20, 30}:index_select(1, {3, 1, 1})", "tensor({30, 10, 10}, f32 [3])")
  ) { x, axis, positions in
    let axis = try axis.resolved(rank: x.rank)
    return try x.indexSelect(axis: axis, indices: try zeroBased(positions, count: x.shape[axis]))
  }

  static let expand = Function(
    "expand", "Repeats axes of size 1 without copying.", .tensor("x", "the tensor"), .shape("shape", "sizes of the axes"),
    returns: .tensor("a view"), example: ("return tensor.new{{1}, {2}}:expand{2, 3}", """
      tensor({{1, 1, 1},
              {2, 2, 2}}, f32 [2, 3])
      """)
  ) { x, shape in try x.expand(shape) }

  static let squeeze = Function(
    "squeeze", "Removes an axis of size 1.", .tensor("x", "the tensor"), .axis("axis", "from 1; negative from the end"),
    returns: .tensor("a view"), example: ("return tensor.zeros{1, 3}:squeeze(1).shape", "{3}")
  ) { x, axis in try x.squeeze(axis: try axis.resolved(rank: x.rank)) }

  static let unsqueeze = Function(
    "unsqueeze", "Inserts an axis of size 1 before the given one.", .tensor("x", "the tensor"),
    .axis("axis", "where the new axis stands, from 1; -1 puts it last"), returns: .tensor("a view"),
    example: ("return tensor.zeros{3}:unsqueeze(1).shape", "{1, 3}")
  ) { x, axis in try x.unsqueeze(axis: try axis.resolved(rank: x.rank + 1)) }

  static let concatenate = Function(
    "concatenate", "Puts tensors one after the other along an axis.", .list(of: .tensor("parts", "the tensors")),
    .axis("axis", "from 1; negative from the end", default: 1), returns: .tensor("a copy"),
    example: ("return tensor.concatenate({tensor.new{1, 2}, tensor.new{3}})", "tensor({1, 2, 3}, f32 [3])")
  ) { parts, axis in try Tensor.concatenate(parts, axis: try axis.resolved(rank: parts.first?.rank ?? 1)) }

  static let stack = Function(
    "stack", "Puts tensors of equal shape side by side along a new axis.", .list(of: .tensor("parts", "the tensors")),
    .axis("axis", "where the new axis stands, from 1", default: 1), returns: .tensor("a copy"),
    example: ("return tensor.stack({tensor.new{1, 2}, tensor.new{3, 4}})", """
      tensor({{1, 2},
              {3, 4}}, f32 [2, 2])
      """)
  ) { parts, axis in try Tensor.stack(parts, axis: try axis.resolved(rank: (parts.first?.rank ?? 0) + 1)) }

  static let contiguous = Function(
    "contiguous", "Puts the elements into row-major order.", .tensor("x", "the tensor"), returns: .tensor("a view when they lie so already"),
    example: ("return tensor.new{{1, 2}, {3, 4}}:transpose():contiguous()", """
      tensor({{1, 3},
              {2, 4}}, f32 [2, 2])
      """)
  ) { x in try x.contiguous() }

  static let copy = Function(
    "copy", "Copies the elements into memory of their own, without history.", .tensor("x", "the tensor"), returns: .tensor("a copy"),
    example: ("local a = tensor.new{1, 2}; local b = a:copy(); b[1] = 9; return a", "tensor({1, 2}, f32 [2])")
  ) { x in try x.copy() }

  static let cast = Function(
    "cast", "Converts the elements to another type.", .tensor("x", "the tensor"), .dtype("dtype", "the new type"),
    returns: .tensor("a copy, or a view when the type is the same"), example: ("return tensor.new{1.7, -2}:cast(\"i64\")", "tensor({ 1, -2}, i64 [2])")
  ) { x, dtype in try x.cast(dtype) }

  static let methods = [reshape, permute, transpose, narrow, select, indexSelect, expand, squeeze, unsqueeze, contiguous, copy, cast]
}
