extension ConfidenceInterval {
  /// The mean of measurements with the percentile interval of their bootstrap.
  ///
  /// Samples of the same size are drawn with replacement; the interval lies between the (1 - level) / 2 and (1 + level) / 2 quantiles of their means.
  /// It assumes nothing of the distribution, but from few values it comes out too narrow: for three or five seeds take `mean`. Efron 1979, doi:10.1214/aos/1176344552.
  ///
  /// - Parameters:
  ///   - values: at least two, all finite, such as one for each test picture or episode.
  ///   - level: between 0 and 1, default 0.95.
  ///   - resamples: samples drawn, default 10,000.
  ///   - seed: of the drawing; the same seed gives the same interval.
  /// - Throws: ``EvaluationError`` for too few or unfit values.
  public static func bootstrap(_ values: [Double], level: Double = 0.95, resamples: Int = 10_000, seed: UInt64 = 0) throws -> ConfidenceInterval {
    let plain = try mean(values, level: level)
    guard resamples >= 100 else { throw EvaluationError.option(name: "resamples", value: "\(resamples)", expected: "at least 100") }
    var stream = RandomStream(seed: seed, purpose: "bootstrap")
    var means = (0..<resamples).map { _ in
      var sum = 0.0
      for _ in values.indices { sum += values[stream.integer(below: values.count)] }
      return sum / Double(values.count)
    }
    means.sort()
    func quantile(_ share: Double) -> Double {
      let place = share * Double(resamples - 1), below = Int(place)
      return means[below] + (place - Double(below)) * (means[min(resamples - 1, below + 1)] - means[below])
    }
    return ConfidenceInterval(
      estimate: plain.estimate, lower: quantile(0.5 * (1 - level)), upper: quantile(0.5 * (1 + level)), level: level, count: values.count,
      method: .bootstrap, probabilityOfNoDifference: nil)
  }
}
