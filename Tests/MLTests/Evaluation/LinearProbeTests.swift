import Testing

@testable import ML

@Suite struct LinearProbeTests {
  @Test func `the sweep chooses on validation rows and names its split`() throws {
    let (train, test) = try EvaluationGolden.digits()
    var seen: [Double] = []
    let result = try LinearProbe.run(train: train, test: test) { seen.append($0.constant) }
    #expect(seen == LinearProbe.Grid.decades.values)
    #expect(result.candidates.count == 9)
    #expect(result.split == "random 20.0 % of train, seed 0")
    #expect(result.fittingRows == 1120 && result.validationRows == 280)
    let best = result.candidates.map(\.score).max()
    // Between equal scores the lower loss decides.
    #expect(result.candidates.filter { $0.score == best }.min { $0.loss < $1.loss }?.constant == result.constant)
    #expect(result.accuracy > 0.9)
    #expect(result.confusion.perClass.count == 10)
    let interval = try result.interval()
    #expect(interval.lower < result.accuracy && result.accuracy < interval.upper)
  }

  @Test func `the final fit stands on train and validation together`() throws {
    let (train, test) = try EvaluationGolden.digits()
    var options = LinearProbe.Options(grid: .constants([0.01]))
    options.regression.gradientTolerance = 1e-8
    options.regression.precision = .double
    let result = try LinearProbe.run(train: train, split: .stratified(fraction: 0.25, seed: 3), test: test, options: options)
    var direct = options.regression
    direct.constant = 0.01
    let whole = try LogisticRegression.fit(train, options: direct)
    #expect(largestDifference(result.model.weights, whole.weights) < 1e-5)
    #expect(!result.isAtGridEdge)
  }

  @Test func `the paper's grid holds 45 penalties from 1e-6 to 1e5`() {
    let values = LinearProbe.Grid.paper.values
    #expect(values.count == 45)
    #expect(abs(values[0] * 1e5 - 1) < 1e-12 && abs(values[44] * 1e-6 - 1) < 1e-12)
    #expect(LinearProbe.Grid.constants([3, 1, 3]).values == [1, 3])
  }

  @Test func `a split holds each row once and is a matter of its seed alone`() throws {
    let set = try clouds(rows: 101, dimension: 2, classes: 3, spread: 1, seed: 9)
    for split in [ValidationSplit.random(fraction: 0.2, seed: 4), .stratified(fraction: 0.2, seed: 4)] {
      let (fit, choose) = try split.divide(set)
      #expect(fit.count + choose.count == 101)
      #expect(Set(fit.features.chunked(2)).union(choose.features.chunked(2)) == Set(set.features.chunked(2)))
      #expect(try split.divide(set).choose == choose)
    }
    #expect(try ValidationSplit.random(fraction: 0.2, seed: 4).divide(set).choose != ValidationSplit.random(fraction: 0.2, seed: 5).divide(set).choose)
    for label in 0..<3 {
      let whole = set.labels.filter { $0 == label }.count
      let held = try ValidationSplit.stratified(fraction: 0.2, seed: 4).divide(set).choose.labels.filter { $0 == label }.count
      #expect(held == Int((Double(whole) * 0.2).rounded()))
    }
  }

  @Test func `a class that training never saw counts as wrong`() throws {
    let train = try clouds(rows: 200, dimension: 4, classes: 3, spread: 0.1, seed: 1)
    let test = try LabelledFeatures(features: train.features, labels: train.labels.map { $0 == 2 ? 77 : $0 }, dimension: 4)
    let result = try LinearProbe.run(train: train, test: test)
    #expect(result.confusion.classes == [0, 1, 2, 77])
    #expect(result.confusion.perClass == [1, 1, nil, 0])
    #expect(abs(result.meanPerClass - 2.0 / 3) < 1e-12)
  }

  @Test func `official validation rows of another dimension are refused`() throws {
    let train = try clouds(rows: 20, dimension: 4, classes: 2, spread: 1, seed: 1)
    let other = try clouds(rows: 20, dimension: 5, classes: 2, spread: 1, seed: 1)
    #expect(throws: EvaluationError.dimension(expected: 4, got: 5, of: "validation")) {
      try LinearProbe.run(train: train, split: .official(other), test: train)
    }
    #expect(throws: EvaluationError.self) { try LinearProbe.run(train: train, split: .random(fraction: 1.5, seed: 0), test: train) }
    #expect(throws: EvaluationError.self) { try LinearProbe.run(train: train, split: .random(fraction: 0.001, seed: 0), test: train) }
    #expect(throws: EvaluationError.self) { try LinearProbe.run(train: train, test: train, options: .init(grid: .constants([]))) }
  }

  @Test func `one, two and five threads give the same bits`() throws {
    let train = try clouds(rows: 3000, dimension: 24, classes: 7, spread: 2, seed: 1)
    let test = try clouds(rows: 900, dimension: 24, classes: 7, spread: 2, seed: 2)
    defer { ThreadPool.setThreadCount(ThreadPool.processorCount) }
    var weights: [[Double]] = [], neighbours: [[Int]] = [], candidates: [[LinearProbe.Candidate]] = []
    for threads in [1, 2, 5] {
      ThreadPool.setThreadCount(threads)
      let result = try LinearProbe.run(train: train, test: test)
      weights.append(result.model.weights)
      candidates.append(result.candidates)
      neighbours.append(try NearestNeighbours(train).predict(test.features))
    }
    for index in 1...2 {
      #expect(weights[index] == weights[0])
      #expect(candidates[index] == candidates[0])
      #expect(neighbours[index] == neighbours[0])
    }
  }
}

extension [Float] {
  func chunked(_ size: Int) -> [[Float]] { stride(from: 0, to: count, by: size).map { Array(self[$0..<$0 + size]) } }
}
