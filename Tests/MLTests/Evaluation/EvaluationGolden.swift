import Foundation

@testable import ML

/// Golden numbers of Tests/Golden/evaluation; its make.py says how they were made.
enum EvaluationGolden {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Golden/evaluation")

  static func decode<T: Decodable>(_ type: T.Type, from name: String) throws -> T {
    try JSONDecoder().decode(type, from: Data(contentsOf: folder.appendingPathComponent(name)))
  }

  /// The hand-written digits: 1400 rows to train on, 397 to test on.
  static func digits() throws -> (train: LabelledFeatures, test: LabelledFeatures) {
    let bytes = [UInt8](try Data(contentsOf: folder.appendingPathComponent("digits.bin")))
    let rows = bytes.count / 65
    let all = try LabelledFeatures(features: bytes[..<(rows * 64)].map { Float($0) }, labels: bytes[(rows * 64)...].map { Int($0) }, dimension: 64)
    return (all.rows(Array(0..<1400)), all.rows(Array(1400..<rows)))
  }

  struct Logistic: Decodable {
    struct Fit: Decodable {
      let C: Double, weights: [Double], intercepts: [Double], predictions: [Int], iterations: Int, balanced: Double, confusion: [Int]
    }
    struct Binomial: Decodable { let C: Double, weights: [Double], intercept: Double }
    struct Unscaled: Decodable { let C: Double, weights: [Double], intercepts: [Double] }
    let fits: [Fit], mean: [Double], deviation: [Double], binomial: Binomial, unscaled: Unscaled
  }

  struct Neighbours: Decodable { let k: Int, T: Double, predictions: [Int] }

  struct Statistics: Decodable {
    struct Quantile: Decodable { let freedom: Double, probability: Double, t: Double }
    struct Normal: Decodable { let probability: Double, z: Double }
    struct Mean: Decodable { let values: [Double], level: Double, lower: Double, upper: Double }
    struct Pair: Decodable { let first: [Double], second: [Double], level: Double, lower: Double, upper: Double, probability: Double }
    struct Wilson: Decodable { let correct: Int, count: Int, level: Double, lower: Double, upper: Double }
    let quantiles: [Quantile], cumulative: [Quantile], normal: [Normal], means: [Mean], pairs: [Pair], wilsons: [Wilson]
  }
}

/// The largest distance between two lists; infinite where their lengths differ.
func largestDifference(_ left: [Double], _ right: [Double]) -> Double {
  left.count == right.count ? zip(left, right).reduce(0) { max($0, abs($1.0 - $1.1)) } : .infinity
}

/// Clouds of points around one centre per class, different for every seed.
func clouds(rows: Int, dimension: Int, classes: Int, spread: Float, seed: UInt64) throws -> LabelledFeatures {
  var centres = RandomStream(seed: 1, purpose: "centres"), noise = RandomStream(seed: seed, purpose: "noise")
  let centre = (0..<classes * dimension).map { _ in centres.normal() }
  let labels = (0..<rows).map { _ in noise.integer(below: classes) }
  var features: [Float] = []
  for label in labels { for column in 0..<dimension { features.append(centre[label * dimension + column] + spread * noise.normal()) } }
  return try LabelledFeatures(features: features, labels: labels, dimension: dimension)
}
