/// Normalisation over the last axis, with a learned scale and shift.
public final class LayerNorm: Module {
  public let weight: Parameter
  public let bias: Parameter
  public let epsilon: Double

  /// - Parameter epsilon: added to the variance; PyTorch's default is 1e-5, timm's ViT uses 1e-6.
  public init(_ width: Int, epsilon: Double = 1e-5) throws {
    weight = Parameter(try Tensor.full([width], 1), decays: false)
    bias = Parameter(try Tensor.zeros([width]), decays: false)
    self.epsilon = epsilon
  }

  /// The norm of given values.
  public init(weight: Tensor, bias: Tensor, epsilon: Double) {
    self.weight = Parameter(weight, decays: false)
    self.bias = Parameter(bias, decays: false)
    self.epsilon = epsilon
  }

  public var ownParameters: [(name: String, parameter: Parameter)] { [("weight", weight), ("bias", bias)] }

  public func callAsFunction(_ input: Tensor) throws -> Tensor {
    try input.layerNorm(weight: weight.value, bias: bias.value, epsilon: epsilon)
  }
}

/// Normalisation over groups of channels of each sample, [B, C, ...].
public final class GroupNorm: Module {
  public let weight: Parameter
  public let bias: Parameter
  public let groups: Int
  public let epsilon: Double

  public convenience init(groups: Int, channels: Int, epsilon: Double = 1e-5) throws {
    try self.init(groups: groups, weight: Tensor.full([channels], 1), bias: Tensor.zeros([channels]), epsilon: epsilon)
  }

  /// The norm of given values.
  public init(groups: Int, weight: Tensor, bias: Tensor, epsilon: Double) throws {
    let channels = weight.count
    guard groups > 0, channels % groups == 0 else {
      throw ModelError("group norm: \(channels) channels cannot be cut into \(groups) equal groups; choose widths that \(groups) divides")
    }
    self.weight = Parameter(weight, decays: false)
    self.bias = Parameter(bias, decays: false)
    self.groups = groups
    self.epsilon = epsilon
  }

  public var ownParameters: [(name: String, parameter: Parameter)] { [("weight", weight), ("bias", bias)] }

  public func callAsFunction(_ input: Tensor, activation: Activation = .none) throws -> Tensor {
    try input.groupNorm(groups: groups, weight: weight.value, bias: bias.value, epsilon: epsilon, activation: activation)
  }
}

/// Normalisation of each feature over the batch, [N, D].
///
/// In training the batch's own statistics are used, each view by its own; running statistics follow as PyTorch updates
/// them (momentum 0.1, unbiased variance, one update per view) and are used outside training.
public final class BatchNorm1d: Module {
  public let weight: Parameter
  public let bias: Parameter
  public let runningMean: StateBuffer
  public let runningVariance: StateBuffer
  public let epsilon: Double
  public let momentum: Double
  /// Whether scale and shift are learned; otherwise they stay 1 and 0.
  public let affine: Bool

  public init(_ width: Int, epsilon: Double = 1e-5, momentum: Double = 0.1, affine: Bool = true) throws {
    weight = Parameter(try Tensor.full([width], 1), decays: false)
    bias = Parameter(try Tensor.zeros([width]), decays: false)
    runningMean = StateBuffer(try Tensor.zeros([width]))
    runningVariance = StateBuffer(try Tensor.full([width], 1))
    self.epsilon = epsilon
    self.momentum = momentum
    self.affine = affine
  }

  public var ownParameters: [(name: String, parameter: Parameter)] { affine ? [("weight", weight), ("bias", bias)] : [] }
  public var ownBuffers: [(name: String, buffer: StateBuffer)] {
    [("running_mean", runningMean), ("running_var", runningVariance)]
  }

  /// Normalises.
  ///
  /// - Parameters:
  ///   - input: [N, D], view-major: the first N / views rows are view 0.
  ///   - views: equal consecutive parts of the batch with statistics of their own, default 1.
  ///   - training: whether batch statistics are used and followed, default true.
  public func callAsFunction(_ input: Tensor, views: Int = 1, training: Bool = true) throws -> Tensor {
    guard training else {
      let deviation = try (runningVariance.value + epsilon).sqrt()
      return try (input - runningMean.value) / deviation * weight.value + bias.value
    }
    try follow(input.detached(), views: views)
    return try input.batchNorm(weight: weight.value, bias: bias.value, epsilon: epsilon, views: views)
  }

  private func follow(_ input: Tensor, views: Int) throws {
    guard input.rank == 2, views > 0, input.shape[0] % views == 0, input.shape[0] > views else { return }
    let width = input.shape[1]
    let rows = input.shape[0] / views
    let (means, variances) = try input.batchStatistics(views: views)
    let unbiased = Float(rows) / Float(rows - 1)
    let share = Float(momentum)
    func moved(_ old: Tensor, _ new: [Float], scale: Float) throws -> Tensor {
      var values = try old.floats()
      for view in 0..<views {
        for feature in 0..<width {
          values[feature] += share * (new[view * width + feature] * scale - values[feature])
        }
      }
      return try Tensor(values, shape: [width])
    }
    // Both follow or, when they are interrupted, neither.
    let (mean, variance) = (try moved(runningMean.value, means.floats(), scale: 1), try moved(runningVariance.value, variances.floats(), scale: unbiased))
    (runningMean.value, runningVariance.value) = (mean, variance)
  }
}
