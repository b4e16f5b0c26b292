/// The contrastive projection: Linear – BN – ReLU – Linear – BN – ReLU – Linear.
///
/// Biases everywhere, no normalisation after the last layer, batch statistics of each view apart. The paper's widths are
/// 4096, 4096, 256. Parameter names are the positions in that list: 0, 1, 3, 4, 6.
///
/// Shapes: input [N, D] → [N, output]. Tian et al. 2023, section 3 (official code).
public final class ProjectionHead: Module {
  public let linears: [Linear]
  public let norms: [BatchNorm1d]

  /// Makes the head.
  ///
  /// - Parameters:
  ///   - width: D, the encoder's feature width.
  ///   - hidden: width of both hidden layers, default 4096.
  ///   - output: width of the projection, default 256.
  public init(width: Int, hidden: Int = 4096, output: Int = 256, stream: inout RandomStream) throws {
    linears = [
      try Linear(width, hidden, stream: &stream),
      try Linear(hidden, hidden, stream: &stream),
      try Linear(hidden, output, stream: &stream),
    ]
    norms = [try BatchNorm1d(hidden), try BatchNorm1d(hidden)]
  }

  public var parts: [(name: String, module: any Module)] {
    [("0", linears[0]), ("1", norms[0]), ("3", linears[1]), ("4", norms[1]), ("6", linears[2])]
  }

  /// Projects features.
  ///
  /// - Parameters:
  ///   - features: [N, D], view-major.
  ///   - views: how many views the batch holds, default 1.
  ///   - training: false uses running statistics, default true.
  public func callAsFunction(_ features: Tensor, views: Int = 1, training: Bool = true) throws -> Tensor {
    var hidden = try norms[0](linears[0](features), views: views, training: training).relu()
    hidden = try norms[1](linears[1](hidden), views: views, training: training).relu()
    return try linears[2](hidden)
  }
}
