import Testing

@testable import ML

/// Measures of made pictures and of what several measurements show, against scipy, prdc, vendi-score and statsmodels.
@Suite struct QualityTests {
  private struct Golden: Decodable {
    struct Case: Decodable {
      let real: [Float], made: [Float], width: Int, frechet: Double, measures: [String: Double], vendi: Double
      func tensors() throws -> (real: Tensor, made: Tensor) {
        (try Tensor(real, shape: [real.count / width, width]), try Tensor(made, shape: [made.count / width, width]))
      }
    }
    struct Trend: Decodable { let x: [Double], y: [Double], slope: Double, intercept: Double, correlation: Double, p: Double, low: Double, high: Double }
    struct Bootstrap: Decodable { let values: [Double], low: Double, high: Double }
    let cases: [Case], probabilities: [Double], holm: [Double], trend: Trend, bootstrap: Bootstrap
  }

  private func golden() throws -> Golden { try EvaluationGolden.decode(Golden.self, from: "quality.json") }

  @Test func `the Frechet distance equals scipy's, is symmetric, and is zero between equal sets`() throws {
    for sample in try golden().cases {
      let (real, made) = try sample.tensors()
      let distance = try FrechetDistance.between(real, made)
      #expect(abs(distance - sample.frechet) < 1e-6 * max(1, sample.frechet), "\(distance) against \(sample.frechet)")
      #expect(abs(try FrechetDistance.between(made, real) - distance) < 1e-8)
      #expect(abs(try FrechetDistance.between(real, real)) < 1e-8)
    }
  }

  @Test func `precision, recall, density and coverage equal prdc's`() throws {
    for sample in try golden().cases {
      let (real, made) = try sample.tensors()
      let result = try FeatureCoverage(real: real, made: made, neighbours: 5)
      #expect(result.precision == sample.measures["precision"] && result.recall == sample.measures["recall"])
      #expect(abs(result.density - (sample.measures["density"] ?? -1)) < 1e-12 && result.coverage == sample.measures["coverage"])
    }
  }

  @Test func `the Vendi score equals vendi-score's, with more rows than columns and with fewer`() throws {
    for sample in try golden().cases {
      let score = try VendiScore.of(try sample.tensors().made)
      #expect(abs(score - sample.vendi) < 1e-6 * sample.vendi, "\(score) against \(sample.vendi)")
    }
    #expect(abs(try VendiScore.of(Tensor([1, 0, 0, 0, 0, 2, 0, 0] as [Float], shape: [2, 4])) - 2) < 1e-12)
  }

  @Test func `Holm's correction equals statsmodels'`() throws {
    let golden = try golden()
    #expect(largestDifference(try HolmCorrection.adjusted(golden.probabilities), golden.holm) < 1e-14)
    #expect(throws: EvaluationError.self) { try HolmCorrection.adjusted([0.5, .nan]) }
  }

  @Test func `a trend and its interval equal scipy's`() throws {
    let told = try golden().trend
    let line = try LinearTrend(x: told.x, y: told.y)
    let got = [line.slope.estimate, line.intercept, line.correlation, line.slope.lower, line.slope.upper, line.slope.probabilityOfNoDifference ?? -1]
    #expect(largestDifference(got, [told.slope, told.intercept, told.correlation, told.low, told.high, told.p]) < 1e-10)
    #expect(throws: EvaluationError.self) { try LinearTrend(x: [2, 2, 2], y: [1, 2, 3]) }
  }

  @Test func `a bootstrap interval agrees with scipy's as far as chance allows, and with itself exactly`() throws {
    let told = try golden().bootstrap
    let interval = try ConfidenceInterval.bootstrap(told.values, seed: 3)
    // The quantiles of 10,000 resamples scatter by about a hundredth of the interval's width.
    let slack = 0.05 * (told.high - told.low)
    #expect(abs(interval.lower - told.low) < slack && abs(interval.upper - told.high) < slack)
    #expect(try ConfidenceInterval.bootstrap(told.values, seed: 3) == interval)
    #expect(try ConfidenceInterval.bootstrap(told.values, seed: 4) != interval)
  }

  @Test func `features that cannot be measured are refused with what is wrong`() throws {
    let one = try Tensor([1, 2] as [Float], shape: [1, 2]), other = try Tensor([1, 2, 3, 4, 5, 7] as [Float], shape: [2, 3])
    #expect(throws: EvaluationError.self) { try FrechetDistance.between(one, one) }
    #expect(throws: EvaluationError.dimension(expected: 3, got: 2, of: "second")) { try FrechetDistance.between(other, Tensor([1, 2, 3, 5] as [Float], shape: [2, 2])) }
    #expect(throws: EvaluationError.notFinite(row: 1, column: 0)) { try FrechetDistance.between(Tensor([1, 2, .nan, 4] as [Float], shape: [2, 2]), one) }
    #expect(throws: EvaluationError.self) { try FeatureCoverage(real: other, made: other, neighbours: 2) }
    #expect(throws: EvaluationError.self) { try VendiScore.of(Tensor([1, 2, 0, 0] as [Float], shape: [2, 2])) }
  }
}
