/// Features [N, D] as checked numbers.
struct FeatureRows {
  let count: Int
  let width: Int
  let values: [Double]

  init(_ features: Tensor, of name: String) throws {
    guard features.rank == 2, features.shape[1] > 0 else {
      throw EvaluationError.option(name: "the shape of the \(name) features", value: "\(features.shape)", expected: "[rows, width]")
    }
    (count, width) = (features.shape[0], features.shape[1])
    values = try features.detached().cast(.f64).doubles()
    if let place = values.firstIndex(where: { !$0.isFinite }) { throw EvaluationError.notFinite(row: place / width, column: place % width) }
  }

  /// The mean of each column, and the rows without it.
  func centred() -> (mean: [Double], rows: [Double]) {
    var mean = [Double](repeating: 0, count: width)
    for row in 0..<count { for column in 0..<width { mean[column] += values[row * width + column] } }
    for column in 0..<width { mean[column] /= Double(count) }
    var rows = values
    for row in 0..<count { for column in 0..<width { rows[row * width + column] -= mean[column] } }
    return (mean, rows)
  }
}
