/// Limited-memory BFGS: minimises a smooth function of many variables from its values and gradients.
///
/// Each iteration goes along `-H g`, where `H` is the inverse Hessian that the last `history` pairs of steps and gradient changes
/// imply (two-loop recursion), by a length that satisfies the strong Wolfe conditions. All arithmetic is in f64 and serial, so the
/// path is the same on any number of threads as long as the function is.
///
/// Nocedal & Wright 2006, "Numerical Optimization", algorithms 7.4, 7.5 (direction), 3.5, 3.6 (step).
public struct LBFGS: Sendable {
  /// Pairs of steps and gradient changes that are remembered; at least 1. scikit-learn keeps 10.
  public var history = 10
  /// Upper limit of iterations.
  public var maximumIterations = 1000
  /// Stops when no component of the gradient is larger in magnitude.
  public var gradientTolerance = 1e-6
  /// Stops when an iteration lowers the value by no more than this part of max(|value|, 1); 0 leaves only exact standstill.
  public var valueTolerance = 0.0
  /// Relative rounding noise of the function's values: differences below it say nothing, and the slope decides.
  public var valueNoise = 1e-15

  public init() {}

  /// Why a minimisation ended.
  public enum Stop: String, Sendable {
    /// The gradient tolerance was reached.
    case gradient
    /// The value no longer falls.
    case value
    /// The limit of iterations was reached before either tolerance.
    case iterations
    /// No step along the steepest descent lowers the value: the gradient is wrong, or the function is at its rounding noise.
    case lineSearch
  }

  /// Where a minimisation ended.
  public struct Result: Sendable {
    public var parameters: [Double]
    public var value: Double
    /// Largest magnitude of a gradient component.
    public var gradientMaximum: Double
    public var iterations: Int
    public var evaluations: Int
    public var stop: Stop
    /// True unless the limit of iterations ended it or no step could be found.
    public var converged: Bool { stop == .gradient || stop == .value }
  }

  /// The function to minimise: reads the parameters, overwrites every element of the gradient, returns the value.
  public typealias Function = (_ parameters: UnsafeBufferPointer<Double>, _ gradient: UnsafeMutableBufferPointer<Double>) throws -> Double

  /// Minimises a function.
  ///
  /// - Parameters:
  ///   - start: where to begin.
  ///   - function: value and gradient; what it throws ends the minimisation and is thrown on.
  /// - Returns: the best point found; look at `stop` to see whether it is a minimum.
  /// - Throws: ``EvaluationError/startNotFinite(value:)``, ``EvaluationError/option(name:value:expected:)``.
  public func minimize(from start: [Double], _ function: Function) throws -> Result {
    guard history >= 1 else { throw EvaluationError.option(name: "history", value: "\(history)", expected: "at least 1") }
    guard maximumIterations >= 0 else {
      throw EvaluationError.option(name: "maximum iterations", value: "\(maximumIterations)", expected: "at least 0")
    }
    var evaluations = 0
    func evaluate(_ parameters: [Double], _ gradient: inout [Double]) throws -> Double {
      evaluations += 1
      return try parameters.withUnsafeBufferPointer { p in try gradient.withUnsafeMutableBufferPointer { g in try function(p, g) } }
    }

    var point = start, gradient = [Double](repeating: 0, count: start.count)
    var value = try evaluate(point, &gradient)
    guard value.isFinite, gradient.allSatisfy(\.isFinite) else { throw EvaluationError.startNotFinite(value: value) }
    var memory = Memory(limit: history)
    var candidate = point, candidateGradient = gradient
    var iteration = 0
    while true {
      let largest = maximumMagnitude(gradient)
      func finished(_ stop: Stop) -> Result {
        Result(parameters: point, value: value, gradientMaximum: largest, iterations: iteration, evaluations: evaluations, stop: stop)
      }
      if largest <= gradientTolerance { return finished(.gradient) }
      if iteration >= maximumIterations { return finished(.iterations) }

      var direction = memory.direction(gradient)
      var slope = dot(direction, gradient)
      if !(slope < 0) {  // rounding has spoilt the memory
        memory.clear()
        direction = memory.direction(gradient)
        slope = dot(direction, gradient)
      }
      let first = memory.isEmpty ? min(1, 1 / dot(gradient, gradient).squareRoot()) : 1
      let search = StrongWolfeSearch(value: value, slope: slope, noise: valueNoise * max(abs(value), 1e-300))
      let accepted = try search.run(first: first) { length in
        for index in point.indices { candidate[index] = point[index] + length * direction[index] }
        let trial = try evaluate(candidate, &candidateGradient)
        return (trial, dot(candidateGradient, direction))
      }
      guard let accepted else {
        if memory.isEmpty { return finished(.lineSearch) }
        memory.clear()
        continue
      }
      if !accepted.isLatest {  // the search ended on an earlier trial than the last it looked at
        for index in point.indices { candidate[index] = point[index] + accepted.length * direction[index] }
        _ = try evaluate(candidate, &candidateGradient)
      }
      memory.remember(from: point, to: candidate, gradient, candidateGradient)
      let drop = value - accepted.value
      swap(&point, &candidate)
      swap(&gradient, &candidateGradient)
      value = accepted.value
      iteration += 1
      if drop <= valueTolerance * max(abs(value), 1), maximumMagnitude(gradient) > gradientTolerance {
        return Result(parameters: point, value: value, gradientMaximum: maximumMagnitude(gradient),
                      iterations: iteration, evaluations: evaluations, stop: .value)
      }
    }
  }

