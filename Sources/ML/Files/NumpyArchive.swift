import CZip

/// Named arrays in NumPy's `.npz` format: a zip archive of `.npy` files, read and written by libzip.
public enum NumpyArchive {
  private static let format = "npz"

  private static func failure(_ source: String, _ problem: String) -> FormatError { FormatError(format: format, source: source, problem: problem) }

  private static func words(_ archive: OpaquePointer) -> String { String(cString: zip_error_strerror(zip_get_error(archive))) }

  /// Decodes the bytes of an archive.
  ///
  /// - Returns: arrays in the order of the archive, their names without ".npy".
  /// - Throws: `FormatError` when the archive or one of its arrays is damaged or of a kind that is not read.
  public static func decode(_ content: [UInt8], source: String) throws -> [(name: String, array: NumpyFile)] {
    guard content.starts(with: Array("PK".utf8)) else { throw failure(source, "this is no zip archive: its signature is missing") }
    return try content.withUnsafeBytes { bytes in
      var error = zip_error_t()
      zip_error_init(&error)
      defer { zip_error_fini(&error) }
      guard let buffer = zip_source_buffer_create(bytes.baseAddress, zip_uint64_t(bytes.count), 0, &error) else { throw failure(source, "there is no memory for it") }
      guard let archive = zip_open_from_source(buffer, ZIP_RDONLY | ZIP_CHECKCONS, &error) else {
        zip_source_free(buffer)
        throw failure(source, "this is no zip archive, or it is damaged or cut short: \(String(cString: zip_error_strerror(&error)))")
      }
      defer { zip_discard(archive) }
      return try (0..<zip_get_num_entries(archive, 0)).map { index in
        var facts = zip_stat_t()
        guard zip_stat_index(archive, zip_uint64_t(index), 0, &facts) == 0, let text = facts.name else { throw failure(source, words(archive)) }
        let name = String(cString: text)
        return (name.hasSuffix(".npy") ? String(name.dropLast(4)) : name, try NumpyFile(entry(archive, zip_uint64_t(index), facts, source, name), source: "\(source):\(name)"))
      }
    }
  }

  private static func entry(_ archive: OpaquePointer, _ index: zip_uint64_t, _ facts: zip_stat_t, _ source: String, _ name: String) throws -> [UInt8] {
    // Deflate makes at most 1,032 bytes of one: a larger claim is a lie that would cost memory.
    guard facts.size <= 1032 * facts.comp_size + 1024, let size = Int(exactly: facts.size) else {
      throw failure(source, "\(name) claims \(facts.size) bytes, more than \(facts.comp_size) compressed ones can hold")
    }
    guard let file = zip_fopen_index(archive, index, 0) else { throw failure(source, "\(name): \(words(archive))") }
    defer { zip_fclose(file) }
    return try [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      while count < size {
        let read = zip_fread(file, buffer.baseAddress! + count, zip_uint64_t(size - count))
        guard read > 0 else { throw failure(source, "\(name) is damaged or cut short after \(count) of \(size) bytes") }
        count += Int(read)
      }
    }
  }

  /// The bytes of an archive; the same tensors always give the same bytes.
  ///
  /// - Parameter tensors: in the order in which they are written.
  /// - Throws: `FormatError` for a name used twice.
  public static func encode(_ tensors: [(name: String, tensor: Tensor)]) throws -> [UInt8] {
    if let twice = tensors.indices.first(where: { index in tensors[..<index].contains { $0.name == tensors[index].name } }) {
      throw failure("archive in memory", "the name '\(tensors[twice].name)' is used twice")
    }
    var error = zip_error_t()
    zip_error_init(&error)
    defer { zip_error_fini(&error) }
    guard let target = zip_source_buffer_create(nil, 0, 0, &error) else { throw failure("archive in memory", "there is no memory for it") }
    defer { zip_source_free(target) }
    guard let archive = zip_open_from_source(target, ZIP_TRUNCATE, &error) else { throw failure("archive in memory", String(cString: zip_error_strerror(&error))) }
    zip_source_keep(target)
    // The archive reads the files when it is closed.
    let files = try tensors.map { tensor -> UnsafeMutableRawBufferPointer in
      let bytes = try NumpyFile.encode(tensor.tensor)
      let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
      copy.copyBytes(from: bytes)
      return copy
    }
    defer { for file in files { file.deallocate() } }
    for (tensor, file) in zip(tensors, files) {
      let part = zip_source_buffer(archive, file.baseAddress, zip_uint64_t(file.count), 0)
      let index = zip_file_add(archive, tensor.name + ".npy", part, zip_flags_t(ZIP_FL_ENC_UTF_8))
      guard index >= 0 else {
        let text = words(archive)
        zip_source_free(part)
        zip_discard(archive)
        throw failure("archive in memory", text)
      }
      zip_set_file_compression(archive, zip_uint64_t(index), ZIP_CM_STORE, 0)
      // The first day that zip knows: the clock must not be in the bytes.
      zip_file_set_dostime(archive, zip_uint64_t(index), 0, 33, 0)
    }
    guard zip_close(archive) == 0 else {
      let text = words(archive)
      zip_discard(archive)
      throw failure("archive in memory", text)
    }
    return try contents(of: target)
  }

  private static func contents(of target: OpaquePointer) throws -> [UInt8] {
    var facts = zip_stat_t()
    guard zip_source_stat(target, &facts) == 0, zip_source_open(target) == 0 else { throw failure("archive in memory", "it cannot be read back") }
    defer { zip_source_close(target) }
    let size = Int(facts.size)
    return try [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      while count < size {
        let read = zip_source_read(target, buffer.baseAddress! + count, zip_uint64_t(size - count))
        guard read > 0 else { throw failure("archive in memory", "it cannot be read back") }
        count += Int(read)
      }
    }
  }
}
