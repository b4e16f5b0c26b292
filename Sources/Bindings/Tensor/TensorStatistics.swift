import Host
import ML

/// Statistics over axes, and running results.
enum TensorStatistics {
  private static let keep = Argument.boolean("keep", "whether a reduced axis stays, with size 1", default: false)
  private static let correction = Argument.number("correction", "subtracted from the count; 1 for the unbiased estimate, 0 for the mean square", default: 1)
  private static let order = Argument.number("order", "of the norm, above 0; math.huge for the largest magnitude", default: 2)
  private static let axes = Argument.optional(.axes("axes", "one axis or several, from 1; nil for all"))

  private static func reduction(
    _ name: String, _ doc: String, _ result: String, _ example: (String, String), _ body: @escaping (Tensor, [Int]?, Bool) throws -> Tensor
  ) -> Function {
    Function(
      name, doc, .tensor("x", "the tensor"), axes, .options("settings", "form of the result", keep), returns: .tensor(result), example: (code: example.0, output: example.1)
    ) { x, axes, settings in try body(x, try axes?.resolved(rank: x.rank), settings[keep]) }
  }

  private static func spread(_ name: String, _ doc: String, _ output: String, _ body: @escaping (Tensor, [Int]?, Double, Bool) throws -> Tensor) -> Function {
    Function(
      name, doc, .tensor("x", "the tensor"), axes, .options("settings", "estimate and form of the result", correction, keep), returns: .tensor("the results"),
      example: (code: "return tensor.new{1, 2, 3, 4}:\(name)()", output: output)
    ) { x, axes, settings in try body(x, try axes?.resolved(rank: x.rank), settings[correction], settings[keep]) }
  }

  private static let norm = Function(
    "norm", "Takes the length over some axes, or over all.", .tensor("x", "the tensor"), axes, .options("settings", "which length, and form of the result", order, keep),
    returns: .tensor("the lengths"), example: ("return tensor.new{3, 4}:norm()", "tensor(5, f32 [])")
  ) { x, axes, settings in try x.norm(order: settings[order], axes: try axes?.resolved(rank: x.rank), keepDimensions: settings[keep]) }

  private static let logSumExp = Function(
    "logsumexp", "Takes the logarithm of the sum of e^x along an axis, without overflow.", .tensor("x", "the tensor"), .axis("axis", "from 1; negative from the end", default: -1),
    .options("settings", "form of the result", keep), returns: .tensor("the results"), example: ("return tensor.new{500, 500}:logsumexp()", "tensor(500.6931, f32 [])")
  ) { x, axis, settings in try x.logSumExp(axis: try axis.resolved(rank: x.rank), keepDimensions: settings[keep]) }

  private static let cumulativeSum = Function(
    "cumsum", "Adds up along an axis, keeping every sum on the way.", .tensor("x", "the tensor"), .axis("axis", "from 1; negative from the end", default: -1),
    returns: .tensor("the running sums"), example: ("return tensor.new{1, 2, 3}:cumsum()", "tensor({1, 3, 6}, f32 [3])")
  ) { x, axis in try x.cumulativeSum(axis: try axis.resolved(rank: x.rank)) }

  static let methods: [Function] = [
    reduction("amax", "Finds the largest element over some axes, or over all; the gradient goes to the first of equal ones.", "the largest elements",
              ("return tensor.new{{1, 7}, {9, 4}}:amax()", "tensor(9, f32 [])")) { try $0.maximum(axes: $1, keepDimensions: $2) },
    reduction("amin", "Finds the smallest element over some axes, or over all; the gradient goes to the first of equal ones.", "the smallest elements",
              ("return tensor.new{{1, 7}, {9, 4}}:amin(1)", "tensor({1, 4}, f32 [2])")) { try $0.minimum(axes: $1, keepDimensions: $2) },
    reduction("prod", "Multiplies the elements over some axes, or over all.", "the products",
              ("return tensor.new{{1, 2}, {3, 4}}:prod(1)", "tensor({3, 8}, f32 [2])")) { try $0.product(axes: $1, keepDimensions: $2) },
    reduction("any", "Tells whether any element over some axes, or over all, is not zero.", "flags",
              ("return tensor.new{{0, 2}, {0, 0}}:any(2)", "tensor({ true, false}, bool [2])")) { try $0.any(axes: $1, keepDimensions: $2) },
    reduction("all", "Tells whether every element over some axes, or over all, is not zero.", "flags",
              ("return tensor.new{{0, 2}, {1, 1}}:all(2)", "tensor({false,  true}, bool [2])")) { try $0.all(axes: $1, keepDimensions: $2) },
    spread("var", "Takes the variance over some axes, or over all.", "tensor(1.6667, f32 [])") { try $0.variance(axes: $1, correction: $2, keepDimensions: $3) },
    spread("std", "Takes the standard deviation over some axes, or over all.", "tensor(1.2910, f32 [])") {
      try $0.standardDeviation(axes: $1, correction: $2, keepDimensions: $3)
    },
    norm, logSumExp, cumulativeSum,
  ]
}
