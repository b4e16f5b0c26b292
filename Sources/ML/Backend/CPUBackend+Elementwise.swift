import KernelInterface

// Elementwise functions and reductions.
extension CPUBackend {
  func unary(_ f: UnaryOperation, _ x: TensorData) throws -> TensorData {
    try compute("\(f)", x.dtype, single: { try mapped($0, f, x) }, double: { try mapped($0, f, x) })
  }

  private func mapped<T: ComputeScalar>(_: T.Type, _ f: UnaryOperation, _ input: TensorData) throws -> TensorData {
    let x = try contiguous(input)
    let out = try TensorData(like: x)
    let from = x.pointer(T.self), to = out.pointer(T.self)
    try pieces(x.count) { start, n in T.kernels.unary(f, from + start, to + start, n) }
    return out
  }

  func unaryGradient(_ f: UnaryOperation, _ x: TensorData, value: TensorData, _ g: TensorData) throws -> TensorData {
    try compute("\(f)", x.dtype, single: { try mappedGradient($0, f, x, value, g) }, double: { try mappedGradient($0, f, x, value, g) })
  }

  private func mappedGradient<T: ComputeScalar>(_: T.Type, _ f: UnaryOperation, _ input: TensorData, _ value: TensorData, _ gradient: TensorData) throws
    -> TensorData {
    let x = try contiguous(input), y = try contiguous(value), g = try contiguous(gradient)
    let out = try TensorData(like: x)
    let px = x.pointer(T.self), py = y.pointer(T.self), pg = g.pointer(T.self), po = out.pointer(T.self)
    try pieces(x.count) { start, n in T.kernels.unaryGradient(f, px + start, py + start, pg + start, po + start, n) }
    return out
  }

  func binary(_ f: BinaryOperation, _ a: TensorData, _ b: TensorData) throws -> TensorData {
    try compute("\(f)", a.dtype, single: { try zipped($0, f, a, b) }, double: { try zipped($0, f, a, b) })
  }

  private func zipped<T: ComputeScalar>(_: T.Type, _ f: BinaryOperation, _ a: TensorData, _ b: TensorData) throws -> TensorData {
    let out = try TensorData(like: a)
    let pa: UnsafeMutablePointer<T> = a.storage.pointer(), pb: UnsafeMutablePointer<T> = b.storage.pointer()
    let po = out.pointer(T.self)
    if a.layout.isContiguous && b.layout.isContiguous {
      let x = pa + a.layout.offset, y = pb + b.layout.offset
      try pieces(out.storage.count) { start, n in T.kernels.binary(f, x + start, y + start, po + start, n) }
      return out
    }
    let runs = StridedRuns([a.layout, b.layout, out.layout])
    let (sa, sb) = (runs.steps[0], runs.steps[1])
    let length = runs.length
    if length == 0 { return out }
    try ThreadPool.interruptibleFor(runs.count, grain: max(1, CPUBackend.piece / length)) { run in
      let (i, j) = runs.positions(run)
      let x = pa + i, y = pb + j, z = po + run * length
      if sa == 1 && sb == 1 {
        T.kernels.binary(f, x, y, z, length)
      } else if sa == 1 && sb == 0 {
        T.kernels.binaryScalar(f, x, y[0], false, z, length)
      } else if sa == 0 && sb == 1 {
        T.kernels.binaryScalar(f, y, x[0], true, z, length)
      } else {
        for k in 0..<length {
          var left = x[k &* sa], right = y[k &* sb], value = T.zero
          T.kernels.binary(f, &left, &right, &value, 1)
          z[k] = value
        }
      }
    }
    return out
  }

  func binaryScalar(_ f: BinaryOperation, _ a: TensorData, _ scalar: Double, reversed: Bool) throws -> TensorData {
    try compute("\(f)", a.dtype,
      single: { try withScalar($0, f, a, scalar, reversed) }, double: { try withScalar($0, f, a, scalar, reversed) })
  }

  private func withScalar<T: ComputeScalar>(_: T.Type, _ f: BinaryOperation, _ a: TensorData, _ scalar: Double, _ reversed: Bool) throws -> TensorData {
    let x = try contiguous(a)
    let out = try TensorData(like: x)
    let from = x.pointer(T.self), to = out.pointer(T.self)
    let s = T(scalar)
    try pieces(x.count) { start, n in T.kernels.binaryScalar(f, from + start, s, reversed, to + start, n) }
    return out
  }

  func power(_ x: TensorData, _ exponent: Double) throws -> TensorData {
    try compute("power", x.dtype, single: { try powered($0, x, exponent) }, double: { try powered($0, x, exponent) })
  }

  private func powered<T: ComputeScalar>(_: T.Type, _ input: TensorData, _ exponent: Double) throws -> TensorData {
    let x = try contiguous(input)
    let out = try TensorData(like: x)
    let from = x.pointer(T.self), to = out.pointer(T.self)
    try pieces(x.count) { start, n in
      for i in start..<start + n { to[i] = T(Double.power(Double(from[i]), exponent)) }
    }
    return out
  }

  func clampGradient(_ x: TensorData, _ lower: Double, _ upper: Double, _ g: TensorData) throws -> TensorData {
    try compute("clamp", x.dtype, single: { try clampedGradient($0, x, lower, upper, g) }, double: { try clampedGradient($0, x, lower, upper, g) })
  }

