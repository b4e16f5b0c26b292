import Testing

@testable import ML

@Suite struct NearestNeighboursTests {
  @Test func `predictions on digits equal lightly's for six settings`() throws {
    let (train, test) = try EvaluationGolden.digits()
    for golden in try EvaluationGolden.decode([EvaluationGolden.Neighbours].self, from: "neighbours.json") {
      let model = try NearestNeighbours(train, options: .init(neighbours: golden.k, temperature: golden.T))
      let different = zip(try model.predict(test.features), golden.predictions).filter { $0 != $1 }.count
      #expect(different == 0, "k \(golden.k), T \(golden.T): \(different) of \(golden.predictions.count) differ")
    }
  }

  @Test func `a plain vote counts heads`() throws {
    // Nearest is class 1, but two of three voters are of class 0.
    let train = try LabelledFeatures(features: [1, 0, 0.9, 0.4, 0.9, -0.4, -1, 0], labels: [1, 0, 0, 5], dimension: 2)
    #expect(try NearestNeighbours(train, options: .init(neighbours: 3, temperature: nil)).predict([2, 0]) == [0])
    #expect(try NearestNeighbours(train, options: .init(neighbours: 3, temperature: 0.01)).predict([2, 0]) == [1])
  }

  @Test func `the length of a feature does not matter, and zeros are accepted`() throws {
    let train = try clouds(rows: 300, dimension: 6, classes: 4, spread: 0.8, seed: 1)
    let test = try clouds(rows: 90, dimension: 6, classes: 4, spread: 0.8, seed: 2)
    let model = try NearestNeighbours(train)
    let plain = try model.predict(test.features)
    #expect(try model.predict(test.features.map { $0 * 1024 }) == plain)
    #expect(try model.predict([Float](repeating: 0, count: 6)).count == 1)
    #expect(try model.evaluate(test).accuracy > 0.5)
  }

  @Test func `a bank wider than one tile finds the same neighbours as a full sort`() throws {
    let train = try clouds(rows: 5000, dimension: 8, classes: 5, spread: 3, seed: 1)
    let test = try clouds(rows: 130, dimension: 8, classes: 5, spread: 3, seed: 2)
    let unit = { (row: ArraySlice<Float>) -> [Double] in
      let length = row.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
      return row.map { Double($0) / length }
    }
    let bank = (0..<5000).map { unit(train.features[$0 * 8..<$0 * 8 + 8]) }
    let expected = (0..<130).map { index -> Int in
      let query = unit(test.features[index * 8..<index * 8 + 8])
      let ranked = bank.indices.map { row in (zip(bank[row], query).reduce(0) { $0 + $1.0 * $1.1 }, row) }.sorted { $0.0 > $1.0 }.prefix(20)
      var votes = [Double](repeating: 0, count: 5)
      for (similarity, row) in ranked { votes[train.labels[row]] += Double.exponential(similarity / 0.07) }
      return votes.indices.max { votes[$0] < votes[$1] } ?? -1
    }
    #expect(try NearestNeighbours(train).predict(test.features) == expected)
  }

  @Test func `more neighbours than rows is an error that says so`() throws {
    let train = try clouds(rows: 12, dimension: 2, classes: 2, spread: 1, seed: 0)
    let error = #expect(throws: EvaluationError.self) { try NearestNeighbours(train) }
    #expect(error?.description == "training rows for 20 neighbours: at least 20 needed, got 12; ask for fewer neighbours")
    #expect(throws: EvaluationError.self) { try NearestNeighbours(train, options: .init(neighbours: 0)) }
    #expect(throws: EvaluationError.self) { try NearestNeighbours(train, options: .init(neighbours: 2, temperature: 0)) }
  }
}
