import Host
import ML

/// Products, attention and norms.
enum TensorProducts {
  private static let transposeLeft = Argument.boolean("transpose_left", "whether the last two axes of the left side are exchanged", default: false)
  private static let transposeRight = Argument.boolean("transpose_right", "whether the last two axes of the right side are exchanged", default: false)
  private static let activation = Argument<Activation>.activation("activation", "applied in the same pass")
  private static let heads = Argument.integer("heads", "number of heads", default: 1, in: 1...Int.max)
  private static let causal = Argument.boolean("causal", "whether a position sees only itself and earlier ones", default: false)
  private static let lengths = Argument.optional(.integers("lengths", "how many keys of each sample are real"))
  private static let mask = Argument.optional(.tensor("mask", "flags, true where a key may be seen, or numbers added to the scores; broadcast to [B, heads, N, M]"))
  private static let weight = Argument.optional(.tensor("weight", "scale of each feature"))
  private static let bias = Argument.optional(.tensor("bias", "shift of each feature"))
  private static let epsilon = Argument.number("epsilon", "added to the variance", default: 1e-5)
  private static let views = Argument.integer("views", "equal consecutive parts of the batch with statistics of their own", default: 1, in: 1...Int.max)

  /// The option `products` of what computes features and pictures.
  static let precision = Argument.choice(
    "products", "f16 rounds the factors of products to halves: about twice the speed on processors with AVX-512 FP16, an error on others; see docs/numerics.md",
    of: ProductPrecision.self, default: .single)

  static let hasHalfProducts = Function(
    "has_half_products", "Whether this processor multiplies halves (AVX-512 FP16), which `half_products` and `products = \"f16\"` need.", returns: .boolean("it does"),
    example: ("return type(tensor.has_half_products())", "boolean")
  ) { ProductPrecision.offersHalf }

  static let halfProducts = Function(
    "half_products", """
      Calls a function in which matrix products, linear layers, convolutions and attention round their factors to halves, and returns its results: about twice the \
      speed, errors of about a thousandth of the result's size. Sums of 64 products are halves, sums of these f32; numbers out of a half's range are brought into it by powers of two. Backward passes \
      stay in f32. Raises an error where the processor has no AVX-512 FP16.
      """, .callback("f", "what to call"), .rest(.any("arguments", "given to f")), returns: .values("what f returns"),
    example: ("return (pcall(tensor.half_products, function() return tensor.ones{2, 64}:matmul(tensor.ones{64, 16}) end)) == tensor.has_half_products()", "true")
  ) { f, arguments in try ProductPrecision.half.scope { try f.call(arguments: arguments) } }

