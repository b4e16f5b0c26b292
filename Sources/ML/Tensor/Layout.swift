/// How the elements of a tensor lie in its storage: sizes, distances between neighbours, and where the first one is.
public struct Layout: Equatable, Sendable {
  /// Number of elements along each axis.
  public var shape: [Int]
  /// Distance, in elements, between neighbours along each axis; 0 for an expanded axis.
  public var strides: [Int]
  /// Position of the first element, in elements.
  public var offset: Int

  public init(shape: [Int], strides: [Int], offset: Int) {
    self.shape = shape
    self.strides = strides
    self.offset = offset
  }

  /// The row-major layout of a fresh tensor.
  public init(contiguous shape: [Int]) { self.init(shape: shape, strides: Layout.rowMajor(shape), offset: 0) }

  /// The strides of a row-major tensor.
  public static func rowMajor(_ shape: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    var running = 1
    for axis in shape.indices.reversed() {
      strides[axis] = running
      running *= max(1, shape[axis])
    }
    return strides
  }

  public var rank: Int { shape.count }
  public var count: Int { shape.reduce(1, *) }

  /// True when elements follow each other without gaps in row-major order.
  public var isContiguous: Bool {
    var expected = 1
    for axis in shape.indices.reversed() where shape[axis] != 1 {
      if strides[axis] != expected { return false }
      expected *= shape[axis]
    }
    return true
  }

  /// The sizes as messages show them: `[2, 3]`.
  public static func describe(_ shape: [Int]) -> String { "[" + shape.map(String.init).joined(separator: ", ") + "]" }
}
