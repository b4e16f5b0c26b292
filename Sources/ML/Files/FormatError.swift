/// A file or a piece of data that does not follow its format, or that could not be read or written.
///
/// The printed sentence names the format, the source (a path, or a shard and its member), the byte offset where that
/// helps, what was expected and what came.
public struct FormatError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The format that was being read or written, such as "PNG", "tar" or "safetensors".
  public let format: String
  /// Where the data came from: a path, or "shard.tar: member.jpg".
  public let source: String
  /// Byte offset inside the source, nil where it means nothing.
  public let offset: Int?
  /// What was expected, what came, and what to do.
  public let problem: String

  public init(format: String, source: String, offset: Int? = nil, problem: String) {
    self.format = format
    self.source = source
    self.offset = offset
    self.problem = problem
  }

  public var description: String {
    let place = offset.map { " at byte \($0)" } ?? ""
    return "\(source): \(format)\(place): \(problem)"
  }
}
