import Host
import ML

/// Convolutions, pooling and change of size: whatever moves a window over the last axes.
enum TensorWindows {
  private static let stride = Argument.window("stride", "step of the window, one number or one for each axis; default 1")
  private static let poolStride = Argument.window("stride", "step of the window, one number or one for each axis; default its size")
  private static let padding = Argument.window("padding", "elements added on every side, one number or one for each axis; default 0")
  private static let dilation = Argument.window("dilation", "distance between the elements that the window sees; default 1")
  private static let extra = Argument.window("output_padding", "elements added at the end of each axis; default 0")
  private static let groups = Argument.integer("groups", "channels of one group see only their own filters", default: 1, in: 1...Int.max)
  private static let countPadding = Argument.boolean("count_padding", "whether the zeros outside count as elements", default: true)
  private static let filter = Argument<ResizeFilter>.choice("filter", "how elements between elements are found", default: .bilinear)
  private static let alignCorners = Argument.boolean("align_corners", "whether the first and last elements keep their places (bilinear only)", default: false)
  private static let antialias = Argument.boolean("antialias", "whether the filter widens when an axis shrinks", default: false)

  /// One number for each axis of a window.
  private static func spread(_ numbers: [Int]?, _ axes: Int) -> [Int]? { numbers.map { $0.count == 1 ? [Int](repeating: $0[0], count: axes) : $0 } }

  private static func plain(_ axes: Int, _ example: (String, String)) -> Function {
    let places = axes == 1 ? "L" : "H, W"
    return Function(
      "conv\(axes)d", "Convolves \(axes == 1 ? "sequences" : "pictures") with filters (without turning them over, as is usual in deep learning).",
      .tensor("x", "[B, C, \(places)]"), .tensor("weight", "[O, C / groups, \(axes == 1 ? "k" : "k, k'")]"), .optional(.tensor("bias", "[O]")),
      .options("settings", "how the window moves", stride, padding, dilation, groups), returns: .tensor("[B, O, ...]"), example: (code: example.0, output: example.1)
    ) { x, weight, bias, s in
      guard x.rank == axes + 2 else { throw ArgumentFault.invalid("a tensor [B, C, \(places)] expected, got \(TensorElements.list(x.shape))") }
      return try x.convolve(weight: weight, bias: bias, stride: spread(s[stride], axes), padding: spread(s[padding], axes),
                            dilation: spread(s[dilation], axes), groups: s[groups])
    }
  }

  private static func transposed(_ axes: Int, _ example: (String, String)) -> Function {
    let places = axes == 1 ? "L" : "H, W"
    return Function(
      "conv_transpose\(axes)d", "Undoes the shape of a convolution: what its gradient by the input computes.",
      .tensor("x", "[B, C, \(places)]"), .tensor("weight", "[C, O / groups, \(axes == 1 ? "k" : "k, k'")]"), .optional(.tensor("bias", "[O]")),
      .options("settings", "how the window moves", stride, padding, extra, dilation, groups), returns: .tensor("[B, O, ...]"), example: (code: example.0, output: example.1)
    ) { x, weight, bias, s in
      guard x.rank == axes + 2 else { throw ArgumentFault.invalid("a tensor [B, C, \(places)] expected, got \(TensorElements.list(x.shape))") }
      return try x.convolveTransposed(weight: weight, bias: bias, stride: spread(s[stride], axes), padding: spread(s[padding], axes),
                                      extra: spread(s[extra], axes), dilation: spread(s[dilation], axes), groups: s[groups])
    }
  }

  private static func window(_ size: [Int], _ axes: Int, _ stride: [Int]?, _ padding: [Int]?) -> WindowGeometry {
    WindowGeometry(size: size.count == 1 ? [Int](repeating: size[0], count: axes) : size, stride: spread(stride, axes), padding: spread(padding, axes))
  }

  private static func maximum(_ axes: Int, _ example: (String, String)) -> Function {
    Function(
      "max_pool\(axes)d", "Takes the largest element of every window over the last \(axes == 1 ? "axis" : "two axes").", .tensor("x", "the tensor"),
      .shape("size", "of the window, one number or one for each axis"), .options("settings", "how the window moves", poolStride, padding),
      returns: .tensor("[..., windows]"), example: (code: example.0, output: example.1)
    ) { x, size, s in try x.maximumPool(window(size, axes, s[poolStride], s[padding])) }
  }

  private static func average(_ axes: Int, _ example: (String, String)) -> Function {
    Function(
      "avg_pool\(axes)d", "Takes the mean of every window over the last \(axes == 1 ? "axis" : "two axes").", .tensor("x", "the tensor"),
      .shape("size", "of the window, one number or one for each axis"), .options("settings", "how the window moves", poolStride, padding, countPadding),
      returns: .tensor("[..., windows]"), example: (code: example.0, output: example.1)
    ) { x, size, s in try x.averagePool(window(size, axes, s[poolStride], s[padding]), countPadding: s[countPadding]) }
  }

  private static let interpolate = Function(
    "interpolate", "Changes the size of the last axes, as PyTorch's function of this name does.", .tensor("x", "[..., L] or [..., H, W]"),
    .shape("size", "the new size of the last axes"), .options("settings", "how", filter, alignCorners, antialias), returns: .tensor("a copy"),
    example: ("return tensor.new{1, 3}:interpolate(4), tensor.new{1, 3}:interpolate(4, {filter = \"nearest\"})",
              "tensor({1.0000, 1.5000, 2.5000, 3.0000}, f32 [4])\ttensor({1, 1, 3, 3}, f32 [4])")
  ) { x, size, s in try x.interpolate(to: size, filter: s[filter], alignCorners: s[alignCorners], antialias: s[antialias]) }

  static let methods: [Function] = [
    plain(1, ("return tensor.new{{{1, 2, 3, 4}}}:conv1d(tensor.new{{{1, 1}}})", "tensor({{{3, 5, 7}}}, f32 [1, 1, 3])")),
    plain(2, ("return tensor.ones{1, 1, 3, 3}:conv2d(tensor.ones{1, 1, 3, 3}, nil, {padding = 1})", """
      tensor({{{{4, 6, 4},
                {6, 9, 6},
                {4, 6, 4}}}}, f32 [1, 1, 3, 3])
      """)),
    transposed(1, ("return tensor.new{{{1, 2}}}:conv_transpose1d(tensor.new{{{1, 1}}}, nil, {stride = 2})", "tensor({{{1, 1, 2, 2}}}, f32 [1, 1, 4])")),
    transposed(2, ("return tensor.ones{1, 3, 4, 4}:conv_transpose2d(tensor.ones{3, 2, 2, 2}, nil, {stride = 2}).shape", "{1, 2, 8, 8}")),
    maximum(1, ("return tensor.new{3, 1, 2, 5}:max_pool1d(2)", "tensor({3, 5}, f32 [2])")),
    maximum(2, ("return tensor.arange(0, 16):reshape{4, 4}:max_pool2d(2)", """
      tensor({{ 5,  7},
              {13, 15}}, f32 [2, 2])
      """)),
    average(1, ("return tensor.new{3, 1, 2, 5}:avg_pool1d(2, {stride = 1})", "tensor({2.0000, 1.5000, 3.5000}, f32 [3])")),
    average(2, ("return tensor.ones{2, 2}:avg_pool2d(2, {stride = 1, padding = 1})", """
      tensor({{0.2500, 0.5000, 0.2500},
              {0.5000, 1.0000, 0.5000},
              {0.2500, 0.5000, 0.2500}}, f32 [3, 3])
      """)),
    interpolate,
  ]
}
