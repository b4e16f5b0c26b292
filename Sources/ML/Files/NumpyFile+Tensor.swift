extension NumpyFile {
  /// The array as a tensor of its own type; whole numbers of types that tensors do not have become i64.
  ///
  /// - Returns: a copy.
  /// - Throws: `FormatError` when an unsigned number does not fit.
  public func tensor() throws -> Tensor {
    let dtype: DType?
    switch (kind, elementBytes) {
    case (.real, 2): dtype = .f16
    case (.real, 4): dtype = .f32
    case (.real, _): dtype = .f64
    case (.signed, 8): dtype = .i64
    case (.signed, 4): dtype = .i32
    case (.unsigned, 1): dtype = .u8
    case (.boolean, _): dtype = .bool
    default: dtype = nil
    }
    if let dtype { return try bytes.withUnsafeBytes { try Tensor(bytes: $0, shape: shape, dtype: dtype) } }
    if kind == .unsigned, elementBytes == 8 {
      return try bytes.withUnsafeBytes { raw in
        let whole = try (0..<count).map { index -> Int in
          let value = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self))
          guard let fits = Int(exactly: value) else {
            throw FormatError(format: NumpyFile.format, source: "array in memory", problem: "\(value) does not fit into i64")
          }
          return fits
        }
        return try Tensor(whole, shape: shape)
      }
    }
    return try Tensor(doubles().map { Int($0) }, shape: shape)
  }

  /// The bytes of a tensor's file; bf16, which NumPy lacks, becomes f32.
  public static func encode(_ tensor: Tensor) throws -> [UInt8] {
    if tensor.dtype == .bf16 { return try encode(try tensor.cast(.f32)) }
    let type: String
    switch tensor.dtype {
    case .f16: type = "<f2"
    case .f64: type = "<f8"
    case .i64: type = "<i8"
    case .i32: type = "<i4"
    case .u8: type = "|u1"
    case .bool: type = "|b1"
    case .f32, .bf16: type = "<f4"
    }
    return try tensor.withBytes { encode(type: type, shape: tensor.shape, elements: $0) }
  }
}
