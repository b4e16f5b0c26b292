/// The sinusoidal code of a time step: cosines, then sines, of t · 10000^(-i / (width / 2)).
///
/// Shapes: `times` B → [B, width]. As diffusers' `Timesteps` with cosines first and no frequency shift.
public func timeCode(_ times: [Double], width: Int) throws -> Tensor {
  let half = width / 2
  return try Tensor.build([times.count, width]) { buffer in
    for (row, time) in times.enumerated() {
      for index in 0..<half {
        let angle = time * Double.exponential(-Double.logarithm(10000) * Double(index) / Double(half))
        buffer[row * width + index] = Float(Double.cosine(angle))
        buffer[row * width + half + index] = Float(Double.sine(angle))
      }
    }
  }
}

/// Two linear layers with SiLU between, that widen the time code or the pooled caption.
public final class ConditionEmbedding: Module {
  let first: Linear
  let second: Linear

  init(_ input: Int, _ output: Int, stream: inout RandomStream) throws {
    first = try Linear(input, output, stream: &stream)
    second = try Linear(output, output, stream: &stream)
  }

  public var parts: [(name: String, module: any Module)] { [("linear_1", first), ("linear_2", second)] }

  func callAsFunction(_ input: Tensor) throws -> Tensor { try second(first(input, activation: .silu)) }
}

/// A residual block of two convolutions that hears of the time step.
///
/// Shapes: [B, C, H, W], condition [B, T] → [B, C', H, W]. Named as diffusers' `ResnetBlock2D`.
public final class ResidualBlock: Module {
  let norm1: GroupNorm
  let convolution1: Conv2d
  let timeProjection: Linear
  let norm2: GroupNorm
  let convolution2: Conv2d
  let shortcut: Conv2d?
  let conditioning: TimeConditioning

  init(_ input: Int, _ output: Int, _ configuration: UNetConfiguration, stream: inout RandomStream) throws {
    conditioning = configuration.timeConditioning
    norm1 = try GroupNorm(groups: configuration.groups, channels: input)
    convolution1 = try Conv2d(input, output, stream: &stream)
    timeProjection = try Linear(configuration.timeWidth, conditioning == .scaleShift ? 2 * output : output, stream: &stream)
    norm2 = try GroupNorm(groups: configuration.groups, channels: output)
    convolution2 = try Conv2d(output, output, initialization: configuration.startsAtZero ? .zeros : .uniformByFan, stream: &stream)
    shortcut = input == output ? nil : try Conv2d(input, output, kernel: 1, stream: &stream)
  }

  public var parts: [(name: String, module: any Module)] {
    [("norm1", norm1), ("conv1", convolution1), ("time_emb_proj", timeProjection), ("norm2", norm2), ("conv2", convolution2)]
      + (shortcut.map { [("conv_shortcut", $0 as any Module)] } ?? [])
  }

  /// - Parameter condition: the time embedding after SiLU, [B, T].
  func callAsFunction(_ input: Tensor, condition: Tensor) throws -> Tensor {
    var hidden = try convolution1(norm1(input, activation: .silu))
    let embedded = try timeProjection(condition)  // [B, C'] or [B, 2C']
    let (batch, channels) = (hidden.shape[0], hidden.shape[1])
    switch conditioning {
    case .add:
      hidden = try hidden + embedded.reshape([batch, channels, 1, 1])
      hidden = try norm2(hidden, activation: .silu)
    case .scaleShift:
      let scale = try embedded.narrow(axis: 1, start: 0, count: channels).reshape([batch, channels, 1, 1]) + 1
      let shift = try embedded.narrow(axis: 1, start: channels, count: channels).reshape([batch, channels, 1, 1])
      hidden = try (norm2(hidden) * scale + shift).silu()
    }
    hidden = try convolution2(hidden)
    return try (shortcut.map { try $0(input) } ?? input) + hidden
  }
}
