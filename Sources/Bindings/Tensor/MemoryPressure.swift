import Host
import ML
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Lets the bytes of tensors press on Lua's collector, to which a tensor is a handle of 8 bytes.
///
/// Tensors are allocated on any thread, but only the state's own thread may collect: each thread knows its own state.
enum MemoryPressure {
  private final class StateBox {
    weak var state: LuaState?
    init(_ state: LuaState) { self.state = state }
  }

  private static let key: pthread_key_t = {
    var key = pthread_key_t()
    pthread_key_create(&key) { box in
      #if canImport(Glibc)
        if let box { Unmanaged<StateBox>.fromOpaque(box).release() }
      #else
        Unmanaged<StateBox>.fromOpaque(box).release()
      #endif
    }
    return key
  }()

  /// Bytes of pictures that data sets hold.
  private static let held = Atomic<Int>(0)

  /// Counts bytes that an object in Lua's hands will hold; may run a collection before.
  static func hold(_ byteCount: Int) {
    MemoryPool.willAllocate?(byteCount)
    held.add(byteCount, ordering: .relaxed)
  }

  /// The bytes are free again.
  static func release(_ byteCount: Int) { held.subtract(byteCount, ordering: .relaxed) }

  /// Makes this thread's state the one that collects when tensors pile up.
  static func attach(_ state: LuaState) {
    state.externalMemory.liveBytes = { MemoryPool.usage.live + held.load(ordering: .relaxed) }
    if let old = pthread_getspecific(key) { Unmanaged<StateBox>.fromOpaque(old).release() }
    pthread_setspecific(key, Unmanaged.passRetained(StateBox(state)).toOpaque())
    _ = hook
  }

  /// Set once for the process.
  private static let hook: Void = {
    MemoryPool.willAllocate = { byteCount in
      guard let box = pthread_getspecific(key) else { return }
      Unmanaged<StateBox>.fromOpaque(box).takeUnretainedValue().state?.externalMemory.willAllocate(byteCount)
    }
    MemoryPool.reclaim = {
      guard let box = pthread_getspecific(key) else { return }
      Unmanaged<StateBox>.fromOpaque(box).takeUnretainedValue().state?.externalMemory.reclaim()
    }
  }()
}
