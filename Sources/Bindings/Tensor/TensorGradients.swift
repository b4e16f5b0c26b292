import Host
import ML

/// The gradients of one loss by the tracked tensors it was computed from.
final class GradientsHandle: LuaObject {
  static let luaName = "Gradients"
  var gradients: Gradients

  init(_ gradients: Gradients) { self.gradients = gradients }
}

/// Tracking and backward passes.
enum TensorGradients {
  private static let upstream = Argument.optional(.tensor("gradient", "of the tensor's shape: the gradient that flows into it; needed unless it holds one element"))
  private static let keepGraph = Argument.boolean("keep_graph", "keep what a second backward pass needs", default: false)

  static let track = Function(
    "track", "Marks a tensor as an input of gradients: `x = x:track()`. Earlier history is cut off.", .tensor("x", "the tensor"),
    returns: .tensor("the same elements, tracked (a view)"), example: ("return tensor.new{1, 2}:track()", "tensor({1, 2}, f32 [2], tracked)")
  ) { x in
    guard x.dtype.isDifferentiable else { throw ArgumentFault.invalid("f32 or f64 can be tracked, got \(x.dtype.name); cast it first") }
    return x.tracked()
  }

  static let detach = Function(
    "detach", "Gives the same elements without history.", .tensor("x", "the tensor"), returns: .tensor("a view"),
    example: ("return tensor.new{1, 2}:track():detach()", "tensor({1, 2}, f32 [2])")
  ) { x in x.detached() }

  static let backward = Function(
    "backward", "Computes the gradients of this number by every tracked tensor it was computed from. `gradients[x]` is the one by x.",
    .tensor("x", "a tensor of one element, or any with an upstream gradient"), .options("settings", "where it starts and what is kept", upstream, keepGraph),
    returns: .object("the gradients", GradientsHandle.self),
    example: ("""
      local x = tensor.new{1, 2, 3}:track()
      local weighted = (x * x):backward{gradient = tensor.new{1, 0, 10}}
      return (x * x):sum():backward()[x], weighted[x]
      """, "tensor({2, 4, 6}, f32 [3])\ttensor({ 2,  0, 60}, f32 [3])")
  ) { x, settings in GradientsHandle(try x.backward(from: settings[upstream], keepGraph: settings[keepGraph])) }

  static let noGrad = Function(
    "no_grad", "Calls a function whose operations record no history, and returns its results.", .callback("f", "what to call"),
    .rest(.any("arguments", "given to f")), returns: .values("what f returns"),
    example: ("local x = tensor.new{1}:track()\nreturn tensor.no_grad(function() return x * 2 end)", "tensor({2}, f32 [1])")
  ) { f, arguments in try withoutTracking { try f.call(arguments: arguments) } }

  // MARK: Gradients

  static let get = Function(
    direct: "get", "Gives the gradient by a tensor; nil when the loss does not depend on it. `gradients[x]` is the same.",
    [.init("self", "Gradients", "the gradients"), .init("x", "Tensor", "a tracked tensor")], returns: [.init("Tensor?", "of the shape of x")],
    example: ("local x, y = tensor.new{2}:track(), tensor.new{3}:track()\nreturn (x * 5):sum():backward():get(y)", "nil")
  ) { call in
    guard let gradients = try call.object(1, as: GradientsHandle.self)?.gradients, let x = try call.object(2, as: TensorHandle.self) else {
      throw LuaError("gradients are looked up by a Tensor, got a \(call.typeName(2))")
    }
    guard x.tensor.isTracked else { throw LuaError("this tensor is not tracked, so it has no gradient; use the tensor that track() returned") }
    if let gradient = gradients[x.tensor] { try call.push(TensorHandle(gradient)) } else { call.pushNone() }
    return 1
  }

  static let clip = Function(
    "clip", "Scales the gradients of some tensors so that their joint length is at most a limit.",
    .object("self", "the gradients", GradientsHandle.self), .parameters("parameters", "the tensors that count"),
    .number("limit", "largest length"), returns: .number("the length before clipping"),
    example: ("local x = tensor.new{3, 4}:track()\nlocal g = (x * x):sum():backward()\nreturn g:clip({x}, 1), g[x]", "10.0\ttensor({0.6000, 0.8000}, f32 [2])")
  ) { handle, parameters, limit in
    guard limit > 0 else { throw ArgumentFault.invalid("the limit must be above 0, got \(limit)") }
    var gradients = handle.gradients
    let length = try gradients.clip(parameters.map(\.parameter.value), to: limit)
    handle.gradients = gradients
    return length
  }

  static let type = ObjectType(
    GradientsHandle.self, "Gradients of a loss; `gradients[x]` is the one by x.", methods: [get, clip],
    properties: [Property("count", "Number of tensors that have a gradient.", .integer("it")) { (g: GradientsHandle) in g.gradients.count }],
    operators: [.index: get], describe: { "Gradients of \($0.gradients.count) tensors" })

  static let methods = [track, detach, backward]
}
