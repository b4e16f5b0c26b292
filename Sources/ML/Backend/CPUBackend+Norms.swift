import KernelInterface

// Softmax along rows and the normalisations.
extension CPUBackend {
  func softmax(_ x: TensorData, logarithmic: Bool) throws -> TensorData {
    try compute("softmax", x.dtype, single: { try softmaxRows($0, x, logarithmic) }, double: { try softmaxRows($0, x, logarithmic) })
  }

  private func softmaxRows<T: ComputeScalar>(_: T.Type, _ input: TensorData, _ logarithmic: Bool) throws -> TensorData {
    let x = try contiguous(input), columns = x.shape.last ?? 1
    let out = try TensorData(x.shape, x.dtype)
    let from = x.pointer(T.self), to = out.pointer(T.self)
    try rowPieces(columns == 0 ? 0 : x.count / columns, columns) { start, n in
      T.kernels.softmax(from + start * columns, to + start * columns, n, columns, 1, logarithmic)
    }
    return out
  }

  func softmaxGradient(_ y: TensorData, _ g: TensorData, logarithmic: Bool) throws -> TensorData {
    try compute("softmax", y.dtype, single: { try softmaxRowsGradient($0, y, g, logarithmic) }, double: { try softmaxRowsGradient($0, y, g, logarithmic) })
  }

  private func softmaxRowsGradient<T: ComputeScalar>(_: T.Type, _ value: TensorData, _ gradient: TensorData, _ logarithmic: Bool) throws -> TensorData {
    let y = try contiguous(value), g = try contiguous(gradient), columns = y.shape.last ?? 1
    let out = try TensorData(y.shape, y.dtype)
    let py = y.pointer(T.self), pg = g.pointer(T.self), po = out.pointer(T.self)
    try rowPieces(columns == 0 ? 0 : y.count / columns, columns) { start, n in
      let offset = start * columns
      T.kernels.softmaxGradient(py + offset, pg + offset, po + offset, n, columns, 1, logarithmic)
    }
    return out
  }

  func layerNorm(_ x: TensorData, weight: TensorData?, bias: TensorData?, epsilon: Double) throws
    -> (output: TensorData, mean: TensorData, inverse: TensorData) {
    try compute("layerNorm", x.dtype, single: { try layerNormed($0, x, weight, bias, epsilon) }, double: { try layerNormed($0, x, weight, bias, epsilon) })
  }

  private func layerNormed<T: ComputeScalar>(_: T.Type, _ input: TensorData, _ weight: TensorData?, _ bias: TensorData?, _ epsilon: Double) throws
    -> (output: TensorData, mean: TensorData, inverse: TensorData) {
    let x = try contiguous(input), columns = x.shape[x.rank - 1], rows = x.count / max(1, columns)
    let w = try pointer(T.self, weight), b = try pointer(T.self, bias)
    let out = try TensorData(x.shape, x.dtype), mean = try TensorData([rows], x.dtype), inverse = try TensorData([rows], x.dtype)
    let px = x.pointer(T.self), po = out.pointer(T.self), pm = mean.pointer(T.self), pi = inverse.pointer(T.self)
    try rowPieces(rows, columns) { start, n in
      T.kernels.layerNorm(px + start * columns, w.pointer, b.pointer, T(epsilon), po + start * columns, pm + start, pi + start, n, columns)
    }
    return (out, mean, inverse)
  }

  /// A contiguous optional operand, kept alive beside its pointer.
  private func pointer<T: ComputeScalar>(_: T.Type, _ x: TensorData?) throws -> (data: TensorData?, pointer: UnsafePointer<T>?) {
    guard let x else { return (nil, nil) }
    let data = try contiguous(x)
    return (data, UnsafePointer(data.pointer(T.self)))
  }

  func layerNormGradient(_ x: TensorData, weight: TensorData?, hasBias: Bool, mean: TensorData, inverse: TensorData, _ g: TensorData) throws
    -> (input: TensorData, weight: TensorData?, bias: TensorData?) {
    try compute("layerNorm", x.dtype,
      single: { try layerNormedGradient($0, x, weight, hasBias, mean, inverse, g) },
      double: { try layerNormedGradient($0, x, weight, hasBias, mean, inverse, g) })
  }

  private func layerNormedGradient<T: ComputeScalar>(_: T.Type, _ input: TensorData, _ weight: TensorData?, _ hasBias: Bool, _ mean: TensorData,
                                                    _ inverse: TensorData, _ gradient: TensorData) throws
    -> (input: TensorData, weight: TensorData?, bias: TensorData?) {
    let x = try contiguous(input), g = try contiguous(gradient), columns = x.shape[x.rank - 1], rows = x.count / max(1, columns)
    let w = try pointer(T.self, weight)
    let gx = try TensorData(x.shape, x.dtype)
    let gw = weight == nil ? nil : try full([columns], 0, x.dtype), gb = hasBias ? try full([columns], 0, x.dtype) : nil
    let px = x.pointer(T.self), pg = g.pointer(T.self), po = gx.pointer(T.self), pm = mean.pointer(T.self), pi = inverse.pointer(T.self)
    let block = max(16, CPUBackend.piece / max(1, columns)), blocks = (rows + block - 1) / block
    try withScratch(T.self, max(1, blocks * columns * 2)) { partial in
      partial.update(repeating: 0, count: blocks * columns * 2)
      try ThreadPool.interruptibleFor(blocks) { job in
        let start = job * block
        T.kernels.layerNormGradient(
          px + start * columns, w.pointer, pm + start, pi + start, pg + start * columns, po + start * columns,
          gw == nil ? nil : partial + job * columns, gb == nil ? nil : partial + (blocks + job) * columns, min(block, rows - start), columns)
      }
      if let gw { T.kernels.addRows(partial, blocks, columns, columns, gw.pointer()) }
      if let gb { T.kernels.addRows(partial + blocks * columns, blocks, columns, columns, gb.pointer()) }
    }
    return (gx, gw, gb)
  }

