/// Compares gradients with central differences, in double precision.
public enum GradientCheck {
  /// The largest disagreement between the gradient and the slope measured by moving each input element.
  ///
  /// - Parameters:
  ///   - inputs: f64 tensors.
  ///   - step: how far each element is moved, default 1e-5.
  ///   - compute: the function; its result may have any shape and is weighted with fixed numbers.
  /// - Returns: the largest |gradient - slope| / max(1, |slope|) over all elements of all inputs.
  public static func largestError(_ inputs: [Tensor], step: Double = 1e-5, _ compute: ([Tensor]) throws -> Tensor) throws -> Double {
    func loss(_ inputs: [Tensor]) throws -> Tensor {
      let y = try compute(inputs)
      // Unequal weights, so that a gradient with two elements exchanged is found out.
      let weights = try Tensor((0..<y.count).map { 0.5 + Double.sine(Double($0) * 1.7 + 0.3) }, shape: y.shape)
      return try (y * weights).sum()
    }
    let leaves = inputs.map { $0.tracked() }
    let gradients = try loss(leaves).backward()
    var worst = 0.0
    for (index, input) in inputs.enumerated() {
      let values = try input.doubles()
      let gradient = try gradients[leaves[index]]?.doubles() ?? [Double](repeating: 0, count: values.count)
      for element in values.indices {
        func shifted(_ by: Double) throws -> Double {
          var moved = values
          moved[element] += by
          var others = inputs
          others[index] = try Tensor(moved, shape: input.shape)
          return try loss(others).item()
        }
        let slope = (try shifted(step) - shifted(-step)) / (2 * step)
        worst = max(worst, abs(gradient[element] - slope) / max(1, abs(slope)))
        if !gradient[element].isFinite { return .infinity }
      }
    }
    return worst
  }
}
