import Host
import ML

/// Arithmetic and functions of each element.
enum TensorElementwise {
  private static let lower = Argument.number("lower", "smallest result", default: -.infinity)
  private static let upper = Argument.number("upper", "largest result", default: .infinity)
  private static let tolerance = Argument.number("tolerance", "largest difference, absolute or relative to the larger number", default: 1e-6)

  /// Applies an operator to tensors and numbers in any order.
  private static func combine(
    _ a: Operand, _ b: Operand, _ both: (Tensor, Tensor) throws -> Tensor, _ right: (Tensor, Double) throws -> Tensor,
    _ left: (Double, Tensor) throws -> Tensor
  ) throws -> Tensor {
    switch (a, b) {
    case (.tensor(let a), .tensor(let b)): return try both(a, b)
    case (.tensor(let a), .number(let b)): return try right(a, b)
    case (.number(let a), .tensor(let b)): return try left(a, b)
    case (.tensor(let a), .integer(let b)) where a.dtype.isFloating: return try right(a, Double(b))
    case (.integer(let a), .tensor(let b)) where b.dtype.isFloating: return try left(Double(a), b)
    default:
      let (x, y) = try Operand.both(a, b)
      return try both(x, y)
    }
  }

  /// An operator of two tensors or a tensor and a number. Two tensors, nearly always, are read without the machinery of typed
  /// arguments, which costs more than a small sum.
  private static func arithmetic(
    _ name: String, _ doc: String, _ formula: String, _ example: (String, String), _ both: @escaping (Tensor, Tensor) throws -> Tensor,
    _ right: @escaping (Tensor, Double) throws -> Tensor, _ left: @escaping (Double, Tensor) throws -> Tensor
  ) -> Function {
    let (first, second) = (Argument.operand("a", "left side"), Argument.operand("b", "right side"))
    return Function(
      direct: name, doc, [first.description, second.description], returns: [.init("Tensor", formula)], example: (code: example.0, output: example.1)
    ) { call in
      if let a = try call.object(1, as: TensorHandle.self), let b = try call.object(2, as: TensorHandle.self) {
        try call.push(TensorHandle(try both(a.tensor, b.tensor)))
      } else {
        try call.push(TensorHandle(try combine(try first.value(call, at: 1), try second.value(call, at: 2), both, right, left)))
      }
      return 1
    }
  }

  static let add = arithmetic(
    "add", "Adds elementwise, with broadcasting: axes are matched from the last, and one of size 1 stretches.", "a + b",
    ("return tensor.new{{1, 2}, {3, 4}} + tensor.new{10, 20}", """
      tensor({{11, 22},
              {13, 24}}, f32 [2, 2])
      """), { try $0 + $1 }, { try $0 + $1 }, { try $0 + $1 })

  static let subtract = arithmetic(
    "sub", "Subtracts elementwise, with broadcasting.", "a - b", ("return 1 - tensor.new{1, 2, 3}", "tensor({ 0, -1, -2}, f32 [3])"),
    { try $0 - $1 }, { try $0 - $1 }, { try $0 - $1 })

  static let multiply = arithmetic(
    "mul", "Multiplies elementwise, with broadcasting. The matrix product is `matmul`.", "a * b",
    ("return 2 * tensor.new{1, 2, 3}", "tensor({2, 4, 6}, f32 [3])"), { try $0 * $1 }, { try $0 * $1 }, { try $0 * $1 })

  static let divide = arithmetic(
    "div", "Divides elementwise, with broadcasting.", "a / b", ("return tensor.new{1, 2} / tensor.new{4, 4}", "tensor({0.2500, 0.5000}, f32 [2])"),
    { try $0 / $1 }, { try $0 / $1 }, { try $0 / $1 })

  static let power = Function(
    "pow", "Raises one side to the power of the other, elementwise.", .operand("a", "the bases"), .operand("b", "the exponents"),
    returns: .tensor("a ^ b"), example: ("return tensor.new{1, 2, 3} ^ 2, 2 ^ tensor.new{1, 2, 3}", "tensor({1, 4, 9}, f32 [3])\ttensor({2, 4, 8}, f32 [3])")
  ) { a, b in
    switch (a, b) {
    case (.tensor(let x), .number(let exponent)): return try x.power(exponent)
    case (.tensor(let x), .integer(let exponent)) where x.dtype.isFloating: return try x.power(Double(exponent))
    default:
      let (x, y) = try Operand.both(a, b)
      return try x.plain(.power, y)
    }
  }

  static let floorDivide = Function(
    "floor_divide", "Divides and rounds down, as Lua's `//` does. Whole numbers stay whole.", .operand("a", "left side"), .operand("b", "right side"),
    returns: .tensor("a // b"), example: ("return tensor.new({7, -7}, {dtype = \"i64\"}) // 2", "tensor({ 3, -4}, i64 [2])")
  ) { a, b in
    let (x, y) = try Operand.both(a, b)
    return try x.plain(.floorDivide, y)
  }

