import Synchronization
#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The right to run one stage, held by one process at a time and given back by the system when the process dies.
final class StageLock {
    private let path: String
    private var descriptor: Int32

    private static let held = Mutex(Set<String>())

    private init(path: String, descriptor: Int32) {
        self.path = path
        self.descriptor = descriptor
    }

    /// Takes the lock, waiting for another process if `waiting` agrees.
    /// - Parameter waiting: called with the holder's own words when the lock is taken, then about every 50 ms until it is free; what it
    ///   throws ends the wait.
    /// - Throws: ``StoreError`` when this process holds the lock itself, ``FileFault`` when the lock file cannot be made.
    static func acquire(path: String, stage: String, waiting: (String) throws -> Void) throws -> StageLock {
        guard held.withLock({ $0.insert(path).inserted }) else {
            throw StoreError("stage \"\(stage)\" is already running in this process with the same key; a stage cannot call itself")
        }
        do {
            while true {
                let descriptor = retryingInterrupts { open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666) }
                guard descriptor >= 0 else { throw FileFault("lock", path, code: errno) }
                do {
                    try wait(for: descriptor, path: path, waiting: waiting)
                } catch {
                    close(descriptor)
                    throw error
                }
                // The previous holder removes the file: what was locked may have lost its name in between.
                var mine = stat()
                var named = stat()
                if fstat(descriptor, &mine) == 0, stat(path, &named) == 0, mine.st_ino == named.st_ino, mine.st_dev == named.st_dev {
                    let lock = StageLock(path: path, descriptor: descriptor)
                    lock.sign()
                    return lock
                }
                close(descriptor)
            }
        } catch {
            held.withLock { _ = $0.remove(path) }
            throw error
        }
    }

    /// Takes the lock if it is free.
    static func tryAcquire(path: String) -> StageLock? {
        struct Taken: Error {}
        return try? acquire(path: path, stage: "") { _ in throw Taken() }
    }

    private static func wait(for descriptor: Int32, path: String, waiting: (String) throws -> Void) throws {
        while retryingInterrupts({ flock(descriptor, LOCK_EX | LOCK_NB) }) != 0 {
            guard errno == EWOULDBLOCK else { throw FileFault("lock", path, code: errno) }
            var buffer = [UInt8](repeating: 0, count: 200)
            let count = pread(descriptor, &buffer, 200, 0)
            try waiting(String(decoding: buffer[..<max(0, count)], as: UTF8.self))
            usleep(50_000)
        }
    }

    private func sign() {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, 255)
        let text = "process \(getpid()) on \(String(cString: name))"
        ftruncate(descriptor, 0)
        _ = text.utf8.withContiguousStorageIfAvailable { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    }

    /// Gives the lock back.
    func release() {
        guard descriptor >= 0 else { return }
        unlink(path)
        close(descriptor)
        descriptor = -1
        Self.held.withLock { _ = $0.remove(path) }
    }

    deinit { release() }
}

/// Keeps ``StageStore/collect(keeping:trial:)`` of any process away from an entry that is in use.
final class EntryHold {
    private let descriptor: Int32

    /// Holds the entry whose manifest is at `path`; nil when it is gone.
    init?(path: String) {
        descriptor = retryingInterrupts { open(path, O_RDONLY | O_CLOEXEC) }
        guard descriptor >= 0 else { return nil }
        _ = retryingInterrupts { flock(descriptor, LOCK_SH) }
        var mine = stat()
        var named = stat()
        guard fstat(descriptor, &mine) == 0, stat(path, &named) == 0, mine.st_ino == named.st_ino else {
            close(descriptor)
            return nil
        }
    }

    /// Whether nobody holds the entry whose manifest is at `path`; a missing one is free.
    static func isFree(_ path: String) -> Bool {
        let descriptor = retryingInterrupts { open(path, O_RDONLY | O_CLOEXEC) }
        guard descriptor >= 0 else { return true }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_EX | LOCK_NB) == 0
    }

    deinit { if descriptor >= 0 { close(descriptor) } }
}
