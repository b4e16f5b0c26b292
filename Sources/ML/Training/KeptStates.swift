#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The last states of a training run, beside the newest: `training-00000200.safetensors` beside `training.safetensors`.
struct KeptStates {
  /// The file that training continues from.
  let newest: String
  /// Numbered states to keep; 1 keeps the newest alone, without a number.
  let count: Int

  private var stem: String { newest.hasSuffix(".safetensors") ? String(newest.dropLast(".safetensors".count)) : newest }

  private func path(_ step: Int) -> String {
    let digits = String(step)
    return stem + "-" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits + ".safetensors"
  }

  /// The numbered states there are, the oldest first.
  func paths() throws -> [String] {
    let folder = DatasetLoader.parent(newest), prefix = DatasetLoader.fileName(stem) + "-"
    guard Folder.isFolder(folder) else { return [] }
    return try Folder.names(folder).compactMap { name -> (step: Int, path: String)? in
      guard name.hasPrefix(prefix), name.hasSuffix(".safetensors"), let step = Int(name.dropFirst(prefix.count).dropLast(".safetensors".count)) else { return nil }
      return (step, DatasetLoader.join(folder, name))
    }.sorted { $0.step < $1.step }.map(\.path)
  }

  /// Gives the newest state its number as well, and removes what is too old.
  ///
  /// A link costs no copy: the next save puts another file in the place of the newest and leaves this one as it is.
  func keep(step: Int) throws {
    guard count > 1 else { return }
    let numbered = path(step)
    try? FileManager.default.removeItem(atPath: numbered)
    // Some file systems have no links.
    do { try FileManager.default.linkItem(atPath: newest, toPath: numbered) } catch { try FileManager.default.copyItem(atPath: newest, toPath: numbered) }
    for old in try paths().dropLast(count) { try FileManager.default.removeItem(atPath: old) }
  }
}
