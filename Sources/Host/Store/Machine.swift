#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// What this machine is, and whether a process on it still lives.
public enum Machine {
    /// "Linux 6.1 x86_64, 8 cores, 31 GB, Some CPU @ 2.0 GHz".
    public static let description: String = {
        var system = utsname()
        uname(&system)
        func text<T>(_ field: T) -> String {
            withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        }
        let release = text(system.release).split(separator: ".").prefix(2).joined(separator: ".")
        var parts = ["\(text(system.sysname)) \(release) \(text(system.machine))", "\(sysconf(Int32(_SC_NPROCESSORS_ONLN))) cores"]
        if let physicalMemory { parts.append("\(Decimals.text(Double(physicalMemory) / 1e9, places: 0)) GB") }
        if let model = processorModel { parts.append(model) }
        return parts.joined(separator: ", ")
    }()

    private static var physicalMemory: Int? {
        let (pages, size) = (sysconf(Int32(_SC_PHYS_PAGES)), sysconf(Int32(_SC_PAGESIZE)))
        return pages > 0 && size > 0 ? pages * size : nil
    }

    /// Bytes that this process can have at most: the machine's, or those of the container it runs in.
    static var memory: Int? {
        func text(_ path: String) -> String { (try? Folder.contents(path)).map { String(decoding: $0, as: UTF8.self) } ?? "" }
        var files = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
        // Lines such as 0::/path in the new form of control groups, 4:memory:/path in the old one.
        for line in text("/proc/self/cgroup").split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            if parts[1].isEmpty { files.append("/sys/fs/cgroup\(parts[2])/memory.max") }
            if parts[1].split(separator: ",").contains("memory") { files.append("/sys/fs/cgroup/memory\(parts[2])/memory.limit_in_bytes") }
        }
        let limits = files.compactMap { Int(text($0).filter { $0.isNumber }) }
        return (limits + [physicalMemory].compactMap { $0 }).min()
    }

    private static var processorModel: String? {
        guard let bytes = try? Folder.contents("/proc/cpuinfo") else { return nil }
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") where line.hasPrefix("model name") {
            return line.split(separator: ":", maxSplits: 1).last?.split(separator: " ").joined(separator: " ")
        }
        return nil
    }

    /// The name of this machine in the network.
    static let hostName: String = {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, 255)
        return String(cString: name)
    }()

    /// When a process started, in the system's own ticks since boot, with the boot's identity; nil when there is no such process.
    ///
    /// Process numbers are used again; number and start together are not.
    static func startOfProcess(_ process: Int) -> String? {
        guard let bytes = try? Folder.contents("/proc/\(process)/stat"),
              // The name, in parentheses, may contain anything.
              let end = bytes.lastIndex(of: UInt8(ascii: ")"))
        else { return nil }
        let fields = bytes[(end + 1)...].split(separator: UInt8(ascii: " "))
        guard fields.count > 19, fields[0].first != UInt8(ascii: "Z") else { return nil }
        let boot = (try? Folder.contents("/proc/sys/kernel/random/boot_id")) ?? []
        return String(decoding: fields[19], as: UTF8.self) + "@" + String(decoding: boot.prefix(36), as: UTF8.self)
    }
}
