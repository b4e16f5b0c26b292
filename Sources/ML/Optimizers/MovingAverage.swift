/// An exponential moving average of a module's weights, which samples better than the weights themselves.
///
/// After update k: average += (1 - d) (weight - average), d = decay, or min(decay, (1 + k) / (10 + k)) while it warms up.
public final class MovingAverage {
  public let decay: Double
  public let warmsUp: Bool
  /// Updates so far.
  public private(set) var updates = 0
  private let parameters: [(name: String, parameter: Parameter)]
  private var averages: [[Float]]

  /// Starts from the weights as they are.
  ///
  /// - Parameters:
  ///   - decay: d in [0, 1).
  ///   - warmsUp: whether the first updates follow faster, default true.
  public init(_ module: any Module, decay: Double, warmsUp: Bool = true) throws {
    guard decay >= 0, decay < 1 else { throw ModelError("moving average: the decay must lie in [0, 1), got \(decay)") }
    self.decay = decay
    self.warmsUp = warmsUp
    parameters = module.namedParameters()
    averages = try parameters.map { try $0.parameter.value.detached().floats() }
  }

  /// Follows the weights by one step.
  public func update() throws {
    let present = warmsUp ? min(decay, Double(1 + updates) / Double(10 + updates)) : decay
    let share = Float(1 - present)
    for index in parameters.indices {
      try parameters[index].parameter.value.withFloats { weights in
        averages[index].withUnsafeMutableBufferPointer { average in
          for place in average.indices { average[place] += share * (weights[place] - average[place]) }
        }
      }
    }
    updates += 1
  }

  /// The averages as tensors with the parameters' names.
  public func namedTensors(prefix: String = "") throws -> [(name: String, tensor: Tensor)] {
    try zip(parameters, averages).map { ("\(prefix)\($0.name)", try Tensor($1, shape: $0.parameter.shape)) }
  }

  /// Continues from saved averages.
  ///
  /// - Throws: `ModuleLoadError` that lists missing and misshapen names.
  public func restore(_ tensors: [(name: String, tensor: Tensor)], prefix: String = "", updates: Int) throws {
    let given = Dictionary(tensors.map { ($0.name, $0.tensor) }, uniquingKeysWith: { $1 })
    var missing: [String] = []
    var misshapen: [(name: String, expected: [Int], found: [Int])] = []
    for (name, parameter) in parameters {
      guard let tensor = given[prefix + name] else { missing.append(prefix + name); continue }
      if tensor.shape != parameter.shape { misshapen.append((prefix + name, parameter.shape, tensor.shape)) }
    }
    guard missing.isEmpty, misshapen.isEmpty else { throw ModuleLoadError(missing: missing, unexpected: [], misshapen: misshapen) }
    averages = try parameters.map { try given[prefix + $0.name]?.floats() ?? [] }
    self.updates = updates
  }

  /// Puts the averages into a module of the same structure; buffers are left alone.
  public func apply(to module: any Module) throws {
    let targets = module.namedParameters()
    guard targets.map(\.name) == parameters.map(\.name), targets.map(\.parameter.shape) == parameters.map(\.parameter.shape) else {
      throw ModelError("moving average: the module has other parameters than the one averaged")
    }
    for (target, pair) in zip(targets, zip(parameters, averages)) {
      target.parameter.value = try Tensor(pair.1, shape: pair.0.parameter.shape)
    }
  }
}
