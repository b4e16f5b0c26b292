import KernelInterface

// Matrix products and the linear layer.
extension CPUBackend {
  func matmul(_ a: TensorData, _ b: TensorData, transposeLeft: Bool, transposeRight: Bool) throws -> TensorData {
    try compute("matmul", a.dtype,
      single: { try multiplied($0, a, b, transposeLeft, transposeRight) },
      double: { try multiplied($0, a, b, transposeLeft, transposeRight) })
  }

  private func multiplied<T: ComputeScalar>(_: T.Type, _ first: TensorData, _ second: TensorData, _ transposeLeft: Bool, _ transposeRight: Bool) throws
    -> TensorData {
    let a = try contiguous(first), b = try contiguous(second)
    let rank = a.rank
    let rows = a.shape[rank - (transposeLeft ? 1 : 2)], inner = a.shape[rank - (transposeLeft ? 2 : 1)]
    let columns = b.shape[b.rank - (transposeRight ? 2 : 1)]
    let batch = a.shape.dropLast(2).reduce(1, *)
    let out = try TensorData(a.shape.dropLast(2) + [rows, columns], a.dtype)
    let left = MatrixOperand(a.pointer(T.self), rowStride: a.shape[rank - 1])
    let right = MatrixOperand(b.pointer(T.self), rowStride: b.shape[b.rank - 1])
    var product = MatrixProduct<T>(
      rows: rows, columns: columns, inner: inner, left: transposeLeft ? left.transposed : left,
      right: transposeRight ? right.transposed : right, out: out.pointer(), stride: columns, cancellation: .current, precision: .current)
    if batch == 1 || b.rank == 2 && !transposeLeft {
      product.rows = batch * rows
      T.parallelProduct(product, epilogue: nil)
      try product.cancellation?.check()
      return out
    }
    let rightStep = b.rank == 2 ? 0 : inner * columns
    try ThreadPool.interruptibleFor(batch, grain: max(1, 65_536 / max(1, rows * columns * inner))) { index in
      var part = product
      part.left = product.left.advanced(by: index * rows * inner)
      part.right = product.right.advanced(by: index * rightStep)
      part.out += index * rows * columns
      T.serialProduct(part)
    }
    return out
  }

  func linear(_ x: TensorData, weight: TensorData, bias: TensorData?, activation: UnaryOperation, keepInput: Bool) throws
    -> (output: TensorData, before: TensorData?) {
    try compute("linear", x.dtype,
      single: { try linearRows($0, x, weight, bias, activation, keepInput) },
      double: { try linearRows($0, x, weight, bias, activation, keepInput) })
  }

  private func linearRows<T: ComputeScalar>(_: T.Type, _ input: TensorData, _ weight: TensorData, _ bias: TensorData?,
                                           _ activation: UnaryOperation, _ keepInput: Bool) throws -> (output: TensorData, before: TensorData?) {
    let x = try contiguous(input), w = try contiguous(weight)
    let b = try bias.map { try contiguous($0) }
    let columns = w.shape[0], inner = w.shape[1], rows = x.shape.dropLast().reduce(1, *)
    let out = try TensorData(x.shape.dropLast() + [columns], x.dtype)
    let before = keepInput && activation != .identity ? try TensorData(out.shape, x.dtype) : nil
    let y = out.pointer(T.self), z = before?.pointer(T.self), pb = b.map { UnsafePointer($0.pointer(T.self)) }
    let product = MatrixProduct<T>(
      rows: rows, columns: columns, inner: inner, left: MatrixOperand(x.pointer(T.self), rowStride: inner),
      right: MatrixOperand<T>(w, rowStride: inner).transposed, out: y, stride: columns, cancellation: .current, precision: .current)
    let needsPass = b != nil || activation != .identity
    T.parallelProduct(product, epilogue: needsPass ? { first, count in
      let offset = first * columns
      T.kernels.biasActivation(y + offset, pb, activation, z.map { $0 + offset }, y + offset, count, columns)
    } : nil)
    try product.cancellation?.check()
    return (out, before)
  }
}
