import Host
import ML

/// An optimiser over some parameters.
final class OptimizerHandle: LuaObject {
  static let luaName = "Optimizer"
  enum Kind {
    case adamW(AdamW)
    case sgd(SGD)
    case muon(Muon)
  }
  let kind: Kind

  init(_ kind: Kind) { self.kind = kind }

  var stepCount: Int {
    switch kind {
    case .adamW(let optimizer): return optimizer.stepCount
    case .sgd(let optimizer): return optimizer.stepCount
    case .muon(let optimizer): return optimizer.stepCount
    }
  }
}

/// A moving average of a network's parameters.
final class MovingAverageHandle: LuaObject {
  static let luaName = "MovingAverage"
  let average: MovingAverage
  init(_ average: MovingAverage) { self.average = average }
}

/// A learning rate that follows the steps.
final class ScheduleHandle: LuaObject {
  static let luaName = "Schedule"
  let schedule: WarmupCosine
  init(_ schedule: WarmupCosine) { self.schedule = schedule }
}

extension Argument where Value == [(name: String, parameter: Parameter)] {
  /// What is trained: a module, a tracked tensor, or a list of these.
  static func parameters(_ name: String, _ doc: String) -> Argument {
    func one(_ call: Call, _ index: Int32, _ prefix: String) throws -> Value? {
      if let module = try call.object(index, as: NetworkHandle.self) {
        return module.module.namedParameters().map { (name: prefix + $0.name, parameter: $0.parameter) }
      }
      guard let handle = try call.object(index, as: TensorHandle.self) else { return nil }
      guard handle.tensor.isTracked else { throw ArgumentFault.invalid("a tensor that is trained must be tracked: pass the one that track() returned") }
      return [(name: prefix.isEmpty ? "1" : String(prefix.dropLast()), parameter: Parameter(handle.tensor))]
    }
    return Argument(name, "Network|Tensor|(Network|Tensor)[]", doc, expected: "Network, tracked Tensor or list of these") { call, index in
      guard call.kind(index) == .table else { return try one(call, index, "") }
      var position = 0
      return try call.list(index) { call, slot -> Value? in
        position += 1
        return try one(call, slot, "\(position).")
      }?.flatMap { $0 }
    }
  }
}

/// The module loam.optim.
enum OptimLibrary {
  private static let learningRate = Argument.number("learning_rate", "step size, used when a step names none", default: 1e-3)
  private static let beta1 = Argument.number("beta1", "decay of the mean gradient, in [0, 1)", default: 0.9)
  private static let beta2 = Argument.number("beta2", "decay of the mean square, in [0, 1)", default: 0.999)
  private static let epsilon = Argument.number("epsilon", "keeps the division finite, above 0", default: 1e-8)
  private static let weightDecay = Argument.number("weight_decay", "decay of weights; biases, norms and plain scales are left alone", default: 0.01)
  private static let sgdDecay = Argument.number("weight_decay", "decay of weights", default: 0)
  private static let momentum = Argument.number("momentum", "share of the last step that goes on, in [0, 1)", default: 0)
  private static let muonMomentum = Argument.number("momentum", "decay of the mean gradient, in [0, 1)", default: 0.95)
  private static let rate = Argument.optional(.number("learning_rate", "for this step only"))
  private static let base = Argument.number("base", "the highest rate", default: 1e-3)
  private static let warmup = Argument.integer("warmup_steps", "steps over which the rate grows from 0", default: 0, in: 0...Int.max)
  private static let total = Argument.integer("total_steps", "steps of the whole run", in: 1...Int.max)
  private static let final = Argument.number("final", "the rate at the end", default: 0)

  private static let adamW = Function(
    "adamw", "Makes an AdamW optimiser: Adam with weight decay applied to the weights themselves.",
    .parameters("parameters", "what is trained"),
    .options("settings", "rates and decay", learningRate, beta1, beta2, epsilon, weightDecay), returns: .object("a new optimiser", OptimizerHandle.self),
    source: "Loshchilov & Hutter 2019, arXiv:1711.05101, algorithm 2",
    example: ("""
      local w = tensor.new{5, -3}:track()
      local optimizer = optim.adamw({w}, {learning_rate = 0.1, weight_decay = 0})
      for step = 1, 200 do optimizer:step((w * w):sum():backward()) end
      return w:abs():max():item() < 0.01
      """, "true")
  ) { parameters, settings in
    OptimizerHandle(.adamW(try AdamW(
      parameters: parameters, learningRate: settings[learningRate], beta1: settings[beta1], beta2: settings[beta2], epsilon: settings[epsilon],
      weightDecay: settings[weightDecay])))
  }

  private static let sgd = Function(
    "sgd", "Makes an optimiser of stochastic gradient descent with momentum, as PyTorch has it.", .parameters("parameters", "what is trained"),
    .options("settings", "rates and decay", learningRate, momentum, sgdDecay), returns: .object("a new optimiser", OptimizerHandle.self),
    example: ("""
      local w = tensor.new{4}:track()
      optim.sgd({w}, {learning_rate = 0.25}):step((w * w):sum():backward())
      return w
      """, "tensor({2}, f32 [1], tracked)")
  ) { parameters, settings in
    OptimizerHandle(.sgd(try SGD(
      parameters: parameters, learningRate: settings[learningRate], momentum: settings[momentum], weightDecay: settings[sgdDecay])))
  }

