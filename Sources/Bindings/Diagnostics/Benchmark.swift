import ML

/// Times Loam's own work, case by case; the cases are those of Benchmarks/cases.py, so that a peer can do the same.
public enum Benchmark {
  /// One case: what one iteration does, in the unit of `work`, and how to prepare it.
  struct Case {
    let name: String
    let work: Double
    let unit: String
    var repetitions = 7
    let prepare: () throws -> () throws -> Void
  }

  /// All names, in the order in which they run.
  public static var names: [String] { cases.map(\.name) }

  static let cases: [Case] = [peakCase] + products + operations + training + halves + border

  /// Runs cases and hands over one line for each.
  ///
  /// - Parameters:
  ///   - names: of `names`.
  ///   - json: a line of JSON instead of a line for people.
  /// - Throws: `BenchmarkError` for a name that does not exist.
  public static func run(_ names: [String], json: Bool, print: (String) -> Void) throws {
    let chosen = try names.map { name -> Case in
      guard let found = cases.first(where: { $0.name == name }) else { throw BenchmarkError(name: name) }
      return found
    }
    for benchmark in chosen {
      let times = try measure(benchmark)
      let median = times.sorted()[times.count / 2]
      if json {
        print("{\"case\": \"\(benchmark.name)\", \"times\": [\(times.map { "\($0)" }.joined(separator: ", "))], \"unit\": \"\(benchmark.unit)\", \"work\": \(benchmark.work)}")
      } else {
        let scale = benchmark.unit.hasPrefix("G") ? 1e-9 : 1
        let rate = benchmark.work / median * scale
        let name = benchmark.name + String(repeating: " ", count: max(1, 28 - benchmark.name.count))
        print("\(name)\(rounded(median * 1e3, 3)) ms   \(rounded(rate, 1)) \(benchmark.unit)")
      }
    }
  }

  private static func rounded(_ number: Double, _ places: Int) -> String {
    var scale = 1.0
    for _ in 0..<places { scale *= 10 }
    return "\((number * scale).rounded() / scale)"
  }

  /// Seconds per iteration; iterations are grouped so that a sample lasts a tenth of a second or more.
  private static func measure(_ benchmark: Case) throws -> [Double] {
    let body = try benchmark.prepare()
    try body()
    let start = MachineLimits.seconds()
    try body()
    let one = MachineLimits.seconds() - start
    let inner = max(1, Int(0.1 / max(one, 1e-7)))
    return try (0..<benchmark.repetitions).map { _ in
      let start = MachineLimits.seconds()
      for _ in 0..<inner { try body() }
      return (MachineLimits.seconds() - start) / Double(inner)
    }
  }

  private static var peakCase: Case {
    Case(name: "fma-peak", work: 1e9, unit: "GFLOP/s", repetitions: 1) {
      // One iteration is a billion operations at the measured peak.
      let seconds = 1e9 / MachineLimits.multiplyAddPeak()
      return {
        let end = MachineLimits.seconds() + seconds
        while MachineLimits.seconds() < end {}
      }
    }
  }
}

/// A benchmark that does not exist.
public struct BenchmarkError: Error, CustomStringConvertible {
  public let name: String
  public var description: String { "there is no benchmark '\(name)'; loam bench --list names them all" }
}
