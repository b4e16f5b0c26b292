import Host
import ML

/// The module loam.store.
enum StoreLibrary {
  private static let name = Argument.string("name", "what the stage is called")
  private static let inputs = Argument.optional(.table("inputs", "what it takes in, by name: results of other stages, files by store.file, data sets, plain values"))
  private static let code = Argument.callback("code", "makes the result; is given the stage", type: "fun(stage: Stage): any")
  private static let refresh = Argument.boolean("refresh", "run it even when its result is stored", default: false)
  private static let cost = Argument.optional(.table("cost", """
    what `loam plan` needs: result (a stand-in for what the code returns), units and unit (how much work, of what kind), measure (a function that does some units \
    and returns how many), and for the sums images, flops, bytes. No part of the key
    """))
  private static let keepRuns = Argument.integer("keep_runs", "results that the last runs used stay", default: 20, in: 0...Int.max)
  private static let unfinished = Argument.boolean("unfinished", "whether the work of killed stages goes too", default: false)
  private static let trial = Argument.boolean("trial", "only tell what would go", default: false)

  private static func functions(_ session: ScriptSession) -> [Function] {
    let stage = Function(
      "stage", """
        Gives the stored result of a costly piece of work, or runs its code and stores what that makes. The key is the code, all values that it captures, \
        the inputs, and Loam's version: whatever of these changes, the stage runs again, and so does one that read a file which changed since or that \
        wrote files outside of its result. The code returns plain values and writes files to `stage:path(name)`; \
        `stage.folder` is for checkpoints and outlives a kill. The result has the returned fields, `files` (path by name) and `stage`.
        """,
      .state(), .options("settings", "name, inputs and code", name, inputs, code, refresh, cost), returns: .table("the result", type: "table"),
      example: ("""
        local factor = 3
        local result = store.stage{name = "example", code = function(stage)
          local file = assert(io.open(stage:path("note.txt"), "w"))
          file:write("done"):close()
          return {answer = 14 * factor}
        end}
        return result.answer, io.open(result.files["note.txt"]):read("a")
        """, "42\tdone")
    ) { state, settings in
      let stages = Stages(session: session, state: state)
      let key = try stages.key(name: settings[name], inputs: settings[inputs], code: settings[code])
      return try stages.result(key, inputs: settings[inputs], code: settings[code], refresh: settings[refresh], cost: settings[cost])
    }
    let explain = Function(
      "explain", "Says whether a stage would run, and why: which captured value, input or line of code changed since the nearest stored result.",
      .state(), .options("settings", "as for stage", name, inputs, code, refresh), returns: .string("the explanation"),
      example: ("return (store.explain{name = \"never run\", code = function() end}:gsub(\"%x%x%x%x%x%x%x%x\", \"KEY\"))", """
        stage never run (KEY) runs because:
          - no result of this stage is stored yet
        """)
    ) { state, settings in
      let key = try Stages(session: session, state: state).key(name: settings[name], inputs: settings[inputs], code: settings[code])
      return "\(try session.store.explain(key))"
    }
    let collect = Function(
      "gc", "Removes stored results that none of the last runs used, and what these were not made from.",
      .options("settings", "what stays", keepRuns, unfinished, trial), returns: .string("what was removed"),
      example: ("return store.gc{trial = true}:match(\"^would remove\")", "would remove")
    ) { settings in
      let keys = try RunDatabase(path: session.options.storeFolder + "/runs.sqlite").stageKeys(lastRuns: settings[keepRuns])
      return "\(try session.store.collect(keeping: keys, includingUnfinished: settings[unfinished], trial: settings[trial]))"
    }
    return [stage, explain, collect]
  }

  private static let file = Function(
    "file", "Names a file or folder as an input that counts by its content.", .string("path", "where it is"), returns: .object("the input", FileReference.self),
    example: ("""
      local path = os.tmpname()
      local f = io.open(path, "w"); f:write("abc"):close()
      local hash = store.file(path).hash; os.remove(path)
      return hash
      """, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  ) { path in
    guard Host.Folder.kind(of: path) != .missing else { throw ArgumentFault.invalid("there is no file or folder \(path)") }
    return FileReference(path)
  }

  private static let path = Function(
    "path", "Gives the place for a result file of the stage, its folders made.", .object("self", "the stage", StageHandle.self),
    .string("name", "path below the stage's results"), returns: .string("where to write"),
    example: ("store.stage{name = \"path\", code = function(stage) print(stage:path(\"a/b.txt\"):match(\"files/a/b.txt\")) end}", "files/a/b.txt")
  ) { handle, name in
    let pieces = name.split(separator: "/", omittingEmptySubsequences: false)
    guard !pieces.contains(""), !pieces.contains(".."), !pieces.contains(".") else {
      throw ArgumentFault.invalid("a plain path below the stage's results expected, got \"\(name)\"")
    }
    let place = handle.work.outputFolder + "/" + name
    try Host.Folder.create(Host.Folder.parent(of: place))
    return place
  }

  private static let stageType = ObjectType(
    StageHandle.self, "A stage at work.", methods: [path],
    properties: [
      Property("name", "What it is called.", .string("it")) { (s: StageHandle) in s.work.key.name },
      Property("key", "Its key.", .string("64 hexadecimal digits")) { (s: StageHandle) in s.work.key.hash.hex },
      Property("folder", "For checkpoints: outlives a kill, gone when the stage is done.", .string("the path")) { (s: StageHandle) in s.work.checkpointFolder },
      Property("is_resumed", "Whether an earlier run was broken off and left its files.", .boolean("whether it was")) { (s: StageHandle) in s.work.isResumed },
    ], describe: { "Stage \"\($0.work.key.name)\" at work" })

  private static let resultType = ObjectType(
    StageReference.self, "The identity of a stored result.",
    properties: [
      Property("name", "The stage's name.", .string("it")) { (s: StageReference) in s.result.name },
      Property("key", "The stage's key.", .string("64 hexadecimal digits")) { (s: StageReference) in s.result.key.hex },
      Property("hash", "Hash of returned values and files.", .string("64 hexadecimal digits")) { (s: StageReference) in s.result.hash.hex },
      Property("folder", "The folder of its files; those of a kept result are made when this is asked.", .string("the path")) { (s: StageReference) in try s.folder() },
      Property("elapsed", "Seconds that making it took.", .number("it")) { (s: StageReference) in s.result.elapsed },
    ], describe: { "StageResult of \"\($0.result.name)\" (\($0.result.key.short))" })

  private static let fileType = ObjectType(
    FileReference.self, "A file or folder that counts by its content.",
    properties: [
      Property("path", "Where it is.", .string("it")) { (f: FileReference) in f.path },
      Property("hash", "Hash of the content.", .string("64 hexadecimal digits")) { (f: FileReference) in try FileContent(reading: f.path).hash.hex },
    ], describe: { "File \($0.path)" })

  static func library(_ session: ScriptSession) -> Library {
    Library("store", "Results of costly stages, kept by content.", functions: functions(session) + [file], types: [stageType, resultType, fileType])
  }
}