  static let remainder = Function(
    "remainder", "Gives what is left of a division that rounds down, as Lua's `%` does: it has the sign of the divisor.", .operand("a", "left side"),
    .operand("b", "right side"), returns: .tensor("a % b"), example: ("return tensor.new{5.5, -5.5} % 2", "tensor({1.5000, 0.5000}, f32 [2])")
  ) { a, b in
    let (x, y) = try Operand.both(a, b)
    return try x.plain(.remainder, y)
  }

  static let negate = unary("neg", "Changes the sign of each element.", "-x", ("return -tensor.new{1, -2}", "tensor({-1,  2}, f32 [2])")) { try -$0 }
  /// Lua gives the operand of a unary minus twice.
  static let negateOperator = Function(direct: "unm", "Changes the sign of each element.", [.init("x", "Tensor", "the tensor")]) { call in
    guard let x = try call.object(1, as: TensorHandle.self) else { throw LuaError("a Tensor is expected") }
    try call.push(TensorHandle(try -x.tensor))
    return 1
  }

  private static let leakyRelu = Function(
    "leaky_relu", "Keeps positive elements and shrinks the others.", .tensor("x", "the tensor"), .number("slope", "factor of negative elements", default: 0.01),
    returns: .tensor("the results"), example: ("return tensor.new{-2, 2}:leaky_relu(0.5)", "tensor({-1,  2}, f32 [2])")
  ) { x, slope in try x.leakyRelu(slope: slope) }

  static let clamp = Function(
    "clamp", "Limits each element to [lower, upper]. The gradient passes only inside.", .tensor("x", "the tensor"),
    .options("limits", "the ends; one left out is open", lower, upper), returns: .tensor("the limited elements"),
    example: ("return tensor.new{-2, 0.5, 3}:clamp{lower = 0, upper = 1}", "tensor({0.0000, 0.5000, 1.0000}, f32 [3])")
  ) { x, limits in try x.clamp(lower: limits[lower], upper: limits[upper]) }

  static let maximum = Function(
    "maximum", "Takes the larger of two tensors, element by element.", .tensor("a", "one"), .tensor("b", "the other"),
    returns: .tensor("the larger elements"), example: ("return tensor.maximum(tensor.new{1, 5}, tensor.new{3, 2})", "tensor({3, 5}, f32 [2])")
  ) { a, b in try a.maximum(b) }

  static let minimum = Function(
    "minimum", "Takes the smaller of two tensors, element by element.", .tensor("a", "one"), .tensor("b", "the other"),
    returns: .tensor("the smaller elements"), example: ("return tensor.minimum(tensor.new{1, 5}, tensor.new{3, 2})", "tensor({1, 2}, f32 [2])")
  ) { a, b in try a.minimum(b) }

