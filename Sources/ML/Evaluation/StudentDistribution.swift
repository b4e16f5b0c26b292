#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Student's t distribution, to the precision of f64.
public struct StudentDistribution: Sendable {
  /// Degrees of freedom, positive.
  public let degreesOfFreedom: Double

  /// - Throws: ``EvaluationError/option(name:value:expected:)`` unless the degrees of freedom are positive and finite.
  public init(degreesOfFreedom: Double) throws {
    guard degreesOfFreedom > 0, degreesOfFreedom.isFinite else {
      throw EvaluationError.option(name: "degrees of freedom", value: "\(degreesOfFreedom)", expected: "positive and finite")
    }
    self.degreesOfFreedom = degreesOfFreedom
  }

  /// The probability of a value above t, for t >= 0: half the regularised incomplete beta function.
  private func upperTail(_ t: Double) -> Double {
    let n = degreesOfFreedom, ratio = t / n * t
    return 0.5 * IncompleteBeta.regularized(1 / (1 + ratio), complement: ratio.isFinite ? ratio / (1 + ratio) : 1, 0.5 * n, 0.5)
  }

  /// The probability of a value at or below t.
  public func cumulative(_ t: Double) -> Double { t > 0 ? 1 - upperTail(t) : upperTail(-t) }

  /// The probability of a value at least as far from zero as t.
  public func twoSided(_ t: Double) -> Double { min(1, 2 * upperTail(abs(t))) }

  /// The value below which a draw lies with the given probability.
  ///
  /// - Throws: ``EvaluationError/option(name:value:expected:)`` unless 0 < probability < 1.
  public func quantile(_ probability: Double) throws -> Double {
    guard probability > 0, probability < 1 else {
      throw EvaluationError.option(name: "probability", value: "\(probability)", expected: "between 0 and 1, both excluded")
    }
    if probability == 0.5 { return 0 }
    let tail = min(probability, 1 - probability)
    // Bisection on the logarithm of t within a bracket, which no degrees of freedom can upset; then the bracket is as narrow as f64 allows.
    var low = 0.0, high = 1.0
    while upperTail(high) > tail, high < 1e300 {
      low = high
      high *= 2
    }
    while true {
      let middle = low + 0.5 * (high - low)
      if middle <= low || middle >= high { break }
      if upperTail(middle) > tail { low = middle } else { high = middle }
    }
    return probability < 0.5 ? -high : high
  }
}

/// The normal distribution with mean 0 and deviation 1.
public enum NormalDistribution {
  /// The value below which a draw lies with the given probability.
  ///
  /// - Throws: ``EvaluationError/option(name:value:expected:)`` unless 0 < probability < 1.
  public static func quantile(_ probability: Double) throws -> Double {
    guard probability > 0, probability < 1 else {
      throw EvaluationError.option(name: "probability", value: "\(probability)", expected: "between 0 and 1, both excluded")
    }
    if probability == 0.5 { return 0 }
    let tail = min(probability, 1 - probability)
    var low = 0.0, high = 40.0
    while true {
      let middle = low + 0.5 * (high - low)
      if middle <= low || middle >= high { break }
      if 0.5 * erfc(middle / 2.0.squareRoot()) > tail { low = middle } else { high = middle }
    }
    return probability < 0.5 ? -high : high
  }
}

/// The regularised incomplete beta function I_x(a, b).
///
/// By its continued fraction, evaluated with the modified Lentz method. Abramowitz & Stegun 26.5.8; Lentz 1976.
enum IncompleteBeta {
  /// - Parameters:
  ///   - x: 0...1.
  ///   - complement: 1 - x, given apart because the subtraction would lose what is left of it near x = 1.
  static func regularized(_ x: Double, complement: Double, _ a: Double, _ b: Double) -> Double {
    if x <= 0 { return 0 }
    if complement <= 0 { return 1 }
    // The fraction converges quickly below the mean; above it the symmetry I_x(a, b) = 1 - I_{1-x}(b, a) leads there.
    if x > (a + 1) / (a + b + 2) { return 1 - regularized(complement, complement: x, b, a) }
    let logX = x < 0.5 ? log(x) : log1p(-complement), logComplement = x < 0.5 ? log1p(-x) : log(complement)
    return exp(a * logX + b * logComplement - logBeta(a, b)) / a * fraction(x, a, b)
  }

  /// log B(a, b). A difference of large log-gammas would lose digits, so for b = 1/2 and large a their ratio's series serves.
  private static func logBeta(_ a: Double, _ b: Double) -> Double {
    let small = min(a, b), large = max(a, b)
    guard small == 0.5, large > 50 else { return lgamma(a) + lgamma(b) - lgamma(a + b) }
    let inverse = 1 / large, square = inverse * inverse
    // log(gamma(a + 1/2) / gamma(a)), whose next term is 17 / (14336 a^7).
    let ratio = 0.5 * log(large) - inverse * (1.0 / 8 - square * (1.0 / 192 - square / 640))
    return lgamma(0.5) - ratio
  }

  private static func fraction(_ x: Double, _ a: Double, _ b: Double) -> Double {
    let tiny = 1e-300
    func clear(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
    var c = 1.0, d = 1 / clear(1 - (a + b) * x / (a + 1))
    var result = d
    for step in 1...10_000 {
      let m = Double(step)
      func advance(_ numerator: Double) -> Double {
        d = 1 / clear(1 + numerator * d)
        c = clear(1 + numerator / c)
        result *= c * d
        return c * d
      }
      _ = advance(m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)))
      let change = advance(-(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)))
      if abs(change - 1) < 2e-16 { break }
    }
    return result
  }
}
