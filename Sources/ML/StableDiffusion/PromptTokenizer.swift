/// The tokeniser of a diffusers folder: CLIP's byte pairs, cut and padded as transformers does it.
public struct PromptTokenizer: Sendable {
  public let tokenizer: BytePairTokenizer
  /// Ids of a row.
  public let length: Int
  /// What fills the places behind the end mark: the end mark again in Stable Diffusion 1.x, "!" in 2.x.
  public let padding: Int
  /// The padding's text where it is none of the marks; transformers then takes it out of prompts as a token of its own.
  private let paddingText: String?

  /// Reads `vocab.json` and `merges.txt`, or `tokenizer.json`, and `tokenizer_config.json`.
  ///
  /// - Throws: `FormatError` for files that are missing or broken.
  public init(folder: String) throws {
    if Folder.isFile(folder + "/vocab.json") {
      tokenizer = try BytePairTokenizer.load(vocabulary: folder + "/vocab.json", merges: folder + "/merges.txt", cleaning: .composed)
    } else if Folder.isFile(folder + "/tokenizer.json") {
      tokenizer = try BytePairTokenizer.load(tokenizer: folder + "/tokenizer.json")
    } else {
      throw FormatError(format: "diffusers folder", source: folder, problem: "there is no tokenizer: expected vocab.json and merges.txt, or tokenizer.json")
    }
    let path = folder + "/tokenizer_config.json"
    let file = try ComponentConfiguration(path: path)
    length = try file.size("model_max_length", default: 77)
    guard length >= 2 else { throw file.failure("'model_max_length' must be 2 or more (start and end), got \(length)") }
    // The padding is a text, or an object that holds it.
    let special = folder + "/special_tokens_map.json"
    let other = Folder.isFile(special) ? try ComponentConfiguration(path: special) : nil
    let value = file["pad_token"] ?? other?["pad_token"]
    let text = value?.string ?? value?["content"]?.string ?? CLIPSplitting.specialTexts[1]
    guard let id = tokenizer.vocabulary.symbols.firstIndex(of: text) else {
      throw file.failure("the padding \(JSONValue.quoted(text)) is not in the vocabulary")
    }
    padding = id
    paddingText = CLIPSplitting.specialTexts.contains(text) ? nil : text
  }

  /// The ids of a prompt: start, text, end, padding. A prompt that does not fit loses its last ids and keeps its end mark.
  ///
  /// - Returns: the ids, and whether some were cut.
  public func encode(_ prompt: String) -> (ids: [Int], isCut: Bool) {
    var words: [Int] = []
    if let paddingText {
      for (index, piece) in prompt.split(separator: paddingText, omittingEmptySubsequences: false).enumerated() {
        if index > 0 { words.append(padding) }
        words += tokenizer.encode(String(piece))
      }
    } else {
      words = tokenizer.encode(prompt)
    }
    var ids = [tokenizer.startID] + words.prefix(length - 2) + [tokenizer.endID]
    ids += repeatElement(padding, count: length - ids.count)
    return (ids, words.count > length - 2)
  }
}