  /// The last pairs of steps s and gradient changes y.
  private struct Memory {
    let limit: Int
    var pairs: [(step: [Double], change: [Double], inverse: Double)] = []
    var isEmpty: Bool { pairs.isEmpty }

    init(limit: Int) { self.limit = limit }

    mutating func clear() { pairs.removeAll() }

    mutating func remember(from old: [Double], to new: [Double], _ oldGradient: [Double], _ newGradient: [Double]) {
      var step = new, change = newGradient
      for index in step.indices {
        step[index] -= old[index]
        change[index] -= oldGradient[index]
      }
      let curvature = dot(step, change)
      // A pair without clear positive curvature would make H indefinite; only rounding noise can produce one here.
      guard curvature > 1e-12 * dot(change, change).squareRoot() * dot(step, step).squareRoot() else { return }
      if pairs.count == limit { pairs.removeFirst() }
      pairs.append((step, change, 1 / curvature))
    }

    /// -H g by the two-loop recursion.
    func direction(_ gradient: [Double]) -> [Double] {
      var result = gradient.map { -$0 }
      guard let last = pairs.last else { return result }
      var weights = [Double](repeating: 0, count: pairs.count)
      for (index, pair) in pairs.enumerated().reversed() {
        weights[index] = pair.inverse * dot(pair.step, result)
        add(-weights[index], pair.change, to: &result)
      }
      let scale = 1 / (last.inverse * dot(last.change, last.change))
      for index in result.indices { result[index] *= scale }
      for (index, pair) in pairs.enumerated() {
        add(weights[index] - pair.inverse * dot(pair.change, result), pair.step, to: &result)
      }
      return result
    }
  }
}

/// Sum of products, in eight lanes that are added up in one fixed order.
private func dot(_ left: [Double], _ right: [Double]) -> Double {
  var lanes = SIMD8<Double>(repeating: 0), tail = 0.0
  left.withUnsafeBufferPointer { l in
    right.withUnsafeBufferPointer { r in
      guard let l = l.baseAddress, let r = r.baseAddress else { return }
      let count = left.count, whole = count & ~7
      var index = 0
      while index < whole {
        let a = UnsafeRawPointer(l + index).loadUnaligned(as: SIMD8<Double>.self)
        let b = UnsafeRawPointer(r + index).loadUnaligned(as: SIMD8<Double>.self)
        lanes += a * b
        index += 8
      }
      while index < count {
        tail += l[index] * r[index]
        index += 1
      }
    }
  }
  let half = lanes.lowHalf + lanes.highHalf, quarter = half.lowHalf + half.highHalf
  return quarter[0] + quarter[1] + tail
}

private func add(_ factor: Double, _ vector: [Double], to target: inout [Double]) {
  for index in target.indices { target[index] += factor * vector[index] }
}

private func maximumMagnitude(_ vector: [Double]) -> Double {
  vector.reduce(0) { max($0, abs($1)) }
}