  static let same = Function(
    "same", "Says whether two tensors have the same type, shape and numbers; NaN equals NaN here.", .tensor("a", "one"),
    .tensor("b", "the other"), returns: .boolean("whether they do"),
    example: ("return tensor.same(tensor.ones(2), tensor.new{1, 1})", "true")
  ) { a, b in
    guard a.dtype == b.dtype, a.shape == b.shape else { return false }
    return zip(try a.doubles(), try b.doubles()).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) }
  }

  static let isClose = Function(
    "is_close", "Says whether two tensors have the same shape and, within a tolerance, the same numbers.", .tensor("a", "one"),
    .tensor("b", "the other"), .options("settings", "how close", tolerance), returns: .boolean("whether they do"),
    example: ("return tensor.new{1}:is_close(tensor.new{1.001}, {tolerance = 0.01})", "true")
  ) { a, b, settings in try a.isClose(to: b, tolerance: settings[tolerance]) }

  private static func unary(
    _ name: String, _ doc: String, _ formula: String, _ example: (String, String), _ body: @escaping (Tensor) throws -> Tensor
  ) -> Function {
    Function(name, doc, .tensor("x", "the tensor"), returns: .tensor(formula), example: (code: example.0, output: example.1), body: body)
  }

  static let functions: [Function] = [
    negate,
    unary("exp", "Raises e to the power of each element.", "e ^ x", ("return tensor.new{0, 1}:exp()", "tensor({1.0000, 2.7183}, f32 [2])")) { try $0.exp() },
    unary("log", "Takes the natural logarithm of each element.", "ln x", ("return tensor.new{1, 10}:log()", "tensor({0.0000, 2.3026}, f32 [2])")) { try $0.log() },
    unary("sqrt", "Takes the square root of each element.", "the roots", ("return tensor.new{4, 2}:sqrt()", "tensor({2.0000, 1.4142}, f32 [2])")) { try $0.sqrt() },
    unary("square", "Multiplies each element by itself.", "x * x", ("return tensor.new{-2, 3}:square()", "tensor({4, 9}, f32 [2])")) { try $0.square() },
    unary("abs", "Takes the magnitude of each element; the gradient at 0 is 0.", "|x|", ("return tensor.new{-2, 3}:abs()", "tensor({2, 3}, f32 [2])")) { try $0.abs() },
    unary("tanh", "Takes the hyperbolic tangent of each element.", "tanh x", ("return tensor.new{0, 1}:tanh()", "tensor({0.0000, 0.7616}, f32 [2])")) { try $0.tanh() },
    unary("sigmoid", "Squeezes each element into (0, 1): 1 / (1 + e^-x).", "the results", ("return tensor.new{0, 1}:sigmoid()", "tensor({0.5000, 0.7311}, f32 [2])")) { try $0.sigmoid() },
    unary("relu", "Sets negative elements to 0.", "max(x, 0)", ("return tensor.new{-1, 2}:relu()", "tensor({0, 2}, f32 [2])")) { try $0.relu() },
    unary("gelu", "Multiplies each element by the normal distribution function of it (the exact GELU).", "the results",
          ("return tensor.new{-1, 2}:gelu()", "tensor({-0.1587,  1.9545}, f32 [2])")) { try $0.gelu() },
    unary("quick_gelu", "Multiplies each element by sigmoid(1.702 x), as OpenAI's CLIP does in place of the GELU.", "the results",
          ("return tensor.new{-1, 2}:quick_gelu()", "tensor({-0.1542,  1.9357}, f32 [2])")) { try $0.quickGelu() },
    unary("silu", "Multiplies each element by its sigmoid.", "x sigmoid(x)", ("return tensor.new{-1, 2}:silu()", "tensor({-0.2689,  1.7616}, f32 [2])")) { try $0.silu() },
    unary("sin", "Takes the sine of each element, in radians.", "sin x", ("return tensor.new{0, 1}:sin()", "tensor({0.0000, 0.8415}, f32 [2])")) { try $0.plain(.sine) },
    unary("cos", "Takes the cosine of each element, in radians.", "cos x", ("return tensor.new{0, 1}:cos()", "tensor({1.0000, 0.5403}, f32 [2])")) { try $0.plain(.cosine) },
    unary("tan", "Takes the tangent of each element, in radians.", "tan x", ("return tensor.new{0, 1}:tan()", "tensor({0.0000, 1.5574}, f32 [2])")) { try $0.plain(.tangent) },
    unary("atan", "Takes the angle, in radians, whose tangent each element is.", "arctan x", ("return tensor.new{0, 1}:atan()", "tensor({0.0000, 0.7854}, f32 [2])")) { try $0.plain(.arctangent) },
    unary("erf", "Takes the error function of each element.", "erf x", ("return tensor.new{0, 1}:erf()", "tensor({0.0000, 0.8427}, f32 [2])")) { try $0.plain(.errorFunction) },
    unary("log1p", "Takes ln(1 + x), exact for small x.", "ln(1 + x)", ("return tensor.new{0, 1}:log1p()", "tensor({0.0000, 0.6931}, f32 [2])")) { try $0.plain(.logarithmOnePlus) },
    unary("expm1", "Takes e^x - 1, exact for small x.", "e^x - 1", ("return tensor.new{0, 1}:expm1()", "tensor({0.0000, 1.7183}, f32 [2])")) { try $0.plain(.exponentialMinusOne) },
    unary("softplus", "Takes ln(1 + e^x), a smooth relu.", "the results", ("return tensor.new{0, 1}:softplus()", "tensor({0.6931, 1.3133}, f32 [2])")) { try $0.plain(.softplus) },
    unary("floor", "Rounds each element down.", "whole numbers", ("return tensor.new{-1.5, 1.5}:floor()", "tensor({-2,  1}, f32 [2])")) { try $0.plain(.floor) },
    unary("ceil", "Rounds each element up.", "whole numbers", ("return tensor.new{-1.5, 1.5}:ceil()", "tensor({-1,  2}, f32 [2])")) { try $0.plain(.ceiling) },
    unary("round", "Rounds each element to the nearest whole number, halves to the even one.", "whole numbers",
          ("return tensor.new{0.5, 1.5, 2.4}:round()", "tensor({0, 2, 2}, f32 [3])")) { try $0.plain(.rounded) },
    unary("trunc", "Cuts the fraction of each element off.", "whole numbers", ("return tensor.new{-1.5, 1.5}:trunc()", "tensor({-1,  1}, f32 [2])")) { try $0.plain(.truncated) },
    unary("sign", "Gives -1, 0 or 1 by the sign of each element.", "the signs", ("return tensor.new{-3, 0, 2}:sign()", "tensor({-1,  0,  1}, f32 [3])")) { try $0.plain(.sign) },
    unary("reciprocal", "Takes 1 / x.", "1 / x", ("return tensor.new{2, 4}:reciprocal()", "tensor({0.5000, 0.2500}, f32 [2])")) { try 1 / $0 },
    unary("rsqrt", "Takes 1 / sqrt(x).", "the results", ("return tensor.new{1, 4}:rsqrt()", "tensor({1.0000, 0.5000}, f32 [2])")) { try $0.reciprocalSquareRoot() },
    leakyRelu, clamp, power, floorDivide, remainder, maximum, minimum, isClose,
  ]
}
