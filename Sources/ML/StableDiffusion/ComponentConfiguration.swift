/// The `config.json` of one part of a diffusers folder, read with diffusers' defaults; options that Loam does not know how to honour are errors.
struct ComponentConfiguration {
  let source: String
  private let object: JSONValue

  init(path: String) throws {
    source = path
    object = try MappedFile(path: path).withJSON(source: path)
    guard object.members != nil else { throw ComponentConfiguration.failure(path, "expected a JSON object, got \(object.kind)") }
  }

  static func failure(_ source: String, _ problem: String) -> FormatError {
    FormatError(format: "model configuration", source: source, problem: problem)
  }

  func failure(_ problem: String) -> FormatError { ComponentConfiguration.failure(source, problem) }

  /// The value of an option; nil when it is absent or null.
  subscript(name: String) -> JSONValue? {
    guard let value = object[name], value != .null else { return nil }
    return value
  }

  private func required<T>(_ name: String, _ what: String, _ fallback: T?, _ read: (JSONValue) -> T?) throws -> T {
    guard let value = self[name] else {
      guard let fallback else { throw failure("the option '\(name)' is missing; expected \(what)") }
      return fallback
    }
    guard let result = read(value) else { throw failure("the option '\(name)' must be \(what), got \(value.text)") }
    return result
  }

  /// A positive whole number.
  func size(_ name: String, default fallback: Int? = nil) throws -> Int {
    try required(name, "a whole number of 1 or more", fallback) { $0.integer.flatMap { $0 >= 1 && $0 <= 1 << 24 ? $0 : nil } }
  }

  func integer(_ name: String, default fallback: Int? = nil) throws -> Int { try required(name, "a whole number", fallback) { $0.integer } }

  func number(_ name: String, default fallback: Double? = nil) throws -> Double { try required(name, "a number", fallback) { $0.number } }

  func boolean(_ name: String, default fallback: Bool? = nil) throws -> Bool { try required(name, "true or false", fallback) { $0.boolean } }

  func string(_ name: String, default fallback: String? = nil) throws -> String { try required(name, "a text", fallback) { $0.string } }

  func strings(_ name: String, default fallback: [String]? = nil) throws -> [String] {
    try required(name, "a list of texts", fallback) { value in
      value.array.flatMap { list in
        let texts = list.compactMap(\.string)
        return texts.count == list.count && !texts.isEmpty ? texts : nil
      }
    }
  }

  func sizes(_ name: String, default fallback: [Int]? = nil) throws -> [Int] {
    try required(name, "a list of whole numbers of 1 or more", fallback) { ComponentConfiguration.sizes($0) }
  }

  private static func sizes(_ value: JSONValue) -> [Int]? {
    value.array.flatMap { list in
      let numbers = list.compactMap { $0.integer.flatMap { $0 >= 1 && $0 <= 1 << 24 ? $0 : nil } }
      return numbers.count == list.count && !numbers.isEmpty ? numbers : nil
    }
  }

  /// One number for each of `count` blocks: a list, or one number for all.
  func sizes(_ name: String, count: Int, default fallback: Int? = nil) throws -> [Int] {
    try required(name, "a whole number of 1 or more, or a list of \(count)", fallback.map { [Int](repeating: $0, count: count) }) { value in
      if let one = value.integer, one >= 1, one <= 1 << 24 { return [Int](repeating: one, count: count) }
      return ComponentConfiguration.sizes(value).flatMap { $0.count == count ? $0 : nil }
    }
  }

  /// One flag for each of `count` blocks: a list, or one for all.
  func booleans(_ name: String, count: Int, default fallback: Bool) throws -> [Bool] {
    try required(name, "true, false, or a list of \(count) of them", [Bool](repeating: fallback, count: count)) { value in
      if let one = value.boolean { return [Bool](repeating: one, count: count) }
      guard let list = value.array, list.count == count else { return nil }
      let flags = list.compactMap(\.boolean)
      return flags.count == count ? flags : nil
    }
  }

  /// An activation by diffusers' or transformers' name.
  func activation(_ name: String, default fallback: String) throws -> Activation {
    let word = try string(name, default: fallback)
    switch word {
    case "silu", "swish": return .silu
    case "gelu": return .gelu
    case "relu": return .relu
    default: throw failure("the activation \(JSONValue.quoted(word)) of '\(name)' is not supported; supported are silu, swish, gelu, relu")
    }
  }

  /// Refuses every option that would change results and is not honoured.
  ///
  /// - Parameters:
  ///   - honoured: options that the model reads.
  ///   - ignored: options that do not bear on results here.
  ///   - neutral: options that are supported in one setting alone, and these settings.
  func refuseOthers(honoured: Set<String>, ignored: Set<String>, neutral: [String: [JSONValue]]) throws {
    for member in object.members ?? [] {
      let (name, value) = (member.key, member.value)
      if name.hasPrefix("_") || honoured.contains(name) || ignored.contains(name) || value == .null { continue }
      if let settings = neutral[name] {
        guard settings.contains(value) || settings.contains(where: { $0.number != nil && $0.number == value.number }) else {
          throw failure("the option '\(name)' is \(value.text); supported is \(settings.isEmpty ? "null" : settings.map(\.text).joined(separator: " or "))")
        }
      } else if value != .boolean(false) {
        throw failure("the option '\(name)' (\(value.text)) is not known to Loam and may change results; remove it from the file if it does not")
      }
    }
  }
}

extension MappedFile {
  /// The file's content as JSON.
  fileprivate func withJSON(source: String) throws -> JSONValue {
    try withExtendedLifetime(self) { try JSONParser.parse(bytes, source: source) }
  }
}
