import Host

/// What the command line shows of notebooks that were run.
public enum NotebookReport {
  /// Which stages the last run of a notebook used, whether each was computed or loaded, and why.
  public static func explain(_ file: String, storeFolder: String) throws -> String {
    let database = try RunDatabase(path: storeFolder + "/runs.sqlite")
    guard let run = try database.list(limit: 1, script: file).first else { return "\(storeFolder) has no recorded run of \(file)" }
    let stages = try database.stages(run: run.id)
    guard !stages.isEmpty else { return "\(file): the last run (\(run.status)) used no stages" }
    let store = StageStore(root: storeFolder, version: Loam.version)
    return try stages.map { stage in
      if stage.wasStored { return "\(stage.name) (\(stage.key.short)): loaded; nothing that it depends on has changed" }
      let reasons = try store.history(of: stage.name).first { $0.key == stage.key }?.reasons ?? []
      return "\(stage.name) (\(stage.key.short)): computed: " + (reasons.isEmpty ? "no result was stored" : reasons.joined(separator: "; "))
    }.joined(separator: "\n")
  }
}
