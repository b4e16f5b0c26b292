#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The bytes of a file, read from the disk only where they are touched.
///
/// The file must not be cut short by another program while it is mapped. Files that Loam replaces by rename are safe:
/// the old bytes stay as long as the mapping lives.
public final class MappedFile: @unchecked Sendable {
  public let path: String
  /// All bytes of the file; valid as long as this object lives.
  public let bytes: UnsafeRawBufferPointer

  /// Maps a file for reading.
  ///
  /// - Throws: `FormatError` when there is no such file, or it is a folder or may not be read.
  public init(path: String) throws {
    self.path = path
    FileActivity.listener?(path, false)
    func failure(_ number: Int32) -> FormatError {
      FormatError(format: "file", source: path, problem: SystemCall.failure("cannot read", number: number))
    }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(errno) }
    defer { close(descriptor) }
    var facts = stat()
    guard fstat(descriptor, &facts) == 0 else { throw failure(errno) }
    guard facts.st_mode & S_IFMT == S_IFREG else { throw failure(facts.st_mode & S_IFMT == S_IFDIR ? EISDIR : EINVAL) }
    let count = Int(facts.st_size)
    guard count > 0 else {
      bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    // Private: what a tensor over these bytes is assigned changes memory, never the file.
    guard let start = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
      throw failure(errno)
    }
    bytes = UnsafeRawBufferPointer(start: start, count: count)
  }

  deinit {
    if let start = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: start), bytes.count) }
  }

  /// Reads a whole file into memory.
  ///
  /// - Throws: `FormatError` when the file cannot be read.
  public static func read(_ path: String) throws -> [UInt8] {
    try withExtendedLifetime(MappedFile(path: path)) { [UInt8]($0.bytes) }
  }
}
