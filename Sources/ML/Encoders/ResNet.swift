/// A residual network with timm's structure and parameter names.
///
/// Shapes: images [B, C, H, W], normalised → features [B, D], the mean over positions of the last stage.
///
/// He et al. 2016, arXiv:1512.03385; in blocks of three convolutions the middle one has the stride (version 1.5), as in timm and torchvision.
public final class ResNet: Module {
  public let configuration: ResNetConfiguration
  public let convolution: Conv2d
  public let norm: BatchNorm2d
  public let stages: [ModuleList<ResidualConvolutionBlock>]

  /// Makes the network with timm's random start: convolutions normal with deviation sqrt(2 / (k² outputs)), and the last scale of every block 0, so
  /// that blocks begin as nothing.
  public init(_ configuration: ResNetConfiguration, stream: inout RandomStream) throws {
    try configuration.validate()
    self.configuration = configuration
    convolution = configuration.stem == .imagenet
      ? try ResNet.convolution(configuration.channels, configuration.width, kernel: 7, stride: 2, stream: &stream)
      : try ResNet.convolution(configuration.channels, configuration.width, kernel: 3, stride: 1, stream: &stream)
    norm = try BatchNorm2d(configuration.width)
    var input = configuration.width
    var stages: [ModuleList<ResidualConvolutionBlock>] = []
    for (stage, count) in configuration.blocks.enumerated() {
      var blocks: [ResidualConvolutionBlock] = []
      for block in 0..<count {
        blocks.append(try ResidualConvolutionBlock(
          input: input, width: configuration.width << stage, stride: stage > 0 && block == 0 ? 2 : 1, bottleneck: configuration.bottleneck, stream: &stream))
        input = (configuration.width << stage) * (configuration.bottleneck ? 4 : 1)
      }
      stages.append(ModuleList(blocks))
    }
    self.stages = stages
  }

  public var featureWidth: Int { configuration.featureWidth }

  public var parts: [(name: String, module: any Module)] {
    [("conv1", convolution), ("bn1", norm)] + stages.enumerated().map { ("layer\($0.offset + 1)", $0.element) }
  }

  /// One feature for each picture.
  ///
  /// - Parameters:
  ///   - images: [B, C, H, W], view-major.
  ///   - views: equal parts of the batch whose statistics are taken apart, default 1.
  ///   - training: whether batch statistics are used and followed; otherwise the running ones.
  /// - Throws: `ModelError` for another number of channels.
  public func callAsFunction(_ images: Tensor, views: Int, training: Bool) throws -> Tensor {
    guard images.rank == 4, images.shape[1] == configuration.channels else {
      throw ModelError("residual network: images should be [batch, \(configuration.channels), height, width], got \(images.shape)")
    }
    var hidden = try norm(convolution(images), views: views, training: training).relu()
    if configuration.stem == .imagenet { hidden = try hidden.maximumPool(WindowGeometry(size: [3, 3], stride: [2, 2], padding: [1, 1])) }
    for stage in stages { for block in stage.elements { hidden = try block(hidden, views: views, training: training) } }
    return try hidden.mean(axes: [2, 3])
  }

  static func convolution(_ input: Int, _ output: Int, kernel: Int, stride: Int, stream: inout RandomStream) throws -> Conv2d {
    try Conv2d(input, output, kernel: kernel, stride: stride, bias: false,
               initialization: .normal((2 / Double(kernel * kernel * output)).squareRoot()), stream: &stream)
  }
}

/// Convolutions whose result is added to their input, which a 1x1 convolution brings to the same shape where it must.
public final class ResidualConvolutionBlock: Module {
  public let convolutions: [Conv2d]
  public let norms: [BatchNorm2d]
  public let shortcut: (convolution: Conv2d, norm: BatchNorm2d)?

  init(input: Int, width: Int, stride: Int, bottleneck: Bool, stream: inout RandomStream) throws {
    let output = bottleneck ? 4 * width : width
    if bottleneck {
      convolutions = [
        try ResNet.convolution(input, width, kernel: 1, stride: 1, stream: &stream),
        try ResNet.convolution(width, width, kernel: 3, stride: stride, stream: &stream),
        try ResNet.convolution(width, output, kernel: 1, stride: 1, stream: &stream),
      ]
      norms = [try BatchNorm2d(width), try BatchNorm2d(width), try BatchNorm2d(output)]
    } else {
      convolutions = [
        try ResNet.convolution(input, width, kernel: 3, stride: stride, stream: &stream),
        try ResNet.convolution(width, width, kernel: 3, stride: 1, stream: &stream),
      ]
      norms = [try BatchNorm2d(width), try BatchNorm2d(width)]
    }
    norms.last?.rows.weight.value = try Tensor.zeros([output])
    shortcut = input == output && stride == 1 ? nil
      : (try ResNet.convolution(input, output, kernel: 1, stride: stride, stream: &stream), try BatchNorm2d(output))
  }

  public var parts: [(name: String, module: any Module)] {
    var all: [(name: String, module: any Module)] = []
    for (place, (convolution, norm)) in zip(convolutions, norms).enumerated() {
      all += [("conv\(place + 1)", convolution), ("bn\(place + 1)", norm)]
    }
    if let shortcut { all += [("downsample.0", shortcut.convolution), ("downsample.1", shortcut.norm)] }
    return all
  }

  func callAsFunction(_ input: Tensor, views: Int, training: Bool) throws -> Tensor {
    var hidden = input
    for (place, (convolution, norm)) in zip(convolutions, norms).enumerated() {
      hidden = try norm(convolution(hidden), views: views, training: training)
      if place < convolutions.count - 1 { hidden = try hidden.relu() }
    }
    let carried = try shortcut.map { try $0.norm($0.convolution(input), views: views, training: training) } ?? input
    return try (hidden + carried).relu()
  }
}
