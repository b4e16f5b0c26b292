/// An estimate with the interval that covers the true value with a stated probability.
public struct ConfidenceInterval: Sendable, Equatable {
  /// How an interval was computed.
  public enum Method: String, Sendable {
    /// Mean of repeated measurements, Student's t.
    case student
    /// A single proportion, Wilson's score interval.
    case wilson
    /// Mean of differences of measurements that belong together, Student's t.
    case paired
    /// Slope of a line by least squares, Student's t.
    case trend
    /// Mean of measurements, quantiles of resampled means.
    case bootstrap
  }

  public let estimate: Double
  public let lower: Double
  public let upper: Double
  /// The probability of covering the true value, such as 0.95.
  public let level: Double
  /// Measurements, or trials for a proportion.
  public let count: Int
  public let method: Method
  /// Two-sided probability of a mean difference this far from zero if there were none; only for `paired` and `trend`.
  public let probabilityOfNoDifference: Double?

  /// True when the two intervals share no point.
  public func isApart(from other: ConfidenceInterval) -> Bool { upper < other.lower || other.upper < lower }

  /// True when zero lies outside.
  public var excludesZero: Bool { lower > 0 || upper < 0 }

  /// The mean of measurements over seeds.
  ///
  ///     mean ± t(1 - (1 - level)/2, n - 1) s / sqrt(n),   s^2 = sum (x - mean)^2 / (n - 1)
  ///
  /// - Parameters:
  ///   - values: one measurement per seed, at least two, all finite.
  ///   - level: between 0 and 1, default 0.95.
  /// - Throws: ``EvaluationError`` for fewer than two values (one seed has no interval), a value that is not finite or a level out of range.
  public static func mean(_ values: [Double], level: Double = 0.95) throws -> ConfidenceInterval {
    try student(values, level: level, method: .student, what: "measurements for an interval over seeds")
  }

  /// The mean of `first - second` over seeds that both arms share.
  ///
  /// - Parameters:
  ///   - first: one measurement per seed.
  ///   - second: the other arm's measurements under the same seeds, in the same order.
  ///   - level: between 0 and 1, default 0.95.
  /// - Throws: ``EvaluationError`` as ``mean(_:level:)``, or where the numbers of measurements differ.
  public static func pairedDifference(_ first: [Double], _ second: [Double], level: Double = 0.95) throws -> ConfidenceInterval {
    guard first.count == second.count else {
      throw EvaluationError.lengths(first: "measurements of one arm", firstCount: first.count, second: "of the other", secondCount: second.count)
    }
    return try student(zip(first, second).map { $0 - $1 }, level: level, method: .paired, what: "pairs of measurements")
  }

  /// A single accuracy, from the number of right answers (Wilson 1927, without continuity correction).
  ///
  ///     (p + z^2/2n ± z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n)
  ///
  /// It speaks of the test rows only: it does not contain the spread between training runs.
  ///
  /// - Parameters:
  ///   - correct: right answers, 0...count.
  ///   - count: all answers, at least 1.
  ///   - level: between 0 and 1, default 0.95.
  /// - Throws: ``EvaluationError`` where a number is out of range.
  public static func wilson(correct: Int, count: Int, level: Double = 0.95) throws -> ConfidenceInterval {
    try check(level)
    guard count >= 1 else {
      throw EvaluationError.tooFew(what: "answers for an accuracy", needed: 1, got: count, remedy: "the test set is empty")
    }
    guard (0...count).contains(correct) else {
      throw EvaluationError.option(name: "correct", value: "\(correct)", expected: "between 0 and the count, \(count)")
    }
    let z = try NormalDistribution.quantile(0.5 + 0.5 * level)
    let n = Double(count), p = Double(correct) / n, share = z * z / n
    let middle = p + 0.5 * share
    let half = (p * (1 - p) * share + 0.25 * share * share).squareRoot()
    return ConfidenceInterval(
      estimate: p, lower: correct == 0 ? 0 : (middle - half) / (1 + share), upper: correct == count ? 1 : (middle + half) / (1 + share),
      level: level, count: count, method: .wilson, probabilityOfNoDifference: nil)
  }

  private static func student(_ values: [Double], level: Double, method: Method, what: String) throws -> ConfidenceInterval {
    try check(level)
    guard values.count >= 2 else {
      throw EvaluationError.tooFew(what: what, needed: 2, got: values.count, remedy: "run more seeds, or report a single accuracy with its Wilson interval")
    }
    if let bad = values.firstIndex(where: { !$0.isFinite }) {
      throw EvaluationError.option(name: "measurement \(bad) (counted from 0)", value: "\(values[bad])", expected: "a finite number")
    }
    let n = Double(values.count)
    let mean = values.reduce(0, +) / n
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (n - 1)
    let error = (variance / n).squareRoot()
    let distribution = try StudentDistribution(degreesOfFreedom: n - 1)
    let half = try distribution.quantile(0.5 + 0.5 * level) * error
    let probability: Double? = method == .paired ? (error > 0 ? distribution.twoSided(mean / error) : (mean == 0 ? 1 : 0)) : nil
    return ConfidenceInterval(
      estimate: mean, lower: mean - half, upper: mean + half, level: level, count: values.count, method: method,
      probabilityOfNoDifference: probability)
  }

  private static func check(_ level: Double) throws {
    guard level > 0, level < 1 else {
      throw EvaluationError.option(name: "level", value: "\(level)", expected: "between 0 and 1, such as 0.95")
    }
  }
}
