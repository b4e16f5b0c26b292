/// What stands between an encoder and its loss.
public protocol FeatureHead: Module {
  /// Projects features [N, D], view-major with `views` equal parts.
  func project(_ features: Tensor, views: Int) throws -> Tensor
}

/// A perceptron with batch norm: Linear – BN – ReLU – … – Linear, the projection and prediction heads of contrastive learning.
///
/// Batch statistics belong to each view apart. Parameter names are the positions in that list: 0, 1, 3, 4, 6.
///
/// Shapes: input [N, D] → [N, output]. Tian et al. 2023, section 3 (official code) for the default form.
public final class ProjectionHead: FeatureHead {
  public let linears: [Linear]
  public let norms: [BatchNorm1d]

  /// Makes StableRep's head: two hidden layers, biases everywhere, no norm after the last layer.
  ///
  /// - Parameters:
  ///   - width: D, the encoder's feature width.
  ///   - hidden: width of both hidden layers, default 4096.
  ///   - output: width of the projection, default 256.
  public convenience init(width: Int, hidden: Int = 4096, output: Int = 256, stream: inout RandomStream) throws {
    try self.init(widths: [width, hidden, hidden, output], stream: &stream)
  }

  /// Makes a head of any depth.
  ///
  /// - Parameters:
  ///   - widths: of the input, the hidden layers and the output; at least two.
  ///   - bias: whether linear layers have one, default true.
  ///   - lastNorm: whether a batch norm without scale and shift ends it, as in MoCo-v3, default false.
  public init(widths: [Int], bias: Bool = true, lastNorm: Bool = false, stream: inout RandomStream) throws {
    guard widths.count >= 2 else { throw ModelError("projection head: widths of input and output are needed, got \(widths)") }
    linears = try zip(widths, widths.dropFirst()).map { try Linear($0, $1, bias: bias, stream: &stream) }
    norms = try widths.dropFirst().dropLast().map { try BatchNorm1d($0) } + (lastNorm ? [try BatchNorm1d(widths[widths.count - 1], affine: false)] : [])
  }

  public var parts: [(name: String, module: any Module)] {
    linears.indices.flatMap { place -> [(name: String, module: any Module)] in
      [("\(3 * place)", linears[place])] + (place < norms.count ? [("\(3 * place + 1)", norms[place])] : [])
    }
  }

  public func project(_ features: Tensor, views: Int) throws -> Tensor { try self(features, views: views) }

  /// Projects features.
  ///
  /// - Parameters:
  ///   - features: [N, D], view-major.
  ///   - views: how many views the batch holds, default 1.
  ///   - training: false uses running statistics, default true.
  public func callAsFunction(_ features: Tensor, views: Int = 1, training: Bool = true) throws -> Tensor {
    var hidden = features
    for (place, linear) in linears.enumerated() {
      hidden = try linear(hidden)
      if place < norms.count { hidden = try norms[place](hidden, views: views, training: training) }
      if place < linears.count - 1 { hidden = try hidden.relu() }
    }
    return hidden
  }
}

/// DINO's head: a perceptron with GELU, then cosines to learned prototypes.
///
/// Shapes: input [N, D] → [N, prototypes]. Parameter names follow the official code: mlp.0, mlp.2, mlp.4, last_layer.weight_v.
/// Caron et al. 2021, arXiv:2104.14294, section 3.1.
public final class PrototypeHead: FeatureHead {
  public let linears: [Linear]
  public let prototypes: Parameter

  /// Makes the head.
  ///
  /// - Parameters:
  ///   - width: D, the encoder's feature width.
  ///   - hidden: width of both hidden layers.
  ///   - bottleneck: width in which cosines are taken.
  ///   - prototypes: how many there are.
  public init(width: Int, hidden: Int, bottleneck: Int, prototypes: Int, stream: inout RandomStream) throws {
    linears = try zip([width, hidden, hidden], [hidden, hidden, bottleneck]).map { try Linear($0, $1, initialization: .truncatedNormal(0.02), stream: &stream) }
    self.prototypes = Parameter(try Initialization.uniformByFan.draw([prototypes, bottleneck], fanIn: bottleneck, stream: &stream))
  }

  public var ownParameters: [(name: String, parameter: Parameter)] { [("last_layer.weight_v", prototypes)] }

  public var parts: [(name: String, module: any Module)] { linears.enumerated().map { ("mlp.\(2 * $0.offset)", $0.element) } }

  public func project(_ features: Tensor, views: Int) throws -> Tensor {
    let hidden = try linears[1](linears[0](features, activation: .gelu), activation: .gelu)
    return try linears[2](hidden).l2Normalize().linear(weight: prototypes.value.l2Normalize())
  }
}
