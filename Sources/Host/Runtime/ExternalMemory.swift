/// Collector pressure for memory that Lua does not see: to Lua a tensor is a handle of 8 bytes.
///
/// Before a large allocation: if live + request > limit, one full collection runs, and then limit = max(floor, 2 · live).
/// The host knows nothing of tensors: whoever allocates supplies `liveBytes`.
public final class ExternalMemory {
    /// Bytes alive now; supplied by the owner of the memory.
    public var liveBytes: () -> Int = { 0 }

    /// The limit never falls below this; bytes, default 64 MiB.
    public let floor = 64 << 20

    /// Above this, the next allocation collects first; bytes.
    public private(set) var limit = 64 << 20

    /// How often it made the collector run.
    public private(set) var collections = 0

    /// Set by the state: whether this is the thread that runs it, and a full collection.
    var isOnThread: () -> Bool = { false }
    var collect: () -> Void = {}

    private var isCollecting = false

    /// Called before `byteCount` bytes are allocated, while no exclusive access to an object is open: finalisers run here.
    /// Does nothing on other threads than the state's own.
    public func willAllocate(_ byteCount: Int) {
        guard liveBytes() + byteCount > limit, reclaim() else { return }
        limit = max(floor, 2 * (liveBytes() + byteCount))
    }

    /// Runs a full collection, for an allocation that would otherwise fail; false on other threads and inside a collection.
    @discardableResult
    public func reclaim() -> Bool {
        guard isOnThread(), !isCollecting else { return false }
        isCollecting = true
        collections += 1
        collect()
        isCollecting = false
        return true
    }
}
