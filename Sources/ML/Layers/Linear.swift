/// An affine map of the last axis: y = x Wᵀ + b.
///
/// Shapes: `weight` [out, in] · `bias` [out].
public final class Linear: Module {
  public let weight: Parameter
  public let bias: Parameter?

  /// Makes the layer.
  ///
  /// - Parameters:
  ///   - inputWidth: size of the last axis of the input.
  ///   - outputWidth: size of the last axis of the output.
  ///   - bias: whether a bias is added, default true.
  ///   - initialization: default `.uniformByFan`, as PyTorch.
  ///   - stream: random numbers, consumed in order: weight, then bias.
  public init(_ inputWidth: Int, _ outputWidth: Int, bias: Bool = true, initialization: Initialization = .uniformByFan,
              stream: inout RandomStream) throws {
    weight = Parameter(try initialization.draw([outputWidth, inputWidth], fanIn: inputWidth, stream: &stream))
    self.bias = bias
      ? Parameter(try initialization.drawBias(outputWidth, fanIn: inputWidth, stream: &stream), decays: false) : nil
  }

  /// The layer of given values; the weight may be kept in half precision.
  public init(weight: Tensor, bias: Tensor?) {
    self.weight = Parameter(weight)
    self.bias = bias.map { Parameter($0, decays: false) }
  }

  public var ownParameters: [(name: String, parameter: Parameter)] {
    [("weight", weight)] + (bias.map { [("bias", $0)] } ?? [])
  }

  /// The map, with an activation fused into it.
  public func callAsFunction(_ input: Tensor, activation: Activation = .none) throws -> Tensor {
    try input.linear(weight: weight.value, bias: bias?.value, activation: activation)
  }
}

/// A table of vectors looked up by number.
///
/// Shapes: `weight` [count, width].
public final class Embedding: Module {
  public let weight: Parameter

  /// Makes the table; PyTorch's default is a standard normal.
  public init(count: Int, width: Int, initialization: Initialization = .normal(1), stream: inout RandomStream) throws {
    weight = Parameter(try initialization.draw([count, width], fanIn: width, stream: &stream))
  }

  /// The table of given vectors; they may be kept in half precision.
  public init(weight: Tensor) { self.weight = Parameter(weight) }

  public var ownParameters: [(name: String, parameter: Parameter)] { [("weight", weight)] }

  /// The vectors of `ids`, [ids.count, width].
  ///
  /// - Throws: `ModelError` for an id outside the table.
  public func callAsFunction(_ ids: [Int]) throws -> Tensor {
    let count = weight.value.shape[0]
    if let wrong = ids.first(where: { $0 < 0 || $0 >= count }) {
      throw ModelError("token id \(wrong) is outside the vocabulary of \(count); the tokens come from another tokeniser than the model's")
    }
    let found = try weight.value.indexSelect(axis: 0, indices: ids)
    return found.dtype.isHalf ? try found.cast(.f32) : found
  }
}

/// Two linear layers with an activation between them, named as in timm (fc1, fc2) or open_clip (c_fc, c_proj).
public final class MLP: Module {
  public let fc1: Linear
  public let fc2: Linear
  public let activation: Activation
  /// Whether GELU's tanh form takes the place of the activation.
  public let usesTanhGelu: Bool
  public let naming: BlockNaming

  /// Makes the layers; the output has the input's width.
  public init(width: Int, hidden: Int, activation: Activation = .gelu, usesTanhGelu: Bool = false, naming: BlockNaming = .timm,
              initialization: BlockInitialization = .timm, stream: inout RandomStream) throws {
    fc1 = try Linear(width, hidden, initialization: initialization.first, stream: &stream)
    fc2 = try Linear(hidden, width, initialization: initialization.second, stream: &stream)
    self.activation = activation
    self.usesTanhGelu = usesTanhGelu
    self.naming = naming
  }

  /// The layers of given values.
  public init(fc1: Linear, fc2: Linear, gelu: GeluKind, naming: BlockNaming) {
    self.fc1 = fc1
    self.fc2 = fc2
    activation = gelu.activation ?? .gelu
    usesTanhGelu = gelu == .tanh
    self.naming = naming
  }

  public var parts: [(name: String, module: any Module)] {
    naming == .openCLIP ? [("c_fc", fc1), ("c_proj", fc2)] : [("fc1", fc1), ("fc2", fc2)]
  }

  public func callAsFunction(_ input: Tensor) throws -> Tensor {
    guard usesTanhGelu else { return try fc2(fc1(input, activation: activation)) }
    let x = try fc1(input)
    // (1 + tanh u) / 2 = sigmoid(2u).
    let doubled = try (x + x * x * x * 0.044715) * (2 * (2 / Double.pi).squareRoot())
    return try fc2(x * doubled.sigmoid())
  }
}

/// A two-dimensional convolution, NCHW.
///
/// Shapes: `weight` [out, in, k, k] · `bias` [out].
public final class Conv2d: Module {
  public let weight: Parameter
  public let bias: Parameter?
  public let stride: Int
  public let padding: Int

  /// Makes the layer.
  ///
  /// - Parameters:
  ///   - kernel: side of the window in pixels, default 3.
  ///   - padding: zeros added on each side, default (kernel - 1) / 2.
  public init(_ inputChannels: Int, _ outputChannels: Int, kernel: Int = 3, stride: Int = 1, padding: Int? = nil, bias: Bool = true,
              initialization: Initialization = .uniformByFan, stream: inout RandomStream) throws {
    let fan = inputChannels * kernel * kernel
    weight = Parameter(try initialization.draw([outputChannels, inputChannels, kernel, kernel], fanIn: fan, stream: &stream))
    self.bias = bias ? Parameter(try initialization.drawBias(outputChannels, fanIn: fan, stream: &stream), decays: false) : nil
    self.stride = stride
    self.padding = padding ?? (kernel - 1) / 2
  }

  /// The layer of given values; the weight may be kept in half precision.
  public init(weight: Tensor, bias: Tensor?, stride: Int = 1, padding: Int? = nil) {
    self.weight = Parameter(weight)
    self.bias = bias.map { Parameter($0, decays: false) }
    self.stride = stride
    self.padding = padding ?? (weight.shape[2] - 1) / 2
  }

  public var ownParameters: [(name: String, parameter: Parameter)] {
    [("weight", weight)] + (bias.map { [("bias", $0)] } ?? [])
  }

  public func callAsFunction(_ input: Tensor) throws -> Tensor {
    try input.conv2d(weight: weight.value, bias: bias?.value, stride: stride, padding: padding)
  }
}
