import Host
import ML

/// Comparisons, flags, and choosing by flags.
enum TensorComparison {
  private static func comparison(_ name: String, _ doc: String, _ formula: String, _ comparison: Comparison, _ example: (String, String)) -> Function {
    Function(
      name, doc, .operand("a", "left side"), .operand("b", "right side"), returns: .tensor(formula + ", type bool"), example: (code: example.0, output: example.1)
    ) { a, b in
      if case (.tensor(let x), .number(let y)) = (a, b) { return try x.compare(comparison, y) }
      if case (.tensor(let x), .integer(let y)) = (a, b) { return try x.compare(comparison, Double(y)) }
      let (x, y) = try Operand.both(a, b)
      return try x.compare(comparison, y)
    }
  }

  private static func bitwise(_ name: String, _ doc: String, _ formula: String, _ operation: BitwiseOperation, _ example: (String, String)) -> Function {
    Function(
      name, doc, .operand("a", "flags or whole numbers"), .operand("b", "flags or whole numbers"), returns: .tensor(formula), example: (code: example.0, output: example.1)
    ) { a, b in
      let (x, y) = try Operand.both(a, b)
      return try x.bitwise(operation, y)
    }
  }

  static let bitAnd = bitwise("bit_and", "Combines flags, or the bits of whole numbers: both. `a & b` is the same.", "a & b", .and,
                              ("local x = tensor.new{1, 2, 3}\nreturn x:gt(1) & x:lt(3)", "tensor({false,  true, false}, bool [3])"))
  static let bitOr = bitwise("bit_or", "Combines flags, or the bits of whole numbers: either. `a | b` is the same.", "a | b", .or,
                             ("local x = tensor.new{1, 2, 3}\nreturn x:lt(2) | x:gt(2)", "tensor({ true, false,  true}, bool [3])"))
  static let bitExclusiveOr = bitwise("bit_xor", "Combines flags, or the bits of whole numbers: one and not the other. `a ~ b` is the same.", "a ~ b", .exclusiveOr,
                                      ("return tensor.new({6, 5}, {dtype = \"i64\"}) ~ 3", "tensor({5, 6}, i64 [2])"))

  static let logicalNot = Function(
    "logical_not", "Tells which elements are zero. `~flags` is the same for flags.", .tensor("x", "the tensor"), returns: .tensor("flags"),
    example: ("return tensor.new{0, 2}:logical_not()", "tensor({ true, false}, bool [2])")
  ) { x in try x.logicalNot() }

  /// Lua gives the operand of a unary operator twice.
  static let notOperator = Function(direct: "bnot", "Turns flags over.", [.init("x", "Tensor", "the flags")]) { call in
    guard let x = try call.object(1, as: TensorHandle.self)?.tensor, x.dtype == .bool else { throw LuaError("~ needs flags, as comparisons give them") }
    try call.push(TensorHandle(try x.logicalNot()))
    return 1
  }

  static let choose = Function(
    "where", "Takes elements of one side where a condition holds, of the other elsewhere, with broadcasting.", .tensor("condition", "flags, or numbers of which 0 is false"),
    .operand("a", "taken where it holds"), .operand("b", "taken elsewhere"), returns: .tensor("a copy"),
    example: ("local x = tensor.new{-1, 2}\nreturn tensor.where(x:gt(0), x, 0)", "tensor({0, 2}, f32 [2])")
  ) { condition, a, b in
    switch (a, b) {
    case (.tensor, _), (_, .tensor):
      let (x, y) = try Operand.both(a, b)
      return try condition.choose(x, y)
    default:
      let whole = if case (.integer, .integer) = (a, b) { true } else { false }
      return try condition.choose(try a.beside(whole ? .i64 : .f32), try b.beside(whole ? .i64 : .f32))
    }
  }

  private static let maskedFill = Function(
    "masked_fill", "Copies a tensor with one number where a mask holds.", .tensor("x", "the tensor"), .tensor("mask", "flags; broadcast to x"),
    .number("value", "the number"), returns: .tensor("a copy"),
    example: ("local x = tensor.new{1, 5, 2}\nreturn x:masked_fill(x:gt(3), 0)", "tensor({1, 0, 2}, f32 [3])")
  ) { x, mask, value in try x.filled(where: mask, with: value) }

  private static let maskedSelect = Function(
    "masked_select", "Takes the elements where a mask of the leading axes holds; `x[mask]` is the same.", .tensor("x", "the tensor"),
    .tensor("mask", "flags of the sizes of the leading axes"), returns: .tensor("a copy, with one axis in place of the mask's"),
    example: ("local x = tensor.new{1, 5, 2}\nreturn x:masked_select(x:gt(1))", "tensor({5, 2}, f32 [2])")
  ) { x, mask in try x.masked(by: mask) }

  private static let nonzero = Function(
    "nonzero", "Finds the elements that are not zero.", .tensor("x", "the tensor"), returns: .tensor("positions from 1, i64 [count, rank]"),
    example: ("return tensor.new{{0, 7}, {8, 0}}:nonzero()", """
      tensor({{1, 2},
              {2, 1}}, i64 [2, 2])
      """)
  ) { x in try x.nonzero() + Tensor([1], shape: []) }

  private static let isNaN = Function(
    "isnan", "Tells which elements are not a number.", .tensor("x", "the tensor"), returns: .tensor("flags"),
    example: ("return tensor.new{1, 0/0}:isnan()", "tensor({false,  true}, bool [2])")
  ) { x in try x.isNaN() }

  private static let isFinite = Function(
    "isfinite", "Tells which elements are neither infinite nor not a number.", .tensor("x", "the tensor"), returns: .tensor("flags"),
    example: ("return tensor.new{1, math.huge}:isfinite()", "tensor({ true, false}, bool [2])")
  ) { x in try x.isFinite() }

  static let methods: [Function] = [
    comparison("eq", "Tells where two sides are equal.", "a == b", .equal, ("return tensor.new{1, 2}:eq(2)", "tensor({false,  true}, bool [2])")),
    comparison("ne", "Tells where two sides differ.", "a ~= b", .notEqual, ("return tensor.new{1, 2}:ne(2)", "tensor({ true, false}, bool [2])")),
    comparison("lt", "Tells where the left side is smaller.", "a < b", .less, ("return tensor.new{1, 2}:lt(2)", "tensor({ true, false}, bool [2])")),
    comparison("le", "Tells where the left side is not larger.", "a <= b", .lessOrEqual, ("return tensor.new{1, 3}:le(tensor.new{1, 2})", "tensor({ true, false}, bool [2])")),
    comparison("gt", "Tells where the left side is larger.", "a > b", .greater, ("return tensor.new{1, 2}:gt(1.5)", "tensor({false,  true}, bool [2])")),
    comparison("ge", "Tells where the left side is not smaller.", "a >= b", .greaterOrEqual, ("return tensor.new{1, 2}:ge(2)", "tensor({false,  true}, bool [2])")),
    bitAnd, bitOr, bitExclusiveOr, logicalNot, choose, maskedFill, maskedSelect, nonzero, isNaN, isFinite,
  ]
}
