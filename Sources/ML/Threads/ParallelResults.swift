// Loops whose items give something or may fail.
extension ThreadPool {
  /// What a function gives for every index in 0..<count, several at a time; the error of an item stays in its place.
  ///
  /// - Parameters:
  ///   - count: number of items.
  ///   - grain: how many consecutive items a thread takes at once, default 1.
  /// - Returns: one result for each index, in their order.
  /// - Throws: `TensorError.interrupted` after a wish to stop.
  public static func results<Value>(_ count: Int, grain: Int = 1, _ body: (Int) throws -> Value) throws -> [Result<Value, any Error>] {
    var results = [Result<Value, any Error>?](repeating: nil, count: count)
    try results.withUnsafeMutableBufferPointer { buffer in
      let places = buffer
      try interruptibleFor(count, grain: grain) { index in places[index] = Result { try body(index) } }
    }
    return results.compactMap { $0 }
  }

  /// Runs a function that may fail for every index in 0..<count, several at a time.
  ///
  /// - Parameters: as of ``results(_:grain:_:)``.
  /// - Throws: `TensorError.interrupted` after a wish to stop, or else the error of the first index that failed, when all have run.
  public static func throwingFor(_ count: Int, grain: Int = 1, _ body: (Int) throws -> Void) throws {
    for result in try results(count, grain: grain, body) { try result.get() }
  }
}
