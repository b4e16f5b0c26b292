/// Elements without history: a storage seen through a layout. Backends compute on these.
public struct TensorData {
  public let storage: Storage
  public var layout: Layout

  public init(storage: Storage, layout: Layout) {
    self.storage = storage
    self.layout = layout
  }

  /// Fresh, contiguous, uninitialised elements.
  init(_ shape: [Int], _ dtype: DType) throws {
    storage = try Storage(count: shape.reduce(1, *), dtype: dtype)
    layout = Layout(contiguous: shape)
  }

  /// Fresh, contiguous, uninitialised elements of the shape and type of another tensor, whose arrays of sizes are shared where they serve.
  init(like x: TensorData) throws {
    storage = try Storage(count: x.count, dtype: x.dtype)
    layout = x.layout.isContiguous ? Layout(shape: x.layout.shape, strides: x.layout.strides, offset: 0) : Layout(contiguous: x.layout.shape)
  }

  var shape: [Int] { layout.shape }
  var rank: Int { layout.rank }
  var count: Int { layout.count }
  var dtype: DType { storage.dtype }

  /// The first element; meaningful as a run of `count` elements only when the layout is contiguous.
  func pointer<T>(_: T.Type = T.self) -> UnsafeMutablePointer<T> { storage.pointer(T.self, at: layout.offset) }

  /// The same elements under another shape of equal count; requires a contiguous layout.
  func reshaped(_ shape: [Int]) -> TensorData {
    TensorData(storage: storage, layout: Layout(shape: shape, strides: Layout.rowMajor(shape), offset: layout.offset))
  }
}