  func groupNorm(_ x: TensorData, groups: Int, weight: TensorData?, bias: TensorData?, epsilon: Double, activation: UnaryOperation) throws
    -> (output: TensorData, mean: TensorData, inverse: TensorData) {
    try compute("groupNorm", x.dtype,
      single: { try groupNormed($0, x, groups, weight, bias, epsilon, activation) },
      double: { try groupNormed($0, x, groups, weight, bias, epsilon, activation) })
  }

  private func groupNormed<T: ComputeScalar>(_: T.Type, _ input: TensorData, _ groups: Int, _ weight: TensorData?, _ bias: TensorData?,
                                            _ epsilon: Double, _ f: UnaryOperation) throws -> (output: TensorData, mean: TensorData, inverse: TensorData) {
    let x = try contiguous(input)
    let batch = x.shape[0], channels = x.shape[1], plane = x.shape[2...].reduce(1, *), per = channels / groups
    let w = try pointer(T.self, weight), b = try pointer(T.self, bias)
    let out = try TensorData(x.shape, x.dtype), mean = try TensorData([batch, groups], x.dtype), inverse = try TensorData([batch, groups], x.dtype)
    let px = x.pointer(T.self), po = out.pointer(T.self), pm = mean.pointer(T.self), pi = inverse.pointer(T.self)
    let size = per * plane
    try ThreadPool.interruptibleFor(batch * groups, grain: max(1, CPUBackend.piece / 4 / max(1, size))) { job in
      let source = px + job * size, target = po + job * size
      let m = T.kernels.sum(source, size) / T(size)
      let r = 1 / (T.kernels.squaredDeviation(source, m, size) / T(size) + T(epsilon)).squareRoot()
      pm[job] = m
      pi[job] = r
      for c in 0..<per {
        let channel = job % groups * per + c
        let a = r * (w.pointer?[channel] ?? 1)
        T.kernels.affine(source + c * plane, a, (b.pointer?[channel] ?? 0) - m * a, f, target + c * plane, plane)
      }
    }
    return (out, mean, inverse)
  }

  func groupNormGradient(_ x: TensorData, groups: Int, weight: TensorData?, bias: TensorData?, activation: UnaryOperation,
                         mean: TensorData, inverse: TensorData, _ g: TensorData) throws
    -> (input: TensorData, weight: TensorData?, bias: TensorData?) {
    try compute("groupNorm", x.dtype,
      single: { try groupNormedGradient($0, x, groups, weight, bias, activation, mean, inverse, g) },
      double: { try groupNormedGradient($0, x, groups, weight, bias, activation, mean, inverse, g) })
  }

  private func groupNormedGradient<T: ComputeScalar>(_: T.Type, _ input: TensorData, _ groups: Int, _ weight: TensorData?, _ bias: TensorData?,
                                                    _ f: UnaryOperation, _ mean: TensorData, _ inverse: TensorData, _ gradient: TensorData) throws
    -> (input: TensorData, weight: TensorData?, bias: TensorData?) {
    let x = try contiguous(input), g = try contiguous(gradient)
    let batch = x.shape[0], channels = x.shape[1], plane = x.shape[2...].reduce(1, *), per = channels / groups
    let w = try pointer(T.self, weight), b = try pointer(T.self, bias)
    let gx = try TensorData(x.shape, x.dtype)
    let gw = weight == nil ? nil : try full([channels], 0, x.dtype), gb = bias == nil ? nil : try full([channels], 0, x.dtype)
    let px = x.pointer(T.self), pg = g.pointer(T.self), po = gx.pointer(T.self), pm = mean.pointer(T.self), pi = inverse.pointer(T.self)
    let size = per * plane
    try withScratch(T.self, 2 * batch * channels) { sums in
      // Per picture and channel: the sum of the gradient before the activation, and of that gradient times the normalised value.
      try ThreadPool.interruptibleFor(batch * groups, grain: max(1, CPUBackend.piece / 8 / max(1, size))) { job in
        let image = job / groups, group = job % groups
        let m = pm[job], r = pi[job]
        var total = T.zero, weighted = T.zero
        for c in 0..<per {
          let channel = group * per + c
          let scale = w.pointer?[channel] ?? 1
          let offset = (image * channels + channel) * plane
          let a = r * scale
          let (s, t) = T.kernels.affineGradient(px + offset, a, (b.pointer?[channel] ?? 0) - m * a, f, pg + offset, po + offset, plane)
          let normalised = (t - m * s) * r
          sums[image * channels + channel] = s
          sums[(batch + image) * channels + channel] = normalised
          total += s * scale
          weighted += normalised * scale
        }
        let n = T(size)
        for c in 0..<per {
          let channel = group * per + c
          let offset = (image * channels + channel) * plane
          let q = -r * r * weighted / n
          T.kernels.combine(po + offset, r * (w.pointer?[channel] ?? 1), px + offset, q, -r * total / n - q * m, po + offset, plane)
        }
      }
      if let gb { T.kernels.addRows(sums, batch, channels, channels, gb.pointer()) }
      if let gw { T.kernels.addRows(sums + batch * channels, batch, channels, channels, gw.pointer()) }
    }
    return (gx, gw, gb)
  }
}
