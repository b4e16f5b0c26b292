import COpenBLAS
import CPlatform

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// OpenBLAS, with the right kernels for the processor and one thread.
///
/// Debian's OpenBLAS 0.3.21 does not know recent processors and falls back to old kernels. Its initialisation is repeated
/// here with the core type that the processor's features call for, unless the user chose one in OPENBLAS_CORETYPE. The
/// threads that it starts when it is loaded are ended: they would take signals such as Ctrl-C from the main thread.
public enum OpenBLAS {
  private static let prepared: Void = {
    openblas_set_num_threads(1)
    defer { symbol("blas_thread_shutdown_")?() }
    guard Environment.value("OPENBLAS_CORETYPE") == nil else { return }
    let wanted: String, adequate: Set<String>
    switch loam_x86_level() {
    case 4: (wanted, adequate) = ("SkylakeX", ["SkylakeX", "Cooperlake", "SapphireRapids"])
    case 3: (wanted, adequate) = ("Haswell", ["Haswell", "Zen", "Excavator"])
    default: return
    }
    guard !adequate.contains(coreName) else { return }
    guard let quit = symbol("gotoblas_dynamic_quit"), let start = symbol("gotoblas_dynamic_init") else { return }
    setenv("OPENBLAS_CORETYPE", wanted, 1)
    quit()
    start()
    unsetenv("OPENBLAS_CORETYPE")
  }()

  private static func symbol(_ name: String) -> (@convention(c) () -> Void)? {
    guard let address = dlsym(nil, name) else { return nil }
    return unsafeBitCast(address, to: (@convention(c) () -> Void).self)
  }

  /// Chooses the kernels and leaves no threads of the library's own; safe to call any number of times.
  public static func prepare() { _ = prepared }

  /// The kernels in use, such as "SkylakeX".
  public static var coreName: String { openblas_get_corename().map { String(cString: $0) } ?? "unknown" }
  /// The library's own description of its build.
  public static var configuration: String { openblas_get_config().map { String(cString: $0) } ?? "unknown" }
}
