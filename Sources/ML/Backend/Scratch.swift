/// Lends a block of the tensor pool for the length of a call; contents are undefined.
///
/// Scratch does not count against the user's memory limit beyond the pool's own bookkeeping: when the limit is reached in
/// the middle of an operation the block comes from the system instead, so that kernels need not fail half-way.
func withScratch<T, R>(_: T.Type = T.self, _ count: Int, _ body: (UnsafeMutablePointer<T>) throws -> R) rethrows -> R {
  let byteCount = max(64, count * MemoryLayout<T>.stride)
  if let block = try? MemoryPool.allocate(byteCount) {
    defer { MemoryPool.release(block, byteCount) }
    return try body(block.assumingMemoryBound(to: T.self))
  }
  let block = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 64)
  defer { block.deallocate() }
  return try body(block.assumingMemoryBound(to: T.self))
}
