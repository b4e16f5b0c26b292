import Host
import ML

/// A tokenizer in Lua's hands.
final class TokenizerHandle: LuaObject {
  static let luaName = "Tokenizer"
  let tokenizer: any TextTokenizer
  init(_ tokenizer: any TextTokenizer) { self.tokenizer = tokenizer }

  /// The tokenizer as JSON, from which `TokenizerFile.read` makes it again.
  func json() throws -> String {
    if let words = tokenizer as? WordTokenizer { return words.json() }
    if let pairs = tokenizer as? BytePairTokenizer { return try pairs.json() }
    throw LuaError("this kind of tokenizer cannot be written as JSON")
  }

  /// Reads either kind of tokenizer.
  static func read(json: [UInt8], source: String) throws -> any TextTokenizer {
    if let words = try? WordTokenizer(json: json, source: source) { return words }
    return try BytePairTokenizer.load(json: json, source: source)
  }

  /// The ids of a text with start and end marks, cut to a length.
  func marked(_ text: String, length: Int) -> [Int] {
    [tokenizer.startID] + tokenizer.encode(text).prefix(max(0, length - 2)) + [tokenizer.endID]
  }
}

extension TokenizerHandle: ContentIdentified {
  func contentIdentity() throws -> String { "tokenizer " + ContentHash(of: Array(try json().utf8)).hex }
}

/// The module loam.text.
enum TextLibrary {
  private static let minimum = Argument.integer("minimum_count", "how often a word must occur", default: 1, in: 1...Int.max)
  private static let maximum = Argument.optional(.integer("maximum_size", "most ids, the special ones included", in: 8...Int.max))
  private static let vocabulary = Argument.integer("vocabulary_size", "number of ids", default: 4096, in: 600...1_000_000)

  private static let words = Function(
    "words", "Makes a tokenizer whose ids stand for the words of some captions.", .strings("captions", "texts to be covered"),
    .options("settings", "which words count", minimum, maximum), returns: .object("a new tokenizer", TokenizerHandle.self),
    example: ("local t = text.words{\"a red star\", \"a blue star\"}\nreturn t.vocabulary_size, t:encode(\"a green star\")", "8\t{4, 3, 5}")
  ) { captions, settings in
    TokenizerHandle(try WordTokenizer(captions: captions, minimumCount: settings[minimum], maximumSize: settings[maximum] ?? .max))
  }

  private static let bytePairs = Function(
    "byte_pairs", "Learns a byte-pair vocabulary from some captions; any text can be encoded with it.", .strings("captions", "texts to learn from"),
    .options("settings", "how large", vocabulary), returns: .object("a new tokenizer", TokenizerHandle.self),
    source: "Sennrich et al. 2016, arXiv:1508.07909",
    example: ("local t = text.byte_pairs({\"a red star\", \"a blue star\"}, {vocabulary_size = 600})\nreturn t:decode(t:encode(\"a red star\"))", "a red star")
  ) { captions, settings in TokenizerHandle(try BytePairTokenizer.train(captions: captions, vocabularySize: settings[vocabulary])) }

  private static let load = Function(
    "load", "Reads a tokenizer that save wrote, or CLIP's files (a .txt.gz of merges, or a folder with vocab.json and merges.txt).", .string("path", "file or folder"),
    returns: .object("the tokenizer", TokenizerHandle.self), example: ("return pcall(text.load, \"no/such.json\")", "false\texample:1: no/such.json: file: cannot read: there is no such file or folder")
  ) { path in
    if path.hasSuffix(".json"), Host.Folder.kind(of: path) == .file {
      return TokenizerHandle(try TokenizerHandle.read(json: try MappedFile.read(path), source: path))
    }
    return TokenizerHandle(try BytePairTokenizer.load(path))
  }

  private static let handle = Argument<TokenizerHandle>.object("self", "the tokenizer")

  private static let encode = Function(
    "encode", "Gives the ids of a text, without start and end marks. Ids are names, not positions.", handle, .string("text", "the text"),
    returns: .list(of: .integer("the ids")), example: ("return text.words{\"a red star\"}:encode(\"red star\")", "{5, 6}")
  ) { handle, text in handle.tokenizer.encode(text) }

  private static let decode = Function(
    "decode", "Gives the text of ids; marks and padding are left out.", handle, .integers("ids", "the ids"), returns: .string("the text"),
    example: ("local t = text.words{\"a red star\"}\nreturn t:decode(t:encode(\"red star\"))", "red star")
  ) { handle, ids in handle.tokenizer.decode(ids) }

  private static let save = Function(
    "save", "Writes the tokenizer as JSON, whole or not at all.", handle, .string("path", "the file"), returns: .none,
    example: ("""
      local path = os.tmpname() .. ".json"
      text.words{"a red star"}:save(path)
      local t = text.load(path); os.remove(path)
      return t
      """, "Tokenizer of 7 ids")
  ) { handle, path in try Host.AtomicFile.write(try handle.json() + "\n", to: path) }

  private static let type = ObjectType(
    TokenizerHandle.self, "Turns text into ids and back.", methods: [encode, decode, save],
    properties: [
      Property("vocabulary_size", "Number of ids; all are below it.", .integer("it")) { (t: TokenizerHandle) in t.tokenizer.vocabularySize },
      Property("start_id", "The id before a text.", .integer("it")) { (t: TokenizerHandle) in t.tokenizer.startID },
      Property("end_id", "The id after a text.", .integer("it")) { (t: TokenizerHandle) in t.tokenizer.endID },
    ], describe: { "Tokenizer of \($0.tokenizer.vocabularySize) ids" })

  static let library = Library("text", "Tokenizers: words, and byte pairs.", functions: [words, bytePairs, load], types: [type])
}
