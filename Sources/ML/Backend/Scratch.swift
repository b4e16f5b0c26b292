#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A thread's own block for the scratch of kernels, used as a stack: kernels ask for scratch many times in a step, and asking the
/// shared pool would make the threads wait for each other.
private struct ScratchStack {
  var base: UnsafeMutableRawPointer
  var capacity: Int
  var used = 0
  /// The most that was asked for at once; the block grows to it when it is next empty.
  var wanted = 0

  /// A block beyond this size is not kept.
  static let most = 1 << 26

  private static let key: pthread_key_t = {
    var key = pthread_key_t()
    pthread_key_create(&key) { raw in
      #if canImport(Glibc)
        guard let raw else { return }
      #endif
      let stack = raw.assumingMemoryBound(to: ScratchStack.self)
      stack.pointee.base.deallocate()
      stack.deallocate()
    }
    return key
  }()

  /// The stack of the calling thread.
  static func own() -> UnsafeMutablePointer<ScratchStack> {
    if let raw = pthread_getspecific(key) { return raw.assumingMemoryBound(to: ScratchStack.self) }
    let stack = UnsafeMutablePointer<ScratchStack>.allocate(capacity: 1)
    stack.initialize(to: ScratchStack(base: .allocate(byteCount: 1 << 16, alignment: 64), capacity: 1 << 16))
    pthread_setspecific(key, stack)
    return stack
  }
}

/// Lends a block of memory for the length of a call; contents are undefined.
///
/// Small blocks come from a stack of the thread's own, large ones from the tensor pool. Scratch does not count against the user's
/// memory limit: when the limit is reached in the middle of an operation the block comes from the system instead, so that kernels
/// need not fail half-way.
func withScratch<T, R>(_: T.Type = T.self, _ count: Int, _ body: (UnsafeMutablePointer<T>) throws -> R) rethrows -> R {
  let byteCount = max(64, (count * MemoryLayout<T>.stride + 63) / 64 * 64)
  let stack = ScratchStack.own()
  if stack.pointee.used == 0, stack.pointee.wanted > stack.pointee.capacity {
    stack.pointee.base.deallocate()
    stack.pointee.capacity = stack.pointee.wanted
    stack.pointee.base = .allocate(byteCount: stack.pointee.capacity, alignment: 64)
  }
  let start = stack.pointee.used
  if start + byteCount <= stack.pointee.capacity {
    stack.pointee.used = start + byteCount
    defer { stack.pointee.used = start }
    return try body((stack.pointee.base + start).assumingMemoryBound(to: T.self))
  }
  if start + byteCount <= ScratchStack.most { stack.pointee.wanted = max(stack.pointee.wanted, start + byteCount) }
  if let block = try? MemoryPool.allocate(byteCount) {
    defer { MemoryPool.release(block, byteCount) }
    return try body(block.assumingMemoryBound(to: T.self))
  }
  let block = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 64)
  defer { block.deallocate() }
  return try body(block.assumingMemoryBound(to: T.self))
}
