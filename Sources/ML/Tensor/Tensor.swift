/// A multi-dimensional array of numbers that can remember how it was computed.
///
/// A tensor is a value: assigning it copies a reference, and operations return new tensors. Views (reshape, permute,
/// narrow, expand) share the storage of their source.
public struct Tensor {
  public internal(set) var data: TensorData
  /// The history; nil for a constant.
  var node: Node?

  init(_ data: TensorData, node: Node? = nil) {
    self.data = data
    self.node = node
  }

  /// Number of elements along each axis.
  public var shape: [Int] { data.layout.shape }
  /// Number of axes; 0 for a scalar.
  public var rank: Int { data.layout.rank }
  /// Number of elements.
  public var count: Int { data.layout.count }
  public var dtype: DType { data.storage.dtype }
  /// Bytes that the elements would take when contiguous.
  public var byteCount: Int { count * dtype.byteCount }
  public var isContiguous: Bool { data.layout.isContiguous }

  /// True when both are the same elements at the same place.
  public func isSame(as other: Tensor) -> Bool { data.storage === other.data.storage && data.layout == other.data.layout }

  // MARK: History

  /// True for leaves and for everything computed from them.
  public var isTracked: Bool { node != nil }

  /// The same elements as a leaf: losses computed from it have a gradient by it.
  ///
  /// - Returns: a view; earlier history is cut off.
  public func tracked() -> Tensor { Tensor(data, node: Node()) }

  /// The same elements without history. - Returns: a view.
  public func detached() -> Tensor { Tensor(data) }

  /// Wraps the result of an operation, recording history when one of the inputs has one.
  ///
  /// - Parameter backward: takes the gradient by the result and returns one by each input; called at most once.
  static func result(_ data: TensorData, _ operation: OperationName, _ inputs: [Tensor],
                     _ backward: @escaping (TensorData) throws -> [TensorData?]) -> Tensor {
    guard Tracking.isEnabled, inputs.contains(where: { $0.node != nil }) else { return Tensor(data) }
    return Tensor(data, node: Node(operation: operation, inputs: inputs.map(\.node), backward: backward))
  }
}

/// Whether a history is being recorded for any of these.
func records(_ inputs: Tensor?...) -> Bool { Tracking.isEnabled && inputs.contains { $0?.node != nil } }
