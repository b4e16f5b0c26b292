import Host
import ML

/// Labelled features as Lua gives them: a data set (an encoder then makes its features), or {features = Tensor, labels = list}.
enum LabelledInput {
  case dataset(Dataset)
  case features(Tensor, [Int])

  /// The features in the form that the evaluation takes.
  func features(_ encoder: EncoderHandle?, name: String, check: () throws -> Void) throws -> LabelledFeatures {
    let tensor: Tensor
    let labels: [Int]
    switch self {
    case .features(let features, let given): (tensor, labels) = (features, given)
    case .dataset(let set):
      guard let encoder else { throw ArgumentFault.invalid("\(name) is a Dataset, so an encoder is needed to make its features: give encoder = ...") }
      guard let known = set.labels else { throw ArgumentFault.invalid("\(name) has no labels: \(set.source)") }
      (tensor, labels) = (try encoder.features(set.pictures, batch: 64, check: check), known)
    }
    guard tensor.rank == 2, tensor.shape[0] == labels.count else {
      throw ArgumentFault.invalid("\(name): features of shape [\(labels.count), D] expected for \(labels.count) labels, got \(TensorElements.list(tensor.shape))")
    }
    return try LabelledFeatures(features: try tensor.detached().cast(.f32).floats(), labels: labels, dimension: tensor.shape[1])
  }
}

extension Argument where Value == LabelledInput {
  /// A labelled data set, or features with labels.
  static func labelled(_ name: String, _ doc: String) -> Argument {
    Argument(name, "Dataset|{features: Tensor, labels: integer[]}", doc, expected: "Dataset or table of features and labels") { call, index in
      if let set = try call.object(index, as: Dataset.self) { return .dataset(set) }
      guard let table = call.table(index) else { return nil }
      guard case .object(let object) = table["features"], let handle = object as? TensorHandle else {
        throw ArgumentFault.invalid("the field 'features' must be a Tensor [N, D], got a \(table["features"].typeName)")
      }
      if case .table(let labels) = table["labels"], let list = labels.integers() { return .features(handle.tensor, list) }
      if case .object(let object) = table["labels"], let labels = object as? TensorHandle { return .features(handle.tensor, try labels.tensor.integers()) }
      throw ArgumentFault.invalid("the field 'labels' must be a list of integers, got a \(table["labels"].typeName)")
    }
  }
}
