#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A file that appears under its name whole or not at all.
///
/// Bytes go to a temporary file in the same folder. `commit()` flushes it to the disk and renames it over the name;
/// a file that is dropped before that is removed and leaves what was under the name untouched. A process that is killed
/// leaves at most a hidden file named `.<name>.<process>.<number>.partial`, which may be deleted.
public final class AtomicFile {
  public let path: String
  /// Bytes written so far.
  public private(set) var count = 0
  private var temporaryPath = ""
  private var descriptor: Int32 = -1

  /// Opens a temporary file beside `path`.
  ///
  /// - Throws: `FormatError` when the folder is missing or may not be written.
  public init(path: String) throws {
    self.path = path
    FileActivity.listener?(path, true)
    let slash = path.lastIndex(of: "/")
    let folder = slash.map { String(path[...$0]) } ?? ""
    let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
    guard !name.isEmpty else {
      throw FormatError(format: "file", source: path, problem: "cannot write: the path has no file name")
    }
    // A free name is found by trying: other threads and processes may be writing the same file.
    var attempt = 0
    repeat {
      temporaryPath = "\(folder).\(name.prefix(100)).\(getpid()).\(attempt).partial"
      descriptor = open(temporaryPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      attempt += 1
    } while descriptor < 0 && errno == EEXIST && attempt < 10_000
    guard descriptor >= 0 else {
      throw FormatError(format: "file", source: path, problem: SystemCall.failure("cannot write", number: errno))
    }
  }

  deinit { discard() }

  /// Appends bytes to the temporary file.
  ///
  /// - Throws: `FormatError` when the disk refuses (full, quota); the temporary file is removed then.
  public func write(_ bytes: UnsafeRawBufferPointer) throws {
    guard descriptor >= 0 else {
      throw FormatError(format: "file", source: path, problem: "cannot write: the file is already closed")
    }
    let number = SystemCall.writeAll(descriptor, bytes)
    if number != 0 { throw fail("cannot write", number) }
    count += bytes.count
  }

  /// Appends bytes to the temporary file.
  public func write(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try write($0) } }

  /// Flushes to the disk and puts the file under its name, replacing what was there.
  ///
  /// - Throws: `FormatError`; what was under the name is untouched then.
  public func commit() throws {
    guard descriptor >= 0 else { return }
    if fsync(descriptor) != 0 { throw fail("cannot flush to the disk", errno) }
    let closed = close(descriptor)
    descriptor = -1
    if closed != 0 { throw fail("cannot close", errno) }
    if rename(temporaryPath, path) != 0 { throw fail("cannot rename the finished file", errno) }
    syncFolder()
  }

  /// Removes the temporary file; what was under the name is untouched.
  public func discard() {
    guard descriptor >= 0 else { return }
    close(descriptor)
    descriptor = -1
    unlink(temporaryPath)
  }

  private func fail(_ action: String, _ number: Int32) -> FormatError {
    discard()
    unlink(temporaryPath)
    return FormatError(format: "file", source: path, problem: SystemCall.failure(action, number: number))
  }

  /// Makes the new name itself survive a power cut. Some file systems refuse to flush folders: that is no fault.
  private func syncFolder() {
    let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let handle = open(folder, O_RDONLY)
    guard handle >= 0 else { return }
    _ = fsync(handle)
    close(handle)
  }

  /// Writes a whole file at once: all of it or nothing.
  ///
  /// - Throws: `FormatError` naming the path, for example when the disk is full.
  public static func write(_ bytes: [UInt8], to path: String) throws {
    let file = try AtomicFile(path: path)
    try file.write(bytes)
    try file.commit()
  }
}
