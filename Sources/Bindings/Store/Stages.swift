import Host
import ML

/// A file or folder that counts by its content.
final class FileReference: LuaObject {
  static let luaName = "File"
  let path: String
  init(_ path: String) { self.path = path }
}

/// A finished stage, as other stages take it in.
final class StageReference: LuaObject {
  static let luaName = "StageResult"
  let result: StageResult
  /// Makes the files of a kept result; nil where they are there.
  private let supply: (() throws -> Void)?

  init(_ result: StageResult, supply: (() throws -> Void)? = nil) {
    self.result = result
    self.supply = supply
  }

  /// The folder of the files, which are there from now on.
  func folder() throws -> String {
    try supply?()
    return result.folder
  }
}

/// A stage at work: what its code is given.
final class StageHandle: LuaObject {
  static let luaName = "Stage"
  let work: StageWork
  init(_ work: StageWork) { self.work = work }
}

/// Runs stages or finds their stored results.
struct Stages {
  let session: ScriptSession
  let state: LuaState

  /// The key of a stage: its code, what that captures, its inputs, and Loam's version.
  func key(name: String, inputs: LuaTable?, code: LuaFunction) throws -> StageKey {
    var captures = try Captures(of: code, in: state)
    var parts = captures.parts
    var dependencies = captures.dependencies
    for (key, value) in try (inputs?.pairs() ?? []).map({ (try inputName($0.key), $0.value) }).sorted(by: { $0.0 < $1.0 }) {
      if case .object(let object) = value, let file = object as? FileReference {
        parts.append(("input " + key, .file(file.path)))
        continue
      }
      captures = try Captures(of: value, name: "input " + key, in: state)
      dependencies += captures.dependencies
      // An input that is itself a stage's result counts as a dependency only.
      parts += captures.parts.filter { $0.value["(object)"]?.text?.hasPrefix("stage ") != true }
    }
    var roles: Set<String> = []
    return try session.store.key(name: name, parts: parts, dependencies: dependencies.filter { roles.insert($0.role).inserted })
  }

  private func inputName(_ key: LuaValue) throws -> String {
    if let name = key.asString { return name }
    if let position = key.asInteger { return "\(position)" }
    throw LuaError("inputs are a list or a table of names, got a \(key.typeName) as a key")
  }

  /// The stored result, or that of running the code.
  func result(_ key: StageKey, inputs: LuaTable? = nil, code: LuaFunction, refresh: Bool, cost: LuaTable? = nil) throws -> LuaValue {
    if let plan = session.plan { return try table(plan.result(key, existing: refresh ? nil : session.store.existing(key), cost: cost)) }
    let isRefreshed = session.options.refresh && session.refreshed.insert(key.hash).inserted
    let result: StageResult
    var supply: (() throws -> Void)?
    switch try session.store.open(key, refresh: refresh || isRefreshed) {
    case .stored(let stored): result = stored
    case .kept(let kept):
      result = kept
      session.kept[key.hash] = { try makeFiles(of: kept, key, inputs: inputs, code: code) }
      supply = { [session] in try session.kept[key.hash]?() }
    case .run(let work):
      result = try run(work, key, inputs: inputs, code: code)
      try note(result, wasStored: false)
      return try table(result)
    }
    try note(result, wasStored: true)
    // What the stage printed belongs to its result: a stored one says the same again.
    try state.writeOutput(result.printed)
    return try table(result, supply: supply)
  }

  /// Runs a stage's code and stores what it makes.
  private func run(_ work: StageWork, _ key: StageKey, inputs: LuaTable?, code: LuaFunction) throws -> StageResult {
    do {
      // The code may read the files of what it takes in.
      for dependency in key.dependencies { try session.kept[dependency.key]?() }
      // The script's own stream starts afresh in each stage, so that a result does not hang on what ran before it.
      let outside = session.defaultStream.stream
      session.defaultStream.stream = RandomStream(seed: 0, purpose: "stage \(key.name)")
      defer { session.defaultStream.stream = outside }
      let declared = try (inputs?.pairs() ?? []).compactMap { entry -> String? in
        if case .object(let object) = entry.value { (object as? FileReference)?.path } else { nil }
      }
      let (outcome, read, written) = try FileWitness.during(ignoring: [session.options.storeFolder], declared: declared) {
        try state.recordingOutput { try code.call(.object(StageHandle(work))).first ?? .none }
      }
      let (value, printed) = outcome
      let stored = try LuaConversion.stored(value, place: "the result of stage \"\(key.name)\"")
      if case .table(let entries) = stored, let taken = entries.first(where: { $0.key.text == "files" || $0.key.text == "stage" }) {
        throw LuaError("the result of stage \"\(key.name)\" has a field '\(taken.key.text ?? "")', which Loam adds itself; take another name")
      }
      return try work.commit(value: stored, printed: printed, read: read, written: written)
    } catch {
      work.abandon()
      throw error
    }
  }

  /// Runs the stage of a kept result, because something needs its files.
  private func makeFiles(of kept: StageResult, _ key: StageKey, inputs: LuaTable?, code: LuaFunction) throws {
    guard session.kept.removeValue(forKey: key.hash) != nil else { return }
    let made: StageResult
    switch try session.store.open(key, needsFiles: true) {
    case .stored(let result), .kept(let result): made = result
    case .run(let work): made = try run(work, key, inputs: inputs, code: code)
    }
    guard made.hash == kept.hash else {
      throw LuaError(
        "stage \"\(key.name)\" gave other bytes (\(made.hash.short)) than the kept result (\(kept.hash.short)), so what is kept of later stages does not belong to it: "
          + "it was made on another kind of machine. Run with --fresh, which computes everything here")
    }
  }

  private func note(_ result: StageResult, wasStored: Bool) throws {
    // A notebook's run is recorded as soon as it uses a stage, a script's when it asks for that.
    let run = session.onStage == nil ? session.currentRun : try session.run()
    try run?.addStage(result, wasStored: wasStored)
    session.onStage?(result, wasStored)
  }

  /// The result as Lua sees it: the fields that the code returned, `files` and `stage`.
  private func table(_ result: StageResult, supply: (() throws -> Void)? = nil) throws -> LuaValue {
    var files: [(String, LuaValue)] = []
    var folders: Set<String> = []
    for output in result.manifest.outputs {
      files.append((output.path, .string(result.folder + "/" + output.path)))
      if let slash = output.path.firstIndex(of: "/") {
        let folder = String(output.path[..<slash])
        if folders.insert(folder).inserted { files.append((folder, .string(result.folder + "/" + folder))) }
      }
    }
    var fields: [(String, LuaValue)] = []
    switch result.value {
    case .table(let entries): fields = entries.map { ($0.key.text ?? "", LuaConversion.lua($0.value)) }
    case .null: break
    default: fields = [("value", LuaConversion.lua(result.value))]
    }
    return .record(fields + [("files", .record(files)), ("stage", .object(StageReference(result, supply: supply)))])
  }
}
