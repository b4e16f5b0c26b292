/// Finds a step length along a descent direction that satisfies the strong Wolfe conditions.
///
///     f(a) <= f(0) + c1 a f'(0)      (the value falls enough)
///     |f'(a)| <= c2 |f'(0)|          (the slope has flattened enough)
///
/// First the length grows until an interval surely holds such a step, then the interval shrinks by cubic interpolation.
/// Nocedal & Wright 2006, algorithms 3.5 and 3.6.
struct StrongWolfeSearch {
  /// f(0) and f'(0), the latter negative.
  let value: Double
  let slope: Double
  /// Absolute size of differences between values that are only rounding.
  let noise: Double
  let decrease = 1e-4
  let curvature = 0.9
  let maximumTrials = 30

  struct Trial {
    var length: Double
    var value: Double
    var slope: Double
  }

  struct Accepted {
    var length: Double
    var value: Double
    /// True when the last evaluation was made at this length.
    var isLatest: Bool
  }

  /// Searches.
  ///
  /// - Parameters:
  ///   - first: the first length to try, positive.
  ///   - evaluate: value and slope at a length.
  /// - Returns: a length, or nil if none that lowers the value was found.
  func run(first: Double, _ evaluate: (Double) throws -> (value: Double, slope: Double)) throws -> Accepted? {
    var trials = 0
    func look(_ length: Double) throws -> Trial {
      trials += 1
      let (value, slope) = try evaluate(length)
      // Beyond the function's domain counts as infinitely high, so that the interval closes from above.
      let inside = value.isFinite && slope.isFinite
      return Trial(length: length, value: inside ? value : .infinity, slope: inside ? slope : .infinity)
    }
    func fallsEnough(_ trial: Trial) -> Bool { trial.value <= value + decrease * trial.length * slope + noise }
    func isFlat(_ trial: Trial) -> Bool { abs(trial.slope) <= -curvature * slope }
    func accept(_ trial: Trial) -> Accepted { Accepted(length: trial.length, value: trial.value, isLatest: true) }

    var previous = Trial(length: 0, value: value, slope: slope)
    var current = try look(first)
    var low = previous, high = current
    while true {
      if !fallsEnough(current) || (trials > 1 && current.value > previous.value + noise) {
        (low, high) = (previous, current)
        break
      }
      if isFlat(current) { return accept(current) }
      if current.slope >= 0 {
        (low, high) = (current, previous)
        break
      }
      if trials >= maximumTrials { return accept(current) }
      let reach = current.length - previous.length
      let guess = interpolate(previous, current) ?? .infinity
      previous = current
      current = try look(min(max(guess, current.length + 0.1 * reach), current.length + 9 * reach))
    }

    // `low` is the best length so far that falls enough; a step that satisfies both conditions lies between it and `high`.
    var widthBefore = abs(high.length - low.length)
    while trials < maximumTrials {
      let width = abs(high.length - low.length)
      if width <= 1e-14 * max(low.length, high.length) { break }
      let left = min(low.length, high.length)
      var length = interpolate(low, high) ?? (left + 0.5 * width)
      // Too near an end, or too slow a shrinking: halve.
      if length < left + 0.1 * width || length > left + 0.9 * width || (trials > 4 && width > 0.66 * widthBefore) {
        length = min(max(length, left + 0.1 * width), left + 0.9 * width)
        if trials > 4 { length = left + 0.5 * width }
      }
      widthBefore = width
      let trial = try look(length)
      if !fallsEnough(trial) || trial.value > low.value + noise {
        high = trial
      } else {
        if isFlat(trial) { return accept(trial) }
        if trial.slope * (high.length - low.length) >= 0 { high = low }
        low = trial
      }
    }
    guard low.length > 0, low.value < value else { return nil }
    return Accepted(length: low.length, value: low.value, isLatest: false)
  }

  /// Where the cubic through two values and slopes has its minimum; nil where it has none.
  private func interpolate(_ a: Trial, _ b: Trial) -> Double? {
    guard a.value.isFinite, b.value.isFinite, a.length != b.length else { return nil }
    let d1 = a.slope + b.slope - 3 * (a.value - b.value) / (a.length - b.length)
    let discriminant = d1 * d1 - a.slope * b.slope
    guard discriminant >= 0 else { return nil }
    let d2 = (b.length > a.length ? 1 : -1) * discriminant.squareRoot()
    let length = b.length - (b.length - a.length) * (b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2)
    return length.isFinite && length > 0 ? length : nil
  }
}
