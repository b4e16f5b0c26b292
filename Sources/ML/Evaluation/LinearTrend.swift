/// A line through points by least squares, with the interval of its slope.
public struct LinearTrend: Sendable, Equatable {
  public let intercept: Double
  /// The slope with its interval by Student's t with n - 2 degrees of freedom, and the probability of one this far from zero by chance.
  public let slope: ConfidenceInterval
  /// Correlation of the two.
  public let correlation: Double

  /// Fits y = intercept + slope x.
  ///
  /// - Parameters:
  ///   - x: at least three values, not all alike.
  ///   - y: as many.
  ///   - level: probability that the interval covers the true slope, default 0.95.
  /// - Throws: ``EvaluationError`` for too few or unfit values.
  public init(x: [Double], y: [Double], level: Double = 0.95) throws {
    guard x.count == y.count else { throw EvaluationError.lengths(first: "x", firstCount: x.count, second: "y", secondCount: y.count) }
    guard x.count >= 3 else {
      throw EvaluationError.tooFew(what: "points for a trend with an interval", needed: 3, got: x.count, remedy: "measure at more places or with more seeds")
    }
    guard level > 0, level < 1 else { throw EvaluationError.option(name: "level", value: "\(level)", expected: "between 0 and 1, such as 0.95") }
    if let bad = (x + y).first(where: { !$0.isFinite }) { throw EvaluationError.option(name: "a point", value: "\(bad)", expected: "a finite number") }
    let n = Double(x.count)
    let (xMean, yMean) = (x.reduce(0, +) / n, y.reduce(0, +) / n)
    let xx = x.reduce(0) { $0 + ($1 - xMean) * ($1 - xMean) }
    let yy = y.reduce(0) { $0 + ($1 - yMean) * ($1 - yMean) }
    let xy = zip(x, y).reduce(0) { $0 + ($1.0 - xMean) * ($1.1 - yMean) }
    guard xx > 0 else { throw EvaluationError.option(name: "x", value: "\(x[0]) everywhere", expected: "at least two different values") }
    let slope = xy / xx
    let rest = max(0, yy - slope * xy)
    let error = (rest / (n - 2) / xx).squareRoot()
    let distribution = try StudentDistribution(degreesOfFreedom: n - 2)
    let half = try distribution.quantile(0.5 + 0.5 * level) * error
    intercept = yMean - slope * xMean
    correlation = yy > 0 ? xy / (xx * yy).squareRoot() : 0
    self.slope = ConfidenceInterval(
      estimate: slope, lower: slope - half, upper: slope + half, level: level, count: x.count, method: .trend,
      probabilityOfNoDifference: error > 0 ? distribution.twoSided(slope / error) : slope == 0 ? 1 : 0)
  }
}
