/// Named tensors in a safetensors file.
public enum TensorFile {
  /// Which type floating-point tensors take in the file.
  public enum Precision: String, Codable, Sendable { case f32, f16 }

  /// Writes tensors, whole or not at all; the same tensors always give the same bytes.
  ///
  /// - Parameters:
  ///   - precision: f16 halves the file and rounds to the nearest; f64 and integer tensors stay as they are. Default f32.
  /// - Throws: `FormatError` for a failed write.
  public static func write(_ tensors: [(name: String, tensor: Tensor)], metadata: [String: String] = [:], precision: Precision = .f32,
                           to path: String) throws {
    try SafetensorsFile.write(try tensors.map { try array($0.name, $0.tensor, precision) }, metadata: metadata, to: path)
  }

  /// Reads all tensors of a file; f16 and bf16 become f32, integers i64.
  ///
  /// - Throws: `FormatError` when the file is not readable safetensors.
  public static func read(_ path: String) throws -> (tensors: [(name: String, tensor: Tensor)], metadata: [String: String]) {
    let file = try SafetensorsFile(path: path)
    let tensors = try file.entries.map { entry -> (name: String, tensor: Tensor) in
      switch entry.dtype {
      case .f64:
        let values = file.withBytes(of: entry) { raw in
          (0..<entry.count).map { Double(bitPattern: UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self))) }
        }
        return (entry.name, try Tensor(values, shape: entry.shape))
      case .i64:
        let values = file.withBytes(of: entry) { raw in
          (0..<entry.count).map { Int(Int64(littleEndian: raw.loadUnaligned(fromByteOffset: $0 * 8, as: Int64.self))) }
        }
        return (entry.name, try Tensor(values, shape: entry.shape))
      default: return (entry.name, try Tensor(file.floats(entry.name), shape: entry.shape))
      }
    }
    return (tensors, file.metadata)
  }

  private static func array(_ name: String, _ tensor: Tensor, _ precision: Precision) throws -> SafetensorsArray {
    let shape = tensor.shape
    switch tensor.dtype {
    case .f64:
      let values = try tensor.doubles()
      return SafetensorsArray(name: name, dtype: .f64, shape: shape) { body in
        try values.map { $0.bitPattern.littleEndian }.withUnsafeBytes { try body($0) }
      }
    case .i64, .i32, .u8, .bool:
      let values = try tensor.integers()
      return SafetensorsArray(name: name, dtype: .i64, shape: shape) { body in
        try values.map { Int64($0).littleEndian }.withUnsafeBytes { try body($0) }
      }
    case .f32, .f16, .bf16:
      let values = try tensor.detached().cast(.f32).floats()
      return precision == .f16 ? SafetensorsArray(name: name, shape: shape, halvesOf: values)
        : SafetensorsArray(name: name, shape: shape, floats: values)
    }
  }
}
