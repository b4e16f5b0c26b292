/// The binary layouts of CIFAR-10 and CIFAR-100: records of label bytes, then the red, green and blue planes of 32 x 32.
///
/// Krizhevsky 2009, "Learning multiple layers of features from tiny images".
public enum CIFARFile {
  /// Which of the two layouts a file has.
  public enum Layout: String, Sendable, CaseIterable {
    /// One label byte (0...9): records of 3,073 bytes.
    case cifar10
    /// A superclass byte (0...19), a class byte (0...99): records of 3,074 bytes.
    case cifar100

    var labelBytes: Int { self == .cifar10 ? 1 : 2 }
    /// Number of classes.
    public var classCount: Int { self == .cifar10 ? 10 : 100 }
    var recordBytes: Int { labelBytes + 3 * side * side }
  }

  static let side = 32

  /// Pictures and labels of a file; `superclasses` is empty for CIFAR-10.
  public struct Content {
    public let images: [Image]
    public let labels: [Int]
    public let superclasses: [Int]
  }

  /// The layout that the number of bytes speaks for, nil when it fits none or both.
  static func layout(byteCount: Int) -> Layout? {
    let fitting = Layout.allCases.filter { byteCount > 0 && byteCount % $0.recordBytes == 0 }
    return fitting.count == 1 ? fitting[0] : nil
  }

  /// Decodes records.
  ///
  /// - Parameters:
  ///   - bytes: the whole file, not packed.
  ///   - source: name used in errors.
  ///   - limit: most records to decode, default all.
  /// - Throws: `FormatError` when the file is no whole number of records or a label is out of range.
  public static func decode(_ bytes: [UInt8], source: String, layout: Layout, limit: Int? = nil) throws -> Content {
    let recordBytes = layout.recordBytes
    guard bytes.count > 0, bytes.count % recordBytes == 0 else {
      throw FormatError(
        format: "CIFAR", source: source, offset: bytes.count / recordBytes * recordBytes,
        problem: "\(bytes.count) bytes are no whole number of \(layout.rawValue) records of \(recordBytes) bytes: the file is empty, cut short or of another kind")
    }
    let count = min(bytes.count / recordBytes, max(0, limit ?? .max))
    var images: [Image] = [], labels: [Int] = [], superclasses: [Int] = []
    images.reserveCapacity(count)
    let area = side * side
    for record in 0..<count {
      let start = record * recordBytes
      let label = Int(bytes[start + layout.labelBytes - 1])
      guard label < layout.classCount, layout == .cifar10 || bytes[start] < 20 else {
        throw FormatError(
          format: "CIFAR", source: source, offset: start,
          problem: "record \(record) has the label \(bytes[start..<(start + layout.labelBytes)].map { Int($0) }), "
            + "which \(layout.rawValue) does not have: the file is damaged or of another kind")
      }
      labels.append(label)
      if layout == .cifar100 { superclasses.append(Int(bytes[start])) }
      let planes = start + layout.labelBytes
      images.append(
        try Image(width: side, height: side) { pixels in
          for position in 0..<area {
            for channel in 0..<3 { pixels[3 * position + channel] = bytes[planes + channel * area + position] }
          }
        })
    }
    return Content(images: images, labels: labels, superclasses: superclasses)
  }
}
