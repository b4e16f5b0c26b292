import Host
import ML

/// Products, convolutions, attention and norms.
enum TensorProducts {
  private static let transposeLeft = Argument.boolean("transpose_left", "whether the last two axes of the left side are exchanged", default: false)
  private static let transposeRight = Argument.boolean("transpose_right", "whether the last two axes of the right side are exchanged", default: false)
  private static let activation = Argument<Activation>.activation("activation", "applied in the same pass")
  private static let stride = Argument.integer("stride", "step of the window in pixels", default: 1, in: 1...Int.max)
  private static let padding = Argument.integer("padding", "zeros on every side", default: 0, in: 0...Int.max)
  private static let heads = Argument.integer("heads", "number of heads", default: 1, in: 1...Int.max)
  private static let causal = Argument.boolean("causal", "whether a position sees only itself and earlier ones", default: false)
  private static let lengths = Argument.optional(.integers("lengths", "how many keys of each sample are real"))
  private static let weight = Argument.optional(.tensor("weight", "scale of each feature"))
  private static let bias = Argument.optional(.tensor("bias", "shift of each feature"))
  private static let epsilon = Argument.number("epsilon", "added to the variance", default: 1e-5)
  private static let views = Argument.integer("views", "equal consecutive parts of the batch with statistics of their own", default: 1, in: 1...Int.max)

  static let matmul = Function(
    "matmul", "Multiplies matrices, batched over leading axes; the right side may have two axes.", .tensor("a", "[..., n, k]"),
    .tensor("b", "[..., k, m]"), .options("settings", "which sides are transposed", transposeLeft, transposeRight),
    returns: .tensor("[..., n, m]"), example: ("return tensor.new{{1, 2}, {3, 4}}:matmul(tensor.new{{1}, {10}})", """
      tensor({{21},
              {43}}, f32 [2, 1])
      """)
  ) { a, b, settings in try a.matmul(b, transposeLeft: settings[transposeLeft], transposeRight: settings[transposeRight]) }

  static let linear = Function(
    "linear", "Maps the last axis: x W^T + b, then the activation.", .tensor("x", "[..., in]"), .tensor("weight", "[out, in]"),
    .optional(.tensor("bias", "[out]")), .options("settings", "what follows", activation), returns: .tensor("[..., out]"),
    example: ("return tensor.new{{1, 2}}:linear(tensor.new{{1, 1}, {1, -1}}, nil, {activation = \"relu\"})", "tensor({{3, 0}}, f32 [1, 2])")
  ) { x, weight, bias, settings in try x.linear(weight: weight, bias: bias, activation: settings[activation]) }

  static let conv2d = Function(
    "conv2d", "Convolves pictures: [B, C, H, W] by [O, C, k, k].", .tensor("x", "[B, C, H, W]"), .tensor("weight", "[O, C, k, k]"),
    .optional(.tensor("bias", "[O]")), .options("settings", "stride and padding", stride, padding), returns: .tensor("[B, O, H', W']"),
    example: ("return tensor.ones{1, 1, 3, 3}:conv2d(tensor.ones{1, 1, 3, 3}, nil, {padding = 1})", """
      tensor({{{{4, 6, 4},
                {6, 9, 6},
                {4, 6, 4}}}}, f32 [1, 1, 3, 3])
      """)
  ) { x, weight, bias, settings in try x.conv2d(weight: weight, bias: bias, stride: settings[stride], padding: settings[padding]) }

  static let attention = Function(
    "attention", "Mixes values by softmax(query key^T / sqrt(D / heads)), head by head.", .tensor("query", "[B, N, D]"),
    .tensor("key", "[B, M, D]"), .tensor("value", "[B, M, D]"), .options("settings", "heads and masks", heads, causal, lengths),
    returns: .tensor("[B, N, D]"), source: "Vaswani et al. 2017, arXiv:1706.03762, eq. (1)",
    example: ("local x = tensor.new{{{1, 0}, {0, 1}}}; return tensor.attention(x, x, x, {causal = true})", """
      tensor({{{1.0000, 0.0000},
               {0.3302, 0.6698}}}, f32 [1, 2, 2])
      """)
  ) { query, key, value, settings in
    try Tensor.attention(query, key, value, heads: settings[heads], causal: settings[causal], keyLengths: settings[lengths])
  }

