#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A failed file operation, told with the path, the reason, what is left behind, and what to do.
public struct FileFault: Error, CustomStringConvertible, Sendable {
    /// What was being done, as a verb: "write", "read", "create the folder".
    public let action: String
    /// The path as the user gave it.
    public let path: String
    /// The system's error number, 0 when the fault was found before the system was asked.
    public let code: Int32
    /// A reason in words where the system's own is missing or misleads.
    public let reason: String?
    /// What is true now: "The old file is untouched."
    public let aftermath: String?

    public init(_ action: String, _ path: String, code: Int32 = 0, reason: String? = nil, aftermath: String? = nil) {
        self.action = action
        self.path = path
        self.code = code
        self.reason = reason
        self.aftermath = aftermath
    }

    public var description: String {
        var sentence = "could not \(action) \(path): \(reason ?? Self.explanation(of: code))."
        if let aftermath { sentence += " " + aftermath }
        if let remedy = Self.remedy(for: code, path: path) { sentence += " " + remedy }
        return sentence
    }

    private static func explanation(of code: Int32) -> String {
        switch code {
        case ENOSPC: return "the disk is full"
        case EDQUOT: return "the disk quota is used up"
        case EFBIG: return "the file would be larger than the limit for this process or this file system"
        case EROFS: return "the file system is read-only"
        case EACCES, EPERM: return "permission denied"
        case ENOENT: return "no such file or folder"
        case ENOTDIR: return "a part of the path is a file, not a folder"
        case EISDIR: return "it is a folder, not a file"
        case EMFILE, ENFILE: return "too many files are open"
        case EIO: return "the device reported an input/output error"
        case ENAMETOOLONG: return "the name is too long"
        case ELOOP: return "the symbolic links form a loop"
        default: return String(cString: strerror(code))
        }
    }

    private static func remedy(for code: Int32, path: String) -> String? {
        switch code {
        case ENOSPC: return "Free some space (`df -h \(folder(of: path))` shows it) or choose a folder on another disk."
        case EDQUOT: return "Remove what is not needed (`quota` shows the limit) or choose a folder on another disk."
        case EFBIG: return "Raise the limit (`ulimit -f unlimited`) or write to another file system."
        case EROFS: return "Choose a folder on a file system that can be written, or have it mounted read-write."
        case EACCES, EPERM: return "Check the owner and the mode (`ls -ld \(path)`), or choose another folder."
        case ENOENT: return "Check the spelling and the current folder."
        case EMFILE, ENFILE: return "Raise the limit (`ulimit -n`)."
        case EIO: return "Check the disk (`dmesg`) before trusting what is on it."
        default: return nil
        }
    }

    private static func folder(of path: String) -> String { Folder.parent(of: path) }
}

/// Calls `body` again while the system says that a signal interrupted it.
@inline(__always)
func retryingInterrupts<Number: FixedWidthInteger>(_ body: () -> Number) -> Number {
    while true {
        let result = body()
        if result != -1 || errno != EINTR { return result }
    }
}
