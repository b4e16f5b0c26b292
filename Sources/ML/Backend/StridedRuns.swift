/// Walks several layouts of one shape together, as runs along a last axis that is as long as their strides allow.
struct StridedRuns {
  /// Elements per run, and each layout's distance between neighbours within a run.
  let length: Int
  let steps: [Int]
  /// Number of runs.
  let count: Int
  private let shape: [Int]
  private let strides: [[Int]]
  private let offsets: [Int]

  /// - Parameter layouts: one to three layouts of equal shape.
  init(_ layouts: [Layout]) {
    var shape: [Int] = []
    var strides = [[Int]](repeating: [], count: layouts.count)
    for (axis, size) in layouts[0].shape.enumerated() where size != 1 {
      // An axis joins the one before it when every layout steps over it without a gap.
      let joins = !shape.isEmpty && layouts.indices.allSatisfy { strides[$0].last! == layouts[$0].strides[axis] * size }
      if joins { shape[shape.count - 1] *= size } else { shape.append(size) }
      for i in layouts.indices {
        if joins { strides[i][strides[i].count - 1] = layouts[i].strides[axis] } else { strides[i].append(layouts[i].strides[axis]) }
      }
    }
    length = layouts[0].count == 0 ? 0 : (shape.last ?? 1)
    steps = strides.map { $0.last ?? 1 }
    self.shape = Array(shape.dropLast())
    self.strides = strides.map { Array($0.dropLast()) }
    offsets = layouts.map(\.offset)
    count = length == 0 ? 0 : self.shape.reduce(1, *)
  }

  /// Where a run starts in the first two layouts.
  func positions(_ run: Int) -> (Int, Int) {
    var rest = run
    var first = offsets[0], second = offsets[1]
    var axis = shape.count - 1
    while axis >= 0 {
      let index = rest % shape[axis]
      rest /= shape[axis]
      first += index * strides[0][axis]
      second += index * strides[1][axis]
      axis -= 1
    }
    return (first, second)
  }
}
