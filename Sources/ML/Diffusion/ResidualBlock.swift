/// The sinusoidal code of a time step: cosines, then sines, of t · 10000^(-i / (width / 2 - shift)).
///
/// Shapes: `times` B → [B, width]. As diffusers' `Timesteps` with cosines first and no frequency shift by default.
public func timeCode(_ times: [Double], width: Int, sinesFirst: Bool = false, shift: Double = 0) throws -> Tensor {
  let half = width / 2
  return try Tensor.build([times.count, width]) { buffer in
    for (row, time) in times.enumerated() {
      for index in 0..<half {
        let angle = time * Double.exponential(-Double.logarithm(10000) * Double(index) / (Double(half) - shift))
        buffer[row * width + (sinesFirst ? half : 0) + index] = Float(Double.cosine(angle))
        buffer[row * width + (sinesFirst ? 0 : half) + index] = Float(Double.sine(angle))
      }
    }
  }
}

/// Two linear layers with an activation between (SiLU where nothing else is said), that widen the time code or the pooled caption.
public final class ConditionEmbedding: Module {
  let first: Linear
  let second: Linear
  let activation: Activation

  init(_ input: Int, _ output: Int, stream: inout RandomStream) throws {
    first = try Linear(input, output, stream: &stream)
    second = try Linear(output, output, stream: &stream)
    activation = .silu
  }

  /// The layers of given values.
  init(first: Linear, second: Linear, activation: Activation) {
    self.first = first
    self.second = second
    self.activation = activation
  }

  public var parts: [(name: String, module: any Module)] { [("linear_1", first), ("linear_2", second)] }

  func callAsFunction(_ input: Tensor) throws -> Tensor { try second(first(input, activation: activation)) }
}

/// A residual block of two convolutions that hears of the time step.
///
/// Shapes: [B, C, H, W], condition [B, T] → [B, C', H, W]. Named as diffusers' `ResnetBlock2D`.
public final class ResidualBlock: Module {
  let norm1: GroupNorm
  let convolution1: Conv2d
  /// Nil in blocks that hear of no time step.
  let timeProjection: Linear?
  let norm2: GroupNorm
  let convolution2: Conv2d
  let shortcut: Conv2d?
  let conditioning: TimeConditioning
  let activation: Activation

  init(_ input: Int, _ output: Int, _ configuration: UNetConfiguration, stream: inout RandomStream) throws {
    conditioning = configuration.timeConditioning
    activation = .silu
    let timeWidth = conditioning == .scaleShift ? 2 * output : output
    norm1 = try GroupNorm(groups: configuration.groups, channels: input)
    convolution1 = try Conv2d(input, output, stream: &stream)
    timeProjection = try Linear(configuration.timeWidth, timeWidth, stream: &stream)
    norm2 = try GroupNorm(groups: configuration.groups, channels: output)
    convolution2 = try Conv2d(output, output, initialization: configuration.startsAtZero ? .zeros : .uniformByFan, stream: &stream)
    shortcut = input == output ? nil : try Conv2d(input, output, kernel: 1, stream: &stream)
  }

  /// The block of given layers.
  init(norm1: GroupNorm, convolution1: Conv2d, timeProjection: Linear?, norm2: GroupNorm, convolution2: Conv2d, shortcut: Conv2d?,
       conditioning: TimeConditioning = .add, activation: Activation) {
    self.norm1 = norm1
    self.convolution1 = convolution1
    self.timeProjection = timeProjection
    self.norm2 = norm2
    self.convolution2 = convolution2
    self.shortcut = shortcut
    self.conditioning = conditioning
    self.activation = activation
  }

  public var parts: [(name: String, module: any Module)] {
    [("norm1", norm1), ("conv1", convolution1)] + (timeProjection.map { [("time_emb_proj", $0 as any Module)] } ?? [])
      + [("norm2", norm2), ("conv2", convolution2)] + (shortcut.map { [("conv_shortcut", $0 as any Module)] } ?? [])
  }

  /// - Parameter condition: the time embedding after the activation, [B, T].
  func callAsFunction(_ input: Tensor, condition: Tensor? = nil) throws -> Tensor {
    var hidden = try convolution1(norm1(input, activation: activation))
    let embedded = try condition.flatMap { try timeProjection?.callAsFunction($0) }  // [B, C'] or [B, 2C']
    let (batch, channels) = (hidden.shape[0], hidden.shape[1])
    switch (embedded, conditioning) {
    case (nil, _): hidden = try norm2(hidden, activation: activation)
    case (let embedded?, .add):
      hidden = try hidden + embedded.reshape([batch, channels, 1, 1])
      hidden = try norm2(hidden, activation: activation)
    case (let embedded?, .scaleShift):
      let scale = try embedded.narrow(axis: 1, start: 0, count: channels).reshape([batch, channels, 1, 1]) + 1
      let shift = try embedded.narrow(axis: 1, start: channels, count: channels).reshape([batch, channels, 1, 1])
      hidden = try (norm2(hidden) * scale + shift).applying(activation)
    }
    hidden = try convolution2(hidden)
    return try (shortcut.map { try $0(input) } ?? input) + hidden
  }
}