  private static let muon = Function(
    "muon", "Makes a Muon optimiser of matrices and convolutions: momentum made orthogonal, in steps of AdamW's size. Give biases, norms, embeddings, first and last layer to adamw.",
    .parameters("parameters", "what is trained; tensors of at least two axes"), .options("settings", "rates and decay", learningRate, muonMomentum, weightDecay),
    returns: .object("a new optimiser", OptimizerHandle.self), source: "Jordan et al. 2024; Liu et al. 2025, arXiv:2502.16982, equation 4",
    example: ("""
      local w = tensor.new{{3, 0}, {0, -2}}:track()
      local optimizer = optim.muon({w}, {learning_rate = 0.5, weight_decay = 0})
      for step = 1, 40 do optimizer:step((w * w):sum():backward()) end
      return (w * w):sum():item() < 1
      """, "true")
  ) { parameters, settings in
    OptimizerHandle(.muon(try Muon(
      parameters: parameters, learningRate: settings[learningRate], momentum: settings[muonMomentum], weightDecay: settings[weightDecay])))
  }

  private static let larsMomentum = Argument.number("momentum", "share of the last step that goes on, in [0, 1)", default: 0.9)
  private static let trust = Argument.number("trust", "step in proportion to the length of the weights, above 0", default: 0.001)

  private static let lars = Function(
    "lars", "Makes a LARS optimiser: momentum whose step for each tensor is in proportion to its length, for very large batches. Biases and norms are moved plainly.",
    .parameters("parameters", "what is trained"), .options("settings", "rates and decay", learningRate, larsMomentum, sgdDecay, trust),
    returns: .object("a new optimiser", OptimizerHandle.self), source: "You et al. 2017, arXiv:1708.03888",
    example: ("""
      local w = tensor.new{3, 4}:track()
      optim.lars({w}, {learning_rate = 1, trust = 0.1}):step((w * w):sum():backward())
      return w
      """, "tensor({2.7000, 3.6000}, f32 [2], tracked)")
  ) { parameters, settings in
    OptimizerHandle(.sgd(try SGD(
      parameters: parameters, learningRate: settings[learningRate], momentum: settings[larsMomentum], weightDecay: settings[sgdDecay], trust: settings[trust])))
  }

  private static let iterations = Argument.integer("iterations", "most iterations", default: 100, in: 0...Int.max)
  private static let history = Argument.integer("history", "steps that are remembered", default: 10, in: 1...1000)
  private static let tolerance = Argument.number("tolerance", "ends when no component of the gradient is larger", default: 1e-6)

  private static let lbfgs = Function(
    "lbfgs", "Minimises a smooth function of a few parameters by limited-memory BFGS with a strong Wolfe search, and leaves them at the best point found.",
    .parameters("parameters", "what is moved"), .callback("loss", "computes the loss from the parameters as they are, a Tensor of one element"),
    .options("settings", "when to stop", iterations, history, tolerance),
    returns: .table("value, gradient (its largest component), iterations, evaluations, and why it stopped", type: "{value: number, gradient: number, iterations: integer, evaluations: integer, stop: string}"),
    source: "Nocedal & Wright 2006, Numerical Optimization, algorithms 7.5, 3.5 and 3.6",
    example: ("""
      local w = tensor.new({-1, 2}, {dtype = "f64"}):track()
      local found = optim.lbfgs({w}, function()
        local x, y = w:select(1, 1), w:select(1, 2)
        return (1 - x):square() + 100 * (y - x:square()):square()
      end)
      return found.stop, w
      """, "gradient\ttensor({1.0000, 1.0000}, f64 [2], tracked)")
  ) { parameters, loss, settings in
    var minimizer = LBFGS()
    minimizer.maximumIterations = settings[iterations]
    minimizer.history = settings[history]
    minimizer.gradientTolerance = settings[tolerance]
    // Differences of an f32 loss below its rounding say nothing.
    if parameters.contains(where: { $0.parameter.value.dtype == .f32 }) { (minimizer.valueNoise, minimizer.valueTolerance) = (1e-7, 1e-9) }
    let leaves = parameters.map(\.parameter.value)
    let found = try minimizer.minimize(leaves) {
      guard case .object(let object)? = try loss.call(arguments: []).first, let handle = object as? TensorHandle else {
        throw ArgumentFault.invalid("the loss function must return a Tensor")
      }
      return handle.tensor
    }
    return .record([
      ("value", .number(found.value)), ("gradient", .number(found.gradientMaximum)), ("iterations", .integer(found.iterations)),
      ("evaluations", .integer(found.evaluations)), ("stop", .string(found.stop.rawValue)),
    ])
  }

