import KernelInterface

// Copies, conversions and lookups.
extension CPUBackend {
  func contiguous(_ x: TensorData) throws -> TensorData {
    if x.layout.isContiguous { return x }
    let out = try TensorData(x.shape, x.dtype)
    try copy(x, into: out)
    return out
  }

  func copy(_ source: TensorData, into target: TensorData) throws {
    precondition(source.shape == target.shape && source.dtype == target.dtype)
    if copyTransposed(source, into: target) { return }
    switch source.dtype.byteCount {
    case 8: copyElements(UInt64.self, source, target)
    case 4: copyElements(UInt32.self, source, target)
    case 2: copyElements(UInt16.self, source, target)
    default: copyElements(UInt8.self, source, target)
    }
  }

  /// Copies 32-bit matrices whose rows and columns are exchanged, block by block; false when the layouts are others.
  private func copyTransposed(_ source: TensorData, into target: TensorData) -> Bool {
    let rank = source.rank
    guard source.dtype == .f32, rank >= 2, target.layout.isContiguous, source.layout.strides[rank - 2] == 1, source.layout.strides[rank - 1] > 1 else { return false }
    let rows = source.shape[rank - 2], columns = source.shape[rank - 1], stride = source.layout.strides[rank - 1]
    guard rows >= 16, columns >= 16 else { return false }
    let leading = Array(source.shape.dropLast(2)), strides = Array(source.layout.strides.dropLast(2))
    let matrices = leading.reduce(1, *), block = 64, strips = (columns + block - 1) / block
    let from: UnsafeMutablePointer<Float> = source.storage.pointer(), to = target.pointer(Float.self)
    ThreadPool.parallelFor(matrices * strips) { job in
      var rest = job / strips, offset = source.layout.offset
      let out = to + rest * rows * columns
      for axis in leading.indices.reversed() {
        offset += rest % leading[axis] * strides[axis]
        rest /= leading[axis]
      }
      let column = job % strips * block, count = min(block, columns - column)
      for row in Swift.stride(from: 0, to: rows, by: block) {
        Float.transpose(from + offset + column * stride + row, stride, out + row * columns + column, columns, count, min(block, rows - row))
      }
    }
    return true
  }

  private func copyElements<T: BitwiseCopyable>(_: T.Type, _ source: TensorData, _ target: TensorData) {
    let runs = StridedRuns([target.layout, source.layout])
    let from: UnsafeMutablePointer<T> = source.storage.pointer(), to: UnsafeMutablePointer<T> = target.storage.pointer()
    let length = runs.length, stepTo = runs.steps[0], stepFrom = runs.steps[1]
    if length == 0 { return }
    ThreadPool.parallelFor(runs.count, grain: max(1, CPUBackend.piece / length)) { run in
      let (a, b) = runs.positions(run)
      let target = to + a, source = from + b
      if stepTo == 1 && stepFrom == 1 {
        target.update(from: source, count: length)
      } else {
        for i in 0..<length { target[i &* stepTo] = source[i &* stepFrom] }
      }
    }
  }

  func cast(_ x: TensorData, _ dtype: DType, sharing: Bool) throws -> TensorData {
    let source = try contiguous(x)
    if dtype == x.dtype { return source.storage === x.storage && !sharing ? try fresh(source) : source }
    let out = try TensorData(x.shape, dtype)
    let count = out.count
    if x.dtype == .f32 && dtype == .f16 {
      let from = source.pointer(Float.self), to = out.pointer(UInt16.self)
      try pieces(count) { start, n in
        for i in start..<start + n { to[i] = HalfPrecision.bits(from[i]) }
      }
    } else if let half = HalfFormat(x.dtype), dtype == .f32 {
      let from = source.pointer(UInt16.self), to = out.pointer(Float.self)
      try pieces(count) { start, n in Float.widen(half, from + start, to + start, n) }
    } else {
      try pieces(count) { start, n in
        for i in start..<start + n { CPUBackend.write(CPUBackend.read(source, i), out, i) }
      }
    }
    return out
  }

  private func fresh(_ x: TensorData) throws -> TensorData {
    let out = try TensorData(x.shape, x.dtype)
    try copy(x, into: out)
    return out
  }

