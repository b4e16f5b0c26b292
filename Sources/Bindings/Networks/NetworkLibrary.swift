import Host
import ML

/// The module loam.nn.
enum NetworkLibrary {
  private static let stream = Argument.optional(.object("stream", "where the start values come from; default the script's own stream", StreamHandle.self))
  private static let bias = Argument.boolean("bias", "whether a bias is added", default: true)
  private static let epsilon = Argument.number("epsilon", "added to the variance", default: 1e-5)
  private static let kernel = Argument.integer("kernel", "side of the window in pixels", default: 3, in: 1...Int.max)
  private static let stride = Argument.integer("stride", "step of the window in pixels", default: 1, in: 1...Int.max)
  private static let padding = Argument.optional(.integer("padding", "zeros on every side; default (kernel - 1) / 2", in: 0...Int.max))
  private static let activation = Argument<Activation>.activation("activation", "between the layers", default: .gelu)
  private static let size = 1...Int(Int32.max)

  private static func draw<Layer>(_ handle: StreamHandle?, _ session: ScriptSession, _ body: (inout RandomStream) throws -> Layer) throws -> Layer {
    let source = handle ?? session.defaultStream
    var stream = source.stream
    let layer = try body(&stream)
    source.stream = stream
    return layer
  }

  private static func makers(_ session: ScriptSession) -> [Function] {
    let linear = Function(
      "linear", "Makes a layer that maps the last axis: x W^T + b, with PyTorch's start values.", .integer("inputs", "size of the last axis before", in: size),
      .integer("outputs", "size of the last axis after", in: size), .options("settings", "bias and start", bias, stream),
      returns: .object("a new layer", NetworkHandle.self), example: ("return nn.linear(3, 2)(tensor.ones{4, 3}).shape", "{4, 2}")
    ) { inputs, outputs, settings in
      let layer = try draw(settings[stream], session) { try Linear(inputs, outputs, bias: settings[bias], stream: &$0) }
      return NetworkHandle(layer, "linear(\(inputs), \(outputs))") { try layer($0) }
    }
    let convolution = Function(
      "conv2d", "Makes a convolution of pictures [B, C, H, W].", .integer("inputs", "channels before", in: size), .integer("outputs", "channels after", in: size),
      .options("settings", "window, bias and start", kernel, stride, padding, bias, stream), returns: .object("a new layer", NetworkHandle.self),
      example: ("return nn.conv2d(3, 8, {stride = 2})(tensor.zeros{1, 3, 16, 16}).shape", "{1, 8, 8, 8}")
    ) { inputs, outputs, settings in
      let layer = try draw(settings[stream], session) {
        try Conv2d(inputs, outputs, kernel: settings[kernel], stride: settings[stride], padding: settings[padding], bias: settings[bias], stream: &$0)
      }
      return NetworkHandle(layer, "conv2d(\(inputs), \(outputs))") { try layer($0) }
    }
    let embedding = Function(
      "embedding", "Makes a table of vectors that is looked up by ids from 0 to count - 1.", .integer("count", "number of ids", in: size),
      .integer("width", "size of a vector", in: size), .options("settings", "start", stream), returns: .object("a new layer", NetworkHandle.self),
      example: ("return nn.embedding(10, 4){0, 9}.shape", "{2, 4}")
    ) { count, width, settings in
      let layer = try draw(settings[stream], session) { try Embedding(count: count, width: width, stream: &$0) }
      return NetworkHandle(layer, "embedding(\(count), \(width))", forward: { input in
        switch input {
        case .ids(let ids): return try layer(ids)
        case .tensor(let tensor): return try layer(try tensor.integers()).reshape(tensor.shape + [width])
        }
      })
    }
    let mlp = Function(
      "mlp", "Makes two linear layers with an activation between them; the output has the input's width.", .integer("width", "size of the last axis", in: size),
      .integer("hidden", "size between the layers", in: size), .options("settings", "activation and start", activation, stream),
      returns: .object("a new network", NetworkHandle.self), example: ("return nn.mlp(4, 16)(tensor.ones{2, 4}).shape", "{2, 4}")
    ) { width, hidden, settings in
      let layer = try draw(settings[stream], session) { try MLP(width: width, hidden: hidden, activation: settings[activation], stream: &$0) }
      return NetworkHandle(layer, "mlp(\(width), \(hidden))") { try layer($0) }
    }
    return [linear, convolution, embedding, mlp]
  }

