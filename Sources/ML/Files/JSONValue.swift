/// A JSON value that keeps what readers of strict formats need: the order of keys, duplicates, and whole numbers apart
/// from fractions.
enum JSONValue: Equatable {
  case null
  case boolean(Bool)
  /// A number without fraction and exponent that fits.
  case integer(Int)
  /// Any other number; whole numbers past `Int` come as the nearest Double.
  case fraction(Double)
  case string(String)
  case array([JSONValue])
  case object([Member])

  struct Member: Equatable {
    let key: String
    let value: JSONValue
  }

  /// The value of the last member with that key (byte for byte), nil when there is none or this is no object.
  subscript(key: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.last { $0.key.utf8.elementsEqual(key.utf8) }?.value
  }

  var string: String? { if case .string(let value) = self { return value } else { return nil } }
  var integer: Int? { if case .integer(let value) = self { return value } else { return nil } }
  var boolean: Bool? { if case .boolean(let value) = self { return value } else { return nil } }
  var number: Double? {
    switch self {
    case .integer(let value): return Double(value)
    case .fraction(let value): return value
    default: return nil
    }
  }
  var array: [JSONValue]? { if case .array(let value) = self { return value } else { return nil } }
  var members: [Member]? { if case .object(let value) = self { return value } else { return nil } }

  /// What kind of value this is, for messages.
  var kind: String {
    switch self {
    case .null: return "null"
    case .boolean: return "a boolean"
    case .integer, .fraction: return "a number"
    case .string: return "a string"
    case .array: return "an array"
    case .object: return "an object"
    }
  }

  /// The text of this value without white space; keys keep their order.
  var text: String {
    switch self {
    case .null: return "null"
    case .boolean(let value): return value ? "true" : "false"
    case .integer(let value): return String(value)
    case .fraction(let value): return value.isFinite ? "\(value)" : "null"
    case .string(let value): return JSONValue.quoted(value)
    case .array(let values): return "[" + values.map(\.text).joined(separator: ",") + "]"
    case .object(let members):
      return "{" + members.map { JSONValue.quoted($0.key) + ":" + $0.value.text }.joined(separator: ",") + "}"
    }
  }

  /// A JSON string literal: only quotes, backslashes and control characters are escaped.
  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case "\u{8}": result += "\\b"
      case "\u{c}": result += "\\f"
      case "\u{0}"..<"\u{20}":
        result += "\\u00" + ByteSpelling.hexadecimal(UInt8(scalar.value))
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
