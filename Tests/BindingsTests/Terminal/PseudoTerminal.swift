#if os(Linux)
import Foundation

@testable import Host

/// The program `loam` on a terminal of its own, as a user sees it.
final class PseudoTerminal {
  /// A home folder that is the program's own.
  let home = NSTemporaryDirectory() + "loam-terminal-" + UUID().uuidString
  private var master: Int32 = -1
  private var process: pid_t = 0
  private var exit: Int32?
  /// What the terminal was sent and nobody has looked at yet.
  private var unread: [UInt8] = []

  /// The program that was built beside the tests.
  static let program: String = {
    let runner = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
    return Folder.parent(of: runner) + "/loam"
  }()

  /// TIOCSPTLCK, TIOCGPTN and POSIX_SPAWN_SETSID.
  private static let setLock: UInt = 0x4004_5431, getNumber: UInt = 0x8004_5430, newSession: Int16 = 0x80

  /// Starts the program.
  ///
  /// - Parameters:
  ///   - files: written into the home folder, which is the working folder too.
  ///   - environment: added to a terminal's usual variables.
  init(_ arguments: [String] = [], files: [String: String] = [:], environment: [String: String] = [:]) throws {
    try Folder.create(home)
    for (name, text) in files { try AtomicFile.write(text, to: home + "/" + name) }
    try start(arguments, environment)
  }

  /// Starts the program once more in the same home folder.
  func restart(_ arguments: [String] = [], environment: [String: String] = [:]) throws {
    stop()
    try start(arguments, environment)
  }

  private func start(_ arguments: [String], _ environment: [String: String]) throws {
    // posix_openpt and its kin are hidden from Swift; this is what they do.
    master = open("/dev/ptmx", O_RDWR | O_NOCTTY)
    var isLocked: Int32 = 0, number: UInt32 = 0
    guard master >= 0, ioctl(master, Self.setLock, &isLocked) == 0, ioctl(master, Self.getNumber, &number) == 0 else {
      throw StoreError("no pseudo-terminal: \(String(cString: strerror(errno)))")
    }
    let name = "/dev/pts/\(number)"
    var size = winsize(ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0)
    _ = ioctl(master, UInt(TIOCSWINSZ), &size)
    _ = fcntl(master, F_SETFD, FD_CLOEXEC)
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    // The first terminal that the leader of a session opens is the one from which Ctrl-C comes.
    posix_spawn_file_actions_addopen(&actions, 0, name, O_RDWR, 0)
    for descriptor in [1, 2] as [Int32] { posix_spawn_file_actions_adddup2(&actions, 0, descriptor) }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // Threads of the tests may block signals; a shell's children do not.
    var none = sigset_t(), all = sigset_t()
    sigemptyset(&none)
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setflags(&attributes, Self.newSession | Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF))
    let variables = ["HOME": home, "PATH": "/usr/bin:/bin", "TERM": "xterm-256color", "LANG": "C.UTF-8", "LOAM_GRAPHICS": "none"].merging(environment) { $1 }
    var words = (["/bin/sh", "-c", "cd && exec \"$0\" \"$@\"", Self.program] + arguments).map { strdup($0) } + [nil]
    var values = variables.map { strdup("\($0)=\($1)") } + [nil]
    defer { for word in words + values { free(word) } }
    exit = nil
    let status = posix_spawn(&process, "/bin/sh", &actions, &attributes, &words, &values)
    guard status == 0 else { throw StoreError("\(Self.program) did not start: \(String(cString: strerror(status)))") }
  }

  /// Types a text.
  ///
  /// - Parameter atPrompt: whether the line editor is waited for, as a user does who sees it; false types into a running program.
  func type(_ text: String, atPrompt: Bool = true) {
    // The prompt is shown a moment before the editor takes the terminal over; until then the terminal itself would echo.
    var state = termios()
    var looks = 0
    while atPrompt, looks < 2000, tcgetattr(master, &state) == 0, state.c_lflag & tcflag_t(ICANON) != 0 {
      usleep(1000)
      looks += 1
    }
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { write(master, $0.baseAddress, $0.count) }
      guard count > 0 else { return }
      bytes = bytes.dropFirst(count)
    }
  }

  /// Types a line and gives what follows, up to the next prompt.
  func enter(_ line: String) -> String {
    type(line + "\r")
    return read(upTo: "\n> ")
  }

  /// What the terminal was sent up to a text, without the signs that move the cursor; what came instead, with a note, if the text does not come.
  func read(upTo text: String) -> String {
    let end = Date(timeIntervalSinceNow: 30)
    while Date() < end {
      let plain = Self.plain(unread)
      if let range = plain.range(of: text) {
        unread = Array(plain[range.upperBound...].utf8)
        return String(plain[..<range.upperBound])
      }
      guard receive() else { break }
    }
    defer { unread = [] }
    return Self.plain(unread) + "\n(this did not come: \(text.debugDescription))"
  }

  /// All that was sent, signs included, until the program has ended.
  func readToEnd() -> String {
    while receive() {}
    defer { unread = [] }
    return String(decoding: unread, as: UTF8.self)
  }

  /// What is sent within a moment, signs included.
  func readRaw(upTo text: String) -> String {
    let end = Date(timeIntervalSinceNow: 30)
    while Date() < end, !String(decoding: unread, as: UTF8.self).contains(text), receive() {}
    defer { unread = [] }
    return String(decoding: unread, as: UTF8.self)
  }

  private func receive() -> Bool {
    var waiting = pollfd(fd: master, events: Int16(POLLIN), revents: 0)
    guard poll(&waiting, 1, 30_000) == 1 else { return false }
    var bytes = [UInt8](repeating: 0, count: 65_536)
    let count = Glibc.read(master, &bytes, bytes.count)
    guard count > 0 else { return false }
    unread += bytes[..<count]
    return true
  }

  /// The exit status, once the program has ended.
  func status() -> Int32 {
    if let exit { return exit }
    var status: Int32 = 0
    waitpid(process, &status, 0)
    exit = status & 0x7F == 0 ? status >> 8 & 0xFF : -(status & 0x7F)
    return exit!
  }

  private func stop() {
    if exit == nil {
      kill(process, SIGKILL)
      _ = status()
    }
    close(master)
    unread = []
  }

  /// Text without escape sequences, bells and carriage returns.
  private static func plain(_ bytes: [UInt8]) -> String {
    let text = String(decoding: bytes, as: UTF8.self).replacing(#/\u{1B}\[[0-9;?]*[A-Za-z~]/#, with: "")
    return String(String.UnicodeScalarView(text.unicodeScalars.filter { $0 != "\r" && $0.value != 7 }))
  }

  deinit {
    stop()
    try? FileManager.default.removeItem(atPath: home)
  }
}
#endif
