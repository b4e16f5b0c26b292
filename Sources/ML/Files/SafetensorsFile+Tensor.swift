extension DType {
  /// The type under which safetensors stores these elements.
  var safetensors: SafetensorsDType {
    switch self {
    case .f32: return .f32
    case .f64: return .f64
    case .f16: return .f16
    case .bf16: return .bf16
    case .i64: return .i64
    case .i32: return .i32
    case .u8: return .u8
    case .bool: return .bool
    }
  }

  init?(_ stored: SafetensorsDType) {
    guard let match = DType.allCases.first(where: { $0.safetensors == stored }) else { return nil }
    self = match
  }
}

extension SafetensorsFile {
  /// The array of that name as an f32 tensor, converted from any stored type that `floats` reads.
  ///
  /// - Returns: a copy.
  /// - Throws: `FormatError` when there is no such name or its type cannot be converted.
  public func tensor(_ name: String) throws -> Tensor { try Tensor(floats(name), shape: entry(name).shape) }

  /// The array of that name as a tensor of the type it is stored in.
  ///
  /// - Returns: a copy.
  /// - Throws: `FormatError` when there is no such name or tensors have no such type; `tensor` converts more types.
  public func storedTensor(_ name: String) throws -> Tensor {
    let entry = try entry(name)
    guard let dtype = DType(entry.dtype) else {
      throw FormatError(
        format: SafetensorsFile.format, source: source,
        problem: "tensor '\(name)' has type \(entry.dtype.rawValue), which tensors do not have; read it as f32")
    }
    return try withBytes(of: entry) { try Tensor(bytes: $0, shape: entry.shape, dtype: dtype) }
  }

  /// The array of that name in the type it is stored in, over the file's own bytes: they are read from the disk where they are touched.
  ///
  /// - Returns: a view of the file, or a copy where the bytes are not aligned as the type needs.
  /// - Throws: `FormatError` when there is no such name or tensors have no such type.
  public func mappedTensor(_ name: String) throws -> Tensor {
    let entry = try entry(name)
    guard let dtype = DType(entry.dtype), entry.count > 0 else { return try storedTensor(name) }
    return try withBytes(of: entry) { bytes in
      guard let start = bytes.baseAddress, Int(bitPattern: start) % dtype.byteCount == 0 else { return try storedTensor(name) }
      let storage = Storage(borrowing: UnsafeMutableRawPointer(mutating: start), count: entry.count, dtype: dtype, owner: self)
      return Tensor(TensorData(storage: storage, layout: Layout(contiguous: entry.shape)))
    }
  }

  /// The array of that name in the type it is stored in, or, where tensors have no such type, as i64 or f32.
  ///
  /// - Returns: a copy.
  /// - Throws: `FormatError` when there is no such name or its type cannot be converted.
  public func nearestTensor(_ name: String) throws -> Tensor {
    let entry = try entry(name)
    func whole<T: FixedWidthInteger>(_: T.Type) throws -> Tensor {
      let values = withBytes(of: entry) { bytes in
        (0..<entry.count).map { Int(truncatingIfNeeded: T(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<T>.size, as: T.self))) }
      }
      return try Tensor(values, shape: entry.shape)
    }
    switch entry.dtype {
    case .i8: return try whole(Int8.self)
    case .i16: return try whole(Int16.self)
    case .u16: return try whole(UInt16.self)
    case .u32: return try whole(UInt32.self)
    default: return DType(entry.dtype) == nil ? try tensor(name) : try storedTensor(name)
    }
  }

  /// The tensors as arrays for `write`.
  ///
  /// - Parameter dtype: store real numbers in this type (f16 halves the file, rounding to the nearest); whole numbers and
  ///   booleans keep theirs. Default: every tensor keeps its type.
  public static func arrays(_ tensors: [(name: String, tensor: Tensor)], as dtype: DType? = nil) -> [SafetensorsArray] {
    tensors.map { name, tensor in
      let stored = tensor.dtype.isFloating ? dtype ?? tensor.dtype : tensor.dtype
      return SafetensorsArray(name: name, dtype: stored.safetensors, shape: tensor.shape) { body in
        try tensor.detached().cast(stored).withBytes(body)
      }
    }
  }

  /// Writes tensors, whole or not at all; the same tensors always give the same bytes.
  ///
  /// - Parameters:
  ///   - dtype: store real numbers in this type; default: every tensor keeps its type.
  ///   - metadata: texts kept beside the tensors.
  /// - Throws: `FormatError` for a name used twice or a failed write.
  public static func write(
    _ tensors: [(name: String, tensor: Tensor)], as dtype: DType? = nil, metadata: [String: String] = [:], to path: String
  ) throws {
    try write(arrays(tensors, as: dtype), metadata: metadata, to: path)
  }
}
