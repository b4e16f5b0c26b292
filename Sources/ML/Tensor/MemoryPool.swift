#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Hands out blocks for tensors and keeps returned ones warm, because fresh pages cost more than most kernels.
public enum MemoryPool {
  /// Bytes by state.
  public struct Usage: Sendable, Equatable {
    /// In use by tensors now.
    public var live = 0
    /// Kept for reuse.
    public var cached = 0
    /// Largest `live` since the start or the last `resetPeak`.
    public var peak = 0
  }

  private struct State {
    var usage = Usage()
    /// Blocks by `sizeClass`.
    var free = [[UInt]](repeating: [], count: 4 * Int.bitWidth)
    var limit = Int.max
  }

  private static let state = Protected(State())
  /// Called before a block is handed out; the host collects garbage here when tensors that Lua has dropped pile up.
  nonisolated(unsafe) public static var willAllocate: ((_ byteCount: Int) -> Void)?

  /// Called when a block would breach the limit, before the second and last try: the host drops what nobody needs any more.
  nonisolated(unsafe) public static var reclaim: (() -> Void)?

  public static var usage: Usage { state.withLock { $0.usage } }

  /// Most bytes that tensors may use; breaching it throws `TensorError.outOfMemory`.
  public static var limit: Int {
    get { state.withLock { $0.limit } }
    set { state.withLock { $0.limit = newValue } }
  }

  public static func resetPeak() { state.withLock { $0.usage.peak = $0.usage.live } }

  /// Sizes come in four steps per power of two, so that a block serves many shapes and wastes at most a quarter.
  static func blockSize(_ byteCount: Int) -> Int {
    if byteCount <= 256 { return 256 }
    let power = 1 << (Int.bitWidth - 1 - (byteCount - 1).leadingZeroBitCount)
    let step = power / 4
    return (byteCount + step - 1) / step * step
  }

  /// Blocks up to this size are not told to `willAllocate`.
  private static let smallest = 1024

  /// The place of a block size among all of them: four for each power of two.
  private static func sizeClass(_ size: Int) -> Int {
    let power = Int.bitWidth - 1 - size.leadingZeroBitCount
    return 4 * power + (size >> (power - 2)) & 3
  }

  /// Counts a block as live, and gives a cached one if there is any.
  private static func take(_ size: Int) throws -> UInt? {
    try state.withLock { state in
      if size > state.limit - state.usage.live {
        throw TensorError.outOfMemory(requested: size, live: state.usage.live, limit: state.limit)
      }
      let block = state.free[sizeClass(size)].popLast()
      if block != nil { state.usage.cached -= size }
      state.usage.live += size
      state.usage.peak = max(state.usage.peak, state.usage.live)
      return block
    }
  }

  static func allocate(_ byteCount: Int) throws -> UnsafeMutableRawPointer {
    let size = blockSize(byteCount)
    // Small blocks press on Lua's collector by their handles alone.
    if size > smallest, let willAllocate { willAllocate(size) }
    let reused: UInt?
    do {
      reused = try take(size)
    } catch {
      guard let reclaim else { throw error }
      reclaim()
      reused = try take(size)
    }
    if let reused, let pointer = UnsafeMutableRawPointer(bitPattern: reused) { return pointer }
    // Large blocks are aligned to huge pages: fewer faults, fewer entries in the translation cache.
    let alignment = size >= 1 << 21 ? 1 << 21 : 64
    var pointer: UnsafeMutableRawPointer?
    if posix_memalign(&pointer, alignment, size) != 0 || pointer == nil {
      releaseCache()
      if posix_memalign(&pointer, alignment, size) != 0 || pointer == nil {
        let live = state.withLock { state -> Int in
          state.usage.live -= size
          return state.usage.live
        }
        throw TensorError.outOfMemory(requested: size, live: live, limit: live)
      }
    }
    #if os(Linux)
      if size >= 1 << 21 { madvise(pointer, size, 14 /* MADV_HUGEPAGE */) }
    #endif
    return pointer!
  }

  static func release(_ pointer: UnsafeMutableRawPointer, _ byteCount: Int) {
    let size = blockSize(byteCount)
    state.withLock { state in
      state.usage.live -= size
      state.usage.cached += size
      state.free[sizeClass(size)].append(UInt(bitPattern: pointer))
    }
  }

  /// Gives all cached blocks back to the system.
  public static func releaseCache() {
    let blocks = state.withLock { state -> [UInt] in
      let all = Array(state.free.joined())
      for index in state.free.indices { state.free[index] = [] }
      state.usage.cached = 0
      return all
    }
    for block in blocks { free(UnsafeMutableRawPointer(bitPattern: block)) }
  }
}