  /// A number as Lua and conversions see it: integers keep all their bits.
  enum Element {
    case real(Double)
    case integer(Int64)
  }

  /// Element i of a contiguous tensor.
  static func read(_ x: TensorData, _ i: Int) -> Element {
    switch x.dtype {
    case .f32: return .real(Double(x.pointer(Float.self)[i]))
    case .f64: return .real(x.pointer(Double.self)[i])
    case .f16: return .real(Double(HalfPrecision.float(x.pointer(UInt16.self)[i])))
    case .bf16: return .real(Double(HalfPrecision.brainFloat(x.pointer(UInt16.self)[i])))
    case .i64: return .integer(x.pointer(Int64.self)[i])
    case .i32: return .integer(Int64(x.pointer(Int32.self)[i]))
    case .u8, .bool: return .integer(Int64(x.pointer(UInt8.self)[i]))
    }
  }

  /// Sets element i of a contiguous tensor; numbers outside an integer type's range are clamped to it.
  static func write(_ element: Element, _ x: TensorData, _ i: Int) {
    let real: Double
    switch element {
    case .real(let value): real = value
    case .integer(let value):
      if x.dtype == .i64 { x.pointer(Int64.self)[i] = value; return }
      real = Double(value)
    }
    switch x.dtype {
    case .f32: x.pointer(Float.self)[i] = Float(real)
    case .f64: x.pointer(Double.self)[i] = real
    case .f16: x.pointer(UInt16.self)[i] = HalfPrecision.bits(Float(real))
    case .bf16: x.pointer(UInt16.self)[i] = HalfPrecision.brainBits(Float(real))
    case .i64: x.pointer(Int64.self)[i] = Int64(saturating: real)
    case .i32: x.pointer(Int32.self)[i] = Int32(saturating: real)
    case .u8: x.pointer(UInt8.self)[i] = UInt8(saturating: real)
    case .bool: x.pointer(UInt8.self)[i] = real != 0 ? 1 : 0
    }
  }

  func indexSelect(_ x: TensorData, axis: Int, indices: [Int]) throws -> TensorData {
    let source = try contiguous(x)
    var shape = x.shape
    let size = shape[axis]
    shape[axis] = indices.count
    let out = try TensorData(shape, x.dtype)
    let inner = shape[(axis + 1)...].reduce(1, *) * x.dtype.byteCount
    let outer = shape[..<axis].reduce(1, *)
    let from: UnsafeMutablePointer<UInt8> = source.storage.pointer(at: source.layout.offset * x.dtype.byteCount)
    let to: UnsafeMutablePointer<UInt8> = out.storage.pointer()
    try ThreadPool.interruptibleFor(outer * indices.count, grain: max(1, 1 << 16 / max(1, inner))) { job in
      let block = job / indices.count, item = job % indices.count
      (to + job * inner).update(from: from + (block * size + indices[item]) * inner, count: inner)
    }
    return out
  }

  func indexAdd(_ g: TensorData, axis: Int, indices: [Int], size: Int) throws -> TensorData {
    let gradient = try contiguous(g)
    var shape = g.shape
    shape[axis] = size
    let out = try full(shape, 0, g.dtype)
    try compute("indexAdd", g.dtype,
      single: { try addAtIndices($0, gradient, out, axis, indices, size) }, double: { try addAtIndices($0, gradient, out, axis, indices, size) })
    return out
  }

  private func addAtIndices<T: ComputeScalar>(_: T.Type, _ g: TensorData, _ out: TensorData, _ axis: Int, _ indices: [Int], _ size: Int) throws {
    let inner = g.shape[(axis + 1)...].reduce(1, *)
    let outer = g.shape[..<axis].reduce(1, *)
    let from = g.pointer(T.self), to = out.pointer(T.self)
    // In index order on one thread: two items may add to the same place.
    let cancellation = Cancellation.current
    for block in 0..<outer {
      for item in indices.indices {
        try cancellation?.check()
        T.kernels.accumulate(from + (block * indices.count + item) * inner, 1, to + (block * size + indices[item]) * inner, inner)
      }
    }
  }
}
