import KernelInterface

/// One operand of attention, [B, N, heads x width], read row by row whatever its row stride.
private struct HeadRows<T> {
  let pointer: UnsafeMutablePointer<T>
  let batchStride: Int
  let rowStride: Int

  /// Takes a layout whose last axis is dense; others must be made contiguous first.
  init(_ x: TensorData) {
    pointer = x.pointer()
    batchStride = x.layout.strides[0]
    rowStride = x.layout.strides[1]
  }

  func head(_ batch: Int, _ head: Int, _ width: Int) -> UnsafeMutablePointer<T> { pointer + batch * batchStride + head * width }
}

// Scaled dot-product attention, one (picture, head) at a time; the backward pass computes the weights again.
extension CPUBackend {
  func attention(_ query: TensorData, _ key: TensorData, _ value: TensorData, heads: Int, causal: Bool, keyLengths: [Int]?) throws -> TensorData {
    try compute("attention", query.dtype,
      single: { try attended($0, query, key, value, heads, causal, keyLengths) },
      double: { try attended($0, query, key, value, heads, causal, keyLengths) })
  }

  private func denseRows(_ x: TensorData) throws -> TensorData { x.layout.strides[2] == 1 || x.shape[2] == 1 ? x : try contiguous(x) }

  private func attended<T: ComputeScalar>(_: T.Type, _ query: TensorData, _ key: TensorData, _ value: TensorData, _ heads: Int, _ causal: Bool,
                                         _ keyLengths: [Int]?) throws -> TensorData {
    let (queries, keys, values) = (try denseRows(query), try denseRows(key), try denseRows(value))
    let batch = query.shape[0], n = query.shape[1], m = key.shape[1], width = query.shape[2] / heads
    let out = try TensorData(query.shape, query.dtype)
    let q = HeadRows<T>(queries), k = HeadRows<T>(keys), v = HeadRows<T>(values), o = HeadRows<T>(out), precision = ProductPrecision.current
    if !causal, keyLengths == nil, m >= HalfAttention.fewestKeys, width <= CPUBackend.narrowHead, precision == .half, let kernel = InstructionSet.half,
      let q = q as? HeadRows<Float>, let k = k as? HeadRows<Float>, let v = v as? HeadRows<Float>, let o = o as? HeadRows<Float> {
      try HalfAttention(
        heads: batch * heads, queries: n, keys: m, width: width, q: { q.head($0 / heads, $0 % heads, width) }, k: { k.head($0 / heads, $0 % heads, width) },
        v: { v.head($0 / heads, $0 % heads, width) }, out: { o.head($0 / heads, $0 % heads, width) },
        strides: (q.rowStride, k.rowStride, v.rowStride, o.rowStride), kernel: kernel).run()
      return out
    }
    if !causal, keyLengths == nil, m >= CPUBackend.manyKeys, width <= CPUBackend.narrowHead {
      try attendedByPanels(heads: batch * heads, q: { q.head($0 / heads, $0 % heads, width) }, k: { k.head($0 / heads, $0 % heads, width) },
                       v: { v.head($0 / heads, $0 % heads, width) }, out: { o.head($0 / heads, $0 % heads, width) },
                       strides: (q.rowStride, k.rowStride, v.rowStride, o.rowStride), n, m, width)
      return out
    }
    // So many queries at once that their weights stay in a thread's own cache.
    let cancellation = Cancellation.current
    let block = causal ? n : min(n, max(96, CPUBackend.attentionWeights / max(1, m))), blocks = (n + block - 1) / max(1, block)
    try ThreadPool.interruptibleFor(batch * heads * blocks) { job in
      let (b, h) = (job / blocks / heads, job / blocks % heads)
      let first = job % blocks * block, count = min(block, n - first)
      let length = keyLengths?[b] ?? m
      withScratch(T.self, count * length) { weights in
        attentionWeights(q.head(b, h, width) + first * q.rowStride, q.rowStride, k.head(b, h, width), k.rowStride, count, length, width, causal,
                         cancellation, weights, precision)
        T.serialProduct(MatrixProduct(
          rows: count, columns: width, inner: length, left: MatrixOperand(weights, rowStride: length),
          right: MatrixOperand(v.head(b, h, width), rowStride: v.rowStride), out: o.head(b, h, width) + first * o.rowStride, stride: o.rowStride,
          cancellation: cancellation, precision: precision))
      }
    }
    return out
  }

