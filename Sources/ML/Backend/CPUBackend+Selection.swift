import KernelInterface

// Choosing, gathering and ordering elements.
extension CPUBackend {
  func select(_ condition: TensorData, _ a: TensorData, _ b: TensorData) throws -> TensorData {
    let flags = try contiguous(condition), left = try contiguous(a), right = try contiguous(b)
    let out = try TensorData(a.shape, a.dtype)
    switch a.dtype.byteCount {
    case 8: try choose(UInt64.self, flags, left, right, out)
    case 4: try choose(UInt32.self, flags, left, right, out)
    case 2: try choose(UInt16.self, flags, left, right, out)
    default: try choose(UInt8.self, flags, left, right, out)
    }
    return out
  }

  private func choose<T: BitwiseCopyable>(_: T.Type, _ flags: TensorData, _ a: TensorData, _ b: TensorData, _ out: TensorData) throws {
    let c = flags.pointer(UInt8.self), x = a.pointer(T.self), y = b.pointer(T.self), to = out.pointer(T.self)
    try pieces(out.count) { start, n in
      for i in start..<start + n { to[i] = c[i] != 0 ? x[i] : y[i] }
    }
  }

  // MARK: Along an axis by index

  /// Finds the line of a tensor in which an element of an index tensor points somewhere.
  private struct Lines {
    /// Distance between neighbours of a line.
    let step: Int
    private let indexStrides: [Int]
    private let strides: [Int]

    init(index: [Int], shape: [Int], axis: Int) {
      var strides = Layout.rowMajor(shape)
      step = strides[axis]
      strides[axis] = 0
      self.strides = strides
      indexStrides = Layout.rowMajor(index)
    }

    /// The first element of the line for element i of the indices.
    func start(_ i: Int) -> Int {
      var rest = i, position = 0
      for k in strides.indices {
        let coordinate = rest / indexStrides[k]
        rest -= coordinate * indexStrides[k]
        position += coordinate * strides[k]
      }
      return position
    }
  }

  func gather(_ x: TensorData, axis: Int, index: TensorData) throws -> TensorData {
    let source = try contiguous(x), places = try contiguous(index)
    let out = try TensorData(index.shape, x.dtype)
    switch x.dtype.byteCount {
    case 8: try gathered(UInt64.self, source, axis, places, out)
    case 4: try gathered(UInt32.self, source, axis, places, out)
    case 2: try gathered(UInt16.self, source, axis, places, out)
    default: try gathered(UInt8.self, source, axis, places, out)
    }
    return out
  }

  private func gathered<T: BitwiseCopyable>(_: T.Type, _ x: TensorData, _ axis: Int, _ index: TensorData, _ out: TensorData) throws {
    let lines = Lines(index: index.shape, shape: x.shape, axis: axis)
    let from = x.pointer(T.self), to = out.pointer(T.self), places = index.pointer(Int64.self)
    try pieces(out.count) { start, n in
      for i in start..<start + n { to[i] = from[lines.start(i) + Int(places[i]) * lines.step] }
    }
  }

  func scatter(_ values: TensorData, axis: Int, index: TensorData, adding: Bool, into target: TensorData) throws {
    let places = try contiguous(index), source = try contiguous(values)
    let lines = Lines(index: index.shape, shape: target.shape, axis: axis)
    let cancellation = Cancellation.current
    // On one thread, in order: several values may go to one place. Every caller made the target for this, so it may be left half written.
    func write<T: AdditiveArithmetic>(_: T.Type, _ plus: (T, T) -> T) throws {
      let from = source.pointer(T.self), to = target.pointer(T.self), p = places.pointer(Int64.self)
      for i in 0..<source.count {
        if i & 0xffff == 0 { try cancellation?.check() }
        let place = lines.start(i) + Int(p[i]) * lines.step
        to[place] = adding ? plus(to[place], from[i]) : from[i]
      }
    }
    if target.dtype.isHalf && !adding { return try write(UInt16.self) { _, new in new } }
    try numbers("scatter", target.dtype, f32: { try write($0, +) }, f64: { try write($0, +) }, i64: { try write($0, &+) }, i32: { try write($0, &+) },
                u8: { try write($0, &+) })
  }

  // MARK: Order

