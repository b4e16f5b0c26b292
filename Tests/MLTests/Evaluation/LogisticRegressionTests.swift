import Testing

@testable import ML

@Suite struct LogisticRegressionTests {
  @Test func `coefficients and predictions on digits equal scikit-learn's for five constants`() throws {
    let golden = try EvaluationGolden.decode(EvaluationGolden.Logistic.self, from: "logistic.json")
    let (train, test) = try EvaluationGolden.digits()
    #expect(golden.fits.count == 5)
    for fit in golden.fits {
      var options = LogisticRegression.Options()
      options.constant = fit.C
      options.gradientTolerance = 1e-9
      options.maximumIterations = 20_000
      options.precision = .double
      let model = try LogisticRegression.fit(train, options: options)
      #expect(largestDifference(model.weights, fit.weights) < 1e-4, "C \(fit.C)")
      #expect(largestDifference(model.intercepts, fit.intercepts) < 1e-4, "C \(fit.C)")
      #expect(try model.predict(test.features) == fit.predictions, "C \(fit.C)")
    }
  }

  @Test func `f32 products are within a thousandth of scikit-learn's coefficients`() throws {
    let golden = try EvaluationGolden.decode(EvaluationGolden.Logistic.self, from: "logistic.json")
    let (train, test) = try EvaluationGolden.digits()
    for fit in golden.fits where fit.C <= 1 {
      var options = LogisticRegression.Options()
      options.constant = fit.C
      options.gradientTolerance = 1e-6
      let model = try LogisticRegression.fit(train, options: options)
      #expect(largestDifference(model.weights, fit.weights) < 1e-3, "C \(fit.C), \(model.stop)")
      #expect(try model.predict(test.features) == fit.predictions, "C \(fit.C)")
    }
  }

  @Test func `the default tolerance predicts as scikit-learn's default does`() throws {
    let golden = try EvaluationGolden.decode(EvaluationGolden.Logistic.self, from: "logistic.json")
    let (train, test) = try EvaluationGolden.digits()
    for fit in golden.fits {
      var options = LogisticRegression.Options()
      options.constant = fit.C
      let model = try LogisticRegression.fit(train, options: options)
      #expect(model.stop == .gradient)
      let different = zip(try model.predict(test.features), fit.predictions).filter { $0 != $1 }.count
      // Stopped at the same tolerance, scikit-learn itself differs from its converged fit in 0, 0, 1, 0 and 5 of 397 rows.
      #expect(different <= (fit.C > 1 ? 6 : 2), "C \(fit.C): \(different) rows")
    }
  }

  @Test func `standardisation equals StandardScaler's and spares constant columns`() throws {
    let golden = try EvaluationGolden.decode(EvaluationGolden.Logistic.self, from: "logistic.json")
    let scaling = FeatureScaling(of: try EvaluationGolden.digits().train)
    #expect(largestDifference(scaling.mean, golden.mean) < 1e-10)
    #expect(largestDifference(scaling.deviation, golden.deviation) < 1e-10)
    let constant = try LabelledFeatures(features: [Float](repeating: 0.1, count: 3000), labels: Array(0..<3000), dimension: 1)
    #expect(FeatureScaling(of: constant).deviation == [1])
  }

  @Test func `unstandardised features give scikit-learn's coefficients too`() throws {
    let golden = try EvaluationGolden.decode(EvaluationGolden.Logistic.self, from: "logistic.json").unscaled
    var options = LogisticRegression.Options()
    options.constant = golden.C
    options.standardizes = false
    options.gradientTolerance = 1e-8
    options.precision = .double
    options.maximumIterations = 20_000
    let model = try LogisticRegression.fit(try EvaluationGolden.digits().train, options: options)
    #expect(largestDifference(model.weights, golden.weights) < 1e-3)
  }

