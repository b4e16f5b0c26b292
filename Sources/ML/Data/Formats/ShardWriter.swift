/// Writes samples into numbered WebDataset shards `<prefix>-000000.tar`, `<prefix>-000001.tar`, ...
///
/// Each shard appears whole or not at all; the same samples always give the same bytes.
public final class ShardWriter {
  private let prefix: String
  private let maximumSamples: Int
  private let maximumBytes: Int
  private var current: TarWriter?
  private var samplesInShard = 0
  private var lastKey: String?
  /// The finished shards.
  public private(set) var paths: [String] = []
  /// Samples added so far.
  public private(set) var count = 0

  /// - Parameters:
  ///   - prefix: path of the shards without number and ending.
  ///   - maximumSamples: most samples of one shard, default 1,000.
  ///   - maximumBytes: a shard that has reached this size is closed, default 1 GiB.
  /// - Throws: `FormatError` when a limit is below 1.
  public init(prefix: String, maximumSamples: Int = 1000, maximumBytes: Int = 1 << 30) throws {
    guard maximumSamples >= 1, maximumBytes >= 1 else {
      throw FormatError(format: "tar", source: prefix, problem: "a shard needs room for at least one sample and one byte")
    }
    self.prefix = prefix
    self.maximumSamples = maximumSamples
    self.maximumBytes = maximumBytes
  }

  /// Adds a sample.
  ///
  /// - Parameters:
  ///   - key: path without extension; no dot after its last slash; another key than the sample before.
  ///   - fields: extensions (lower case, without the first dot) with their contents, written in this order.
  /// - Throws: `FormatError` for a key or extension that would not read back, or when the disk refuses.
  public func add(key: String, fields: [(name: String, bytes: [UInt8])]) throws {
    func failure(_ problem: String) -> FormatError { FormatError(format: "tar", source: prefix, problem: "sample '\(key)': \(problem)") }
    guard key != lastKey else { throw failure("the sample before has the same key") }
    guard !fields.isEmpty else { throw failure("it has no fields") }
    for (index, field) in fields.enumerated() {
      guard let parts = ShardReader.split(key + "." + field.name), parts.key == key, parts.suffix == field.name,
        field.name == LowerCase.apply(field.name), !ShardReader.isMeta(key), !field.name.isEmpty
      else { throw failure("the name '\(key).\(field.name)' would not read back as this key and extension") }
      guard !fields[..<index].contains(where: { $0.name == field.name }) else {
        throw failure("the extension '\(field.name)' occurs twice")
      }
    }
    let writer = try current ?? TarWriter(path: nextPath)
    current = writer
    for field in fields { try writer.add(key + "." + field.name, field.bytes) }
    lastKey = key
    count += 1
    samplesInShard += 1
    if samplesInShard >= maximumSamples || writer.count >= maximumBytes { try finishShard() }
  }

  /// Finishes the last shard. Without this call its samples are dropped.
  ///
  /// - Returns: the paths of all shards.
  @discardableResult
  public func finish() throws -> [String] {
    if current != nil { try finishShard() }
    return paths
  }

  private var nextPath: String {
    let number = String(paths.count)
    return "\(prefix)-\(String(repeating: "0", count: max(0, 6 - number.utf8.count)))\(number).tar"
  }

  private func finishShard() throws {
    let path = nextPath
    try current?.finish()
    current = nil
    samplesInShard = 0
    paths.append(path)
  }
}
