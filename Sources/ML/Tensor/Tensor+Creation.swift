extension Tensor {
  private static func check(_ shape: [Int], _ operation: String) throws {
    guard shape.allSatisfy({ $0 >= 0 }) else {
      throw TensorError.invalidShape(operation: operation, shape: shape, expected: "sizes of zero or more")
    }
    var total = 8
    for size in shape {
      let (product, overflow) = total.multipliedReportingOverflow(by: max(1, size))
      guard !overflow, product < 1 << 48 else {
        throw TensorError.invalidShape(operation: operation, shape: shape, expected: "fewer than 2^45 elements")
      }
      total = product
    }
  }

  /// A tensor filled with one number.
  public static func full(_ shape: [Int], _ value: Double, dtype: DType = .f32) throws -> Tensor {
    try check(shape, "full")
    return Tensor(try backend.full(shape, value, dtype))
  }

  /// A tensor of zeros.
  public static func zeros(_ shape: [Int], dtype: DType = .f32) throws -> Tensor { try full(shape, 0, dtype: dtype) }

  /// A tensor of ones.
  public static func ones(_ shape: [Int], dtype: DType = .f32) throws -> Tensor { try full(shape, 1, dtype: dtype) }

  /// The numbers start, start + step, ... below (or above) end.
  public static func arange(_ start: Double, _ end: Double, step: Double = 1, dtype: DType = .f32) throws -> Tensor {
    guard step != 0, (end - start) / step >= 0, (end - start) / step < 1e12 else {
      throw TensorError.invalidArgument(operation: "arange", message: "cannot go from \(start) to \(end) in steps of \(step)")
    }
    let count = Int(((end - start) / step).rounded(.up))
    return try Tensor((0..<count).map { start + Double($0) * step }, shape: [count]).cast(dtype)
  }

  /// A fresh contiguous f32 tensor whose elements `fill` writes, all of them.
  public static func build(_ shape: [Int], _ fill: (UnsafeMutableBufferPointer<Float>) throws -> Void) throws -> Tensor {
    try check(shape, "build")
    let data = try TensorData(shape, .f32)
    try fill(UnsafeMutableBufferPointer(start: data.pointer(Float.self), count: data.count))
    return Tensor(data)
  }

  private init<T: BitwiseCopyable>(elements: [T], shape: [Int]?, dtype: DType) throws {
    let sizes = shape ?? [elements.count]
    try Tensor.check(sizes, "tensor")
    guard sizes.reduce(1, *) == elements.count else {
      throw TensorError.invalidShape(operation: "tensor", shape: sizes, expected: "a shape of \(elements.count) elements")
    }
    let data = try TensorData(sizes, dtype)
    elements.withUnsafeBytes { bytes in
      if let base = bytes.baseAddress { UnsafeMutableRawPointer(data.pointer(T.self)).copyMemory(from: base, byteCount: bytes.count) }
    }
    self.init(data)
  }

  /// A tensor holding these numbers; the shape is [count] unless given.
  public init(_ values: [Float], shape: [Int]? = nil) throws { try self.init(elements: values, shape: shape, dtype: .f32) }
  public init(_ values: [Double], shape: [Int]? = nil) throws { try self.init(elements: values, shape: shape, dtype: .f64) }
  public init(_ values: [Int], shape: [Int]? = nil) throws { try self.init(elements: values.map(Int64.init), shape: shape, dtype: .i64) }
  public init(_ values: [Int32], shape: [Int]? = nil) throws { try self.init(elements: values, shape: shape, dtype: .i32) }
  public init(_ values: [UInt8], shape: [Int]? = nil) throws { try self.init(elements: values, shape: shape, dtype: .u8) }

  /// A tensor whose bytes are copied from memory in row-major order.
  ///
  /// - Parameter bytes: exactly the bytes of `shape` elements of `dtype`, little-endian.
  public init(bytes: UnsafeRawBufferPointer, shape: [Int], dtype: DType) throws {
    try Tensor.check(shape, "tensor")
    let data = try TensorData(shape, dtype)
    guard bytes.count == data.count * dtype.byteCount else {
      throw TensorError.invalidShape(operation: "tensor", shape: shape, expected: "\(data.count * dtype.byteCount) bytes, got \(bytes.count)")
    }
    if let base = bytes.baseAddress { UnsafeMutableRawPointer(data.pointer(UInt8.self)).copyMemory(from: base, byteCount: bytes.count) }
    self.init(data)
  }

  /// Fills a buffer number by number; a stream is used up on one thread, and of a large tensor that takes long.
  private static func interruptibly(_ buffer: UnsafeMutableBufferPointer<Float>, _ next: () -> Float) throws {
    let cancellation = Cancellation.current
    for start in Swift.stride(from: 0, to: buffer.count, by: 1 << 16) {
      try cancellation?.check()
      for i in start..<min(buffer.count, start + (1 << 16)) { buffer[i] = next() }
    }
  }

  /// Standard normal numbers from a stream, in row-major order.
  public static func normal(_ shape: [Int], stream: inout RandomStream) throws -> Tensor {
    var local = stream
    let tensor = try build(shape) { buffer in try interruptibly(buffer) { local.normal() } }
    stream = local
    return tensor
  }

  /// Numbers spread evenly over [lower, upper) from a stream, in row-major order.
  public static func uniform(_ shape: [Int], lower: Float = 0, upper: Float = 1, stream: inout RandomStream) throws -> Tensor {
    var local = stream
    let tensor = try build(shape) { buffer in try interruptibly(buffer) { local.uniform(lower, upper) } }
    stream = local
    return tensor
  }

  // MARK: Reading

  /// The elements as Float, in row-major order.
  public func floats() throws -> [Float] { try withFloats { Array($0) } }

  /// The elements as Double, in row-major order.
  public func doubles() throws -> [Double] {
    let source = try backend.contiguous(data)
    return (0..<count).map { index in
      switch CPUBackend.read(source, index) {
      case .real(let value): return value
      case .integer(let value): return Double(value)
      }
    }
  }

  /// The elements as integers, in row-major order; real numbers lose their fraction.
  public func integers() throws -> [Int] {
    let source = try backend.contiguous(data)
    return (0..<count).map { index in
      switch CPUBackend.read(source, index) {
      case .real(let value): return Int(saturating: value)
      case .integer(let value): return Int(value)
      }
    }
  }

  /// The only element.
  public func item() throws -> Double {
    guard count == 1 else { throw TensorError.invalidShape(operation: "item", shape: shape, expected: "one element") }
    return try doubles()[0]
  }

  /// Calls `body` with the elements as f32 in row-major order; they are copied only when they lie otherwise.
  public func withFloats<R>(_ body: (UnsafeBufferPointer<Float>) throws -> R) throws -> R {
    let source = try backend.cast(try backend.contiguous(data), .f32, sharing: true)
    return try withExtendedLifetime(source.storage) {
      try body(UnsafeBufferPointer(start: source.pointer(Float.self), count: count))
    }
  }

  /// Calls `body` with the raw bytes in row-major order.
  public func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) throws -> R {
    let source = try backend.contiguous(data)
    return try withExtendedLifetime(source.storage) {
      try body(UnsafeRawBufferPointer(start: source.storage.address + source.layout.offset * dtype.byteCount, count: byteCount))
    }
  }

  /// The same numbers in another type. - Returns: a copy, or a view when the type is the same.
  public func cast(_ dtype: DType) throws -> Tensor {
    if dtype == self.dtype { return self }
    guard dtype.isFloating else { return Tensor(try backend.cast(data, dtype, sharing: true)) }
    let slope = self.dtype.gradient
    return Tensor.result(try backend.cast(data, dtype, sharing: true), .cast, [self]) { g in [try backend.cast(g, slope, sharing: true)] }
  }

  /// The same numbers in row-major order. - Returns: a view when they lie so already.
  public func contiguous() throws -> Tensor {
    if isContiguous { return self }
    return Tensor.result(try backend.contiguous(data), .contiguous, [self]) { g in [g] }
  }

  /// The same numbers in a storage of their own, without history.
  public func copy() throws -> Tensor {
    let out = try TensorData(shape, dtype)
    try backend.copy(data, into: out)
    return Tensor(out)
  }

  /// Overwrites the elements with those of another tensor of the same shape; meant for parameters between steps.
  public func assign(_ source: Tensor) throws {
    guard source.shape == shape else {
      throw TensorError.shapeMismatch(operation: "assign", left: shape, right: source.shape, remedy: "both must have the same shape")
    }
    try backend.copy(try source.cast(dtype).data, into: data)
  }
}
