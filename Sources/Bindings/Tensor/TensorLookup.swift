import Host
import ML

/// Elements by position, and their order. Positions count from 1, negative ones from the end.
enum TensorLookup {
  private static let descending = Argument.boolean("descending", "whether the largest comes first", default: false)
  private static let largest = Argument.boolean("largest", "whether the largest are taken, else the smallest", default: true)
  private static let last = Argument<AxisArgument>.axis("axis", "from 1; negative from the end", default: -1)
  private static let axis = Argument<AxisArgument>.axis("axis", "from 1; negative from the end")

  /// Positions as Lua counts them, as indices from 0; negative ones are left to count from the end.
  static func indices(_ positions: Tensor) throws -> Tensor {
    guard !positions.dtype.isFloating, positions.dtype != .bool else {
      throw ArgumentFault.invalid("positions must be whole numbers, got \(positions.dtype.name); cast them to i64")
    }
    let counted = try positions.integers()
    if counted.contains(0) { throw ArgumentFault.invalid("positions count from 1 (or from -1 at the end), got 0") }
    return try Tensor(counted.map { $0 > 0 ? $0 - 1 : $0 }, shape: positions.shape)
  }

  /// Indices from 0 as positions that Lua counts.
  static func positions(_ indices: Tensor) throws -> Tensor { try indices + Tensor([1], shape: []) }

  private static let gather = Function(
    "gather", "Takes elements by position along an axis: out[i][j] = x[positions[i][j]][j] for axis 1 of two.", .tensor("x", "the tensor"), axis,
    .tensor("positions", "whole numbers, with as many axes as x"), returns: .tensor("a copy of the shape of the positions"),
    example: ("return tensor.new{{1, 2}, {3, 4}}:gather(2, tensor.new({{2, 1}, {1, 1}}, {dtype = \"i64\"}))", """
      tensor({{2, 1},
              {3, 3}}, f32 [2, 2])
      """)
  ) { x, axis, positions in try x.gather(axis: try axis.resolved(rank: x.rank), index: try indices(positions)) }

  private static func scattering(_ name: String, _ doc: String, adding: Bool, _ example: (String, String)) -> Function {
    Function(
      name, doc, .tensor("x", "the tensor"), axis, .tensor("positions", "whole numbers, with as many axes as x"),
      .tensor("source", "one element for each position"), returns: .tensor("a copy of x, changed"), example: (code: example.0, output: example.1)
    ) { x, axis, positions, source in
      try x.scatter(axis: try axis.resolved(rank: x.rank), index: try indices(positions), source: try source.cast(x.dtype), adding: adding)
    }
  }

  private static let sort = Function(
    "sort", "Puts elements into order along an axis; equal ones keep theirs, and NaN counts as the largest.", .tensor("x", "the tensor"), last,
    .options("settings", "which way", descending), returns: .several(.tensor("the elements in order"), .tensor("where each stood, i64")),
    example: ("return tensor.new{3, 1, 2}:sort()", "tensor({1, 2, 3}, f32 [3])\ttensor({2, 3, 1}, i64 [3])")
  ) { x, axis, settings in
    let (values, found) = try x.sort(axis: try axis.resolved(rank: x.rank), descending: settings[descending])
    return (values, try positions(found))
  }

  private static let argsort = Function(
    "argsort", "Tells the order of the elements along an axis.", .tensor("x", "the tensor"), last, .options("settings", "which way", descending),
    returns: .tensor("positions, i64"), example: ("return tensor.new{3, 1, 2}:argsort(1, {descending = true})", "tensor({1, 3, 2}, i64 [3])")
  ) { x, axis, settings in try positions(try x.argsort(axis: try axis.resolved(rank: x.rank), descending: settings[descending])) }

  private static let topK = Function(
    "topk", "Takes the largest elements along an axis, the best first.", .tensor("x", "the tensor"), .integer("count", "how many", in: 0...Int.max), last,
    .options("settings", "which end", largest), returns: .several(.tensor("the elements"), .tensor("where each stood, i64")),
    example: ("return tensor.new{3, 1, 2}:topk(2)", "tensor({3, 2}, f32 [2])\ttensor({1, 3}, i64 [2])")
  ) { x, count, axis, settings in
    let (values, found) = try x.topK(count, axis: try axis.resolved(rank: x.rank), largest: settings[largest])
    return (values, try positions(found))
  }

  private static let oneHot = Function(
    "one_hot", "Turns labels into rows of zeros with a single 1. Labels are as they are: the first is 0.", .tensor("labels", "whole numbers"),
    .integer("classes", "how many there are", in: 1...Int.max), returns: .tensor("[..., classes], i64"),
    example: ("return tensor.new({0, 2}, {dtype = \"i64\"}):one_hot(3)", """
      tensor({{1, 0, 0},
              {0, 0, 1}}, i64 [2, 3])
      """)
  ) { labels, classes in try labels.oneHot(classes) }

  private static let embedding = Function(
    "embedding", "Takes rows of a table by token id. Ids are as they are: the first is 0.", .tensor("table", "[V, D]"), .tensor("ids", "whole numbers"),
    returns: .tensor("[..., D]"), example: ("return tensor.new{{1, 2}, {3, 4}}:embedding(tensor.new({1, 0, 1}, {dtype = \"i64\"}))", """
      tensor({{3, 4},
              {1, 2},
              {3, 4}}, f32 [3, 2])
      """)
  ) { table, ids in try table.embedding(ids) }

  static let methods: [Function] = [
    gather,
    scattering("scatter", "Writes elements by position along an axis; where several meet, the last one stays.", adding: false,
               ("return tensor.zeros(3):scatter(1, tensor.new({3, 1}, {dtype = \"i64\"}), tensor.new{7, 8})", "tensor({8, 0, 7}, f32 [3])")),
    scattering("scatter_add", "Adds elements by position along an axis, in their order.", adding: true,
               ("return tensor.zeros(3):scatter_add(1, tensor.new({3, 3}, {dtype = \"i64\"}), tensor.new{7, 8})", "tensor({ 0,  0, 15}, f32 [3])")),
    sort, argsort, topK, oneHot, embedding,
  ]
}