  private static let step = Function(
    "step", "Moves every parameter that has a gradient, in place.", .object("self", "the optimiser", OptimizerHandle.self),
    .object("gradients", "what backward returned", GradientsHandle.self), .options("settings", "the rate of this step", rate), returns: .none,
    example: ("""
      local w = tensor.new{4}:track()
      local optimizer = optim.sgd({w})
      optimizer:step((w * w):sum():backward(), {learning_rate = 0.5})
      return w, optimizer.step_count
      """, "tensor({0}, f32 [1], tracked)\t1")
  ) { handle, gradients, settings in
    switch handle.kind {
    case .adamW(let optimizer): try optimizer.step(gradients.gradients, learningRate: settings[rate])
    case .sgd(let optimizer): try optimizer.step(gradients.gradients, learningRate: settings[rate])
    case .muon(let optimizer): try optimizer.step(gradients.gradients, learningRate: settings[rate])
    }
  }

  private static let warmupCosine = Function(
    "warmup_cosine", "Makes a schedule: linear growth from 0, then half a cosine down.",
    .options("settings", "its corners", base, warmup, total, final), returns: .object("a new schedule", ScheduleHandle.self),
    source: "Loshchilov & Hutter 2017, arXiv:1608.03983",
    example: ("local s = optim.warmup_cosine{base = 1, warmup_steps = 2, total_steps = 6}\nreturn s:rate(1), s:rate(3), s:rate(6)", "0.5\t0.85355339059327\t0.0")
  ) { settings in
    guard settings[warmup] <= settings[total] else {
      throw ArgumentFault.invalid("warmup_steps (\(settings[warmup])) must not exceed total_steps (\(settings[total]))")
    }
    return ScheduleHandle(WarmupCosine(base: settings[base], warmupSteps: settings[warmup], totalSteps: settings[total], final: settings[final]))
  }

  private static let rateAt = Function(
    "rate", "Gives the learning rate of a step.", .object("self", "the schedule", ScheduleHandle.self),
    .integer("step", "counted from 1", in: 1...Int.max), returns: .number("the rate"),
    example: ("return optim.warmup_cosine{base = 1, total_steps = 10}:rate(10)", "0.0")
  ) { handle, step in handle.schedule.rate(at: step - 1) }

  private static let decay = Argument.number("decay", "share of the average that stays at each step, in [0, 1)", default: 0.999)
  private static let warmsUp = Argument.boolean("warm_up", "whether the first steps follow faster: at step k the decay is at most (1 + k) / (10 + k)", default: true)

  private static let movingAverage = Function(
    "moving_average", "Starts an exponential moving average of a network's parameters, which often judges better than they do.", .object("network", "what is averaged", NetworkHandle.self),
    .options("settings", "how slowly", decay, warmsUp), returns: .object("the average", MovingAverageHandle.self),
    example: ("""
      local net, copy = nn.linear(1, 1, {bias = false}), nn.linear(1, 1, {bias = false})
      local average = optim.moving_average(net, {decay = 0.5, warm_up = false})
      local start = net(tensor.ones{1, 1}):item()
      optim.sgd(net, {learning_rate = 1}):step(net(tensor.ones{1, 1}):sum():backward())
      average:update()
      average:apply(copy)
      return math.abs(copy(tensor.ones{1, 1}):item() - (start - 0.5)) < 1e-6
      """, "true")
  ) { network, settings in MovingAverageHandle(try MovingAverage(network.module, decay: settings[decay], warmsUp: settings[warmsUp])) }

  private static let update = Function(
    "update", "Follows the parameters by one step.", .object("self", "the average", MovingAverageHandle.self), returns: .none,
    example: ("local average = optim.moving_average(nn.linear(2, 1))\naverage:update()\nreturn average.updates", "1")
  ) { handle in try handle.average.update() }

  private static let apply = Function(
    "apply", "Puts the averages into a network of the same structure.", .object("self", "the average", MovingAverageHandle.self),
    .object("network", "what is filled", NetworkHandle.self), returns: .none,
    example: ("return pcall(optim.moving_average(nn.linear(2, 1)).apply, optim.moving_average(nn.linear(2, 1)), nn.layer_norm(2))",
              "false\texample:1: moving average: the module has other parameters than the one averaged")
  ) { handle, network in try handle.average.apply(to: network.module) }

  private static let averageType = ObjectType(
    MovingAverageHandle.self, "A moving average of a network's parameters.", methods: [update, apply],
    properties: [Property("updates", "Steps followed.", .integer("it")) { (a: MovingAverageHandle) in a.average.updates }],
    describe: { "MovingAverage after \($0.average.updates) updates" })

  private static let optimizerType = ObjectType(
    OptimizerHandle.self, "Moves parameters along their gradients.", methods: [step],
    properties: [Property("step_count", "Steps taken.", .integer("it")) { (o: OptimizerHandle) in o.stepCount }],
    describe: { "Optimizer after \($0.stepCount) steps" })

  private static let scheduleType = ObjectType(
    ScheduleHandle.self, "A learning rate that follows the steps.", methods: [rateAt],
    describe: { "Schedule to \($0.schedule.base) over \($0.schedule.totalSteps) steps" })

  static let library = Library(
    "optim", "Optimisers and learning rate schedules.", functions: [adamW, sgd, muon, lars, lbfgs, movingAverage, warmupCosine], types: [optimizerType, averageType, scheduleType])
}
