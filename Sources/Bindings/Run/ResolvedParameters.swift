import Host

/// A script's parameters after defaults, preset, `--seed` and the arguments behind `--`.
struct ResolvedParameters {
  let preset: String
  private(set) var values: [(name: String, value: StoreValue)]

  var seed: Int? { values.first { $0.name == "seed" }?.value.integer }

  var value: StoreValue { .table(values.map { StoreEntry(.string($0.name), $0.value) }) }

  /// Resolves.
  ///
  /// - Parameters:
  ///   - presets: parameters by preset; those of "all" hold for each, unless it says otherwise.
  ///   - options: what the command line gave.
  /// - Throws: `LuaError` naming the preset or parameter that is not there, and the nearest one that is.
  init(presets: StoreValue, options: SessionOptions) throws {
    guard case .table(let entries) = presets, !entries.isEmpty else { throw LuaError("run.preset needs at least one preset, such as laptop = {...}") }
    var tables: [String: [(String, StoreValue)]] = [:]
    for entry in entries {
      guard case .table(let fields) = entry.value, let name = entry.key.text else {
        throw LuaError("the preset '\(entry.key.text ?? entry.key.plainJSON())' must be a table of parameters by name")
      }
      tables[name] = fields.map { ($0.key.text ?? "", $0.value) }
    }
    let shared = tables.removeValue(forKey: "all") ?? []
    let names = tables.keys.sorted()
    let wanted = options.preset ?? (tables["laptop"] != nil || names.isEmpty ? "laptop" : names[0])
    guard let chosen = tables[wanted] ?? (names.isEmpty ? [] : nil) else {
      let near = nearestName(to: wanted, among: names).map { "did you mean '\($0)'?" } ?? "it has \(names.joined(separator: ", "))"
      throw LuaError("this script has no preset '\(wanted)'; \(near)")
    }
    preset = wanted
    var merged = shared.filter { entry in !chosen.contains { $0.0 == entry.0 } } + chosen
    merged.sort { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }
    if let given = options.seed {
      merged.removeAll { $0.0 == "seed" }
      merged.append(("seed", .integer(given)))
    } else if !merged.contains(where: { $0.0 == "seed" }) {
      merged.append(("seed", 1))
    }
    values = merged.map { (name: $0.0, value: $0.1) }
    try apply(options.arguments)
  }

  /// `--name value`, `--name=value`, `--flag`, `--no-flag`; dashes in names stand for underscores.
  private mutating func apply(_ arguments: [String]) throws {
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      guard argument.hasPrefix("--"), argument.count > 2 else {
        throw LuaError("the argument '\(argument)' has no name; parameters are given as --name value")
      }
      let text = argument.dropFirst(2)
      let cut = text.firstIndex(of: "=")
      let name = String(text[..<(cut ?? text.endIndex)]).replacing("-", with: "_")
      if cut == nil, name.hasPrefix("no_"), let place = place(String(name.dropFirst(3))), case .bool = values[place].value {
        values[place].value = .bool(false)
        continue
      }
      guard let place = place(name) else {
        let known = values.map(\.name)
        let near = nearestName(to: name, among: known).map { "; did you mean '--\($0.replacing("_", with: "-"))'?" }
          ?? "; the parameters are " + known.sorted().joined(separator: ", ")
        throw LuaError("this script has no parameter '\(name)'\(near)")
      }
      if let cut {
        values[place].value = try read(String(text[text.index(after: cut)...]), like: values[place].value, name)
      } else if case .bool = values[place].value, rest.first.map({ $0.hasPrefix("--") }) ?? true {
        values[place].value = .bool(true)
      } else if let value = rest.popFirst() {
        values[place].value = try read(value, like: values[place].value, name)
      } else {
        throw LuaError("the parameter '\(name)' needs a value: --\(name) VALUE")
      }
    }
  }

  private func place(_ name: String) -> Int? { values.firstIndex { $0.name == name } }

  /// A text as a value of the kind that the default has; a default of false may become a text as well.
  private func read(_ text: String, like fallback: StoreValue, _ name: String) throws -> StoreValue {
    func fault(_ expected: String) -> LuaError { LuaError("the parameter '\(name)' takes \(expected), got '\(text)'") }
    switch fallback {
    case .integer:
      guard let value = Int(text) else { throw fault("a whole number") }
      return .integer(value)
    case .number:
      guard let value = Double(text), value.isFinite else { throw fault("a number") }
      return .number(value)
    case .bool(let isOn):
      if text == "true" || text == "false" { return .bool(text == "true") }
      if isOn { throw fault("true or false") }
      return .string(text)
    case .list(let elements):
      let like = elements.first ?? .string("")
      return .list(try text.split(separator: ",").map { try read(String($0), like: like, name) })
    case .string, .null: return .string(text)
    default: throw LuaError("the parameter '\(name)' is a table and cannot be given on the command line")
    }
  }
}
