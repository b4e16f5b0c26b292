import Host

/// What the command line shows of the store and of recorded runs.
public enum StoreReport {
  private static func open(_ folder: String) -> StageStore { StageStore(root: folder, version: Loam.version) }

  /// Why the newest results of a stage ran.
  public static func explain(_ name: String, folder: String) throws -> String {
    let history = try open(folder).history(of: name)
    guard !history.isEmpty else { return "no stage named '\(name)' has a result in \(folder)" }
    return history.prefix(5).map { manifest in
      "\(manifest.name) \(manifest.key.hex.prefix(12)): " + (manifest.reasons.isEmpty ? "first run" : manifest.reasons.joined(separator: "; "))
    }.joined(separator: "\n")
  }

  /// The results that are kept, with their sizes.
  public static func list(folder: String) throws -> String {
    let entries = try open(folder).list()
    guard !entries.isEmpty else { return "\(folder) holds no results" }
    return entries.map { "\($0.manifest.key.hex.prefix(12))  \(DisplayWidth.pad("\($0.bytes)", to: 12))  \($0.manifest.name)" }.joined(separator: "\n")
  }

  /// Removes what none of the last runs used, or with `trial` only says what that would be.
  public static func collect(keepingRuns runs: Int, trial: Bool = false, folder: String) throws -> String {
    let database = try RunDatabase(path: folder + "/runs.sqlite")
    return "\(try open(folder).collect(keeping: try database.stageKeys(lastRuns: runs), trial: trial))"
  }
}
