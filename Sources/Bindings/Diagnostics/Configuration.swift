import Host
import ML

extension Loam {
  /// Takes over what the command line says about the machine.
  ///
  /// - Parameters:
  ///   - threads: threads to compute with; nil for all processors.
  ///   - memoryLimit: most bytes that tensors may take; nil for no limit.
  public static func configure(threads: Int?, memoryLimit: Int?) {
    OpenBLAS.prepare()
    if let threads { ThreadPool.setThreadCount(threads) }
    if let memoryLimit { MemoryPool.limit = memoryLimit }
  }
}

extension ScriptSession {
  /// Ends the recorded run with what the script's exit status says.
  public func finish(status: Int32) throws {
    switch status {
    case Program.Status.success: try finish(error: nil)
    case Program.Status.interrupted: try finish(error: LuaError.interrupted)
    default: try finish(error: LuaError("the script ended with status \(status)"))
    }
  }
}
