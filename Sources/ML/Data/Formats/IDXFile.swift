/// The idx layout of MNIST and its kin: a big-endian header with the element type and the sizes, then the elements.
public struct IDXFile {
  /// Sizes, slowest axis first.
  public let shape: [Int]
  /// The elements, unsigned bytes.
  public let bytes: [UInt8]

  /// Decodes a file of unsigned bytes, the type that picture sets use.
  ///
  /// - Parameters:
  ///   - content: the whole file, not packed.
  ///   - source: name used in errors.
  /// - Throws: `FormatError` when the header is none of idx, the type is another, or the sizes do not fit the file.
  public init(_ content: [UInt8], source: String) throws {
    func failure(_ offset: Int, _ problem: String) -> FormatError {
      FormatError(format: "idx", source: source, offset: offset, problem: problem)
    }
    guard content.count >= 4, content[0] == 0, content[1] == 0, (8...14).contains(content[2]), content[3] >= 1 else {
      throw failure(0, "this is no idx file: it must start with two zero bytes, a type and a number of axes")
    }
    guard content[2] == 8 else {
      throw failure(2, "elements of type \(content[2]) are not supported, only unsigned bytes (8)")
    }
    let axes = Int(content[3])
    let start = 4 + 4 * axes
    guard content.count >= start else { throw failure(4, "the sizes of \(axes) axes are missing: the file is cut short") }
    var shape: [Int] = []
    var total = 1
    for axis in 0..<axes {
      let length = content[(4 + 4 * axis)..<(8 + 4 * axis)].reduce(0) { $0 << 8 | Int($1) }
      let (product, overflow) = total.multipliedReportingOverflow(by: length)
      guard !overflow else { throw failure(4 + 4 * axis, "the sizes overflow") }
      shape.append(length)
      total = product
    }
    guard content.count - start == total else {
      throw failure(start, "the header says \(shape), \(total) bytes, but \(content.count - start) follow: the file is cut short or damaged")
    }
    self.shape = shape
    bytes = Array(content[start...])
  }

  /// The pictures of a file of shape [count, height, width] (grey) or [count, height, width, 3].
  ///
  /// - Parameter limit: most pictures, default all.
  /// - Throws: `FormatError` for another shape.
  public func images(source: String, limit: Int? = nil) throws -> [Image] {
    guard shape.count == 3 || (shape.count == 4 && shape[3] == 3), shape[1] > 0, shape[2] > 0 else {
      throw FormatError(
        format: "idx", source: source, problem: "pictures of shape [count, height, width] or [count, height, width, 3] were expected, \(shape) came")
    }
    // Without pictures nothing bounds their size, whose product may be no number.
    if shape[0] == 0 { return [] }
    let area = shape[1] * shape[2]
    return try (0..<min(shape[0], max(0, limit ?? .max))).map { index in
      try Image(width: shape[2], height: shape[1]) { pixels in
        if shape.count == 4 {
          for offset in 0..<(3 * area) { pixels[offset] = bytes[3 * area * index + offset] }
        } else {
          for position in 0..<area {
            for channel in 0..<3 { pixels[3 * position + channel] = bytes[area * index + position] }
          }
        }
      }
    }
  }
}
