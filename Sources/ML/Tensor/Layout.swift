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

  /// Calls `body` with the position of each run of elements along the last axis, in row-major order.
  ///
  /// - Parameter body: takes the position of the run's first element in this layout and the run's index.
  func forEachRun(_ body: (_ position: Int, _ run: Int) -> Void) {
    guard count > 0 else { return }
    guard rank > 0 else { return body(offset, 0) }
    let outer = rank - 1
    let runs = count / shape[outer]
    var index = [Int](repeating: 0, count: outer)
    var position = offset
    for run in 0..<runs {
      body(position, run)
      var axis = outer - 1
      while axis >= 0 {
        index[axis] += 1
        position += strides[axis]
        if index[axis] < shape[axis] { break }
        position -= strides[axis] * shape[axis]
        index[axis] = 0
        axis -= 1
      }
    }
  }
}
