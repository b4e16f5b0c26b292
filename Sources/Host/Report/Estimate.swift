#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A mean with its 95 % confidence interval.
public struct Estimate: Equatable, Sendable {
    public let mean: Double
    /// Lower end of the interval; nil when there is none, as for a single sample.
    public let lower: Double?
    /// Upper end of the interval.
    public let upper: Double?
    /// Number of samples behind it; nil when not known.
    public let count: Int?

    public init(mean: Double, lower: Double? = nil, upper: Double? = nil, count: Int? = nil) {
        self.mean = mean
        self.lower = lower
        self.upper = upper
        self.count = count
    }

    /// Mean of samples and the interval mean ± t(0.975, n - 1) s / sqrt(n), where s is their standard deviation (over n - 1).
    ///
    /// It assumes independent samples of about normal distribution, such as one figure for each seed.
    /// - Throws: ``StoreError`` without samples.
    public init(samples: [Double]) throws {
        guard !samples.isEmpty else { throw StoreError("a mean needs at least one sample, got none") }
        let count = Double(samples.count)
        let mean = samples.reduce(0, +) / count
        guard samples.count > 1 else {
            self.init(mean: mean, count: 1)
            return
        }
        let variance = samples.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)
        let half = Self.tQuantile(degrees: samples.count - 1) * (variance / count).squareRoot()
        self.init(mean: mean, lower: mean - half, upper: mean + half, count: samples.count)
    }

    /// Half of the interval's length when its ends are equally far from the mean (to 1 part in 10^9), else nil.
    public var halfWidth: Double? {
        guard let lower, let upper else { return nil }
        let below = mean - lower
        let above = upper - mean
        return abs(below - above) <= 1e-9 * max(abs(mean), abs(below), abs(above)) ? (below + above) / 2 : nil
    }

    /// The 97.5 % point of Student's t distribution, by bisection of its distribution function.
    static func tQuantile(degrees: Int) -> Double {
        if degrees > 10_000 {
            // The first term of the expansion about the normal quantile (Abramowitz & Stegun 26.7.5) errs by less than 1e-8 here.
            let normal = 1.959963984540054
            return normal * (1 + (normal * normal + 1) / (4 * Double(degrees)))
        }
        var low = 0.0
        var high = 13.0
        for _ in 0..<200 where high - low > 1e-14 * high {
            let middle = (low + high) / 2
            if tail(middle, degrees) > 0.025 { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }

    /// P(T > t): for whole degrees of freedom a finite sum (Abramowitz & Stegun 26.7.3 and 26.7.4), with angle = atan(t / sqrt(degrees)).
    private static func tail(_ t: Double, _ degrees: Int) -> Double {
        let isOdd = degrees % 2 == 1
        let angle = atan(t / Double(degrees).squareRoot())
        let squareOfCosine = cos(angle) * cos(angle)
        var term = isOdd ? cos(angle) : 1
        var sum = degrees == 1 ? 0 : term
        for exponent in stride(from: isOdd ? 3 : 2, through: degrees - 2, by: 2) {
            term *= squareOfCosine * Double(exponent - 1) / Double(exponent)
            sum += term
        }
        let inside = isOdd ? 2 / Double.pi * (angle + sin(angle) * sum) : sin(angle) * sum
        return (1 - inside) / 2
    }
}
