/// Names of tensors that begin alike, and the layers made of them.
struct WeightScope {
  let weights: ComponentWeights
  /// What stands before each name, with the dot.
  let prefix: String

  init(_ weights: ComponentWeights, prefix: String = "") {
    self.weights = weights
    self.prefix = prefix
  }

  subscript(_ part: String) -> WeightScope { WeightScope(weights, prefix: "\(prefix)\(part).") }
  subscript(_ index: Int) -> WeightScope { self["\(index)"] }

  func tensor(_ name: String, _ shapes: [Int]) throws -> Tensor { try weights.take(prefix + name, shapes) }

  func linear(_ input: Int, _ output: Int, bias: Bool = true) throws -> Linear {
    Linear(weight: try tensor("weight", [output, input]), bias: bias ? try tensor("bias", [output]) : nil)
  }

  func convolution(_ input: Int, _ output: Int, kernel: Int = 3, stride: Int = 1, padding: Int? = nil) throws -> Conv2d {
    Conv2d(weight: try tensor("weight", [output, input, kernel, kernel]), bias: try tensor("bias", [output]), stride: stride, padding: padding)
  }

  /// A map of each position, which files keep as a 1x1 convolution or as a linear layer.
  func projection(_ input: Int, _ output: Int, isLinear: Bool) throws -> Conv2d {
    let shape = [output, input, 1, 1]
    let weight = try tensor("weight", isLinear ? [output, input] : shape)
    return Conv2d(weight: isLinear ? try weight.reshape(shape) : weight, bias: try tensor("bias", [output]))
  }

  func groupNorm(_ channels: Int, groups: Int, epsilon: Double) throws -> GroupNorm {
    try GroupNorm(groups: groups, weight: tensor("weight", [channels]), bias: tensor("bias", [channels]), epsilon: epsilon)
  }

  func layerNorm(_ width: Int, epsilon: Double = 1e-5) throws -> LayerNorm {
    LayerNorm(weight: try tensor("weight", [width]), bias: try tensor("bias", [width]), epsilon: epsilon)
  }

  /// diffusers' `ResnetBlock2D`; without a time width it hears of no time step.
  func residualBlock(_ input: Int, _ output: Int, norm: NormOptions, timeWidth: Int?, conditioning: TimeConditioning = .add) throws -> ResidualBlock {
    ResidualBlock(
      norm1: try self["norm1"].groupNorm(input, groups: norm.groups, epsilon: norm.epsilon), convolution1: try self["conv1"].convolution(input, output),
      timeProjection: try timeWidth.map { try self["time_emb_proj"].linear($0, conditioning == .scaleShift ? 2 * output : output) },
      norm2: try self["norm2"].groupNorm(output, groups: norm.groups, epsilon: norm.epsilon), convolution2: try self["conv2"].convolution(output, output),
      shortcut: input == output ? nil : try self["conv_shortcut"].convolution(input, output, kernel: 1), conditioning: conditioning,
      activation: norm.activation)
  }

  /// diffusers' `Attention` with separate projections.
  func attention(width: Int, contextWidth: Int, heads: Int, bias: Bool = false) throws -> ContextAttention {
    ContextAttention(
      query: try self["to_q"].linear(width, width, bias: bias), key: try self["to_k"].linear(contextWidth, width, bias: bias),
      value: try self["to_v"].linear(contextWidth, width, bias: bias), output: try self["to_out"][0].linear(width, width), heads: heads)
  }

  /// diffusers' `Transformer2DModel`.
  func spatialTransformer(_ width: Int, _ options: TransformerOptions, groups: Int) throws -> SpatialTransformer {
    guard width % options.heads == 0 else {
      throw ModelError("\(prefix)transformer_blocks: width \(width) cannot be cut into \(options.heads) equal heads; the configuration does not fit")
    }
    let blocks = try (0..<options.layers).map { index -> ContextBlock in
      let part = self["transformer_blocks"][index]
      let firstContext = options.looksOnlyAcross ? options.contextWidth : width
      return ContextBlock(
        norm1: try part["norm1"].layerNorm(width), selfAttention: try part["attn1"].attention(width: width, contextWidth: firstContext, heads: options.heads),
        norm2: try part["norm2"].layerNorm(width), crossAttention: try part["attn2"].attention(width: width, contextWidth: options.contextWidth, heads: options.heads),
        norm3: try part["norm3"].layerNorm(width),
        feedForward: GatedMLP(gate: try part["ff"]["net"][0]["proj"].linear(width, 8 * width), output: try part["ff"]["net"][2].linear(4 * width, width)),
        looksOnlyAcross: options.looksOnlyAcross)
    }
    return SpatialTransformer(
      norm: try self["norm"].groupNorm(width, groups: groups, epsilon: 1e-6), input: try self["proj_in"].projection(width, width, isLinear: options.isLinear),
      blocks: blocks, output: try self["proj_out"].projection(width, width, isLinear: options.isLinear))
  }
}

/// How residual blocks normalise, and what follows the norm.
struct NormOptions {
  var groups: Int
  var epsilon: Double
  var activation: Activation
}

/// What a spatial transformer of a UNet looks like.
struct TransformerOptions {
  var heads: Int
  var layers: Int
  var contextWidth: Int
  /// Whether the projections at both ends are linear layers in the file.
  var isLinear: Bool
  var looksOnlyAcross: Bool
}