  @Test func `two classes equal the binomial form at twice the constant`() throws {
    let golden = try EvaluationGolden.decode(EvaluationGolden.Logistic.self, from: "logistic.json").binomial
    let all = try EvaluationGolden.digits().train
    let pair = all.rows((0..<all.count).filter { all.labels[$0] == 3 || all.labels[$0] == 8 })
    var options = LogisticRegression.Options()
    options.constant = golden.C / 2
    options.gradientTolerance = 1e-9
    options.precision = .double
    let model = try LogisticRegression.fit(pair, options: options)
    #expect(model.classes == [3, 8])
    let difference = (0..<64).map { model.weights[64 + $0] - model.weights[$0] }
    #expect(largestDifference(difference, golden.weights) < 1e-4)
    #expect(abs(model.intercepts[1] - model.intercepts[0] - golden.intercept) < 1e-4)
  }

  @Test func `the gradient is the slope of the objective`() throws {
    let set = try clouds(rows: 300, dimension: 5, classes: 4, spread: 1, seed: 3)
    let objective = SoftmaxObjective(
      features: set.features.map(Double.init), targets: set.labels.map(Int32.init), dimension: 5, classes: 4, penalty: 0.03)
    var stream = RandomStream(seed: 5)
    var parameters = (0..<24).map { _ in Double(stream.normal()) }, gradient = [Double](repeating: 0, count: 24)
    func value() throws -> Double {
      try parameters.withUnsafeBufferPointer { p in try gradient.withUnsafeMutableBufferPointer { g in try objective.evaluate(p, g) } }
    }
    _ = try value()
    let analytic = gradient
    for index in parameters.indices {
      let here = parameters[index]
      parameters[index] = here + 1e-5
      let above = try value()
      parameters[index] = here - 1e-5
      let below = try value()
      parameters[index] = here
      #expect(abs((above - below) / 2e-5 - analytic[index]) < 1e-8)
    }
  }

  @Test func `a warm start arrives at the same minimum in fewer iterations`() throws {
    let train = try EvaluationGolden.digits().train
    var options = LogisticRegression.Options()
    options.precision = .double
    options.gradientTolerance = 1e-8
    options.constant = 0.1
    let near = try LogisticRegression.fit(train, options: options)
    options.constant = 0.13
    let cold = try LogisticRegression.fit(train, options: options)
    let warm = try LogisticRegression.fit(train, options: options, start: near)
    #expect(largestDifference(warm.weights, cold.weights) < 1e-5)
    #expect(warm.iterations < cold.iterations)
  }

  @Test func `large logits neither overflow nor lose the loss`() throws {
    let set = try LabelledFeatures(features: [3e4, -3e4, 2.9e4, -3.1e4], labels: [1, 0, 1, 0], dimension: 1)
    var options = LogisticRegression.Options()
    options.standardizes = false
    let model = try LogisticRegression.fit(set, options: options)
    #expect(model.weights.allSatisfy { $0.isFinite })
    #expect(try model.predict(set.features) == [1, 0, 1, 0])
  }

  @Test func `faults of the user are told apart and explained`() throws {
    #expect(throws: EvaluationError.featureCount(values: 5, rows: 2, dimension: 3)) {
      try LabelledFeatures(features: [1, 2, 3, 4, 5], labels: [0, 1], dimension: 3)
    }
    #expect(throws: EvaluationError.notFinite(row: 1, column: 0)) {
      try LabelledFeatures(features: [1, 2, .nan, 4], labels: [0, 1], dimension: 2)
    }
    let single = try LabelledFeatures(features: [1, 2], labels: [4, 4], dimension: 1)
    let error = #expect(throws: EvaluationError.self) { try LogisticRegression.fit(single) }
    #expect(error?.description == "classes among the training labels: at least 2 needed, got 1; a classifier needs something to tell apart")
    var options = LogisticRegression.Options()
    options.constant = -1
    let pair = try LabelledFeatures(features: [1, 2], labels: [4, 5], dimension: 1)
    #expect(throws: EvaluationError.self) { try LogisticRegression.fit(pair, options: options) }
    #expect(throws: EvaluationError.self) { try LogisticRegression.fit(clouds(rows: 20, dimension: 3, classes: 2, spread: 1, seed: 0)).predict([1, 2]) }
  }
}
