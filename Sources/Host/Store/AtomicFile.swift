import Synchronization
#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Files that are written whole or not at all.
///
/// The bytes go to a hidden file in the same folder, are flushed to the disk, and take the final name in one step; then the
/// folder is flushed. A reader sees the old file or the new one, also after a crash or a power cut. A symbolic link is
/// written through; owner and mode of the old file are kept. What is not a regular file (`/dev/stdout`, a pipe) is written directly.
public enum AtomicFile {
    /// Writes `bytes` to `path`.
    /// - Throws: ``FileFault``; the old file is then untouched and nothing is left behind.
    public static func write(_ bytes: some Sequence<UInt8>, to path: String) throws {
        try write(to: path) { file in
            let done: Void? = try bytes.withContiguousStorageIfAvailable { try file.write(UnsafeRawBufferPointer($0)) }
            if done == nil { try Array(bytes).withUnsafeBytes { try file.write($0) } }
        }
    }

    /// Writes `text` as UTF-8 to `path`.
    /// - Throws: ``FileFault``; the old file is then untouched and nothing is left behind.
    public static func write(_ text: String, to path: String) throws {
        try write(text.utf8, to: path)
    }

    /// Writes what `body` hands to the writer, in pieces of any size; the file appears when `body` returns.
    /// - Throws: ``FileFault``, or what `body` throws; the old file is then untouched and nothing is left behind.
    public static func write(to path: String, _ body: (AtomicFileWriter) throws -> Void) throws {
        let file = try AtomicFileWriter(path: path)
        do {
            try body(file)
            try file.commit()
        } catch {
            file.cancel()
            throw error
        }
    }

    /// The start of every temporary's name.
    static let temporaryPrefix = ".loam-tmp-"

    /// Removes temporaries that killed processes left in a folder; those of living writers stay.
    /// - Returns: the names removed.
    @discardableResult
    public static func removeStaleTemporaries(in folder: String) -> [String] {
        guard let names = try? Folder.names(in: folder) else { return [] }
        var removed: [String] = []
        for name in names where name.hasPrefix(temporaryPrefix) {
            let path = folder + "/" + name
            let process = name.dropFirst(temporaryPrefix.count).split(separator: "-").first.flatMap { pid_t($0) }
            if let process, process != getpid(), kill(process, 0) == 0 || errno == EPERM { continue }
            if process == getpid() { continue }
            // The number alone does not decide: the writer may live in another container. A living writer holds a lock.
            let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0, unlink(path) == 0 { removed.append(name) }
        }
        return removed
    }
}

/// One file being written by ``AtomicFile``; dropped without ``commit()`` it leaves nothing behind.
public final class AtomicFileWriter {
    /// The path as the user gave it.
    public let path: String
    private let destination: String
    private let temporary: String?
    private var descriptor: Int32

