#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif
#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Looking into folders, always in one order.
enum Folder {
  /// Whether there is a folder (or a link to one) at a path.
  static func isFolder(_ path: String) -> Bool { kind(path) == S_IFDIR }

  /// Whether there is a regular file (or a link to one) at a path.
  static func isFile(_ path: String) -> Bool { kind(path) == S_IFREG }

  private static func kind(_ path: String) -> mode_t? {
    var facts = stat()
    return stat(path, &facts) == 0 ? facts.st_mode & S_IFMT : nil
  }

  /// The names in a folder sorted by their bytes, hidden ones left out.
  ///
  /// - Throws: `FormatError` when there is no such folder or it may not be read.
  static func names(_ path: String) throws -> [String] {
    FileActivity.listener?(path, false)
    do {
      return try FileManager.default.contentsOfDirectory(atPath: path).filter { !$0.hasPrefix(".") }
        .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    } catch {
      let reason = kind(path) == nil ? "there is no such folder" : isFolder(path) ? "permission denied" : "this is no folder"
      throw FormatError(format: "folder", source: path, problem: "cannot list it: \(reason)")
    }
  }
}
