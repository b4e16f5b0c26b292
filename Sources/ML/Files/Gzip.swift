import CZlib

/// Unpacking of gzip and zlib data.
public enum Gzip {
  /// Whether the data start like a gzip file.
  public static func isGzip(_ bytes: UnsafeRawBufferPointer) -> Bool { bytes.starts(with: [0x1f, 0x8b]) }

  /// Unpacks gzip data (all members of it, one after another) or zlib data.
  ///
  /// - Parameters:
  ///   - bytes: the whole packed data.
  ///   - source: name used in errors.
  ///   - maximumBytes: most bytes to unpack, default 2^31. Packed data unpack to at most about 1030 times their size.
  /// - Throws: `FormatError` when the data are damaged, cut short or larger than allowed.
  public static func decompress(
    _ bytes: UnsafeRawBufferPointer, source: String, maximumBytes: Int = 1 << 31
  ) throws -> [UInt8] {
    func failure(_ offset: Int, _ problem: String) -> FormatError {
      FormatError(format: "gzip", source: source, offset: offset, problem: problem)
    }
    guard let start = bytes.bindMemory(to: UInt8.self).baseAddress else { throw failure(0, "the data are empty") }
    var stream = z_stream()
    guard loam_inflate_init_any(&stream) == Z_OK else { throw failure(0, "zlib could not be started: not enough memory") }
    defer { inflateEnd(&stream) }
    var output: [UInt8] = []
    var position = 0
    while true {
      let slice = min(bytes.count - position, 1 << 20)
      stream.next_in = UnsafeMutablePointer(mutating: start + position)
      stream.avail_in = UInt32(slice)
      // Room for four times what is left to read, so that the output grows in a few steps.
      let room = max(1 << 15, min(4 * slice, maximumBytes - output.count + 1))
      let before = output.count
      output.append(contentsOf: repeatElement(0, count: room))
      let result = output.withUnsafeMutableBufferPointer { buffer -> Int32 in
        stream.next_out = buffer.baseAddress! + before
        stream.avail_out = UInt32(room)
        return inflate(&stream, Z_NO_FLUSH)
      }
      output.removeLast(Int(stream.avail_out))
      position += slice - Int(stream.avail_in)
      guard output.count <= maximumBytes else {
        throw failure(position, "the data unpack to more than the allowed \(maximumBytes) bytes")
      }
      switch result {
      case Z_STREAM_END:
        // Zero bytes after the last member are padding; anything else must be a further member.
        while position < bytes.count, bytes[position] == 0 { position += 1 }
        if position == bytes.count { return output }
        guard inflateReset(&stream) == Z_OK else { throw failure(position, "zlib could not go on") }
      case Z_OK, Z_BUF_ERROR:
        guard position < bytes.count || Int(stream.avail_out) == 0 else {
          throw failure(position, "the data end too early: the file is cut short")
        }
      default:
        throw failure(position, "damaged data (\(stream.msg.map { String(cString: $0) } ?? "code \(result)"))")
      }
    }
  }

  /// Reads a file, unpacking it when it is gzip data, whatever its name.
  ///
  /// - Throws: `FormatError` when the file cannot be read or is damaged.
  public static func read(_ path: String, maximumBytes: Int = 1 << 31) throws -> [UInt8] {
    let file = try MappedFile(path: path)
    return try withExtendedLifetime(file) {
      isGzip(file.bytes)
        ? try decompress(file.bytes, source: path, maximumBytes: maximumBytes) : [UInt8](file.bytes)
    }
  }
}
