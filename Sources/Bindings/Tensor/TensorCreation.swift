import Host
import ML

/// Functions that make tensors.
struct TensorCreation {
  private static let dtype = Argument<DType>.dtype("dtype", "type of the elements", default: .f32)
  static let stream = Argument.optional(.object("stream", "where the random numbers come from; default the script's own stream", StreamHandle.self))
  private static let lower = Argument.number("lower", "smallest value", default: 0)
  private static let upper = Argument.number("upper", "bound above all values", default: 1)

  /// tensor.new, and the same under the name of the module: `tensor{{1, 2}, {3, 4}}`.
  static let new = Function(
    "new", "Makes a tensor from a number or nested lists of numbers. `tensor{...}` is the same.",
    .nestedNumbers("values", "the elements"), .options("settings", "type of the elements", dtype),
    returns: .tensor("a new tensor"), example: ("return tensor.new{{1, 2}, {3, 4.5}}", """
      tensor({{1.0000, 2.0000},
              {3.0000, 4.5000}}, f32 [2, 2])
      """)
  ) { values, settings in try make(values, settings[dtype]) }

  /// What a call of the module table runs: as `new`, after the table itself.
  static let callable = Function(
    "tensor", "Makes a tensor from a number or nested lists of numbers.", .any("self", "the module"),
    .nestedNumbers("values", "the elements"), .options("settings", "type of the elements", dtype), returns: .tensor("a new tensor")
  ) { _, values, settings in try make(values, settings[dtype]) }

  private static func make(_ values: NestedNumbers, _ dtype: DType) throws -> Tensor {
    if !dtype.isFloating, let bad = values.values.first(where: { Int(exactly: $0) == nil }) {
      throw ArgumentFault.invalid("\(dtype.name) holds whole numbers, got \(bad)")
    }
    return try Tensor(values.values, shape: values.shape).cast(dtype)
  }

  static let zeros = Function(
    "zeros", "Makes a tensor of zeros.", .shape("shape", "sizes of the axes"), .options("settings", "type of the elements", dtype),
    returns: .tensor("a new tensor"), example: ("return tensor.zeros{2, 3}", """
      tensor({{0, 0, 0},
              {0, 0, 0}}, f32 [2, 3])
      """)
  ) { shape, settings in try Tensor.zeros(shape, dtype: settings[dtype]) }

  static let ones = Function(
    "ones", "Makes a tensor of ones.", .shape("shape", "sizes of the axes"), .options("settings", "type of the elements", dtype),
    returns: .tensor("a new tensor"), example: ("return tensor.ones(3, {dtype = \"i64\"})", "tensor({1, 1, 1}, i64 [3])")
  ) { shape, settings in try Tensor.ones(shape, dtype: settings[dtype]) }

  static let full = Function(
    "full", "Makes a tensor that holds one number everywhere.", .shape("shape", "sizes of the axes"), .number("value", "the number"),
    .options("settings", "type of the elements", dtype), returns: .tensor("a new tensor"),
    example: ("return tensor.full({2, 2}, 0.5)", """
      tensor({{0.5000, 0.5000},
              {0.5000, 0.5000}}, f32 [2, 2])
      """)
  ) { shape, value, settings in try Tensor.full(shape, value, dtype: settings[dtype]) }

  static let arange = Function(
    "arange", "Makes the numbers first, first + step, ... that lie before the bound.", .number("first", "the first number"),
    .number("bound", "the end, itself left out"), .number("step", "the distance", default: 1),
    .options("settings", "type of the elements", dtype), returns: .tensor("a new tensor of one axis"),
    example: ("return tensor.arange(0, 10, 2)", "tensor({0, 2, 4, 6, 8}, f32 [5])")
  ) { first, bound, step, settings in try Tensor.arange(first, bound, step: step, dtype: settings[dtype]) }

  static func normal(_ session: ScriptSession) -> Function {
    Function(
      "normal", "Draws standard normal numbers.", .shape("shape", "sizes of the axes"), .options("settings", "the source", stream),
      returns: .tensor("a new f32 tensor"),
      example: ("return tensor.normal(3, {stream = random.stream(7)})", "tensor({0.0003, 1.7888, 0.3764}, f32 [3])")
    ) { shape, settings in
      try session.interrupt.check()
      return try draw(settings[stream], session) { try Tensor.normal(shape, stream: &$0) }
    }
  }

  static func uniform(_ session: ScriptSession) -> Function {
    Function(
      "uniform", "Draws numbers spread evenly over [lower, upper).", .shape("shape", "sizes of the axes"),
      .options("settings", "range and source", lower, upper, stream), returns: .tensor("a new f32 tensor"),
      example: ("return tensor.uniform({2, 2}, {lower = -1, stream = random.stream(7)})", """
        tensor({{ 0.9092,  0.5003},
                {-0.7716, -0.8287}}, f32 [2, 2])
        """)
    ) { shape, settings in
      try draw(settings[stream], session) {
        try Tensor.uniform(shape, lower: Float(settings[lower]), upper: Float(settings[upper]), stream: &$0)
      }
    }
  }

  static func integers(_ session: ScriptSession) -> Function {
    Function(
      "randint", "Draws whole numbers, each equally likely.", .integer("first", "the smallest"), .integer("last", "the largest"), .shape("shape", "sizes of the axes"),
      .options("settings", "the source", stream), returns: .tensor("i64"), example: ("return tensor.randint(1, 6, 4, {stream = random.stream(1)})", "tensor({5, 1, 3, 2}, i64 [4])")
    ) { first, last, shape, settings in
      let (span, overflow) = last.subtractingReportingOverflow(first)
      guard !overflow, span >= 0, span < Int(UInt32.max) else { throw ArgumentFault.invalid("the last number must lie between the first and 2^32 above it, got \(first) and \(last)") }
      let count = try Tensor.zeros(shape, dtype: .bool).count
      return try draw(settings[stream], session) { stream in try Tensor((0..<count).map { _ in first + stream.integer(below: span + 1) }, shape: shape) }
    }
  }

  /// Draws from a stream that Lua holds, or from the script's own. The copy keeps exclusive access short: finalisers may
  /// run while the tensor is allocated.
  static func draw(_ handle: StreamHandle?, _ session: ScriptSession, _ body: (inout RandomStream) throws -> Tensor) throws -> Tensor {
    let source = handle ?? session.defaultStream
    var stream = source.stream
    let tensor = try body(&stream)
    source.stream = stream
    return tensor
  }
}
