/// The bytes of one or more tensors. Views share a storage; the last one to go returns the block to the pool.
public final class Storage {
  public let dtype: DType
  /// Number of elements.
  public let count: Int
  let address: UnsafeMutableRawPointer
  private let byteCount: Int

  init(count: Int, dtype: DType) throws {
    self.count = count
    self.dtype = dtype
    byteCount = max(1, count * dtype.byteCount)
    address = try MemoryPool.allocate(byteCount)
  }

  deinit { MemoryPool.release(address, byteCount) }

  func pointer<T>(_: T.Type = T.self, at offset: Int = 0) -> UnsafeMutablePointer<T> {
    address.assumingMemoryBound(to: T.self) + offset
  }
}
