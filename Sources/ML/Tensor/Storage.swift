/// The bytes of one or more tensors. Views share a storage; the last one to go returns the block to the pool.
public final class Storage {
  public let dtype: DType
  /// Number of elements.
  public let count: Int
  let address: UnsafeMutableRawPointer
  private let byteCount: Int
  /// What keeps bytes alive that are not the pool's; nil for a block of the pool.
  private let owner: AnyObject?

  init(count: Int, dtype: DType) throws {
    self.count = count
    self.dtype = dtype
    byteCount = max(1, count * dtype.byteCount)
    owner = nil
    address = try MemoryPool.allocate(byteCount)
  }

  /// Elements that lie in memory of another owner, such as a mapped file; they are aligned as their type needs.
  init(borrowing address: UnsafeMutableRawPointer, count: Int, dtype: DType, owner: AnyObject) {
    self.count = count
    self.dtype = dtype
    self.owner = owner
    self.address = address
    byteCount = count * dtype.byteCount
  }

  deinit { if owner == nil { MemoryPool.release(address, byteCount) } }

  func pointer<T>(_: T.Type = T.self, at offset: Int = 0) -> UnsafeMutablePointer<T> {
    address.assumingMemoryBound(to: T.self) + offset
  }
}
