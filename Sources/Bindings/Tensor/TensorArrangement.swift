import Host
import ML

/// Order, repetition, borders and parts of axes.
enum TensorArrangement {
  private static let axis = Argument<AxisArgument>.axis("axis", "from 1; negative from the end")
  private static let mode = Argument<Tensor.Padding>.choice("mode", "what stands outside: one number, the elements mirrored, the border repeated, or those of the other end",
                                                           default: .constant)
  private static let value = Argument.number("value", "the number of constant padding", default: 0)
  private static let offset = Argument.integer("offset", "diagonals above the main one; negative below", default: 0)

  private static let flip = Function(
    "flip", "Reverses the order of the elements along some axes.", .tensor("x", "the tensor"), .axes("axes", "one axis or several, from 1"), returns: .tensor("a copy"),
    example: ("return tensor.new{1, 2, 3}:flip(1)", "tensor({3, 2, 1}, f32 [3])")
  ) { x, axes in try x.flip(axes: try axes.resolved(rank: x.rank)) }

  private static let roll = Function(
    "roll", "Moves elements along an axis; those that fall off come back at the other end.", .tensor("x", "the tensor"), .integer("shift", "places; negative moves back"),
    .axis("axis", "from 1; negative from the end", default: -1), returns: .tensor("a copy"), example: ("return tensor.new{1, 2, 3}:roll(1)", "tensor({3, 1, 2}, f32 [3])")
  ) { x, shift, axis in try x.roll(shift, axis: try axis.resolved(rank: x.rank)) }

  private static let tile = Function(
    "tile", "Repeats the whole tensor along each axis.", .tensor("x", "the tensor"), .shape("repeats", "how often along each axis; more numbers add axes in front"),
    returns: .tensor("a copy"), example: ("return tensor.new{1, 2}:tile{2, 2}", """
      tensor({{1, 2, 1, 2},
              {1, 2, 1, 2}}, f32 [2, 4])
      """)
  ) { x, repeats in try x.tile(repeats) }

  private static let pad = Function(
    "pad", "Adds elements before and after an axis; negative numbers take some away.", .tensor("x", "the tensor"), axis, .integer("before", "elements added in front"),
    .integer("after", "elements added at the end"), .options("settings", "what is added", mode, value), returns: .tensor("a copy"),
    example: ("return tensor.new{1, 2, 3}:pad(1, 2, 0, {mode = \"reflect\"})", "tensor({3, 2, 1, 2, 3}, f32 [5])")
  ) { x, axis, before, after, settings in
    try x.pad(axis: try axis.resolved(rank: x.rank), before: before, after: after, mode: settings[mode], value: settings[value])
  }

  private static let windows = Function(
    "windows", "Takes every window of an axis; a new last axis holds what is in it.", .tensor("x", "the tensor"), axis,
    .integer("size", "elements of a window", in: 1...Int.max), .integer("step", "from one window to the next", default: 1, in: 1...Int.max), returns: .tensor("a copy"),
    example: ("return tensor.arange(1, 6):windows(1, 3, 2)", """
      tensor({{1, 2, 3},
              {3, 4, 5}}, f32 [2, 3])
      """)
  ) { x, axis, size, step in try x.windows(axis: try axis.resolved(rank: x.rank), size: size, step: step) }

  private static let split = Function(
    "split", "Cuts an axis into parts.", .tensor("x", "the tensor"), .shape("sizes", "the size of every part (the last may be smaller), or a list of all sizes"),
    .axis("axis", "from 1; negative from the end", default: 1), returns: .list(of: .tensor("the parts, views")),
    example: ("return table.unpack(tensor.arange(0, 5):split(2))", "tensor({0, 1}, f32 [2])\ttensor({2, 3}, f32 [2])\ttensor({4}, f32 [1])")
  ) { x, sizes, axis in
    let axis = try axis.resolved(rank: x.rank)
    guard sizes.count == 1, sizes[0] > 0, sizes[0] != x.shape[axis] else { return try x.split(sizes: sizes, axis: axis) }
    let (whole, rest) = x.shape[axis].quotientAndRemainder(dividingBy: sizes[0])
    return try x.split(sizes: [Int](repeating: sizes[0], count: whole) + (rest > 0 ? [rest] : []), axis: axis)
  }

  private static let flatten = Function(
    "flatten", "Joins neighbouring axes into one.", .tensor("x", "the tensor"), .axis("first", "from 1", default: 1), .axis("last", "from 1; negative from the end", default: -1),
    returns: .tensor("a view where possible"), example: ("return tensor.zeros{2, 3, 4}:flatten(2).shape", "{2, 12}")
  ) { x, first, last in
    if x.rank == 0 { return try x.flatten() }
    return try x.flatten(from: try first.resolved(rank: x.rank), to: try last.resolved(rank: x.rank))
  }

  private static let diagonal = Function(
    "diagonal", "Takes the diagonal of the last two axes.", .tensor("x", "[..., n, m]"), offset, returns: .tensor("a copy"),
    example: ("return tensor.new{{1, 2}, {3, 4}}:diagonal()", "tensor({1, 4}, f32 [2])")
  ) { x, offset in try x.diagonal(offset: offset) }

  private static func triangle(_ name: String, _ doc: String, upper: Bool, _ output: String) -> Function {
    Function(
      name, doc, .tensor("x", "[..., n, m]"), offset, returns: .tensor("a copy"), example: (code: "return tensor.ones{3, 3}:\(name)()", output: output)
    ) { x, offset in try x.triangle(offset: offset, upper: upper) }
  }

  static let eye = Function(
    "eye", "Makes a matrix with ones on its diagonal.", .integer("rows", "size of the first axis", in: 0...Int.max), .optional(.integer("columns", "of the second; default rows", in: 0...Int.max)),
    returns: .tensor("[rows, columns], f32"), example: ("return tensor.eye(2)", """
      tensor({{1, 0},
              {0, 1}}, f32 [2, 2])
      """)
  ) { rows, columns in try Tensor.ones([rows, columns ?? rows]).triangle().triangle(upper: true) }

  static let linspace = Function(
    "linspace", "Makes numbers at equal distances, both ends among them.", .number("first", "the first"), .number("last", "the last"),
    .integer("count", "how many", in: 1...Int.max), returns: .tensor("f32 [count]"), example: ("return tensor.linspace(0, 1, 5)", "tensor({0.0000, 0.2500, 0.5000, 0.7500, 1.0000}, f32 [5])")
  ) { first, last, count in
    let step = count > 1 ? (last - first) / Double(count - 1) : 0
    var values: [Double] = (0..<count).map { first + step * Double($0) }
    if count > 1 { values[count - 1] = last }
    return try Tensor(values).cast(.f32)
  }

  static let methods: [Function] = [
    flip, roll, tile, pad, windows, split, flatten, diagonal,
    triangle("tril", "Keeps the lower triangle of the last two axes; elements above the diagonal become 0.", upper: false, """
      tensor({{1, 0, 0},
              {1, 1, 0},
              {1, 1, 1}}, f32 [3, 3])
      """),
    triangle("triu", "Keeps the upper triangle of the last two axes; elements below the diagonal become 0.", upper: true, """
      tensor({{1, 1, 1},
              {0, 1, 1},
              {0, 0, 1}}, f32 [3, 3])
      """),
  ]
}