  private static let layerNorm = Function(
    "layer_norm", "Makes a layer that normalises the last axis and learns a scale and a shift.", .integer("width", "size of the last axis", in: size),
    .options("settings", "epsilon", epsilon), returns: .object("a new layer", NetworkHandle.self),
    example: ("return nn.layer_norm(3)(tensor.new{1, 2, 3})", "tensor({-1.2247,  0.0000,  1.2247}, f32 [3], tracked)")
  ) { width, settings in
    let layer = try LayerNorm(width, epsilon: settings[epsilon])
    return NetworkHandle(layer, "layer_norm(\(width))") { try layer($0) }
  }

  private static let sequential = Function(
    "sequential", "Chains layers; activations may stand as names: relu, gelu, quick_gelu, silu, tanh, sigmoid, softmax, l2_normalize, flatten.",
    .layers("layers", "in the order of application"), returns: .object("a new network", NetworkHandle.self),
    example: ("local net = nn.sequential{nn.linear(2, 8), \"relu\", nn.linear(8, 1)}\nreturn net, net(tensor.ones{5, 2}).shape", "sequential(linear(2, 8), relu, linear(8, 1))\t{5, 1}")
  ) { layers in chained(layers) }

  private static func chained(_ layers: [NetworkHandle]) -> NetworkHandle {
    let names = layers.map { $0.summary }.joined(separator: ", ")
    return NetworkHandle(Chain(layers), "sequential(\(names))", forward: { (input: NetworkHandle.Input) throws -> Tensor in
      guard let first = layers.first else { throw LuaError("an empty chain cannot be called") }
      var value = try first(input)
      for layer in layers.dropFirst() { value = try layer(.tensor(value)) }
      return value
    })
  }

  private static let call = Function(
    "forward", "Applies the network; calling it does the same.", .object("self", "the network", NetworkHandle.self),
    .networkInput("input", "what it is applied to"), returns: .tensor("the output"), example: ("return nn.linear(2, 3):forward(tensor.ones{1, 2}).shape", "{1, 3}")
  ) { network, input in try network(input) }

  private static let parameters = Function(
    "parameters", "Lists the tracked tensors that training moves.", .object("self", "the network", NetworkHandle.self),
    returns: .list(of: .tensor("the parameters, in a fixed order")), example: ("return #nn.linear(2, 3):parameters()", "2")
  ) { network in network.module.namedParameters().map(\.parameter.value) }

  private static let namedParameters = Function(
    "named_parameters", "Lists the parameters with their names, as PyTorch names them.", .object("self", "the network", NetworkHandle.self),
    returns: .value("a list of {name, tensor}", type: "{name: string, tensor: Tensor}[]"),
    example: ("for _, p in ipairs(nn.linear(2, 3):named_parameters()) do print(p.name, p.tensor.count) end", """
      weight\t6
      bias\t3
      """)
  ) { (network: NetworkHandle) -> LuaValue in
    .list(network.module.namedParameters().map { (entry) -> LuaValue in
      .record([("name", .string(entry.name)), ("tensor", .object(TensorHandle(entry.parameter.value)))])
    })
  }

  private static let save = Function(
    "save", "Writes the parameters as safetensors, whole or not at all.", .object("self", "the network", NetworkHandle.self),
    .string("path", "the file"), returns: .none,
    example: ("""
      local path = os.tmpname()
      local a, b = nn.linear(2, 1), nn.linear(2, 1)
      a:save(path); b:load(path); os.remove(path)
      local x = tensor.ones{1, 2}
      return tensor.same(a(x), b(x))
      """, "true")
  ) { network, path in try TensorFile.write(network.module.namedTensors(), to: path) }

  private static let load = Function(
    "load", "Fills the parameters from a safetensors file; all of them or, on error, none.", .object("self", "the network", NetworkHandle.self),
    .string("path", "the file"), returns: .none,
    example: ("return pcall(nn.linear(2, 1).load, nn.linear(2, 1), \"/no/such/file\")", "false\texample:1: /no/such/file: file: cannot read: there is no such file or folder")
  ) { network, path in try network.module.load(try TensorFile.read(path).tensors) }

  private static let type = ObjectType(
    NetworkHandle.self, "A layer or a chain of layers; call it with a tensor.",
    methods: [call, parameters, namedParameters, save, load],
    properties: [Property("parameter_count", "How many numbers the parameters hold.", .integer("it")) { (n: NetworkHandle) in n.module.parameterCount }],
    operators: [.call: call], describe: { $0.summary })

  static func library(_ session: ScriptSession) -> Library {
    Library("nn", "Layers of neural networks.", functions: makers(session) + [layerNorm, sequential], types: [type])
  }
}
