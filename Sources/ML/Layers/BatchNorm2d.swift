/// Normalisation of each channel over the batch and all positions, [N, C, H, W].
///
/// Statistics, running values and names are ``BatchNorm1d``'s, every position counting as a row.
public final class BatchNorm2d: Module {
  public let rows: BatchNorm1d

  /// - Parameters:
  ///   - epsilon: added to the variance; PyTorch's default is 1e-5.
  ///   - momentum: share by which running values follow a batch, default 0.1.
  public init(_ channels: Int, epsilon: Double = 1e-5, momentum: Double = 0.1) throws {
    rows = try BatchNorm1d(channels, epsilon: epsilon, momentum: momentum)
  }

  public var ownParameters: [(name: String, parameter: Parameter)] { rows.ownParameters }
  public var ownBuffers: [(name: String, buffer: StateBuffer)] { rows.ownBuffers }

  /// Normalises.
  ///
  /// - Parameters:
  ///   - input: [N, C, H, W], view-major.
  ///   - views: equal consecutive parts of the batch with statistics of their own, default 1.
  ///   - training: whether batch statistics are used and followed; otherwise the running ones.
  public func callAsFunction(_ input: Tensor, views: Int = 1, training: Bool) throws -> Tensor {
    let (batch, channels, height, width) = (input.shape[0], input.shape[1], input.shape[2], input.shape[3])
    guard training else {
      let scale = try rows.weight.value / (rows.runningVariance.value + rows.epsilon).sqrt()
      let shift = try rows.bias.value - rows.runningMean.value * scale
      return try input * scale.reshape([channels, 1, 1]) + shift.reshape([channels, 1, 1])
    }
    let flat = try input.permute([0, 2, 3, 1]).reshape([batch * height * width, channels])
    return try rows(flat, views: views, training: true).reshape([batch, height, width, channels]).permute([0, 3, 1, 2]).contiguous()
  }
}