  static let matmul = Function(
    "matmul", "Multiplies matrices, batched over leading axes, which are broadcast; a side with one axis is a row or a column.", .tensor("a", "[..., n, k]"),
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

  static let einsum = Function(
    "einsum", "Sums products by index notation: equal letters are matched, and letters missing after `->` are summed over.",
    .string("equation", "such as \"bij,bjk->bik\"; \"...\" stands for any leading axes"), .rest(.tensor("operands", "one for each term")),
    returns: .tensor("the sums"), example: ("local x = tensor.new{{1, 2}, {3, 4}}\nreturn tensor.einsum(\"ij,ij->i\", x, x), tensor.einsum(\"ii\", x)",
                                           "tensor({ 5, 25}, f32 [2])\ttensor(5, f32 [])")
  ) { equation, operands in try Tensor.einsum(equation, operands) }

  static let attention = Function(
    "attention", "Mixes values by softmax(query key^T / sqrt(D / heads)), head by head.", .tensor("query", "[B, N, D]"),
    .tensor("key", "[B, M, D]"), .tensor("value", "[B, M, D]"), .options("settings", "heads and masks", heads, causal, lengths, mask),
    returns: .tensor("[B, N, D]"), source: "Vaswani et al. 2017, arXiv:1706.03762, eq. (1)",
    example: ("local x = tensor.new{{{1, 0}, {0, 1}}}; return tensor.attention(x, x, x, {causal = true})", """
      tensor({{{1.0000, 0.0000},
               {0.3302, 0.6698}}}, f32 [1, 2, 2])
      """)
  ) { query, key, value, settings in
    if let mask = settings[mask] {
      guard !settings[causal], settings[lengths] == nil else { throw ArgumentFault.invalid("a mask says all: causal and lengths cannot be given beside it") }
      return try Tensor.attention(query, key, value, heads: settings[heads], mask: mask)
    }
    return try Tensor.attention(query, key, value, heads: settings[heads], causal: settings[causal], keyLengths: settings[lengths])
  }

  static let layerNorm = Function(
    "layer_norm", "Normalises the last axis to mean 0 and variance 1, then scales and shifts.", .tensor("x", "[..., D]"),
    .options("settings", "scale, shift and epsilon", weight, bias, epsilon), returns: .tensor("[..., D]"),
    source: "Ba et al. 2016, arXiv:1607.06450", example: ("return tensor.new{1, 2, 3}:layer_norm()", "tensor({-1.2247,  0.0000,  1.2247}, f32 [3])")
  ) { x, settings in try x.layerNorm(weight: settings[weight], bias: settings[bias], epsilon: settings[epsilon]) }

  static let rmsNorm = Function(
    "rms_norm", "Divides the last axis by the root of its mean square, then scales.", .tensor("x", "[..., D]"), .options("settings", "scale and epsilon", weight, epsilon),
    returns: .tensor("[..., D]"), source: "Zhang & Sennrich 2019, arXiv:1910.07467", example: ("return tensor.new{3, 4}:rms_norm()", "tensor({0.8485, 1.1314}, f32 [2])")
  ) { x, settings in try x.rmsNorm(weight: settings[weight], epsilon: settings[epsilon]) }

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
    "batch_norm", "Normalises each feature over the batch, each view by its own statistics.", .tensor("x", "[N, D] or [N, D, ...]"),
    .options("settings", "scale, shift, epsilon and views", weight, bias, epsilon, views), returns: .tensor("the shape of x"),
    source: "Ioffe & Szegedy 2015, arXiv:1502.03167", example: ("return tensor.new{{1, 10}, {3, 20}}:batch_norm()", """
      tensor({{-1.0000, -1.0000},
              { 1.0000,  1.0000}}, f32 [2, 2])
      """)
  ) { x, settings in try x.batchNorm(weight: settings[weight], bias: settings[bias], epsilon: settings[epsilon], views: settings[views]) }

  static func dropout(_ session: ScriptSession) -> Function {
    Function(
      "dropout", "Sets elements to 0 at random and divides the others by the share that stays. Meant for training; leave it out when judging.", .tensor("x", "the tensor"),
      .number("probability", "of being set to 0, in [0, 1)", default: 0.5), .options("settings", "the source", TensorCreation.stream), returns: .tensor("a copy"),
      example: ("return tensor.dropout(tensor.ones(6), 0.5, {stream = random.stream(2)})", "tensor({0, 0, 2, 0, 0, 0}, f32 [6])")
    ) { x, probability, settings in
      try TensorCreation.draw(settings[TensorCreation.stream], session) { try x.dropout(probability: probability, stream: &$0) }
    }
  }

  private static func factored(
    _ name: String, _ doc: String, _ result: String, _ example: (String, String), _ body: @escaping (Tensor, Int) throws -> Tensor
  ) -> Function {
    Function(
      name, doc, .tensor("x", "[B, C, H, W]"), .integer("factor", "size of a block", default: 2, in: 1...Int.max),
      returns: .tensor(result), example: (code: example.0, output: example.1), body: body)
  }

  static let methods = [
    matmul, linear, layerNorm, rmsNorm, groupNorm, batchNorm,
    factored("upsample_nearest", "Repeats each pixel.", "[B, C, H f, W f]", ("return tensor.new{{{{1, 2}}}}:upsample_nearest(2)", """
      tensor({{{{1, 1, 2, 2},
                {1, 1, 2, 2}}}}, f32 [1, 1, 2, 4])
      """)) { try $0.upsampleNearest($1) },
    factored("average_pool", "Averages blocks of pixels.", "[B, C, H/f, W/f]", ("return tensor.new{{{{1, 2}, {3, 4}}}}:average_pool(2)", "tensor({{{{2.5000}}}}, f32 [1, 1, 1, 1])")) { try $0.averagePool($1) },
    factored("pixel_unshuffle", "Moves blocks of pixels into channels.", "[B, C f f, H/f, W/f]", ("return tensor.zeros{1, 3, 4, 4}:pixel_unshuffle(2).shape", "{1, 12, 2, 2}")) { try $0.pixelUnshuffle($1) },
    factored("pixel_shuffle", "Moves channels into blocks of pixels.", "[B, C/(f f), H f, W f]", ("return tensor.zeros{1, 12, 2, 2}:pixel_shuffle(2).shape", "{1, 3, 4, 4}")) { try $0.pixelShuffle($1) },
  ]
}
