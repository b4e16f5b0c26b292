#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Folders as the store needs them: made whole, listed in one fixed order, removed, flushed to the disk.
public enum Folder {
    /// One regular file found by ``files(under:)``.
    public struct File: Equatable, Sendable {
        /// Path below the folder that was walked, with `/` between its parts.
        public let path: String
        /// Size in bytes.
        public let size: Int
    }

    /// What a path is, a symbolic link followed.
    public enum Kind: Equatable, Sendable { case missing, file, folder, other }

    /// Says what `path` is; a symbolic link counts as what it points to.
    public static func kind(of path: String) -> Kind {
        var status = stat()
        guard stat(path, &status) == 0 else { return .missing }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return .file
        case S_IFDIR: return .folder
        default: return .other
        }
    }

    /// The path with all links followed; nil when it leads to nothing.
    static func resolved(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }

    /// Makes the folder and those above it that are missing.
    /// - Throws: ``FileFault`` naming the first folder that could not be made.
    public static func create(_ path: String) throws {
        if kind(of: path) == .folder { return }
        let above = parent(of: path)
        if above != path, kind(of: above) != .folder { try create(above) }
        if mkdir(path, 0o777) != 0 {
            let code = errno
            // Another process may have made it in between.
            if code == EEXIST, kind(of: path) == .folder { return }
            throw FileFault("create the folder", path, code: code == EEXIST ? 0 : code,
                            reason: code == EEXIST ? "a file of that name is in the way" : nil)
        }
    }

    /// The names in a folder, hidden ones included, ordered by their bytes.
    /// - Throws: ``FileFault`` when the folder cannot be read or a name is not UTF-8.
    public static func names(in path: String) throws -> [String] {
        guard let stream = opendir(path) else { throw FileFault("list", path, code: errno) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(validatingCString: $0) }
            }
            guard let name else {
                throw FileFault("list", path, reason: "a name in it is not valid UTF-8", aftermath: "Rename that file.")
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// All regular files below a folder, ordered by the bytes of their path.
    /// - Parameter followingLinks: whether a symbolic link counts as the file it points to; if not, it is a fault.
    /// - Throws: ``FileFault`` for links (unless followed), sockets, devices and unreadable folders.
    public static func files(under path: String, followingLinks: Bool = false) throws -> [File] {
        var found: [File] = []
        try collect(path, prefix: "", depth: 0, followingLinks: followingLinks, into: &found)
        return found.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    }

    private static func collect(_ path: String, prefix: String, depth: Int, followingLinks: Bool, into found: inout [File]) throws {
        guard depth < 64 else {
            throw FileFault("walk", path, reason: "folders are nested more than 64 deep (a link to a folder above?)")
        }
        for name in try names(in: path) {
            let full = path + "/" + name
            var status = stat()
            guard (followingLinks ? stat(full, &status) : lstat(full, &status)) == 0 else {
                throw FileFault("read", full, code: errno)
            }
            switch status.st_mode & S_IFMT {
            case S_IFDIR:
                try collect(full, prefix: prefix + name + "/", depth: depth + 1, followingLinks: followingLinks, into: &found)
            case S_IFREG:
                found.append(File(path: prefix + name, size: Int(status.st_size)))
            case S_IFLNK:
                throw FileFault("store", full, reason: "it is a symbolic link, and a stored result must hold its own bytes",
                                aftermath: "Copy the file instead.")
            default:
                throw FileFault("read", full, reason: "it is a device, a pipe or a socket, not a file")
            }
        }
    }

    /// Removes a file, or a folder with everything in it; nothing there is no fault.
    public static func remove(_ path: String) throws {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { return }
            throw FileFault("remove", path, code: errno)
        }
        if status.st_mode & S_IFMT == S_IFDIR {
            for name in try names(in: path) { try remove(path + "/" + name) }
            guard rmdir(path) == 0 || errno == ENOENT else { throw FileFault("remove", path, code: errno) }
        } else {
            guard unlink(path) == 0 || errno == ENOENT else { throw FileFault("remove", path, code: errno) }
        }
    }

    /// Takes the right to write away from a file, so that a stored result is not changed by mistake.
    static func protect(_ path: String) {
        var status = stat()
        if stat(path, &status) == 0 { _ = chmod(path, status.st_mode & 0o7555) }
    }

    /// The whole content of a file.
    static func contents(_ path: String) throws -> [UInt8] {
        let descriptor = retryingInterrupts { open(path, O_RDONLY | O_CLOEXEC) }
        guard descriptor >= 0 else { throw FileFault("read", path, code: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileFault("read", path, code: errno) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(status.st_size))
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = retryingInterrupts { read(descriptor, &buffer, buffer.count) }
            guard count >= 0 else { throw FileFault("read", path, code: errno) }
            if count == 0 { return bytes }
            bytes.append(contentsOf: buffer[..<count])
        }
    }

    /// Moves a file or folder within one file system in one step.
    static func move(_ source: String, to destination: String) throws {
        guard rename(source, destination) == 0 else { throw FileFault("move \(source) to", destination, code: errno) }
    }

    /// Waits until the names in a folder are on the disk.
    static func synchronize(_ path: String) throws {
        let descriptor = retryingInterrupts { open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        // A folder that may be written but not listed cannot be opened; there is nothing more to do for it.
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        if retryingInterrupts({ fsync(descriptor) }) != 0 {
            let code = errno
            // Some file systems do not know how to flush a folder.
            if code == EINVAL || code == ENOTSUP || code == EBADF { return }
            throw FileFault("flush the folder", path, code: code)
        }
    }

    /// Waits until a file's bytes are on the disk.
    static func synchronizeFile(_ path: String) throws {
        let descriptor = retryingInterrupts { open(path, O_RDONLY | O_CLOEXEC) }
        guard descriptor >= 0 else { throw FileFault("read", path, code: errno) }
        defer { close(descriptor) }
        guard retryingInterrupts({ fsync(descriptor) }) == 0 else { throw FileFault("flush", path, code: errno) }
    }

    /// The folder that holds `path`: "a/b" -> "a", "b" -> ".", "/b" -> "/".
    public static func parent(of path: String) -> String {
        var bytes = Array(path.utf8)
        while bytes.count > 1, bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == 0 ? "/" : String(decoding: bytes[..<slash], as: UTF8.self)
    }

    /// The last part of `path`.
    public static func name(of path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }
}