  private func clampedGradient<T: ComputeScalar>(_: T.Type, _ input: TensorData, _ lower: Double, _ upper: Double, _ gradient: TensorData) throws
    -> TensorData {
    let x = try contiguous(input), g = try contiguous(gradient)
    let out = try TensorData(like: x)
    let px = x.pointer(T.self), pg = g.pointer(T.self), po = out.pointer(T.self)
    let low = T(lower), high = T(upper)
    try pieces(x.count) { start, n in
      for i in start..<start + n { po[i] = px[i] >= low && px[i] <= high ? pg[i] : 0 }
    }
    return out
  }

  func sum(_ x: TensorData, axes: [Int]) throws -> TensorData {
    try compute("sum", x.dtype, single: { try summed($0, x, axes) }, double: { try summed($0, x, axes) })
  }

  /// Sums one group of neighbouring axes after the other, the last group first: [outer, group, inner] -> [outer, inner].
  private func summed<T: ComputeScalar>(_: T.Type, _ input: TensorData, _ axes: [Int]) throws -> TensorData {
    var x = try contiguous(input)
    var shape = x.shape
    var remaining = Set(axes)
    while let last = remaining.max() {
      var first = last
      while remaining.contains(first - 1) { first -= 1 }
      let outer = shape[..<first].reduce(1, *), group = shape[first...last].reduce(1, *), inner = shape[(last + 1)...].reduce(1, *)
      for axis in first...last {
        shape[axis] = 1
        remaining.remove(axis)
      }
      let out = try full(shape, 0, x.dtype)
      let from = x.pointer(T.self), to = out.pointer(T.self)
      if inner == 1 {
        if outer == 1 {
          to[0] = try sumLong(from, group)
        } else {
          try rowPieces(outer, group) { start, n in
            for row in start..<start + n { to[row] = T.kernels.sum(from + row * group, group) }
          }
        }
      } else if outer == 1 {
        try sumRows(from, rows: group, columns: inner, into: to)
      } else {
        try rowPieces(outer, group * inner) { start, n in
          for block in start..<start + n { T.kernels.addRows(from + block * group * inner, group, inner, inner, to + block * inner) }
        }
      }
      x = out
    }
    return x.reshaped(shape)
  }

  private func sumLong<T: ComputeScalar>(_ x: UnsafeMutablePointer<T>, _ count: Int) throws -> T {
    let jobs = (count + CPUBackend.piece - 1) / CPUBackend.piece
    return try withScratch(T.self, max(1, jobs)) { partial in
      try pieces(count) { start, n in partial[start / CPUBackend.piece] = T.kernels.sum(x + start, n) }
      return T.kernels.sum(partial, jobs)
    }
  }

  /// out[j] = sum over rows, in fixed blocks of rows whose partial sums are added in order.
  func sumRows<T: ComputeScalar>(_ x: UnsafePointer<T>, rows: Int, columns: Int, into out: UnsafeMutablePointer<T>) throws {
    let block = max(64, CPUBackend.piece / max(1, columns))
    let blocks = (rows + block - 1) / block
    if blocks <= 1 {
      T.kernels.addRows(x, rows, columns, columns, out)
      return
    }
    try withScratch(T.self, blocks * columns) { partial in
      partial.update(repeating: 0, count: blocks * columns)
      try ThreadPool.interruptibleFor(blocks) { job in
        let start = job * block
        T.kernels.addRows(x + start * columns, min(block, rows - start), columns, columns, partial + job * columns)
      }
      T.kernels.addRows(partial, blocks, columns, columns, out)
    }
  }

  func extreme(_ x: TensorData, axis: Int, largest: Bool) throws -> (value: TensorData, index: TensorData) {
    try numbers(largest ? "maximum" : "minimum", x.dtype, f32: { try best($0, x, axis, largest) }, f64: { try best($0, x, axis, largest) },
                i64: { try best($0, x, axis, largest) }, i32: { try best($0, x, axis, largest) }, u8: { try best($0, x, axis, largest) })
  }

  private func best<T: Comparable>(_: T.Type, _ input: TensorData, _ axis: Int, _ largest: Bool) throws -> (value: TensorData, index: TensorData) {
    let x = try contiguous(input)
    var shape = x.shape
    let outer = shape[..<axis].reduce(1, *), size = shape[axis], inner = shape[(axis + 1)...].reduce(1, *)
    shape[axis] = 1
    let value = try TensorData(shape, x.dtype), index = try TensorData(shape, .i64)
    let from = x.pointer(T.self), to = value.pointer(T.self), places = index.pointer(Int64.self)
    try rowPieces(outer, size * inner) { start, n in
      for block in start..<start + n {
        for i in 0..<inner {
          var best = from[block * size * inner + i], place = 0
          for k in 1..<max(1, size) {
            let candidate = from[(block * size + k) * inner + i]
            // The first NaN wins; only NaN is unequal to itself.
            if (largest ? candidate > best : candidate < best) || (candidate != candidate && best == best) { best = candidate; place = k }
          }
          to[block * inner + i] = best
          places[block * inner + i] = Int64(place)
        }
      }
    }
    return (value, index)
  }
}
