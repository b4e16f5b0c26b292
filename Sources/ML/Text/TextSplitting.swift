/// Kinds of characters that decide where a text is split.
enum CharacterKind {
  case letter, number, space, other

  init(_ scalar: Unicode.Scalar) {
    if scalar.isASCII {
      switch scalar {
      case "a"..."z", "A"..."Z": self = .letter
      case "0"..."9": self = .number
      case " ", "\t"..."\r": self = .space
      default: self = .other
      }
      return
    }
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: self = .letter
    case .decimalNumber, .letterNumber, .otherNumber: self = .number
    default: self = scalar.properties.isWhitespace ? .space : .other
    }
  }
}

/// CLIP's way to cut a text into words.
enum CLIPSplitting {
  static let specialTexts = ["<|startoftext|>", "<|endoftext|>"]
  private static let contractions = ["s", "t", "re", "ve", "m", "ll", "d"].map { Array($0.unicodeScalars) }
  private static let specials = specialTexts.map { Array($0.unicodeScalars) }

  /// The words of a text, in order. The first of these that fits at a place is taken:
  ///
  ///     <|startoftext|>   <|endoftext|>   's 't 're 've 'm 'll 'd   letters+   one number   anything else but space+
  ///
  /// - Parameter text: cleaned and lower-cased.
  static func words(_ text: String) -> [String] {
    let scalars = Array(text.unicodeScalars)
    var words: [String] = []
    var start = 0
    while start < scalars.count {
      let kind = CharacterKind(scalars[start])
      var end = start + 1
      if let length = specialLength(scalars, start) ?? contractionLength(scalars, start) {
        end = start + length
      } else {
        switch kind {
        case .space:
          start += 1
          continue
        case .number: break
        case .letter, .other: while end < scalars.count, CharacterKind(scalars[end]) == kind { end += 1 }
        }
      }
      var word = String.UnicodeScalarView()
      word.append(contentsOf: scalars[start..<end])
      words.append(String(word))
      start = end
    }
    return words
  }

  private static func specialLength(_ scalars: [Unicode.Scalar], _ start: Int) -> Int? {
    guard scalars[start] == "<" else { return nil }
    return specials.first { scalars[start...].starts(with: $0) }?.count
  }

  private static func contractionLength(_ scalars: [Unicode.Scalar], _ start: Int) -> Int? {
    guard scalars[start] == "'" else { return nil }
    // The pattern ignores case, and the long s counts as a form of s.
    let rest = scalars[(start + 1)...].prefix(2).map { $0 == "\u{17f}" ? "s" : $0 }
    return contractions.first { rest.starts(with: $0) }.map { $0.count + 1 }
  }
}

/// The word tokenizer's way to cut a text: runs of letters (with their accents), runs of digits, single other characters;
/// an apostrophe stays with the letters after it when letters are before it ("dog's" gives "dog" and "'s").
enum WordSplitting {
  /// - Parameter text: cleaned and lower-cased.
  static func words(_ text: String) -> [String] {
    let scalars = Array(text.unicodeScalars)
    func isLetter(_ index: Int) -> Bool {
      guard index < scalars.count else { return false }
      if CharacterKind(scalars[index]) == .letter { return true }
      switch scalars[index].properties.generalCategory {
      case .nonspacingMark, .spacingMark, .enclosingMark: return true
      default: return false
      }
    }
    var words: [String] = []
    var start = 0
    while start < scalars.count {
      if CharacterKind(scalars[start]) == .space {
        start += 1
        continue
      }
      var end = start + 1
      let isSuffix = scalars[start] == "'" && start > 0 && isLetter(start - 1) && isLetter(start + 1)
      if isSuffix || isLetter(start) {
        while isLetter(end) { end += 1 }
      } else if CharacterKind(scalars[start]) == .number {
        while end < scalars.count, CharacterKind(scalars[end]) == .number { end += 1 }
      }
      var word = String.UnicodeScalarView()
      word.append(contentsOf: scalars[start..<end])
      words.append(String(word))
      start = end
    }
    return words
  }
}

/// A text as a key that is equal only to the same bytes; strings count canonically equivalent spellings as equal.
struct ExactText: Hashable {
  let text: String

  init(_ text: String) { self.text = text }

  static func == (left: ExactText, right: ExactText) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

  func hash(into hasher: inout Hasher) {
    var copy = text
    copy.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}
