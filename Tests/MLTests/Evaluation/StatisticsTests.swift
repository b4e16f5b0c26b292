import Testing

@testable import ML

@Suite struct StatisticsTests {
  private func golden() throws -> EvaluationGolden.Statistics {
    try EvaluationGolden.decode(EvaluationGolden.Statistics.self, from: "statistics.json")
  }

  /// |a - b| relative to the larger, or absolute below one.
  private func isClose(_ a: Double, _ b: Double, _ tolerance: Double) -> Bool { abs(a - b) <= tolerance * max(1, abs(a), abs(b)) }

  @Test func `Student's quantiles equal scipy's`() throws {
    for row in try golden().quantiles {
      let t = try StudentDistribution(degreesOfFreedom: row.freedom).quantile(row.probability)
      #expect(isClose(t, row.t, 1e-9), "p \(row.probability), \(row.freedom) degrees: \(t) against \(row.t)")
    }
    // Closed forms: one degree is Cauchy's tangent, two degrees (2p - 1) sqrt(2 / (1 - (2p - 1)^2)).
    #expect(isClose(try StudentDistribution(degreesOfFreedom: 1).quantile(0.975), 12.706204736174698, 1e-13))
    #expect(isClose(try StudentDistribution(degreesOfFreedom: 2).quantile(0.975), 0.95 * (2 / (1 - 0.95 * 0.95)).squareRoot(), 1e-13))
  }

  @Test func `Student's cumulative probabilities equal those of forty digits`() throws {
    for row in try golden().cumulative {
      let probability = try StudentDistribution(degreesOfFreedom: row.freedom).cumulative(row.t)
      #expect(abs(probability - row.probability) < 1e-12, "t \(row.t), \(row.freedom) degrees")
    }
  }

  @Test func `normal quantiles equal scipy's`() throws {
    for row in try golden().normal { #expect(isClose(try NormalDistribution.quantile(row.probability), row.z, 1e-9), "p \(row.probability)") }
    #expect(isClose(try NormalDistribution.quantile(0.975), 1.959963984540054, 1e-14))
  }

  @Test func `intervals of means, pairs and proportions equal scipy's`() throws {
    let golden = try golden()
    for row in golden.means {
      let interval = try ConfidenceInterval.mean(row.values, level: row.level)
      #expect(isClose(interval.lower, row.lower, 1e-11) && isClose(interval.upper, row.upper, 1e-11))
    }
    for row in golden.pairs {
      let interval = try ConfidenceInterval.pairedDifference(row.first, row.second, level: row.level)
      #expect(isClose(interval.lower, row.lower, 1e-11) && isClose(interval.upper, row.upper, 1e-11))
      #expect(abs((interval.probabilityOfNoDifference ?? -1) - row.probability) < 1e-10)
      #expect(interval.excludesZero == (row.probability < 1 - row.level))
    }
    for row in golden.wilsons {
      let interval = try ConfidenceInterval.wilson(correct: row.correct, count: row.count, level: row.level)
      #expect(isClose(interval.lower, row.lower, 1e-11) && isClose(interval.upper, row.upper, 1e-11), "\(row.correct) of \(row.count)")
    }
  }

  @Test func `intervals know whether they touch`() throws {
    let low = try ConfidenceInterval.mean([0.50, 0.51, 0.52]), high = try ConfidenceInterval.mean([0.70, 0.71, 0.72])
    #expect(low.isApart(from: high) && high.isApart(from: low) && !low.isApart(from: low))
    #expect(try ConfidenceInterval.pairedDifference([0.5, 0.5], [0.4, 0.4]).probabilityOfNoDifference == 0)
  }

  @Test func `one seed has no interval, and the error says what to do`() {
    let error = #expect(throws: EvaluationError.self) { try ConfidenceInterval.mean([0.7]) }
    #expect(error?.description == "measurements for an interval over seeds: at least 2 needed, got 1; "
        + "run more seeds, or report a single accuracy with its Wilson interval")
    #expect(throws: EvaluationError.self) { try ConfidenceInterval.mean([0.7, .nan]) }
    #expect(throws: EvaluationError.self) { try ConfidenceInterval.mean([0.7, 0.8], level: 95) }
    #expect(throws: EvaluationError.self) { try ConfidenceInterval.pairedDifference([0.7, 0.8], [0.7]) }
    #expect(throws: EvaluationError.self) { try ConfidenceInterval.wilson(correct: 3, count: 2) }
    #expect(throws: EvaluationError.self) { try ConfidenceInterval.wilson(correct: 0, count: 0) }
  }

  @Test func `confusion and balanced accuracy equal scikit-learn's`() throws {
    let test = try EvaluationGolden.digits().test
    for fit in try EvaluationGolden.decode(EvaluationGolden.Logistic.self, from: "logistic.json").fits {
      let matrix = try ConfusionMatrix(truths: test.labels, predictions: fit.predictions)
      #expect(matrix.counts == fit.confusion)
      #expect(isClose(matrix.meanPerClass, fit.balanced, 1e-14))
    }
    #expect(throws: EvaluationError.self) { try ConfusionMatrix(truths: [1], predictions: []) }
    #expect(throws: EvaluationError.self) { try ConfusionMatrix(truths: [], predictions: []) }
  }
}
