import Host
import ML

/// The module loam.tensor.
enum TensorLibrary {
  private static let memory = Function(
    "memory", "Tells how many bytes tensors use: live, kept warm for reuse, and the most that was live at once.",
    returns: .table("live, cached and peak, in bytes", type: "{live: integer, cached: integer, peak: integer}"),
    example: ("return math.type(tensor.memory().live)", "integer")
  ) {
    let usage = MemoryPool.usage
    return .record(["live": .integer(usage.live), "cached": .integer(usage.cached), "peak": .integer(usage.peak)])
  }

  private static let releaseCache = Function(
    "release_cache", "Gives the bytes that are kept for reuse back to the system, and begins a new peak.", returns: .none,
    example: ("tensor.release_cache()\nreturn tensor.memory().cached", "0")
  ) {
    MemoryPool.releaseCache()
    MemoryPool.resetPeak()
  }

  private static let methods: [Function] = [TensorElementwise.add, TensorElementwise.subtract, TensorElementwise.multiply, TensorElementwise.divide]
    + TensorElementwise.functions + TensorReductions.functions + TensorShapes.methods + TensorProducts.methods + TensorGradients.methods
    + TensorComparison.methods + TensorLookup.methods + TensorArrangement.methods + TensorStatistics.methods + TensorWindows.methods
    + [TensorElements.get, TensorElements.set, TensorElements.item, TensorElements.toTable]

  static let type = ObjectType(
    TensorHandle.self, """
      A multi-dimensional array of numbers. Axes and positions count from 1. `x[i]` reads along the first axis, `x[{i, j}]` along
      several; views share memory. Operators work elementwise with broadcasting.
      """,
    methods: methods,
    properties: [
      Property("shape", "Sizes of the axes.", .list(of: .integer("size"))) { (x: TensorHandle) in x.tensor.shape },
      Property("rank", "Number of axes.", .integer("it")) { (x: TensorHandle) in x.tensor.rank },
      Property("count", "Number of elements.", .integer("it")) { (x: TensorHandle) in x.tensor.count },
      Property("dtype", "Type of the elements.", .string("its name")) { (x: TensorHandle) in x.tensor.dtype.name },
      Property("is_tracked", "Whether gradients flow through it.", .boolean("whether they do")) { (x: TensorHandle) in x.tensor.isTracked },
    ],
    operators: [
      .add: TensorElementwise.add, .subtract: TensorElementwise.subtract, .multiply: TensorElementwise.multiply,
      .divide: TensorElementwise.divide, .floorDivide: TensorElementwise.floorDivide, .modulo: TensorElementwise.remainder,
      .bitAnd: TensorComparison.bitAnd, .bitOr: TensorComparison.bitOr, .bitExclusiveOr: TensorComparison.bitExclusiveOr, .bitNot: TensorComparison.notOperator, .power: TensorElementwise.power, .negate: TensorElementwise.negateOperator,
      .length: TensorElements.length, .index: TensorElements.get, .newIndex: TensorElements.set,
    ],
    describe: { try TensorText.describe($0.tensor) })

  static func library(_ session: ScriptSession) -> Library {
    let creation = [
      TensorCreation.new, TensorCreation.zeros, TensorCreation.ones, TensorCreation.full, TensorCreation.arange,
      TensorArrangement.eye, TensorArrangement.linspace, TensorCreation.normal(session), TensorCreation.uniform(session), TensorCreation.integers(session),
    ]
    return Library(
      "tensor", """
        Tensors with automatic differentiation. `tensor{{1, 2}, {3, 4}}` makes one; every operation is a function of the module and, where
        its first argument is a tensor, a method.
        """,
      functions: creation + methods + [
        TensorShapes.concatenate, TensorShapes.stack, TensorProducts.attention, TensorProducts.einsum, TensorProducts.dropout(session),
        TensorElementwise.same, TensorGradients.noGrad, TensorProducts.halfProducts, TensorProducts.hasHalfProducts, TensorGradients.checkpoint, TensorGradients.microBatches, TensorGradients.check, memory, releaseCache,
      ], types: [type, TensorGradients.type], call: TensorCreation.callable)
  }
}