    /// Opens a temporary beside `path`.
    /// - Throws: ``FileFault`` when the folder is missing or cannot be written, or the file is write-protected.
    public init(path: String) throws {
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw FileFault("write", "\"\(path)\"", reason: "a file name must not be empty or contain a zero byte")
        }
        self.path = path
        FileWitness.tell(path, writes: true)
        Self.ignoreFileSizeSignal
        var status = stat()
        let exists = stat(path, &status) == 0
        if exists, status.st_mode & S_IFMT == S_IFDIR { throw FileFault("write", path, code: EISDIR) }
        if exists, status.st_mode & S_IFMT != S_IFREG {
            destination = path
            temporary = nil
            descriptor = retryingInterrupts { open(path, O_WRONLY | O_CLOEXEC) }
            guard descriptor >= 0 else { throw FileFault("write", path, code: errno) }
            return
        }
        if exists, access(path, W_OK) != 0 {
            throw FileFault("write", path, code: errno, aftermath: "The old file is untouched.")
        }
        destination = try Self.resolved(path)
        let folder = Folder.parent(of: destination)
        StaleSweep.once(folder)
        let name = folder + "/" + AtomicFile.temporaryPrefix + "\(getpid())-\(Self.nextNumber())"
        descriptor = retryingInterrupts { open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666) }
        guard descriptor >= 0 else {
            let code = errno
            if code == ENOENT {
                throw FileFault("write", path, reason: "the folder \(folder) does not exist", aftermath: "Create it first.")
            }
            throw FileFault("write", path, code: code, aftermath: exists ? "The old file is untouched." : nil)
        }
        temporary = name
        _ = flock(descriptor, LOCK_EX | LOCK_NB)
        if exists {
            _ = fchmod(descriptor, status.st_mode & 0o7777)
            if geteuid() == 0 { _ = fchown(descriptor, status.st_uid, status.st_gid) }
        }
    }

    /// Adds bytes at the end.
    public func write(_ bytes: UnsafeRawBufferPointer) throws {
        guard descriptor >= 0 else { throw FileFault("write", path, reason: "the writer is already closed") }
        guard let base = bytes.baseAddress else { return }
        var done = 0
        while done < bytes.count {
            // Pieces below 1 GiB: the system writes at most 2 GiB - 4 KiB at once.
            let wrote = retryingInterrupts { posixWrite(descriptor, base + done, min(bytes.count - done, 1 << 30)) }
            guard wrote > 0 else { throw fault(wrote == 0 ? ENOSPC : errno) }
            done += wrote
        }
    }

    /// Adds bytes at the end.
    public func write(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { try write($0) }
    }

    /// Adds text as UTF-8 at the end.
    public func write(_ text: String) throws {
        var text = text
        try text.withUTF8 { try write(UnsafeRawBufferPointer($0)) }
    }

    /// Flushes the bytes to the disk and gives the file its name.
    public func commit() throws {
        guard descriptor >= 0 else { throw FileFault("write", path, reason: "the writer is already closed") }
        guard let temporary else {
            let result = close(descriptor)
            descriptor = -1
            if result != 0, errno != EINTR { throw FileFault("write", path, code: errno) }
            return
        }
        guard retryingInterrupts({ fsync(descriptor) }) == 0 else { throw fault(errno) }
        // Renamed before it is closed: the lock keeps the sweep of another process away until the file has its name.
        guard rename(temporary, destination) == 0 else { throw fault(errno) }
        close(descriptor)
        descriptor = -1
        try Folder.synchronize(Folder.parent(of: destination))
    }

    /// Gives up; the temporary is removed.
    public func cancel() {
        guard descriptor >= 0 else { return }
        close(descriptor)
        descriptor = -1
        if let temporary { unlink(temporary) }
    }

    deinit { cancel() }

    private func fault(_ code: Int32) -> FileFault {
        let kept = temporary != nil && Folder.kind(of: destination) == .file
        return FileFault("write", path, code: code, aftermath: kept ? "The old file is untouched." : nil)
    }

    /// Follows symbolic links, so that the link stays and the file behind it is replaced.
    private static func resolved(_ path: String) throws -> String {
        var current = path
        for _ in 0..<40 {
            var status = stat()
            guard lstat(current, &status) == 0, status.st_mode & S_IFMT == S_IFLNK else { return current }
            var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
            guard readlink(current, &buffer, Int(PATH_MAX)) > 0 else { throw FileFault("write", path, code: errno) }
            let target = String(cString: buffer)
            current = target.hasPrefix("/") ? target : Folder.parent(of: current) + "/" + target
        }
        throw FileFault("write", path, code: ELOOP)
    }

    /// Without this a file-size limit (`ulimit -f`) would kill the process instead of returning an error.
    private static let ignoreFileSizeSignal: Void = {
        var current = sigaction()
        sigaction(SIGXFSZ, nil, &current)
        if current.__sigaction_handler.sa_handler == nil { signal(SIGXFSZ, SIG_IGN) }
    }()

    private static let counter = Mutex(0)
    private static func nextNumber() -> Int {
        // The clock keeps names apart from those of an earlier process with the same number.
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return counter.withLock { value in
            value += 1
            return (now.tv_sec % 1_000_000) * 1_000_000 + value
        }
    }
}

/// `write(2)`, out of the way of the methods of that name.
@inline(__always)
private func posixWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}

/// Sweeps each folder once per process: listing it at every write would make many writes quadratic.
private enum StaleSweep {
    private static let seen = Mutex(Set<String>())
    static func once(_ folder: String) {
        guard seen.withLock({ $0.insert(folder).inserted }) else { return }
        AtomicFile.removeStaleTemporaries(in: folder)
    }
}