  func sort(_ x: TensorData, axis: Int, descending: Bool) throws -> TensorData {
    let source = try contiguous(x)
    let index = try TensorData(x.shape, .i64)
    try numbers("sort", x.dtype, f32: { try order($0, source, axis, descending, index) }, f64: { try order($0, source, axis, descending, index) },
                i64: { try order($0, source, axis, descending, index) }, i32: { try order($0, source, axis, descending, index) },
                u8: { try order($0, source, axis, descending, index) })
    return index
  }

  /// Writes the order of each line; equal elements keep theirs, and NaN counts as larger than every number.
  private func order<T: Comparable>(_: T.Type, _ x: TensorData, _ axis: Int, _ descending: Bool, _ index: TensorData) throws {
    let size = x.shape[axis], inner = x.shape[(axis + 1)...].reduce(1, *), lines = size == 0 ? 0 : x.count / size
    let from = x.pointer(T.self), to = index.pointer(Int64.self)
    let cancellation = Cancellation.current
    try ThreadPool.interruptibleFor(lines, grain: max(1, 4096 / max(1, size))) { line in
      let start = line / inner * size * inner + line % inner
      func isBefore(_ a: Int, _ b: Int) throws -> Bool {
        // One line may have all the elements.
        try cancellation?.check()
        let (x, y) = (from[start + a * inner], from[start + b * inner])
        // Only NaN is unequal to itself.
        let (firstIsNaN, secondIsNaN) = (x != x, y != y)
        if firstIsNaN && secondIsNaN || x == y { return a < b }
        if firstIsNaN || secondIsNaN { return secondIsNaN != descending }
        return (x < y) != descending
      }
      guard let ordered = try? (0..<size).sorted(by: isBefore) else { return }
      for (place, element) in ordered.enumerated() { to[start + place * inner] = Int64(element) }
    }
  }

  // MARK: Running results

  func cumulate(_ x: TensorData, axis: Int, _ f: Cumulation) throws -> TensorData {
    let source = try contiguous(x)
    let out = try TensorData(x.shape, x.dtype)
    try numbers("\(f)", x.dtype, f32: { try run($0, f, source, axis, out, +, *) }, f64: { try run($0, f, source, axis, out, +, *) },
                i64: { try run($0, f, source, axis, out, &+, &*) }, i32: { try run($0, f, source, axis, out, &+, &*) },
                u8: { try run($0, f, source, axis, out, &+, &*) })
    return out
  }

  private func run<T: Numeric>(_: T.Type, _ f: Cumulation, _ x: TensorData, _ axis: Int, _ out: TensorData, _ plus: @escaping (T, T) -> T,
                               _ times: @escaping (T, T) -> T) throws {
    let size = x.shape[axis], inner = x.shape[(axis + 1)...].reduce(1, *), lines = size == 0 ? 0 : x.count / size
    let from = x.pointer(T.self), to = out.pointer(T.self)
    let cancellation = Cancellation.current
    try ThreadPool.interruptibleFor(lines, grain: max(1, 4096 / max(1, size))) { line in
      let start = line / inner * size * inner + line % inner
      var running: T = f == .sum ? 0 : 1
      for k in 0..<size {
        if k & 0xffff == 0, cancellation?.isRequested == true { return }
        running = f == .sum ? plus(running, from[start + k * inner]) : times(running, from[start + k * inner])
        to[start + k * inner] = running
      }
    }
  }

  /// Sum or product of whole numbers over an axis, which stays with size one.
  func integerReduce(_ x: TensorData, axis: Int, _ f: Cumulation) throws -> TensorData {
    let source = try contiguous(x)
    var shape = x.shape
    let size = shape[axis], inner = shape[(axis + 1)...].reduce(1, *), outer = shape[..<axis].reduce(1, *)
    shape[axis] = 1
    let out = try TensorData(shape, .i64)
    let from = source.pointer(Int64.self), to = out.pointer(Int64.self)
    for block in 0..<outer {
      for i in 0..<inner {
        var running: Int64 = f == .sum ? 0 : 1
        for k in 0..<size {
          let value = from[(block * size + k) * inner + i]
          running = f == .sum ? running &+ value : running &* value
        }
        to[block * inner + i] = running
      }
    }
    return out
  }
}
