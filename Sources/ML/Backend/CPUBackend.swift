import KernelInterface

/// The processor as a device: kernels per instruction set, cut into pieces for the thread pool.
///
/// Pieces have fixed sizes, so that the order of every sum depends on shapes alone.
struct CPUBackend: Backend {
  /// Elements per piece of an elementwise loop.
  static let piece = 1 << 15

  /// Runs `body` with the scalar type of a tensor in which differentiable operations compute.
  ///
  /// The name is a closure, because making the text costs more than a small operation.
  @inline(__always)
  func compute<R>(_ operation: @autoclosure () -> String, _ dtype: DType, single: (Float.Type) throws -> R, double: (Double.Type) throws -> R) throws -> R {
    switch dtype {
    case .f32: return try single(Float.self)
    case .f64: return try double(Double.self)
    default: throw TensorError.typeMismatch(operation: operation(), got: dtype, expected: "f32 or f64")
    }
  }

  /// Cuts 0..<count into pieces of `size` and runs them on the pool, for results that are new; it throws when it is interrupted.
  func pieces(_ count: Int, size: Int = CPUBackend.piece, _ body: (_ start: Int, _ count: Int) -> Void) throws {
    try ThreadPool.interruptibleFor((count + size - 1) / size) { job in body(job * size, min(size, count - job * size)) }
  }

  /// The same for changes of what exists already, which are never left half done.
  private func wholePieces(_ count: Int, _ body: (_ start: Int, _ count: Int) -> Void) {
    let size = CPUBackend.piece
    ThreadPool.parallelFor((count + size - 1) / size) { job in body(job * size, min(size, count - job * size)) }
  }

  /// Cuts rows into pieces of about `piece` elements.
  func rowPieces(_ rows: Int, _ columns: Int, _ body: (_ start: Int, _ count: Int) -> Void) throws {
    try pieces(rows, size: max(1, CPUBackend.piece / max(1, columns)), body)
  }

  func full(_ shape: [Int], _ value: Double, _ dtype: DType) throws -> TensorData {
    let out = try TensorData(shape, dtype)
    let count = out.count
    switch dtype {
    case .f32:
      let p = out.pointer(Float.self)
      try pieces(count) { start, n in (p + start).update(repeating: Float(value), count: n) }
    case .f64: out.pointer(Double.self).update(repeating: value, count: count)
    case .f16: out.pointer(UInt16.self).update(repeating: HalfPrecision.bits(Float(value)), count: count)
    case .bf16: out.pointer(UInt16.self).update(repeating: HalfPrecision.brainBits(Float(value)), count: count)
    case .i64: out.pointer(Int64.self).update(repeating: Int64(saturating: value), count: count)
    case .i32: out.pointer(Int32.self).update(repeating: Int32(saturating: value), count: count)
    case .u8: out.pointer(UInt8.self).update(repeating: UInt8(saturating: value), count: count)
    case .bool: out.pointer(UInt8.self).update(repeating: value != 0 ? 1 : 0, count: count)
    }
    return out
  }

  func accumulate(_ source: TensorData, scale: Double, into target: TensorData) throws {
    try compute("accumulate", source.dtype,
      single: { accumulateElements($0, source, scale, target) }, double: { accumulateElements($0, source, scale, target) })
  }

  private func accumulateElements<T: ComputeScalar>(_: T.Type, _ source: TensorData, _ scale: Double, _ target: TensorData) {
    let x = source.pointer(T.self), y = target.pointer(T.self)
    let s = T(scale)
    wholePieces(source.count) { start, n in T.kernels.accumulate(x + start, s, y + start, n) }
  }

  func adamW(parameter: TensorData, gradient: TensorData, first: TensorData, second: TensorData, step: AdamWStep<Double>) throws {
    try compute("adamW", parameter.dtype,
      single: { updateAdamW($0, parameter, gradient, first, second, step) },
      double: { updateAdamW($0, parameter, gradient, first, second, step) })
  }

  private func updateAdamW<T: ComputeScalar>(_: T.Type, _ parameter: TensorData, _ gradient: TensorData, _ first: TensorData,
                                            _ second: TensorData, _ step: AdamWStep<Double>) {
    let numbers = AdamWStep<T>(
      learningRate: T(step.learningRate), beta1: T(step.beta1), beta2: T(step.beta2), epsilon: T(step.epsilon),
      weightDecay: T(step.weightDecay), correction1: T(step.correction1), correction2: T(step.correction2))
    let p = parameter.pointer(T.self), g = gradient.pointer(T.self), m = first.pointer(T.self), v = second.pointer(T.self)
    wholePieces(parameter.count) { start, n in T.kernels.adamW(p + start, g + start, m + start, v + start, n, numbers) }
  }
}
