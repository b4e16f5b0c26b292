/// How start values of a weight are drawn.
public enum Initialization: Sendable, Equatable {
  /// Uniform in ±1/sqrt(fan in), which is PyTorch's default for linear and convolution layers (weight and bias).
  case uniformByFan
  /// Normal with the given standard deviation.
  case normal(Double)
  /// Normal cut at ±2 (absolute, as timm calls it), which for the usual 0.02 never cuts; biases are zero.
  case truncatedNormal(Double)
  case zeros
  case ones

  /// Draws a tensor.
  ///
  /// - Parameters:
  ///   - shape: its shape.
  ///   - fanIn: numbers that flow into one output; used by `uniformByFan` only.
  ///   - stream: random numbers, consumed in order.
  func draw(_ shape: [Int], fanIn: Int, stream: inout RandomStream) throws -> Tensor {
    var local = stream
    let tensor: Tensor
    switch self {
    case .zeros: return try Tensor.zeros(shape)
    case .ones: return try Tensor.full(shape, 1)
    case .uniformByFan:
      let bound = Float(1 / Double(max(1, fanIn)).squareRoot())
      tensor = try Tensor.build(shape) { buffer in
        for index in buffer.indices { buffer[index] = local.uniform(-bound, bound) }
      }
    case .normal(let deviation):
      tensor = try Tensor.build(shape) { buffer in
        for index in buffer.indices { buffer[index] = Float(deviation) * local.normal() }
      }
    case .truncatedNormal(let deviation):
      tensor = try Tensor.build(shape) { buffer in
        for index in buffer.indices {
          var value = Float(deviation) * local.normal()
          while abs(value) > 2 { value = Float(deviation) * local.normal() }
          buffer[index] = value
        }
      }
    }
    stream = local
    return tensor
  }

  /// Start values of the bias that goes with such a weight.
  func drawBias(_ count: Int, fanIn: Int, stream: inout RandomStream) throws -> Tensor {
    switch self {
    case .uniformByFan: return try draw([count], fanIn: fanIn, stream: &stream)
    default: return try Tensor.zeros([count])
    }
  }
}

/// A fault in how a model was configured or called, with what was expected and what came.
public struct ModelError: Error, CustomStringConvertible, Equatable {
  public let description: String
  public init(_ description: String) { self.description = description }
}
