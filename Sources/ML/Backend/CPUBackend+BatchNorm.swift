import KernelInterface

// Normalisation of columns, within each view of the batch, and of rows to unit length.
extension CPUBackend {
  func batchNorm(_ x: TensorData, weight: TensorData?, bias: TensorData?, epsilon: Double, views: Int) throws
    -> (output: TensorData, mean: TensorData, inverse: TensorData) {
    try compute("batchNorm", x.dtype,
      single: { try batchNormed($0, x, weight, bias, epsilon, views) }, double: { try batchNormed($0, x, weight, bias, epsilon, views) })
  }

  private func batchNormed<T: ComputeScalar>(_: T.Type, _ input: TensorData, _ weight: TensorData?, _ bias: TensorData?, _ epsilon: Double, _ views: Int)
    throws -> (output: TensorData, mean: TensorData, inverse: TensorData) {
    let x = try contiguous(input), rows = x.shape[0] / views, columns = x.shape[1]
    let w = try weight.map { try contiguous($0) }, b = try bias.map { try contiguous($0) }
    let out = try TensorData(x.shape, x.dtype)
    let mean = try full([views, columns], 0, x.dtype), inverse = try full([views, columns], 0, x.dtype)
    let px = x.pointer(T.self), po = out.pointer(T.self)
    let pw = w?.pointer(T.self), pb = b?.pointer(T.self)
    for view in 0..<views {
      let source = px + view * rows * columns, target = po + view * rows * columns
      let m = mean.pointer(T.self) + view * columns, r = inverse.pointer(T.self) + view * columns
      try sumRows(source, rows: rows, columns: columns, into: m)
      T.kernels.binaryScalar(.divide, m, T(rows), false, m, columns)
      // Centred values go to the output first; their squares give the variance.
      try rowPieces(rows, columns) { start, n in
        for row in start..<start + n { T.kernels.binary(.subtract, source + row * columns, m, target + row * columns, columns) }
      }
      try withScratch(T.self, rows * columns) { squares in
        try pieces(rows * columns) { start, n in T.kernels.binary(.multiply, target + start, target + start, squares + start, n) }
        try sumRows(squares, rows: rows, columns: columns, into: r)
      }
      for j in 0..<columns { r[j] = 1 / (r[j] / T(rows) + T(epsilon)).squareRoot() }
      try rowPieces(rows, columns) { start, n in
        for row in start..<start + n {
          let line = target + row * columns
          T.kernels.binary(.multiply, line, r, line, columns)
          if let pw { T.kernels.binary(.multiply, line, pw, line, columns) }
          if let pb { T.kernels.binary(.add, line, pb, line, columns) }
        }
      }
    }
    return (out, mean, inverse)
  }

  func batchNormGradient(_ x: TensorData, weight: TensorData?, hasBias: Bool, views: Int, mean: TensorData, inverse: TensorData,
                         _ g: TensorData) throws -> (input: TensorData, weight: TensorData?, bias: TensorData?) {
    try compute("batchNorm", x.dtype,
      single: { try batchNormedGradient($0, x, weight, hasBias, views, mean, inverse, g) },
      double: { try batchNormedGradient($0, x, weight, hasBias, views, mean, inverse, g) })
  }

