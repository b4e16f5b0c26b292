import Foundation

/// What is done to a text before it is split. References disagree, so the choice has a name.
public enum TextCleaning: String, Sendable, CaseIterable {
  /// White space folded to single spaces, lower case.
  case lower
  /// HTML references replaced (twice, as CLIP does), then as `lower`.
  case unescaped
  /// The repairs of `TextRepair` first, then as `unescaped`: CLIP's cleaning but for what ftfy does about text that was decoded
  /// in the wrong character set.
  case repaired
  /// Canonical composition (NFC), then as `lower` but without the final form of the sigma: what transformers' CLIPTokenizer does.
  case composed

  /// The cleaned text.
  public func apply(_ text: String) -> String {
    var result = text
    if self == .composed {
      return LowerCase.apply(WhiteSpace.fold(text.precomposedStringWithCanonicalMapping, countsSeparators: false), finalSigma: false)
    }
    if self == .repaired { result = TextRepair.repair(result) }
    if self != .lower { result = HTMLEntities.unescape(HTMLEntities.unescape(result)) }
    return LowerCase.apply(WhiteSpace.fold(result))
  }
}

/// White space as Python's `str.split` sees it.
enum WhiteSpace {
  /// White space of Unicode, and the four separators of ASCII that Python counts too.
  static func contains(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.isWhitespace || (0x1c...0x1f).contains(scalar.value)
  }

  /// Runs of white space become one space; none is left at the ends.
  ///
  /// - Parameter countsSeparators: whether U+001C to U+001F are white space: for Python they are, for transformers' tokenisers in Rust not.
  static func fold(_ text: String, countsSeparators: Bool = true) -> String {
    var result = String.UnicodeScalarView()
    var isPending = false
    for scalar in text.unicodeScalars {
      if countsSeparators ? contains(scalar) : scalar.properties.isWhitespace {
        isPending = !result.isEmpty
      } else {
        if isPending { result.append(" ") }
        isPending = false
        result.append(scalar)
      }
    }
    return String(result)
  }
}

/// Lower case by the full mappings of Unicode, with the final form of the Greek sigma.
enum LowerCase {
  static func apply(_ text: String, finalSigma: Bool = true) -> String {
    if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.lowercased() }
    let scalars = Array(text.unicodeScalars)
    var result = ""
    for (index, scalar) in scalars.enumerated() {
      if scalar == "\u{3a3}" {
        result += finalSigma && isFinalSigma(scalars, index) ? "\u{3c2}" : "\u{3c3}"
      } else {
        result += scalar.properties.lowercaseMapping
      }
    }
    return result
  }

  /// A sigma is final when a letter with case comes before it and none after it, ignorable characters left aside.
  private static func isFinalSigma(_ scalars: [Unicode.Scalar], _ index: Int) -> Bool {
    let before = scalars[..<index].last { !$0.properties.isCaseIgnorable }
    let after = scalars[(index + 1)...].first { !$0.properties.isCaseIgnorable }
    return before?.properties.isCased == true && after?.properties.isCased != true
  }
}

extension HTMLEntities {
  /// What HTML makes of references to 0x80...0x9f, which are no characters: those of Windows' code page 1252.
  private static let codePage1252: [UInt32] = [
    0x20ac, 0x81, 0x201a, 0x192, 0x201e, 0x2026, 0x2020, 0x2021, 0x2c6, 0x2030, 0x160, 0x2039, 0x152, 0x8d, 0x17d, 0x8f,
    0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x2dc, 0x2122, 0x161, 0x203a, 0x153, 0x9d, 0x17e, 0x178,
  ]

  /// Replaces character references by their characters, by the rules of HTML 5 (as Python's `html.unescape`).
  static func unescape(_ text: String) -> String {
    guard text.utf8.contains(UInt8(ascii: "&")) else { return text }
    let scalars = Array(text.unicodeScalars)
    var result = String.UnicodeScalarView()
    var index = 0
    while index < scalars.count {
      if scalars[index] == "&", let (replacement, next) = reference(scalars, index + 1) {
        result.append(contentsOf: replacement.unicodeScalars)
        index = next
      } else {
        result.append(scalars[index])
        index += 1
      }
    }
    return String(result)
  }

  /// The replacement of the reference whose "&" is before `start`, and where the text goes on.
  private static func reference(_ scalars: [Unicode.Scalar], _ start: Int) -> (String, Int)? {
    guard start < scalars.count else { return nil }
    if scalars[start] == "#" { return numericReference(scalars, start + 1) }
    var name = ""
    var end = start
    while end < scalars.count, end - start < 32, !"\t\n\u{c} <&#;".unicodeScalars.contains(scalars[end]) {
      name.unicodeScalars.append(scalars[end])
      end += 1
    }
    guard end > start else { return nil }
    if end < scalars.count, scalars[end] == ";" {
      if let found = table[name + ";"] { return (found, end + 1) }
    }
    // The longest name at the beginning that needs no semicolon.
    while end - start > 1 {
      if let found = table[name] { return (found, end) }
      name.unicodeScalars.removeLast()
      end -= 1
    }
    return nil
  }

  private static func numericReference(_ scalars: [Unicode.Scalar], _ start: Int) -> (String, Int)? {
    var index = start
    let isHexadecimal = index < scalars.count && (scalars[index] == "x" || scalars[index] == "X")
    if isHexadecimal { index += 1 }
    let firstDigit = index
    var code: UInt32 = 0
    while index < scalars.count, scalars[index].isASCII, let digit = Character(scalars[index]).hexDigitValue,
      isHexadecimal || digit < 10
    {
      // Anything past the last character stays past it.
      code = min(0x11_0000, code &* (isHexadecimal ? 16 : 10) &+ UInt32(digit))
      index += 1
    }
    guard index > firstDigit else { return nil }
    if index < scalars.count, scalars[index] == ";" { index += 1 }
    switch code {
    case 0: return ("\u{fffd}", index)
    case 0x80...0x9f: return (String(Unicode.Scalar(codePage1252[Int(code - 0x80)]).map(Character.init) ?? "?"), index)
    case 0xd800...0xdfff, 0x11_0000...: return ("\u{fffd}", index)
    case 0x0d: return ("\r", index)
    case 0x1...0x8, 0xb, 0xe...0x1f, 0x7f, 0xfdd0...0xfdef: return ("", index)
    default:
      guard code & 0xfffe != 0xfffe, let scalar = Unicode.Scalar(code) else { return ("", index) }
      return (String(Character(scalar)), index)
    }
  }
}

/// Repairs of text from the web: a part of what the Python library ftfy does.
///
/// Control characters go, typographic quotes become straight, Latin ligatures and full-width forms become plain letters, and
/// letters with accents are composed (NFC). Text decoded in the wrong character set is left as it is.
enum TextRepair {
  static func repair(_ text: String) -> String {
    if text.utf8.allSatisfy({ (0x20..<0x7f).contains($0) }) { return text }
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar.value {
      case 0x00...0x08, 0x0b, 0x0e...0x1f, 0x7f, 0x206a...0x206f, 0xfeff, 0xfff9...0xfffc: continue
      case 0x2018, 0x2019, 0x201b, 0x2bc: result += "'"
      case 0x201c, 0x201d, 0x201f: result += "\""
      case 0x132, 0x133, 0x149, 0x1c4...0x1cc, 0x1f1...0x1f3, 0xfb00...0xfb06, 0xff01...0xff9f, 0x3000:
        result += String(Character(scalar)).precomposedStringWithCompatibilityMapping
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result.precomposedStringWithCanonicalMapping
  }
}
