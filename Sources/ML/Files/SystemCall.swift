#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Sentences for failed calls of the operating system.
enum SystemCall {
  /// The sentence for an error number, with the cure for the usual ones.
  ///
  /// - Parameters:
  ///   - action: what was tried, such as "cannot open".
  ///   - number: the value of `errno`.
  static func failure(_ action: String, number: Int32) -> String {
    let reason = String(cString: strerror(number))
    switch number {
    case ENOSPC: return "\(action): the disk is full (\(reason)); free some space and run again, nothing was half written"
    case EDQUOT: return "\(action): the disk quota is used up (\(reason)); nothing was half written"
    case ENOENT: return "\(action): there is no such file or folder"
    case EACCES, EPERM: return "\(action): permission denied"
    case EISDIR: return "\(action): this is a folder, a file was expected"
    case EROFS: return "\(action): the file system is read-only"
    default: return "\(action): \(reason)"
    }
  }

  /// Writes all bytes to a descriptor, continuing after interrupts and short writes.
  ///
  /// - Returns: 0, or the `errno` of the failure.
  static func writeAll(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int32 {
    var done = 0
    while done < bytes.count {
      let written = write(descriptor, bytes.baseAddress! + done, bytes.count - done)
      if written < 0 {
        if errno == EINTR { continue }
        return errno
      }
      done += written
    }
    return 0
  }
}
