import CLuaBridge
import Synchronization
#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// What references know of their state: it tells them when the state is gone, and collects those that were dropped.
///
/// A reference may be dropped on any thread and inside a finaliser, where the registry must not be touched; its key
/// waits here until the state's own thread comes by.
final class StateAnchor: @unchecked Sendable {
    var state: Unmanaged<LuaState>?
    private var dropped: [Int32] = []
    private var lock = pthread_mutex_t()
    private let hasDropped = Atomic<Bool>(false)

    init() { pthread_mutex_init(&lock, nil) }
    deinit { pthread_mutex_destroy(&lock) }

    func close() { state = nil }

    func drop(_ key: Int32) {
        guard key >= 0 else { return }
        pthread_mutex_lock(&lock)
        dropped.append(key)
        pthread_mutex_unlock(&lock)
        hasDropped.store(true, ordering: .releasing)
    }

    @inline(__always)
    func drain(on L: OpaquePointer) {
        if hasDropped.load(ordering: .relaxed) { drainAll(on: L) }
    }

    private func drainAll(on L: OpaquePointer) {
        pthread_mutex_lock(&lock)
        let keys = dropped
        dropped = []
        hasDropped.store(false, ordering: .relaxed)
        pthread_mutex_unlock(&lock)
        for key in keys { luaL_unref(L, loam_registry_index(), key) }
    }
}
