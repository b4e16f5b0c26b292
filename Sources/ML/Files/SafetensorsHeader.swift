/// The checked header of a safetensors file.
///
/// Layout: 8 bytes header length N (little-endian), N bytes of JSON, then the arrays. The JSON maps each name to its
/// dtype, shape and data_offsets [begin, end), counted from the end of the header; `__metadata__` maps texts to texts.
struct SafetensorsHeader {
  let entries: [SafetensorsFile.Entry]
  let metadata: [String: String]

  static func parse(_ bytes: UnsafeRawBufferPointer, source: String) throws -> SafetensorsHeader {
    let format = SafetensorsFile.format
    func failure(_ problem: String, at offset: Int? = nil) -> FormatError {
      FormatError(format: format, source: source, offset: offset, problem: problem)
    }
    guard bytes.count >= 8 else {
      throw failure("the file has \(bytes.count) bytes, the header length alone takes 8: it is empty or cut short", at: 0)
    }
    let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    guard length <= UInt64(SafetensorsFile.maximumHeaderBytes) else {
      throw failure("the header claims \(length) bytes; at most \(SafetensorsFile.maximumHeaderBytes) are allowed", at: 0)
    }
    let dataStart = 8 + Int(length)
    guard dataStart <= bytes.count else {
      throw failure("the header claims \(length) bytes, \(bytes.count - 8) are left: the file is cut short", at: 0)
    }
    let text = UnsafeRawBufferPointer(rebasing: bytes[8..<dataStart])
    guard case .object(let members) = try JSONParser.parse(text, format: format, source: source, base: 8) else {
      throw failure("the header must be a JSON object", at: 8)
    }
    var metadata: [String: String]?
    var entries: [SafetensorsFile.Entry] = []
    entries.reserveCapacity(members.count)
    for member in members {
      if member.key.utf8.elementsEqual("__metadata__".utf8) {
        guard metadata == nil else { throw failure("__metadata__ occurs twice", at: 8) }
        metadata = try parseMetadata(member.value, failure: { failure($0, at: 8) })
      } else {
        entries.append(try parseEntry(member, dataStart: dataStart, failure: { failure($0, at: 8) }))
      }
    }
    entries.sort { ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound) }
    var end = dataStart
    for entry in entries {
      guard entry.range.lowerBound == end else {
        let kind = entry.range.lowerBound < end ? "overlaps the tensor before it" : "leaves a hole before it"
        throw failure("tensor '\(entry.name)' \(kind): it should start at data offset \(end - dataStart)", at: 8)
      }
      end = entry.range.upperBound
    }
    guard end == bytes.count else {
      let kind = end > bytes.count ? "\(end - bytes.count) bytes of tensor data are missing: the file is cut short"
        : "\(bytes.count - end) bytes follow the last tensor"
      throw failure(kind, at: min(end, bytes.count))
    }
    return SafetensorsHeader(entries: entries, metadata: metadata ?? [:])
  }

  private static func parseMetadata(
    _ value: JSONValue, failure: (String) -> FormatError
  ) throws -> [String: String] {
    if case .null = value { return [:] }
    guard let members = value.members else { throw failure("__metadata__ must be an object of texts, it is \(value.kind)") }
    var metadata: [String: String] = [:]
    for member in members {
      guard let text = member.value.string else {
        throw failure("__metadata__ '\(member.key)' must be a text, it is \(member.value.kind)")
      }
      metadata[member.key] = text
    }
    return metadata
  }

  private static func parseEntry(
    _ member: JSONValue.Member, dataStart: Int, failure: (String) -> FormatError
  ) throws -> SafetensorsFile.Entry {
    let name = member.key
    guard let fields = member.value.members else {
      throw failure("tensor '\(name)' must be an object with dtype, shape and data_offsets, it is \(member.value.kind)")
    }
    for field in ["dtype", "shape", "data_offsets"] {
      let count = fields.reduce(0) { $0 + ($1.key.utf8.elementsEqual(field.utf8) ? 1 : 0) }
      guard count == 1 else { throw failure("tensor '\(name)' has \(count == 0 ? "no" : "more than one") \(field)") }
    }
    guard let typeName = member.value["dtype"]?.string, let dtype = SafetensorsDType(rawValue: typeName) else {
      throw failure("tensor '\(name)' has an unknown dtype \(member.value["dtype"]!.text)")
    }
    func wholeNumbers(_ field: String) throws -> [Int] {
      guard let values = member.value[field]?.array else { throw failure("\(field) of tensor '\(name)' must be an array") }
      return try values.map {
        guard let number = $0.integer, number >= 0 else {
          throw failure("\(field) of tensor '\(name)' must hold whole numbers from 0, \($0.text) came")
        }
        return number
      }
    }
    let shape = try wholeNumbers("shape")
    let offsets = try wholeNumbers("data_offsets")
    guard offsets.count == 2, offsets[0] <= offsets[1] else {
      throw failure("data_offsets of tensor '\(name)' must be [begin, end] with begin <= end")
    }
    guard let byteCount = dtype.byteCount(of: shape) else {
      throw failure("the size of tensor '\(name)' (\(dtype.rawValue) \(shape)) overflows or is no whole number of bytes")
    }
    guard byteCount == offsets[1] - offsets[0] else {
      throw failure("tensor '\(name)' is \(dtype.rawValue) \(shape), \(byteCount) bytes, but its offsets span \(offsets[1] - offsets[0])")
    }
    let (end, overflow) = offsets[1].addingReportingOverflow(dataStart)
    guard !overflow else { throw failure("data_offsets of tensor '\(name)' are too large") }
    return SafetensorsFile.Entry(name: name, dtype: dtype, shape: shape, range: (dataStart + offsets[0])..<end)
  }
}