  /// From this number of keys on, and for heads that are not wider, queries are taken a panel at a time.
  private static var manyKeys: Int { 512 }
  private static var narrowHead: Int { 160 }

  /// Attention to many keys. Keys and values are packed once for each head; the weights of a panel of queries are computed transposed,
  /// [keys][queries], which is the form in which the product with the values reads them, and divided by their sums at the end.
  private func attendedByPanels<T: ComputeScalar>(
    heads: Int, q: (Int) -> UnsafeMutablePointer<T>, k: (Int) -> UnsafeMutablePointer<T>, v: (Int) -> UnsafeMutablePointer<T>,
    out: (Int) -> UnsafeMutablePointer<T>, strides: (q: Int, k: Int, v: Int, out: Int), _ n: Int, _ m: Int, _ width: Int
  ) throws {
    let cancellation = Cancellation.current
    let panel = 1 << T.panelShift, panels = (n + panel - 1) / panel, scale = 1 / T(width).squareRoot()
    let keySize = T.packedLeftCount(rows: m, inner: width), valueSize = T.packedLeftCount(rows: width, inner: m)
    // As many heads at once as threads need, so that packed keys and values do not fill the memory.
    let group = min(heads, max(2, ThreadPool.threadCount))
    try withScratch(T.self, group * (keySize + valueSize)) { packed in
      for start in stride(from: 0, to: heads, by: group) {
        let count = min(group, heads - start)
        try ThreadPool.interruptibleFor(2 * count) { job in
          let head = start + job / 2, target = packed + job / 2 * (keySize + valueSize)
          if job % 2 == 0 {
            T.packLeft(MatrixOperand(k(head), rowStride: strides.k), rows: m, inner: width, into: target)
          } else {
            T.packLeft(MatrixOperand(v(head), rowStride: strides.v).transposed, rows: width, inner: m, into: target + keySize)
          }
        }
        try ThreadPool.interruptibleFor(count * panels) { job in
          let head = start + job / panels, first = job % panels * panel, queries = min(panel, n - first)
          let keys = packed + job / panels * (keySize + valueSize), values = keys + keySize
          withScratch(T.self, panel * (m + 2 * width + 1)) { scratch in
            let weights = scratch, query = weights + panel * m, mixed = query + panel * width, sums = mixed + panel * width
            if queries < panel { query.update(repeating: 0, count: panel * width) }
            T.transpose(q(head) + first * strides.q, strides.q, query, panel, queries, width)
            T.panelProduct(MatrixProduct(
              rows: m, columns: panel, inner: width, left: MatrixOperand(keys, rowStride: 0), right: MatrixOperand(query, rowStride: 0),
              out: weights, stride: panel, cancellation: cancellation), packedLeft: keys, panels: query)
            T.kernels.columnExponentials(weights, m, panel, scale, sums)
            T.panelProduct(MatrixProduct(
              rows: width, columns: panel, inner: m, left: MatrixOperand(values, rowStride: 0), right: MatrixOperand(weights, rowStride: 0),
              out: mixed, stride: panel, cancellation: cancellation), packedLeft: values, panels: weights)
            for row in 0..<width { T.kernels.binary(.divide, mixed + row * panel, sums, mixed + row * panel, panel) }
            T.transpose(mixed, panel, out(head) + first * strides.out, strides.out, width, queries)
          }
        }
      }
    }
  }

  /// Attention weights that are computed at a time: 1.5 MiB of them.
  private static var attentionWeights: Int { 3 << 17 }

