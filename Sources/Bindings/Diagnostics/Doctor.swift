import Host
import ML

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Looks over the machine and the libraries, and tells each problem with its cure.
public enum Doctor {
  /// One line of the report.
  public struct Finding: Sendable {
    public let name: String
    public let value: String
    /// What to do about it; nil when all is well.
    public let cure: String?
  }

  /// Measures and looks things up; takes about two seconds.
  public static func examine() throws -> [Finding] {
    OpenBLAS.prepare()
    var findings: [Finding] = []
    func note(_ name: String, _ value: String, cure: String? = nil) { findings.append(Finding(name: name, value: value, cure: cure)) }
    note("Loam", Loam.version)
    for library in HostLibraryVersions.all + CoreLibraryVersions.all { note(library.name, library.version) }
    note("instruction set", InstructionSet.name,
         cure: InstructionSet.name == "baseline" ? "this processor lacks AVX2: everything works, several times slower" : nil)
    note("products in f16", ProductPrecision.offersHalf ? "offered" : "not offered: the processor has no AVX-512 FP16")
    let threads = ThreadPool.threadCount, processors = ThreadPool.processorCount
    note("threads", "\(threads) of \(processors) processors",
         cure: threads > processors ? "more threads than processors slow each other down; use --threads \(processors)" : nil)
    note("memory", gigabytes(Double(memory.total)) + " in all, " + gigabytes(Double(memory.available)) + " available",
         cure: memory.available < 2 << 30 ? "less than 2 GB is free: use the smoke preset or a smaller batch" : nil)
    note("OpenBLAS kernels", OpenBLAS.coreName, cure: blasCure)

    let peak = MachineLimits.multiplyAddPeak()
    note("multiply-add peak", rate(peak))
    let product = try MachineLimits.productRate(size: 1024)
    note("matrix product 1024³, f32", rate(product) + ", \(Int((100 * product / peak).rounded())) % of the peak",
         cure: product < 0.6 * peak ? "other programs are using the processors, or their clock is throttled" : nil)
    note("matrix product 1024³, f64 by OpenBLAS", rate(try MachineLimits.doubleProductRate(size: 1024)) + " on one thread")
    note("copying memory", gigabytes(try MachineLimits.copyRate()) + "/s")
    let gnuplot = try? Gnuplot.find()
    note("gnuplot", gnuplot ?? "absent", cure: gnuplot == nil ? "plots in reports need it: apt-get install gnuplot-nox" : nil)
    return findings
  }

  /// The findings as text, problems marked.
  public static func text(_ findings: [Finding]) -> String {
    let width = findings.map(\.name.count).max() ?? 0
    return findings.map { finding in
      let mark = finding.cure == nil ? "ok " : "!! "
      let line = mark + finding.name + String(repeating: " ", count: width - finding.name.count) + "  " + finding.value
      return finding.cure.map { line + "\n   cure: " + $0 } ?? line
    }.joined(separator: "\n")
  }

  private static var blasCure: String? {
    guard let chosen = getenv("OPENBLAS_CORETYPE").map({ String(cString: $0) }), !chosen.isEmpty else { return nil }
    guard InstructionSet.name == "x86-64-v4", !["SkylakeX", "Cooperlake", "SapphireRapids"].contains(OpenBLAS.coreName) else { return nil }
    return "OPENBLAS_CORETYPE=\(chosen) holds back f64 products; unset it to let Loam choose"
  }

  private static func rate(_ operations: Double) -> String { Decimals.text(operations * 1e-9, places: 0) + " GFLOP/s" }
  private static func gigabytes(_ bytes: Double) -> String { Decimals.text(bytes * 1e-9, places: 1) + " GB" }

  private static var memory: (total: Int, available: Int) {
    var total = 0, available = 0
    if let file = fopen("/proc/meminfo", "r") {
      defer { fclose(file) }
      var buffer = [CChar](repeating: 0, count: 256)
      while fgets(&buffer, 256, file) != nil {
        let line = String(cString: buffer)
        let number = Int(line.filter(\.isNumber)) ?? 0
        if line.hasPrefix("MemTotal:") { total = number * 1024 }
        if line.hasPrefix("MemAvailable:") { available = number * 1024 }
      }
    }
    return (total, available)
  }
}
