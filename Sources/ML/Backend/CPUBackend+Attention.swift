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
    let q = HeadRows<T>(queries), k = HeadRows<T>(keys), v = HeadRows<T>(values), o = HeadRows<T>(out)
    // So many queries at once that their weights stay in a thread's own cache.
    let block = causal ? n : min(n, max(96, CPUBackend.attentionWeights / max(1, m))), blocks = (n + block - 1) / max(1, block)
    ThreadPool.parallelFor(batch * heads * blocks) { job in
      let (b, h) = (job / blocks / heads, job / blocks % heads)
      let first = job % blocks * block, count = min(block, n - first)
      let length = keyLengths?[b] ?? m
      withScratch(T.self, count * length) { weights in
        attentionWeights(q.head(b, h, width) + first * q.rowStride, q.rowStride, k.head(b, h, width), k.rowStride, count, length, width, causal, weights)
        T.serialProduct(MatrixProduct(
          rows: count, columns: width, inner: length, left: MatrixOperand(weights, rowStride: length),
          right: MatrixOperand(v.head(b, h, width), rowStride: v.rowStride), out: o.head(b, h, width) + first * o.rowStride, stride: o.rowStride))
      }
    }
    return out
  }

  /// Attention weights that are computed at a time: 1.5 MiB of them.
  private static var attentionWeights: Int { 3 << 17 }

  private func attentionWeights<T: ComputeScalar>(_ q: UnsafeMutablePointer<T>, _ qStride: Int, _ k: UnsafeMutablePointer<T>, _ kStride: Int,
                                                 _ n: Int, _ m: Int, _ width: Int, _ causal: Bool, _ weights: UnsafeMutablePointer<T>) {
    T.serialProduct(MatrixProduct(
      rows: n, columns: m, inner: width, left: MatrixOperand(q, rowStride: qStride),
      right: MatrixOperand(k, rowStride: kStride).transposed, out: weights, stride: m))
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
    ThreadPool.parallelFor(batch * heads) { job in
      let (b, h) = (job / heads, job % heads)
      let length = keyLengths?[b] ?? m
      withScratch(T.self, 2 * n * length) { scratch in
        let weights = scratch, slopes = scratch + n * length
        attentionWeights(q.head(b, h, width), q.rowStride, k.head(b, h, width), k.rowStride, n, length, width, causal, weights)
        let upstreamRows = MatrixOperand(g.head(b, h, width), rowStride: g.rowStride)
        T.serialProduct(MatrixProduct(
          rows: length, columns: width, inner: n, left: MatrixOperand(weights, rowStride: length).transposed, right: upstreamRows,
          out: gv.head(b, h, width), stride: gv.rowStride))
        T.serialProduct(MatrixProduct(
          rows: n, columns: length, inner: width, left: upstreamRows,
          right: MatrixOperand(v.head(b, h, width), rowStride: v.rowStride).transposed, out: slopes, stride: length))
        T.kernels.softmaxGradient(weights, slopes, slopes, n, length, scale, false)
        T.serialProduct(MatrixProduct(
          rows: n, columns: width, inner: length, left: MatrixOperand(slopes, rowStride: length),
          right: MatrixOperand(k.head(b, h, width), rowStride: k.rowStride), out: gq.head(b, h, width), stride: gq.rowStride))
        T.serialProduct(MatrixProduct(
          rows: length, columns: width, inner: n, left: MatrixOperand(slopes, rowStride: length).transposed,
          right: MatrixOperand(q.head(b, h, width), rowStride: q.rowStride), out: gk.head(b, h, width), stride: gk.rowStride))
      }
      // Keys beyond the length took no part.
      for row in length..<m {
        (gk.head(b, h, width) + row * gk.rowStride).update(repeating: 0, count: width)
        (gv.head(b, h, width) + row * gv.rowStride).update(repeating: 0, count: width)
      }
    }
  }
}
