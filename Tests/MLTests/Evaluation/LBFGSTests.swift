import Testing

@testable import ML

@Suite struct LBFGSTests {
  /// sum 100 (x_{i+1} - x_i^2)^2 + (1 - x_i)^2, minimum 0 at all ones.
  private func rosenbrock(_ x: UnsafeBufferPointer<Double>, _ gradient: UnsafeMutableBufferPointer<Double>) -> Double {
    var value = 0.0
    for index in x.indices { gradient[index] = 0 }
    for index in 0..<x.count - 1 {
      let bend = x[index + 1] - x[index] * x[index], rest = 1 - x[index]
      value += 100 * bend * bend + rest * rest
      gradient[index] += -400 * x[index] * bend - 2 * rest
      gradient[index + 1] += 200 * bend
    }
    return value
  }

  @Test func `the valley of Rosenbrock's function is followed to its end`() throws {
    var minimizer = LBFGS()
    minimizer.gradientTolerance = 1e-8
    for count in [2, 10, 100] {
      let start = (0..<count).map { $0 % 2 == 0 ? -1.2 : 1.0 }
      let result = try minimizer.minimize(from: start, rosenbrock)
      #expect(result.converged, "\(result.stop)")
      #expect(largestDifference(result.parameters, [Double](repeating: 1, count: count)) < 1e-6)
      #expect(result.iterations < 60 + 6 * count, "\(count) variables took \(result.iterations) iterations")
      #expect(result.evaluations < 2 * result.iterations + 10)
    }
  }

  @Test func `an ill-conditioned quadratic is solved`() throws {
    var minimizer = LBFGS()
    minimizer.gradientTolerance = 1e-7
    let result = try minimizer.minimize(from: [Double](repeating: 1, count: 50)) { x, gradient in
      var value = 0.0
      for index in x.indices {
        let stiffness = Double.power(10, 4 * Double(index) / 49), away = x[index] - Double(index)
        value += 0.5 * stiffness * away * away
        gradient[index] = stiffness * away
      }
      return value
    }
    #expect(result.converged)
    #expect(largestDifference(result.parameters, (0..<50).map(Double.init)) < 1e-6)
  }

  @Test func `a bad first length is corrected both ways`() throws {
    // Curvatures so large and so small that a unit step is off by many orders of magnitude.
    for scale in [1e-8, 1e8] {
      var minimizer = LBFGS()
      minimizer.gradientTolerance = 1e-6 * scale
      let result = try minimizer.minimize(from: [3, -4]) { x, gradient in
        gradient[0] = scale * (x[0] - 1)
        gradient[1] = scale * 5 * (x[1] - 2)
        return 0.5 * scale * ((x[0] - 1) * (x[0] - 1) + 5 * (x[1] - 2) * (x[1] - 2))
      }
      #expect(result.stop == .gradient)
      #expect(largestDifference(result.parameters, [1, 2]) < 1e-5)
    }
  }

  @Test func `the edge of the domain is stepped back from`() throws {
    var minimizer = LBFGS()
    minimizer.gradientTolerance = 1e-9
    // x - log x is infinite or NaN for x <= 0 and has its minimum at 1; the first step from 1e-3 downhill is enormous.
    let result = try minimizer.minimize(from: [1e-3]) { x, gradient in
      gradient[0] = 1 - 1 / x[0]
      return x[0] - Double.logarithm(x[0])
    }
    #expect(abs(result.parameters[0] - 1) < 1e-6)
  }

  @Test func `every accepted step satisfies the strong Wolfe conditions`() throws {
    for first in [1e-3, 0.1, 1.0, 37.0, 1e4] {
      let value = { (a: Double) in Double.cosine(a) * 0.1 + (a - 2) * (a - 2) * 0.05 - a * 0.01 }
      let slope = { (a: Double) in -Double.sine(a) * 0.1 + (a - 2) * 0.1 - 0.01 }
      let search = StrongWolfeSearch(value: value(0), slope: slope(0), noise: 0)
      let accepted = try #require(try search.run(first: first) { (value($0), slope($0)) })
      #expect(value(accepted.length) <= value(0) + 1e-4 * accepted.length * slope(0))
      #expect(abs(slope(accepted.length)) <= 0.9 * abs(slope(0)))
    }
  }

  @Test func `a gradient of the wrong sign ends in an honest stop`() throws {
    let result = try LBFGS().minimize(from: [1, 1]) { x, gradient in
      gradient[0] = -2 * x[0]
      gradient[1] = -2 * x[1]
      return x[0] * x[0] + x[1] * x[1]
    }
    #expect(result.stop == .lineSearch)
    #expect(!result.converged)
  }

  @Test func `a start that is not finite is refused and an error inside comes out`() {
    #expect(throws: EvaluationError.self) {
      try LBFGS().minimize(from: [0]) { _, gradient in
        gradient[0] = 0
        return .nan
      }
    }
    struct Interrupted: Error {}
    #expect(throws: Interrupted.self) { try LBFGS().minimize(from: [0]) { _, _ in throw Interrupted() } }
  }
}
