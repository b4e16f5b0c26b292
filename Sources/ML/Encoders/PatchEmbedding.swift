/// One linear map of each patch of a picture.
///
/// Shapes: `weight` [D, C, p, p] (a convolution's, as timm stores it) · [B, C, H, W] → [B, (H/p)(W/p), D].
public final class PatchEmbedding: Module {
  public let weight: Parameter
  public let bias: Parameter?
  public let patchSize: Int

  public init(channels: Int, width: Int, patchSize: Int, bias: Bool = true, stream: inout RandomStream) throws {
    let fan = channels * patchSize * patchSize
    let start = Initialization.uniformByFan
    weight = Parameter(try start.draw([width, channels, patchSize, patchSize], fanIn: fan, stream: &stream))
    self.bias = bias ? Parameter(try start.drawBias(width, fanIn: fan, stream: &stream), decays: false) : nil
    self.patchSize = patchSize
  }

  public var ownParameters: [(name: String, parameter: Parameter)] {
    [("proj.weight", weight)] + (bias.map { [("proj.bias", $0)] } ?? [])
  }

  /// The tokens, row by row.
  public func callAsFunction(_ images: Tensor) throws -> Tensor {
    let (batch, channels, height, width) = (images.shape[0], images.shape[1], images.shape[2], images.shape[3])
    let p = patchSize
    let patches = try images.reshape([batch, channels, height / p, p, width / p, p]).permute([0, 2, 4, 1, 3, 5])
      .reshape([batch, (height / p) * (width / p), channels * p * p])
    let matrix = try weight.value.reshape([weight.shape[0], channels * p * p])
    return try patches.linear(weight: matrix, bias: bias?.value)
  }
}

/// A stem of small convolutions: 3x3 of stride 2 with group norm and SiLU until a patch is one pixel, then 1x1.
///
/// Widths double from D / 2^(steps - 1) ... D / 2 on the way (with one step: D / 2). Xiao et al. 2021, "Early
/// convolutions help transformers see better", with group norm in place of batch norm so that a picture's feature never
/// depends on its batch.
public final class ConvolutionalStem: Module {
  public let convolutions: [Conv2d]
  public let norms: [GroupNorm]
  public let projection: Conv2d

  public init(channels: Int, width: Int, patchSize: Int, stream: inout RandomStream) throws {
    var convolutions: [Conv2d] = []
    var norms: [GroupNorm] = []
    let steps = patchSize.trailingZeroBitCount
    var previous = channels
    for step in 0..<steps {
      let next = max(8, (width >> (steps - step)) / 8 * 8)
      convolutions.append(try Conv2d(previous, next, stride: 2, bias: false, stream: &stream))
      norms.append(try GroupNorm(groups: next / 8, channels: next))
      previous = next
    }
    self.convolutions = convolutions
    self.norms = norms
    projection = try Conv2d(previous, width, kernel: 1, stream: &stream)
  }

  public var parts: [(name: String, module: any Module)] {
    [("convolutions", ModuleList(convolutions)), ("norms", ModuleList(norms)), ("proj", projection)]
  }

  /// The tokens, row by row, [B, N, D].
  public func callAsFunction(_ images: Tensor) throws -> Tensor {
    var map = images
    for (convolution, norm) in zip(convolutions, norms) { map = try norm(convolution(map), activation: .silu) }
    // A 1x1 convolution is a linear map of each position; as such it needs no image layout.
    let (batch, channels, height, width) = (map.shape[0], map.shape[1], map.shape[2], map.shape[3])
    let positions = try map.reshape([batch, channels, height * width]).transpose(1, 2)
    let matrix = try projection.weight.value.reshape([projection.weight.shape[0], channels])
    return try positions.linear(weight: matrix, bias: projection.bias?.value)
  }
}
