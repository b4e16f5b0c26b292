/// A fault in what an evaluation was given; `description` says what was expected, what came and what to do.
public enum EvaluationError: Error, CustomStringConvertible, Equatable {
  /// The number of feature values is not rows x dimension.
  case featureCount(values: Int, rows: Int, dimension: Int)
  /// Two sets that must have the same feature dimension have not.
  case dimension(expected: Int, got: Int, of: String)
  /// A feature is NaN or infinite.
  case notFinite(row: Int, column: Int)
  /// A set has too few rows for what is asked of it.
  case tooFew(what: String, needed: Int, got: Int, remedy: String)
  /// An option lies outside its range.
  case option(name: String, value: String, expected: String)
  /// Two lists that belong together differ in length.
  case lengths(first: String, firstCount: Int, second: String, secondCount: Int)
  /// The function to minimise is not finite at the starting point.
  case startNotFinite(value: Double)

  public var description: String {
    switch self {
    case let .featureCount(values, rows, dimension):
      return "features hold \(values) values, but \(rows) labels of dimension \(dimension) need \(rows * dimension); "
        + "give features row by row, one row per label"
    case let .dimension(expected, got, subject):
      return "the \(subject) features have dimension \(got), but the training features have \(expected); "
        + "extract both with the same encoder and layer"
    case let .notFinite(row, column):
      return "feature \(column) of row \(row) (counted from 0) is not a finite number; the encoder that made it has diverged or read a broken image"
    case let .tooFew(what, needed, got, remedy):
      return "\(what): at least \(needed) needed, got \(got); \(remedy)"
    case let .option(name, value, expected):
      return "\(name) is \(value), but must be \(expected)"
    case let .lengths(first, firstCount, second, secondCount):
      return "\(firstCount) \(first) came with \(secondCount) \(second); both must have the same number"
    case let .startNotFinite(value):
      return "the function to minimise is \(value) at the starting point; start where it and its gradient are finite"
    }
  }
}
