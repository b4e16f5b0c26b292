import Host

/// Progress of a long job in Lua's hands.
final class ProgressHandle: LuaObject {
  static let luaName = "Progress"
  let reporter: ProgressReporter
  init(_ reporter: ProgressReporter) { self.reporter = reporter }
}

/// The module loam.run.
enum RunLibrary {
  private static let total = Argument.optional(.integer("total", "how many units there are", in: 0...Int.max))
  private static let label = Argument.string("label", "what is being done", default: "work")
  private static let unit = Argument.string("unit", "what is counted, in the singular", default: "step")
  private static let done = Argument.integer("done", "how many were done before, when a killed job goes on", default: 0, in: 0...Int.max)

  private static func functions(_ session: ScriptSession) -> [Function] {
    let preset = Function(
      "preset", """
        Resolves the script's parameters: those of the preset that `--preset` names (default laptop) over those of `all`, then `--seed`, then \
        `--name value` behind `--`, typed by the defaults. An unknown name is an error that suggests the nearest. The result has `preset` and `seed` too, \
        and is written into the record of runs.
        """,
      .table("presets", "parameters by preset", type: "table<string, table>"), returns: .table("the parameters"),
      example: ("return run.preset{all = {steps = 10, lr = 0.1}, laptop = {steps = 100}, smoke = {steps = 2}}", "{lr = 0.1, preset = \"laptop\", seed = 1, steps = 100}")
    ) { presets in
      var resolved = try ResolvedParameters(presets: try LuaConversion.stored(.table(presets), place: "presets"), options: session.options)
      resolved = try session.adopt(resolved)
      return .record(resolved.values.map { ($0.name, LuaConversion.lua($0.value)) } + [("preset", .string(resolved.preset))])
    }
    let record = Function(
      "record", "Records a number at a step, such as a loss; a later one for the same name and step replaces it. The summary of a sweep has the last value of each name.", .string("name", "such as \"loss\""),
      .integer("step", "as the script counts"), .number("value", "the number"), returns: .none, example: ("run.record(\"loss\", 1, 0.5)", "")
    ) { name, step, value in
      try session.run().record(name, step: step, value: value)
      session.onRecord?(name, value)
    }
    let artifact = Function(
      "artifact", "Records a file that the run made, by its content now.", .string("name", "what it is"), .string("path", "where it is"),
      returns: .string("hash of the content"),
      example: ("""
        local path = os.tmpname()
        io.open(path, "w"):write("abc"):close()
        local hash = run.artifact("note", path); os.remove(path)
        return #hash
        """, "64")
    ) { name, path in try session.run().addArtifact(name, path: path).hash.hex }
    let history = Function(
      "history", "Gives the recorded numbers of a name of this run, in the order of their steps.", .string("name", "as given to record"),
      returns: .table("a list of {step, value}", type: "{step: integer, value: number}[]"),
      example: ("run.record(\"loss\", 1, 0.5); run.record(\"loss\", 2, 0.25)\nreturn run.history(\"loss\")", "{{step = 1, value = 0.5}, {step = 2, value = 0.25}}")
    ) { name in
      let run = try session.run()
      try run.flush()
      let metrics = try RunDatabase(path: session.options.storeFolder + "/runs.sqlite").metrics(run: run.id, name: name)
      return .list(metrics.map { .record(["step": .integer($0.step), "value": .number($0.value)]) })
    }
    let isPlanned = Function(
      "is_planned", "Tells whether stages are only counted, by `loam plan`; what a script writes beside its stages should then be left alone.", returns: .boolean("whether they are"),
      example: ("return run.is_planned()", "false")
    ) { session.plan != nil }
    return [preset, record, artifact, history, isPlanned]
  }

  private static let progress = Function(
    "progress", "Shows how far a long job is: one line that is rewritten on a terminal, a quiet line now and then elsewhere.",
    .options("settings", "what is counted", total, label, unit, done), returns: .object("the progress", ProgressHandle.self),
    example: ("local p = run.progress{total = 2, label = \"train\"}\nfor step = 1, 2 do p:update(step, {loss = 1 / step}) end\np:finish()", "")
  ) { settings in ProgressHandle(ProgressReporter(label: settings[label], total: settings[total], unit: settings[unit], done: settings[done])) }

  private static let handle = Argument<ProgressHandle>.object("self", "the progress")

  private static let update = Function(
    "update", "Tells how far the job is; cheap enough for every step.", handle, .integer("done", "units done in all"),
    .optional(.table("metrics", "numbers to show by name", type: "table<string, number>")), returns: .none,
    example: ("run.progress{total = 5}:update(1, {loss = 0.3})", "")
  ) { handle, done, metrics in
    let numbers = try (metrics?.pairs() ?? []).compactMap { key, value -> (name: String, value: Double)? in
      guard let name = key.asString, let number = value.asNumber else { throw ArgumentFault.invalid("metrics are numbers by name") }
      return (name, number)
    }
    handle.reporter.update(done, metrics: numbers.sorted { $0.name < $1.name })
  }

  private static let note = Function(
    "note", "Writes a line without disturbing the progress.", handle, .string("text", "the line"), returns: .none,
    example: ("run.progress{total = 5}:note(\"halfway\")", "")
  ) { handle, text in handle.reporter.note(text) }

  private static let finish = Function(
    "finish", "Ends the progress with a line that says what was done and how fast.", handle, .boolean("summary", "whether to write that line", default: true),
    returns: .none, example: ("run.progress{total = 5}:finish(false)", "")
  ) { handle, summary in handle.reporter.finish(summary: summary) }

  private static let type = ObjectType(ProgressHandle.self, "Progress of a long job.", methods: [update, note, finish], describe: { _ in "Progress" })

  static func library(_ session: ScriptSession) -> Library {
    Library("run", "The run of a script: its parameters, its progress, its record.", functions: functions(session) + [progress], types: [type])
  }
}