  static let layerNorm = Function(
    "layer_norm", "Normalises the last axis to mean 0 and variance 1, then scales and shifts.", .tensor("x", "[..., D]"),
    .options("settings", "scale, shift and epsilon", weight, bias, epsilon), returns: .tensor("[..., D]"),
    source: "Ba et al. 2016, arXiv:1607.06450", example: ("return tensor.new{1, 2, 3}:layer_norm()", "tensor({-1.2247,  0.0000,  1.2247}, f32 [3])")
  ) { x, settings in try x.layerNorm(weight: settings[weight], bias: settings[bias], epsilon: settings[epsilon]) }

  static let groupNorm = Function(
    "group_norm", "Normalises groups of channels of each sample.", .tensor("x", "[B, C, ...]"),
    .integer("groups", "number of groups", in: 1...Int.max), .options("settings", "scale, shift and epsilon", weight, bias, epsilon),
    returns: .tensor("[B, C, ...]"), source: "Wu & He 2018, arXiv:1803.08494",
    example: ("return tensor.arange(0, 4):reshape{1, 2, 2}:group_norm(2)", """
      tensor({{{-1.0000,  1.0000},
               {-1.0000,  1.0000}}}, f32 [1, 2, 2])
      """)
  ) { x, groups, settings in
    try x.groupNorm(groups: groups, weight: settings[weight], bias: settings[bias], epsilon: settings[epsilon])
  }

  static let batchNorm = Function(
    "batch_norm", "Normalises each feature over the batch, each view by its own statistics.", .tensor("x", "[N, D]"),
    .options("settings", "scale, shift, epsilon and views", weight, bias, epsilon, views), returns: .tensor("[N, D]"),
    source: "Ioffe & Szegedy 2015, arXiv:1502.03167", example: ("return tensor.new{{1, 10}, {3, 20}}:batch_norm()", """
      tensor({{-1.0000, -1.0000},
              { 1.0000,  1.0000}}, f32 [2, 2])
      """)
  ) { x, settings in try x.batchNorm(weight: settings[weight], bias: settings[bias], epsilon: settings[epsilon], views: settings[views]) }

  private static func factored(
    _ name: String, _ doc: String, _ result: String, _ example: (String, String), _ body: @escaping (Tensor, Int) throws -> Tensor
  ) -> Function {
    Function(
      name, doc, .tensor("x", "[B, C, H, W]"), .integer("factor", "size of a block", default: 2, in: 1...Int.max),
      returns: .tensor(result), example: (code: example.0, output: example.1), body: body)
  }

  static let methods = [
    matmul, linear, conv2d, layerNorm, groupNorm, batchNorm,
    factored("upsample_nearest", "Repeats each pixel.", "[B, C, H f, W f]", ("return tensor.new{{{{1, 2}}}}:upsample_nearest(2)", """
      tensor({{{{1, 1, 2, 2},
                {1, 1, 2, 2}}}}, f32 [1, 1, 2, 4])
      """)) { try $0.upsampleNearest($1) },
    factored("average_pool", "Averages blocks of pixels.", "[B, C, H/f, W/f]", ("return tensor.new{{{{1, 2}, {3, 4}}}}:average_pool(2)", "tensor({{{{2.5000}}}}, f32 [1, 1, 1, 1])")) { try $0.averagePool($1) },
    factored("pixel_unshuffle", "Moves blocks of pixels into channels.", "[B, C f f, H/f, W/f]", ("return tensor.zeros{1, 3, 4, 4}:pixel_unshuffle(2).shape", "{1, 12, 2, 2}")) { try $0.pixelUnshuffle($1) },
    factored("pixel_shuffle", "Moves channels into blocks of pixels.", "[B, C/(f f), H f, W f]", ("return tensor.zeros{1, 12, 2, 2}:pixel_shuffle(2).shape", "{1, 3, 4, 4}")) { try $0.pixelShuffle($1) },
  ]
}
