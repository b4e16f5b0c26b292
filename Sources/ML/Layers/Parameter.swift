/// A trainable tensor of a module.
///
/// `value` is a tracked leaf of the automatic differentiation: `gradients[parameter.value]` is its gradient. Assigning a
/// new value (an optimiser's step, a loaded file) makes a new leaf.
public final class Parameter {
  /// What the parameter is for; nil if its place in the module says enough.
  public let name: String?
  /// Whether weight decay applies. Biases, normalisation weights and the logit scale do not decay.
  public let decays: Bool
  private var leaf: Tensor

  /// The current value, always a tracked leaf.
  public var value: Tensor {
    get { leaf }
    set { leaf = newValue.isTracked ? newValue : newValue.tracked() }
  }

  /// Makes a parameter with a start value.
  ///
  /// - Parameters:
  ///   - value: start value, f32.
  ///   - name: what it is for, default nil.
  ///   - decays: whether weight decay applies, default true.
  public init(_ value: Tensor, name: String? = nil, decays: Bool = true) {
    self.name = name
    self.decays = decays
    self.leaf = value.isTracked ? value : value.tracked()
  }

  public var shape: [Int] { leaf.shape }
}

/// A tensor that a module keeps and saves but that no gradient reaches, such as a running mean.
public final class StateBuffer {
  public var value: Tensor
  public init(_ value: Tensor) { self.value = value }
}
