/// A tokenizer whose ids stand for lower-cased words and punctuation marks.
///
/// Ids: 0 padding, 1 start, 2 end, 3 unknown, then the words by falling frequency (equally frequent ones by their bytes).
public struct WordTokenizer: TextTokenizer, Equatable {
  public static let paddingID = 0
  public static let unknownID = 3
  private static let specialCount = 4
  private static let formatName = "loam word tokenizer 1"

  /// The words of ids 4, 5, ...
  public let words: [String]
  /// What is done to a text before it is split.
  public let cleaning: TextCleaning
  private let identifiers: [ExactText: Int]

  public var vocabularySize: Int { WordTokenizer.specialCount + words.count }
  public var startID: Int { 1 }
  public var endID: Int { 2 }
  public var unknownID: Int { WordTokenizer.unknownID }

  /// Makes a tokenizer of given words, which get the ids 4, 5, ... in this order.
  ///
  /// - Throws: `TokenizerError` when a word occurs twice or is no single word after cleaning.
  public init(words: [String], cleaning: TextCleaning = .lower) throws {
    self.words = words
    self.cleaning = cleaning
    var identifiers: [ExactText: Int] = [:]
    identifiers.reserveCapacity(words.count)
    for (index, word) in words.enumerated() {
      guard !word.isEmpty, identifiers.updateValue(WordTokenizer.specialCount + index, forKey: ExactText(word)) == nil else {
        throw TokenizerError("word tokenizer: word \(index), '\(word)', is empty or occurs twice")
      }
    }
    self.identifiers = identifiers
  }

  /// Builds the vocabulary of captions.
  ///
  /// - Parameters:
  ///   - captions: the texts to be covered.
  ///   - minimumCount: how often a word must occur to get an id, default 1.
  ///   - maximumSize: most ids, the four special ones included; the rarest words are left out. Default no limit.
  /// - Throws: `TokenizerError` when an option is out of range.
  public init(
    captions: some Sequence<String>, minimumCount: Int = 1, maximumSize: Int = .max, cleaning: TextCleaning = .lower
  ) throws {
    guard minimumCount >= 1, maximumSize >= WordTokenizer.specialCount else {
      throw TokenizerError(
        "word tokenizer: minimumCount must be at least 1 and maximumSize at least \(WordTokenizer.specialCount), \(minimumCount) and \(maximumSize) came")
    }
    var counts: [ExactText: Int] = [:]
    for caption in captions {
      for word in WordSplitting.words(cleaning.apply(caption)) { counts[ExactText(word), default: 0] += 1 }
    }
    let sorted = counts.filter { $0.value >= minimumCount }.sorted {
      $0.value != $1.value ? $0.value > $1.value : $0.key.text.utf8.lexicographicallyPrecedes($1.key.text.utf8)
    }
    try self.init(words: sorted.prefix(maximumSize - WordTokenizer.specialCount).map(\.key.text), cleaning: cleaning)
  }

  public func encode(_ text: String) -> [Int] {
    WordSplitting.words(cleaning.apply(text)).map { identifiers[ExactText($0)] ?? WordTokenizer.unknownID }
  }

  /// The words of ids with spaces between; unknown words come as "?", ids outside the vocabulary are left out.
  public func decode(_ ids: [Int]) -> String {
    ids.compactMap { id in
      if id == WordTokenizer.unknownID { return "?" }
      let index = id - WordTokenizer.specialCount
      return words.indices.contains(index) ? words[index] : nil
    }.joined(separator: " ")
  }

  /// The tokenizer as JSON; the same vocabulary always gives the same bytes.
  public func json() -> String {
    JSONValue.object([
      .init(key: "format", value: .string(WordTokenizer.formatName)),
      .init(key: "cleaning", value: .string(cleaning.rawValue)),
      .init(key: "words", value: .array(words.map { .string($0) })),
    ]).text
  }

  /// Reads what `json()` wrote.
  ///
  /// - Parameter source: name used in errors.
  /// - Throws: `FormatError` for JSON of another kind, `TokenizerError` for words that cannot be.
  public init(json: [UInt8], source: String) throws {
    let value = try JSONParser.parse(json, source: source)
    let words = value["words"]?.array?.compactMap(\.string)
    guard value["format"]?.string == WordTokenizer.formatName, let words, words.count == value["words"]?.array?.count,
      let cleaning = TextCleaning(rawValue: value["cleaning"]?.string ?? "")
    else {
      throw FormatError(
        format: "tokenizer", source: source,
        problem: "expected an object with format '\(WordTokenizer.formatName)', cleaning and a list of words")
    }
    try self.init(words: words, cleaning: cleaning)
  }

  /// Writes the tokenizer as a JSON file, whole or not at all.
  public func save(_ path: String) throws { try AtomicFile.write(Array((json() + "\n").utf8), to: path) }

  /// Reads a tokenizer that `save` wrote.
  public static func load(_ path: String) throws -> WordTokenizer {
    try WordTokenizer(json: MappedFile.read(path), source: path)
  }
}
