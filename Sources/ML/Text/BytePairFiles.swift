extension BytePairTokenizer {
  private static let formatName = "loam byte-pair tokenizer 1"
  /// Number of merges that CLIP uses of its longer list: 49,152 - 256 - 2.
  public static let clipMergeCount = 48_894

  /// Reads a byte-pair vocabulary.
  ///
  /// - Parameters:
  ///   - path: one of: a folder with `vocab.json` and `merges.txt`; CLIP's `bpe_simple_vocab_16e6.txt.gz` or any other list of
  ///     merges (one a line, the first line is a header); a JSON file that `save` wrote.
  ///   - cleaning: what is done to a text before it is split; by default CLIP's, or what the JSON file says.
  /// - Throws: `FormatError` naming the file and line.
  public static func load(_ path: String, cleaning: TextCleaning? = nil) throws -> BytePairTokenizer {
    if Folder.isFolder(path) {
      return try load(vocabulary: path + "/vocab.json", merges: path + "/merges.txt", cleaning: cleaning ?? .repaired)
    }
    let content = try Gzip.read(path, maximumBytes: 1 << 28)
    if content.first == UInt8(ascii: "{") { return try load(json: content, source: path, cleaning: cleaning) }
    let lines = try mergeLines(content, source: path).prefix(clipMergeCount)
    return BytePairTokenizer(
      vocabulary: try BytePairVocabulary(mergeLines: Array(lines), source: path), cleaning: cleaning ?? .repaired)
  }

  /// Reads `vocab.json` (symbol to id) and `merges.txt` as transformers' CLIPTokenizer keeps them.
  public static func load(vocabulary: String, merges: String, cleaning: TextCleaning = .repaired) throws -> BytePairTokenizer {
    guard let members = try JSONParser.parse(MappedFile.read(vocabulary), source: vocabulary).members else {
      throw FormatError(format: "byte-pair vocabulary", source: vocabulary, problem: "expected an object that maps symbols to ids")
    }
    return try make(members, merges: mergeLines(MappedFile.read(merges), source: merges), source: vocabulary, cleaning: cleaning)
  }

  /// Reads the `tokenizer.json` that transformers' newer CLIPTokenizer keeps instead.
  public static func load(tokenizer path: String, cleaning: TextCleaning = .composed) throws -> BytePairTokenizer {
    func failure(_ problem: String) -> FormatError { FormatError(format: "tokenizer.json", source: path, problem: problem) }
    let model = try JSONParser.parse(MappedFile.read(path), source: path)["model"]
    guard let model, model["type"]?.string == "BPE", model["end_of_word_suffix"]?.string == "</w>", let members = model["vocab"]?.members,
      let merges = model["merges"]?.array
    else { throw failure("expected a byte-pair model with the end mark </w>, as CLIP's tokenizer has it") }
    let lines = try merges.enumerated().map { index, merge -> (line: Int, left: Substring, right: Substring) in
      let parts = merge.array?.compactMap(\.string).map { Substring($0) } ?? merge.string?.split(separator: " ") ?? []
      guard parts.count == 2 else { throw failure("merge \(index) must be two symbols, \(merge.text) came") }
      return (index, parts[0], parts[1])
    }
    return try make(members, merges: lines, source: path, cleaning: cleaning)
  }

  /// A tokenizer of a vocabulary (symbol to id) and merges.
  private static func make(_ members: [JSONValue.Member], merges: [(line: Int, left: Substring, right: Substring)], source: String,
                           cleaning: TextCleaning) throws -> BytePairTokenizer {
    func failure(_ problem: String) -> FormatError { FormatError(format: "byte-pair vocabulary", source: source, problem: problem) }
    var symbols = [String?](repeating: nil, count: members.count)
    var identifiers: [ExactText: Int32] = [:]
    for member in members {
      guard let id = member.value.integer, symbols.indices.contains(id), symbols[id] == nil else {
        throw failure("the id of '\(member.key)' must be a whole number below \(members.count) that no other symbol has, \(member.value.text) came")
      }
      symbols[id] = member.key
      identifiers[ExactText(member.key)] = Int32(id)
    }
    let spellings = symbols.compactMap { $0 }
    guard spellings.count == members.count, identifiers.count == members.count else { throw failure("a symbol occurs twice") }
    let result = try BytePairVocabulary(
      symbols: spellings, identifiers: identifiers,
      mergeLines: merges, source: source)
    return BytePairTokenizer(vocabulary: result, cleaning: cleaning)
  }

  /// The tokenizer as JSON; the same vocabulary always gives the same bytes. The ids must be those that follow from the
  /// merges, as in CLIP.
  ///
  /// - Throws: `TokenizerError` for a vocabulary whose ids were given by a `vocab.json` and are others.
  public func json() throws -> String {
    let merges = vocabulary.mergeList.map {
      vocabulary.symbols[Int(BytePairVocabulary.left($0))] + " " + vocabulary.symbols[Int(BytePairVocabulary.right($0))]
    }
    let value = JSONValue.object([
      .init(key: "format", value: .string(BytePairTokenizer.formatName)),
      .init(key: "cleaning", value: .string(cleaning.rawValue)),
      .init(key: "merges", value: .array(merges.map { .string($0) })),
    ]).text
    guard try BytePairTokenizer.load(json: Array(value.utf8), source: "json").vocabulary.symbols == vocabulary.symbols else {
      throw TokenizerError("byte-pair tokenizer: its ids do not follow from its merges; keep its vocab.json and merges.txt instead")
    }
    return value
  }

  /// Reads what `json()` wrote.
  public static func load(json: [UInt8], source: String, cleaning: TextCleaning? = nil) throws -> BytePairTokenizer {
    func failure(_ problem: String) -> FormatError { FormatError(format: "tokenizer", source: source, problem: problem) }
    let value = try JSONParser.parse(json, source: source)
    guard value["format"]?.string == formatName, let merges = value["merges"]?.array,
      let stored = TextCleaning(rawValue: value["cleaning"]?.string ?? "")
    else { throw failure("expected an object with format '\(formatName)', cleaning and a list of merges") }
    let lines = try merges.enumerated().map { index, merge in
      guard let parts = merge.string?.split(separator: " "), parts.count == 2 else {
        throw failure("merge \(index) must be two symbols with a space between, \(merge.text) came")
      }
      return (line: index, left: parts[0], right: parts[1])
    }
    return BytePairTokenizer(
      vocabulary: try BytePairVocabulary(mergeLines: lines, source: source), cleaning: cleaning ?? stored)
  }

  /// Writes the tokenizer as a JSON file, whole or not at all.
  public func save(_ path: String) throws { try AtomicFile.write(Array((try json() + "\n").utf8), to: path) }

  /// The merges of a list: a header line, then two symbols a line. Empty lines are left out.
  private static func mergeLines(_ content: [UInt8], source: String) throws -> [(line: Int, left: Substring, right: Substring)] {
    guard let text = String(validating: content, as: UTF8.self) else {
      throw FormatError(format: "byte-pair merges", source: source, problem: "the text is not valid UTF-8")
    }
    var result: [(line: Int, left: Substring, right: Substring)] = []
    for (index, line) in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated().dropFirst() {
      // The symbols themselves hold no ASCII space: a space is spelled as another character.
      let parts = line.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\r") }
      if parts.isEmpty { continue }
      guard parts.count == 2 else {
        throw FormatError(
          format: "byte-pair merges", source: source,
          problem: "line \(index + 1) must be two symbols with a space between, '\(Substring(line.prefix(60)))' came")
      }
      result.append((line: index + 1, left: Substring(parts[0]), right: Substring(parts[1])))
    }
    return result
  }
}
