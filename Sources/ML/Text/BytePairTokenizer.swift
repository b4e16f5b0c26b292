/// A byte-pair tokenizer with CLIP's conventions; any text can be encoded, no id stands for "unknown".
///
/// Radford et al. 2021, "Learning transferable visual models from natural language supervision"; Sennrich, Haddow & Birch
/// 2016, "Neural machine translation of rare words with subword units".
public struct BytePairTokenizer: TextTokenizer, Equatable {
  let vocabulary: BytePairVocabulary
  /// What is done to a text before it is split.
  public let cleaning: TextCleaning

  public var vocabularySize: Int { vocabulary.symbols.count }
  public var startID: Int { vocabulary.startID }
  public var endID: Int { vocabulary.endID }

  init(vocabulary: BytePairVocabulary, cleaning: TextCleaning) {
    self.vocabulary = vocabulary
    self.cleaning = cleaning
  }

  /// The ids of a text, without start and end, not cut. The texts `<|startoftext|>` and `<|endoftext|>` inside it become those
  /// ids, as in CLIP.
  public func encode(_ text: String) -> [Int] { encode(cleaned: cleaning.apply(text)) }

  /// The ids of a text that has been cleaned already.
  public func encode(cleaned text: String) -> [Int] {
    var ids: [Int] = []
    for word in CLIPSplitting.words(text) {
      switch word {
      case CLIPSplitting.specialTexts[0]: ids.append(startID)
      case CLIPSplitting.specialTexts[1]: ids.append(endID)
      default: ids.append(contentsOf: vocabulary.encode(word: word))
      }
    }
    return ids
  }

  /// The text of ids, words separated by spaces, reading up to the first end id. Ids outside the vocabulary are left out;
  /// bytes that are no UTF-8 become U+FFFD.
  public func decode(_ ids: [Int]) -> String {
    var bytes: [UInt8] = []
    for id in ids {
      if id == endID { break }
      guard vocabulary.symbols.indices.contains(id), id != startID else { continue }
      let symbol = vocabulary.symbols[id]
      let isLast = symbol.hasSuffix("</w>")
      for scalar in (isLast ? symbol.dropLast(4) : symbol[...]).unicodeScalars {
        if let byte = BytePairVocabulary.byteOfScalar[scalar] { bytes.append(byte) }
      }
      if isLast { bytes.append(UInt8(ascii: " ")) }
    }
    if bytes.last == UInt8(ascii: " ") { bytes.removeLast() }
    return String(decoding: bytes, as: UTF8.self)
  }
}
