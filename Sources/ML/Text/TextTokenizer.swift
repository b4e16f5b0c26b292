/// Turns text into the ids that a text encoder reads, and back.
public protocol TextTokenizer: Sendable {
  /// Number of different ids; all ids are below it.
  var vocabularySize: Int { get }
  /// The id put before a text.
  var startID: Int { get }
  /// The id put after a text.
  var endID: Int { get }

  /// The ids of a text, without start and end, not cut.
  func encode(_ text: String) -> [Int]

  /// The text of ids; start, end and padding are left out.
  func decode(_ ids: [Int]) -> String
}

/// What fills the places after a text's end id. References disagree, so the choice has a name.
public enum TokenPadding: String, Sendable, CaseIterable {
  /// Id 0, as in CLIP's and open_clip's `tokenize` (in their vocabulary that is also the id of "!").
  case zero
  /// The end id again, as in transformers' CLIPTokenizer.
  case endOfText
}

/// Texts as rows of ids of one length.
public struct TokenBatch: Equatable, Sendable {
  /// One row per text, all of the asked length.
  public let ids: [[Int]]
  /// Number of ids of each row before the padding, start and end included.
  public let lengths: [Int]
  /// Indices of the texts that did not fit and were cut.
  public let cut: [Int]
}

/// A text that cannot be encoded as asked.
public struct TokenizerError: Error, Equatable, CustomStringConvertible {
  public let description: String
  public init(_ description: String) { self.description = description }
}

extension TextTokenizer {
  /// Encodes texts to rows of one length: start, the text, end, padding.
  ///
  /// A text that does not fit loses its last ids and keeps its end id.
  ///
  /// - Parameters:
  ///   - length: ids per row, at least 2; CLIP uses 77.
  ///   - padding: what follows the end id, default zero.
  /// - Throws: `TokenizerError` when the length is below 2.
  public func encode(_ texts: [String], length: Int, padding: TokenPadding = .zero) throws -> TokenBatch {
    guard length >= 2 else {
      throw TokenizerError("tokenizer: the length must be at least 2 (start and end), \(length) came")
    }
    var rows: [[Int]] = [], lengths: [Int] = [], cut: [Int] = []
    rows.reserveCapacity(texts.count)
    for (index, text) in texts.enumerated() {
      let ids = encode(text)
      if ids.count > length - 2 { cut.append(index) }
      var row = [startID] + ids.prefix(length - 2) + [endID]
      lengths.append(row.count)
      row.append(contentsOf: repeatElement(padding == .zero ? 0 : endID, count: length - row.count))
      rows.append(row)
    }
    return TokenBatch(ids: rows, lengths: lengths, cut: cut)
  }
}
