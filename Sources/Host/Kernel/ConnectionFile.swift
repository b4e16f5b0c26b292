#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Where a kernel and its front ends meet: addresses and the key that signs their messages.
public struct ConnectionFile: Equatable, Sendable {
    /// The five sockets of a kernel.
    enum Channel: String, CaseIterable, Sendable { case shell, iopub, stdin, control, hb }

    var transport = "tcp"
    var address = "127.0.0.1"
    /// 0 lets the system choose.
    var ports: [Channel: Int] = [:]
    var key: String

    /// New addresses on this machine alone, with a key of 256 random bits.
    public init() {
        var generator = SystemRandomNumberGenerator()
        key = (0..<4).map { _ in
            let word = String(generator.next() as UInt64, radix: 16)
            return String(repeating: "0", count: 16 - word.count) + word
        }.joined()
    }

    /// Reads a file that a front end wrote.
    /// - Throws: ``StoreError`` saying what is wrong with it.
    public init(reading path: String) throws {
        do { try self.init(json: try Folder.contents(path)) } catch let error as StoreError {
            throw StoreError("\(path) is not a connection file: \(error)")
        }
    }

    init(json: [UInt8]) throws {
        let value = try StoreValue(json: json)
        for channel in Channel.allCases {
            guard let port = value[channel.rawValue + "_port"]?.integer, (0...65535).contains(port) else {
                throw StoreError("\(channel.rawValue)_port must be a whole number from 0 to 65535")
            }
            ports[channel] = port
        }
        guard let transport = value["transport"]?.text, transport == "tcp" || transport == "ipc" else { throw StoreError("transport must be \"tcp\" or \"ipc\"") }
        guard let address = value["ip"]?.text else { throw StoreError("ip must be a text") }
        guard let scheme = value["signature_scheme"]?.text, scheme == "hmac-sha256" else { throw StoreError("signature_scheme must be \"hmac-sha256\"") }
        guard let key = value["key"]?.text else { throw StoreError("key must be a text") }
        (self.transport, self.address, self.key) = (transport, address, key)
    }

    /// The address to bind a channel to.
    func endpoint(_ channel: Channel) -> String {
        let port = ports[channel] ?? 0
        if transport == "ipc" { return "ipc://\(address)-\(port)" }
        return "tcp://\(address):\(port == 0 ? "*" : String(port))"
    }

    /// Writes the file so that nobody but its owner can read it at any moment.
    func write(to path: String) throws {
        var entries: [StoreEntry] = [
            StoreEntry("transport", .string(transport)), StoreEntry("ip", .string(address)), StoreEntry("key", .string(key)),
            StoreEntry("signature_scheme", "hmac-sha256"), StoreEntry("kernel_name", "loam"),
        ]
        for (channel, port) in ports { entries.append(StoreEntry(.string(channel.rawValue + "_port"), .integer(port))) }
        let bytes = Array(StoreValue.table(entries).plainJSON(pretty: true).utf8)
        try Folder.create(Folder.parent(of: path))
        unlink(path)
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL, 0o600)
        guard descriptor >= 0 else { throw FileFault("create", path, code: errno) }
        defer { close(descriptor) }
        guard bytes.withUnsafeBytes({ Glibc.write(descriptor, $0.baseAddress, $0.count) }) == bytes.count else { throw FileFault("write", path, code: errno) }
    }

    /// The folder in which Jupyter looks for connection files.
    public static func runtimeFolder(environment: (String) -> String? = variable) -> String {
        environment("JUPYTER_RUNTIME_DIR") ?? KernelSpecification.userDataFolder(environment: environment) + "/runtime"
    }
}

/// The value of an environment variable; nil if it is not set or empty.
public func variable(_ name: String) -> String? {
    getenv(name).flatMap { $0.pointee == 0 ? nil : String(cString: $0) }
}
