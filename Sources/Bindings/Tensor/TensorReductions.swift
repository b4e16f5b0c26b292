import Host
import ML

/// Sums and extremes over axes, and functions of the last axis.
enum TensorReductions {
  private static let keep = Argument.boolean("keep", "whether a reduced axis stays, with size 1", default: false)

  static let sum = Function(
    "sum", "Adds up the elements over some axes, or all of them.", .tensor("x", "the tensor"),
    .optional(.axes("axes", "one axis or several, from 1; nil for all")), .options("settings", "form of the result", keep),
    returns: .tensor("the sums"), example: ("return tensor.new{{1, 2}, {3, 4}}:sum(1)", "tensor({4, 6}, f32 [2])")
  ) { x, axes, settings in try x.sum(axes: try axes?.resolved(rank: x.rank), keepDimensions: settings[keep]) }

  static let mean = Function(
    "mean", "Averages the elements over some axes, or all of them.", .tensor("x", "the tensor"),
    .optional(.axes("axes", "one axis or several, from 1; nil for all")), .options("settings", "form of the result", keep),
    returns: .tensor("the means"), example: ("return tensor.new{{1, 2}, {3, 4}}:mean(2, {keep = true})", """
      tensor({{1.5000},
              {3.5000}}, f32 [2, 1])
      """)
  ) { x, axes, settings in try x.mean(axes: try axes?.resolved(rank: x.rank), keepDimensions: settings[keep]) }

  static let max = Function(
    "max", "Finds the largest element along an axis; the gradient goes to the first of equal ones.", .tensor("x", "the tensor"),
    .axis("axis", "from 1; negative from the end", default: -1), .options("settings", "form of the result", keep),
    returns: .tensor("the largest elements"), example: ("return tensor.new{{1, 7}, {9, 4}}:max()", "tensor({7, 9}, f32 [2])")
  ) { x, axis, settings in try x.maximum(axis: try axis.resolved(rank: x.rank), keepDimensions: settings[keep]) }

  static let min = Function(
    "min", "Finds the smallest element along an axis; the gradient goes to the first of equal ones.", .tensor("x", "the tensor"),
    .axis("axis", "from 1; negative from the end", default: -1), .options("settings", "form of the result", keep),
    returns: .tensor("the smallest elements"), example: ("return tensor.new{{1, 7}, {9, 4}}:min()", "tensor({1, 4}, f32 [2])")
  ) { x, axis, settings in try x.minimum(axis: try axis.resolved(rank: x.rank), keepDimensions: settings[keep]) }

  static let argmin = Function(
    "argmin", "Finds the position of the smallest element along an axis, counted from 1; the first of equal ones.",
    .tensor("x", "the tensor"), .axis("axis", "from 1; negative from the end", default: -1), returns: .tensor("positions, i64"),
    example: ("return tensor.new{{1, 7}, {9, 4}}:argmin()", "tensor({1, 2}, i64 [2])")
  ) { x, axis in try TensorLookup.positions(try x.argmin(axis: try axis.resolved(rank: x.rank))) }

  static let argmax = Function(
    "argmax", "Finds the position of the largest element along an axis, counted from 1; the first of equal ones.",
    .tensor("x", "the tensor"), .axis("axis", "from 1; negative from the end", default: -1), returns: .tensor("positions, i64"),
    example: ("return tensor.new{{1, 7}, {9, 4}}:argmax()", "tensor({2, 1}, i64 [2])")
  ) { x, axis in try TensorLookup.positions(try x.argmax(axis: try axis.resolved(rank: x.rank))) }

  static let softmax = Function(
    "softmax", "Turns elements along an axis into shares that sum to 1: e^x / sum e^x.", .tensor("x", "the tensor"), .axis("axis", "from 1; negative from the end", default: -1),
    returns: .tensor("the shares"), example: ("return tensor.new{1, 2, 3}:softmax()", "tensor({0.0900, 0.2447, 0.6652}, f32 [3])")
  ) { x, axis in try x.softmax(axis: try axis.resolved(rank: x.rank)) }

  static let logSoftmax = Function(
    "log_softmax", "Takes the logarithm of the softmax along an axis.", .tensor("x", "the tensor"), .axis("axis", "from 1; negative from the end", default: -1),
    returns: .tensor("the logarithms"), example: ("return tensor.new{1, 2, 3}:log_softmax()", "tensor({-2.4076, -1.4076, -0.4076}, f32 [3])")
  ) { x, axis in try x.logSoftmax(axis: try axis.resolved(rank: x.rank)) }

  static let l2Normalize = Function(
    "l2_normalize", "Scales each row of the last axis to length 1.", .tensor("x", "the tensor"), returns: .tensor("rows of length 1"),
    example: ("return tensor.new{3, 4}:l2_normalize()", "tensor({0.6000, 0.8000}, f32 [2])")
  ) { x in try x.l2Normalize() }

  static let functions = [sum, mean, max, min, argmax, argmin, softmax, logSoftmax, l2Normalize]
}
