/// A classifier made of captions: no labelled picture is needed.
///
/// Each class has several captions ("a photo of a {}", "a drawing of a {}" ...). Their features are scaled to length one, averaged over the class and
/// scaled again. A picture gets the class of the highest cosine similarity. Radford et al. 2021, arXiv:2103.00020, section 3.1.4.
public struct ZeroShotClassifier {
  /// Shape: [classes, dimension], each row of length one.
  public let weights: Tensor

  /// Averages the features of captions.
  ///
  /// - Parameters:
  ///   - texts: [classes · templates, dimension], class by class.
  ///   - templates: captions of each class, at least 1.
  /// - Throws: ``EvaluationError`` where the rows do not divide.
  public init(texts: Tensor, templates: Int) throws {
    guard templates >= 1, texts.rank == 2, texts.shape[0] > 0, texts.shape[0] % templates == 0 else {
      throw EvaluationError.option(name: "templates", value: "\(templates)", expected: "a divisor of the number of text features, whose shape is \(texts.shape)")
    }
    let shape = [texts.shape[0] / templates, templates, texts.shape[1]]
    weights = try withoutTracking { try texts.detached().l2Normalize().reshape(shape).mean(axes: [1]).l2Normalize() }
  }

  /// The number of the class of each picture, counted from 0. Shapes: images [rows, dimension] -> [rows].
  public func predict(_ images: Tensor) throws -> [Int] {
    guard images.rank == 2, images.shape[1] == weights.shape[1] else {
      throw EvaluationError.dimension(expected: weights.shape[1], got: images.shape.last ?? 0, of: "image")
    }
    return try withoutTracking { try images.detached().matmul(weights, transposeRight: true).argmax(axis: 1).integers() }
  }

  /// Every class name in every template, class by class.
  ///
  /// - Parameter templates: sentences with one place `{}` each.
  /// - Throws: ``EvaluationError`` that names a template without `{}`.
  public static func prompts(classNames: [String], templates: [String]) throws -> [String] {
    let halves = try templates.map { template -> (String, String) in
      guard let range = template.firstRange(of: "{}") else {
        throw EvaluationError.option(name: "template", value: "\"\(template)\"", expected: "a sentence with {} where the class name goes")
      }
      return (String(template[..<range.lowerBound]), String(template[range.upperBound...]))
    }
    return classNames.flatMap { name in halves.map { $0.0 + name + $0.1 } }
  }
}