  private func attentionWeights<T: ComputeScalar>(_ q: UnsafeMutablePointer<T>, _ qStride: Int, _ k: UnsafeMutablePointer<T>, _ kStride: Int,
                                                 _ n: Int, _ m: Int, _ width: Int, _ causal: Bool, _ cancellation: Cancellation?,
                                                 _ weights: UnsafeMutablePointer<T>, _ precision: ProductPrecision = .single) {
    T.serialProduct(MatrixProduct(
      rows: n, columns: m, inner: width, left: MatrixOperand(q, rowStride: qStride),
      right: MatrixOperand(k, rowStride: kStride).transposed, out: weights, stride: m, cancellation: cancellation, precision: precision))
    if cancellation?.isRequested == true { return }
    let scale = 1 / T(width).squareRoot()
    if causal {
      for row in 0..<n {
        let seen = min(row + 1, m)
        T.kernels.softmax(weights + row * m, weights + row * m, 1, seen, scale, false)
        (weights + row * m + seen).update(repeating: 0, count: m - seen)
      }
    } else {
      T.kernels.softmax(weights, weights, n, m, scale, false)
    }
  }

  func attentionGradient(_ query: TensorData, _ key: TensorData, _ value: TensorData, heads: Int, causal: Bool, keyLengths: [Int]?,
                         _ g: TensorData, into gradients: (query: TensorData, key: TensorData, value: TensorData)) throws {
    try compute("attention", query.dtype,
      single: { try attendedGradient($0, query, key, value, heads, causal, keyLengths, g, gradients) },
      double: { try attendedGradient($0, query, key, value, heads, causal, keyLengths, g, gradients) })
  }

  private func attendedGradient<T: ComputeScalar>(_: T.Type, _ query: TensorData, _ key: TensorData, _ value: TensorData, _ heads: Int, _ causal: Bool,
                                                 _ keyLengths: [Int]?, _ gradient: TensorData,
                                                 _ gradients: (query: TensorData, key: TensorData, value: TensorData)) throws {
    let (queries, keys, values, upstream) = (try denseRows(query), try denseRows(key), try denseRows(value), try denseRows(gradient))
    let batch = query.shape[0], n = query.shape[1], m = key.shape[1], width = query.shape[2] / heads
    let q = HeadRows<T>(queries), k = HeadRows<T>(keys), v = HeadRows<T>(values), g = HeadRows<T>(upstream)
    let gq = HeadRows<T>(gradients.query), gk = HeadRows<T>(gradients.key), gv = HeadRows<T>(gradients.value)
    let scale = 1 / T(width).squareRoot()
    let cancellation = Cancellation.current
    try ThreadPool.interruptibleFor(batch * heads) { job in
      let (b, h) = (job / heads, job % heads)
      let length = keyLengths?[b] ?? m
      withScratch(T.self, 2 * n * length) { scratch in
        let weights = scratch, slopes = scratch + n * length
        attentionWeights(q.head(b, h, width), q.rowStride, k.head(b, h, width), k.rowStride, n, length, width, causal, cancellation,
                         weights)
        let upstreamRows = MatrixOperand(g.head(b, h, width), rowStride: g.rowStride)
        T.serialProduct(MatrixProduct(
          rows: length, columns: width, inner: n, left: MatrixOperand(weights, rowStride: length).transposed, right: upstreamRows,
          out: gv.head(b, h, width), stride: gv.rowStride, cancellation: cancellation))
        T.serialProduct(MatrixProduct(
          rows: n, columns: length, inner: width, left: upstreamRows,
          right: MatrixOperand(v.head(b, h, width), rowStride: v.rowStride).transposed, out: slopes, stride: length, cancellation: cancellation))
        T.kernels.softmaxGradient(weights, slopes, slopes, n, length, scale, false)
        T.serialProduct(MatrixProduct(
          rows: n, columns: width, inner: length, left: MatrixOperand(slopes, rowStride: length),
          right: MatrixOperand(k.head(b, h, width), rowStride: k.rowStride), out: gq.head(b, h, width), stride: gq.rowStride, cancellation: cancellation))
        T.serialProduct(MatrixProduct(
          rows: length, columns: width, inner: n, left: MatrixOperand(slopes, rowStride: length).transposed,
          right: MatrixOperand(q.head(b, h, width), rowStride: q.rowStride), out: gk.head(b, h, width), stride: gk.rowStride, cancellation: cancellation))
      }
      // Keys beyond the length took no part.
      for row in length..<m {
        (gk.head(b, h, width) + row * gk.rowStride).update(repeating: 0, count: width)
        (gv.head(b, h, width) + row * gv.rowStride).update(repeating: 0, count: width)
      }
    }
  }
}