  private func batchNormedGradient<T: ComputeScalar>(_: T.Type, _ input: TensorData, _ weight: TensorData?, _ hasBias: Bool, _ views: Int,
                                                    _ mean: TensorData, _ inverse: TensorData, _ gradient: TensorData) throws
    -> (input: TensorData, weight: TensorData?, bias: TensorData?) {
    let x = try contiguous(input), g = try contiguous(gradient), rows = x.shape[0] / views, columns = x.shape[1]
    let w = try weight.map { try contiguous($0) }
    let gx = try TensorData(x.shape, x.dtype)
    let gw = try full([columns], 0, x.dtype), gb = try full([columns], 0, x.dtype)
    let pw = w?.pointer(T.self)
    for view in 0..<views {
      let offset = view * rows * columns
      let px = x.pointer(T.self) + offset, pg = g.pointer(T.self) + offset, po = gx.pointer(T.self) + offset
      let m = mean.pointer(T.self) + view * columns, r = inverse.pointer(T.self) + view * columns
      try withScratch(T.self, rows * columns + 2 * columns) { scratch in
        let total = scratch + rows * columns, weighted = total + columns
        total.update(repeating: 0, count: 2 * columns)
        // Normalised values go to the output, their products with the gradient to scratch.
        try rowPieces(rows, columns) { start, n in
          for row in start..<start + n {
            let line = po + row * columns
            T.kernels.binary(.subtract, px + row * columns, m, line, columns)
            T.kernels.binary(.multiply, line, r, line, columns)
            T.kernels.binary(.multiply, line, pg + row * columns, scratch + row * columns, columns)
          }
        }
        try sumRows(pg, rows: rows, columns: columns, into: total)
        try sumRows(scratch, rows: rows, columns: columns, into: weighted)
        T.kernels.accumulate(total, 1, gb.pointer(), columns)
        T.kernels.accumulate(weighted, 1, gw.pointer(), columns)
        T.kernels.binaryScalar(.divide, total, T(rows), false, total, columns)
        T.kernels.binaryScalar(.divide, weighted, T(rows), false, weighted, columns)
        try rowPieces(rows, columns) { start, n in
          for row in start..<start + n {
            let line = po + row * columns, work = scratch + row * columns
            T.kernels.binary(.multiply, line, weighted, line, columns)
            T.kernels.binary(.subtract, pg + row * columns, line, work, columns)
            T.kernels.binary(.subtract, work, total, work, columns)
            T.kernels.binary(.multiply, work, r, line, columns)
            if let pw { T.kernels.binary(.multiply, line, pw, line, columns) }
          }
        }
      }
    }
    return (gx, weight == nil ? nil : gw, hasBias ? gb : nil)
  }

  func normalizeRows(_ x: TensorData, epsilon: Double) throws -> (output: TensorData, norms: TensorData) {
    try compute("l2Normalize", x.dtype, single: { try normalized($0, x, epsilon) }, double: { try normalized($0, x, epsilon) })
  }

  private func normalized<T: ComputeScalar>(_: T.Type, _ input: TensorData, _ epsilon: Double) throws -> (output: TensorData, norms: TensorData) {
    let x = try contiguous(input), columns = x.shape[x.rank - 1], rows = x.count / max(1, columns)
    let out = try TensorData(x.shape, x.dtype), norms = try TensorData([rows], x.dtype)
    let px = x.pointer(T.self), po = out.pointer(T.self), pn = norms.pointer(T.self)
    try rowPieces(rows, columns) { start, n in
      for row in start..<start + n {
        let line = px + row * columns
        pn[row] = T.kernels.dot(line, line, columns).squareRoot()
        T.kernels.binaryScalar(.divide, line, max(pn[row], T(epsilon)), false, po + row * columns, columns)
      }
    }
    return (out, norms)
  }

  func normalizeRowsGradient(_ y: TensorData, norms: TensorData, epsilon: Double, _ g: TensorData) throws -> TensorData {
    try compute("l2Normalize", y.dtype, single: { try normalizedGradient($0, y, norms, epsilon, g) }, double: { try normalizedGradient($0, y, norms, epsilon, g) })
  }

  private func normalizedGradient<T: ComputeScalar>(_: T.Type, _ y: TensorData, _ norms: TensorData, _ epsilon: Double, _ gradient: TensorData) throws
    -> TensorData {
    let g = try contiguous(gradient), columns = y.shape[y.rank - 1], rows = y.count / max(1, columns)
    let out = try TensorData(y.shape, y.dtype)
    let py = y.pointer(T.self), pg = g.pointer(T.self), po = out.pointer(T.self), pn = norms.pointer(T.self)
    try rowPieces(rows, columns) { start, n in
      for row in start..<start + n {
        let value = py + row * columns, upstream = pg + row * columns
        // Below epsilon the divisor is a constant, so nothing is projected out.
        let norm = max(pn[row], T(epsilon))
        let along = pn[row] > T(epsilon) ? T.kernels.dot(value, upstream, columns) : 0
        T.kernels.combine(upstream, 1 / norm, value, -along / norm, 0, po + row * columns, columns)
      }
    }
    return out
  }
}
