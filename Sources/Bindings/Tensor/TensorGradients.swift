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

  private static let names = Argument.optional(.parameters("parameters", "networks and tracked tensors that the function uses besides its arguments"))

  private static func tensor(_ values: [LuaValue], _ what: String) throws -> Tensor {
    guard let first = values.first, case .object(let object) = first, let handle = object as? TensorHandle else {
      throw ArgumentFault.invalid("\(what) must return a Tensor, got \(values.first?.typeName ?? "nothing")")
    }
    return handle.tensor
  }

  static let checkpoint = Function(
    "checkpoint", """
      Calls a function without remembering its history and calls it again in the backward pass: less memory for more time. The gradients are the same, if the \
      function gives the same tensor each time.
      """,
    .callback("f", "gets the inputs and returns a Tensor"), .list(of: .tensor("inputs", "given to f one by one")), .options("settings", "what else it uses", names),
    returns: .tensor("what f returns"), source: "Chen et al. 2016, arXiv:1604.06174",
    example: ("""
      local w = tensor.new{2}:track()
      local y = tensor.checkpoint(function(x) return (x * w):exp() end, {tensor.new{1}}, {parameters = {w}})
      return y, y:sum():backward()[w]
      """, "tensor({7.3891}, f32 [1], tracked)\ttensor({7.3891}, f32 [1])")
  ) { f, inputs, settings in
    try Tensor.checkpoint(inputs, parameters: settings[names]?.map(\.parameter.value) ?? []) { values in
      try tensor(try f.call(arguments: values.map { .object(TensorHandle($0)) }), "the function of checkpoint")
    }
  }

  static let microBatches = Function(
    "micro_batches", """
      Computes a loss over a large batch, and its exact gradients, with only one part of the batch in memory: for contrastive losses, whose samples all see each \
      other. Networks whose samples see each other (batch norm) get the statistics of a part.
      """,
    .integer("parts", "how many", in: 1...1_000_000), .callback("embed", "gets a part's number from 1, returns one Tensor [n, D] or several"),
    .callback("loss", "gets the embeddings of the whole batch, returns a Tensor of one element"),
    returns: .several(.tensor("the loss"), .object("its gradients", GradientsHandle.self)), source: "Gao et al. 2021, arXiv:2101.06983",
    example: ("""
      local w = tensor.new{{1, 2}}:track()
      local data = {tensor.new{{1, 0}}, tensor.new{{0, 3}}}
      local value, gradients = tensor.micro_batches(2, function(part) return data[part] * w end, function(e) return e:sum():square() end)
      return value, gradients[w]
      """, "tensor(49, f32 [])\ttensor({{14, 42}}, f32 [1, 2])")
  ) { parts, embed, loss in
    let (value, gradients) = try microBatchGradients(parts: parts, embed: { part in
      let values = try embed.call(arguments: [.integer(luaPosition(part))])
      return try values.map { try tensor([$0], "embed") }
    }, loss: { whole in try tensor(try loss.call(arguments: whole.map { .object(TensorHandle($0)) }), "loss") })
    return (value, GradientsHandle(gradients))
  }

  private static let step = Argument.number("step", "how far each element is moved", default: 1e-5)

  static let check = Function(
    "gradcheck", "Compares the gradients of a function with the slopes measured by moving every input element, in f64.",
    .callback("f", "gets the inputs and returns a Tensor"), .list(of: .tensor("inputs", "given to f one by one, as f64")), .options("settings", "how", step),
    returns: .number("the largest disagreement, absolute or relative to the slope; around 1e-8 when all is well"),
    example: ("return tensor.gradcheck(function(x) return (x * x):exp() end, {tensor.new{0.5, -1}}) < 1e-6", "true")
  ) { f, inputs, settings in
    try GradientCheck.largestError(try inputs.map { try $0.detached().cast(.f64) }, step: settings[step]) { values in
      try tensor(try f.call(arguments: values.map { .object(TensorHandle($0)) }), "the function of gradcheck")
    }
  }

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

  static let add = Function(
    "add", "Adds the gradients of another loss, so that several small batches count as one.", .object("self", "the gradients", GradientsHandle.self),
    .object("other", "the gradients to add", GradientsHandle.self), .number("scale", "their factor", default: 1), returns: .none,
    example: ("""
      local x = tensor.new{1}:track()
      local g = (x * 2):sum():backward()
      g:add((x * 3):sum():backward(), 0.5)
      return g[x]
      """, "tensor({3.5000}, f32 [1])")
  ) { handle, other, scale in
    var gradients = handle.gradients
    try gradients.add(other.gradients, scale: scale)
    handle.gradients = gradients
  }

  static let type = ObjectType(
    GradientsHandle.self, "Gradients of a loss; `gradients[x]` is the one by x.", methods: [get, add, clip],
    properties: [Property("count", "Number of tensors that have a gradient.", .integer("it")) { (g: GradientsHandle) in g.gradients.count }],
    operators: [.index: get], describe: { "Gradients of \($0.gradients.count) tensors" })

  static let methods = [track, detach, backward]
}
