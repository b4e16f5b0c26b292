/// One differentiable operation as the gradient test sees it: how to draw inputs, and how to compute.
public struct OperationRow {
  public let name: OperationName
  /// Which variant of the operation, such as "causal".
  public let variant: String
  /// f64 inputs; the gradient by each is checked.
  public let inputs: (inout RandomStream) throws -> [Tensor]
  public let compute: ([Tensor]) throws -> Tensor
}

/// Every differentiable operation, with the random inputs it is tested on.
public enum OperationTable {
  /// The rows of an operation; at least one for each name, by the exhaustive switch.
  public static func rows(_ name: OperationName) -> [OperationRow] {
    func row(_ variant: String, _ shapes: [[Int]], lower: Double = -1.5, upper: Double = 1.5, _ compute: @escaping ([Tensor]) throws -> Tensor) -> OperationRow {
      OperationRow(name: name, variant: variant, inputs: { stream in
        try shapes.map { shape in
          let count = shape.reduce(1, *)
          return try Tensor((0..<count).map { _ in lower + (upper - lower) * Double(stream.uniform()) }, shape: shape)
        }
      }, compute: compute)
    }
    func row(_ shapes: [[Int]], lower: Double = -1.5, upper: Double = 1.5, _ compute: @escaping ([Tensor]) throws -> Tensor) -> OperationRow {
      row("", shapes, lower: lower, upper: upper, compute)
    }
    let vector = [[3, 4]]
    switch name {
    case .add: return [row([[2, 3], [2, 3]]) { try $0[0] + $0[1] }, row("broadcast", [[2, 1, 3], [4, 1]]) { try $0[0] + $0[1] }]
    case .subtract: return [row("broadcast", [[2, 3], [3]]) { try $0[0] - $0[1] }]
    case .multiply: return [row("broadcast", [[2, 3, 2], [3, 1]]) { try $0[0] * $0[1] }, row("scalar", [[2, 2], []]) { try $0[0] * $0[1] }]
    case .divide: return [row("broadcast", [[2, 3], [2, 1]], lower: 0.5, upper: 2) { try $0[0] / $0[1] }]
    case .maximumOf: return [row([[3, 4], [4]]) { try $0[0].maximum($0[1]) }]
    case .minimumOf: return [row([[3, 4], [3, 4]]) { try $0[0].minimum($0[1]) }]
    case .addScalar: return [row(vector) { try $0[0] + 2 }]
    case .multiplyScalar: return [row(vector) { try 3 * $0[0] }]
    case .subtractFromScalar: return [row(vector) { try 1 - $0[0] }]
    case .divideScalarBy: return [row(vector, lower: 0.5, upper: 2) { try 2 / $0[0] }]
    case .negate: return [row(vector) { try -$0[0] }]
    case .exponential: return [row(vector) { try $0[0].exp() }]
    case .logarithm: return [row(vector, lower: 0.3, upper: 3) { try $0[0].log() }]
    case .squareRoot: return [row(vector, lower: 0.3, upper: 3) { try $0[0].sqrt() }]
    case .tanh: return [row(vector) { try $0[0].tanh() }]
    case .sigmoid: return [row(vector) { try $0[0].sigmoid() }]
    case .relu: return [row(vector) { try $0[0].relu() }]
    case .gelu: return [row(vector) { try $0[0].gelu() }]
    case .quickGelu: return [row(vector) { try $0[0].quickGelu() }]
    case .silu: return [row(vector) { try $0[0].silu() }]
    case .square: return [row(vector) { try $0[0].square() }]
    case .absolute: return [row(vector) { try $0[0].abs() }]
    case .power: return [row(vector, lower: 0.3, upper: 2) { try $0[0].power(1.7) }]
    case .clamp: return [row(vector) { try $0[0].clamp(lower: -0.8, upper: 0.7) }]
    case .plainUnary: return PlainUnary.allCases.map { f in
      row(f.rawValue, vector, lower: 0.2, upper: 1.4) { try $0[0].plain(f) }
    } + [row("variance", [[3, 4]]) { try $0[0].variance(axes: [1]) }, row("norm", [[3, 4]]) { try $0[0].norm(axes: [1]) },
         row("third norm", [[3, 4]], lower: 0.2) { try $0[0].norm(order: 3, axes: [0]) }, row("log sum exp", [[3, 4]]) { try $0[0].logSumExp(axis: 0) }]
    case .plainBinary: return PlainBinary.allCases.map { f in
      row(f.rawValue, [[3, 1], [4]], lower: f == .power ? 0.3 : 1.05, upper: f == .power ? 2 : 1.45) { try $0[0].plain(f, $0[1]) }
    }
    case .choose: return [row([[3, 4], [4]]) { try Tensor([1, 0, 0, 1] as [UInt8]).choose($0[0], $0[1]) },
                          row("triangle", [[3, 4]]) { try $0[0].triangle() }, row("leaky", vector) { try $0[0].leakyRelu(slope: 0.1) }]
    case .sum: return [row([[2, 3, 4]]) { try $0[0].sum(axes: [0, 2]) }, row("all", vector) { try $0[0].sum() },
                       row("kept", [[2, 3, 4]]) { try $0[0].sum(axes: [1], keepDimensions: true) }]
    case .maximum: return [row([[2, 4, 3]]) { try $0[0].maximum(axis: 1) }]
    case .minimum: return [row([[2, 4, 3]]) { try $0[0].minimum(axis: 1) }, row("several axes", [[2, 4, 3]]) { try $0[0].minimum(axes: [0, 2]) },
                           row("pooling", [[1, 2, 4, 5]]) { try $0[0].maximumPool(WindowGeometry(size: [2, 3], stride: [2, 1], padding: [1, 1])) }]
    case .cumulativeSum: return [row([[2, 4, 3]]) { try $0[0].cumulativeSum(axis: 1) }]
    case .product: return [row([[2, 4, 3]]) { try $0[0].product(axes: [0, 2]) }, row("all", [[3, 2]]) { try $0[0].product() }]
    case .stride: return [row([[2, 7]]) { try $0[0].stride(axis: 1, start: 1, count: 3, step: 2) }]
    case .gather: return [row([[3, 4]]) { try $0[0].gather(axis: 0, index: try Tensor([2, 0, 1, 2, 2, 0, 1, 1], shape: [2, 4])) },
                          row("sorted", [[3, 4]]) { try $0[0].sort(axis: 1, descending: true).values }]
    case .scatter: return [false, true].map { adding in
      row(adding ? "adding" : "", [[3, 4], [2, 4]]) {
        try $0[0].scatter(axis: 0, index: try Tensor([2, 0, 1, 2, 1, 0, 0, 1], shape: [2, 4]), source: $0[1], adding: adding)
      }
    }
    case .reshape: return [row([[2, 6]]) { try $0[0].reshape([3, -1]) }, row("unsqueeze", vector) { try $0[0].unsqueeze(axis: 1) }]
    case .permute: return [row([[2, 3, 4]]) { try $0[0].permute([2, 0, 1]) }]
    case .narrow: return [row([[2, 5]]) { try $0[0].narrow(axis: 1, start: 1, count: 3) }]
    case .expand: return [row([[2, 1, 3]]) { try $0[0].expand([4, 2, 5, 3]) }]
    case .concatenate: return [row([[2, 3], [2, 1]]) { try Tensor.concatenate($0, axis: 1) }, row("stack", [[2, 2], [2, 2]]) { try Tensor.stack($0, axis: 1) }]
    case .contiguous: return [row([[2, 3]]) { try $0[0].transpose(0, 1).contiguous() }]
    case .cast: return [row(vector) { try ($0[0].cast(.f64) * 2).cast(.f64) }]
    case .indexSelect: return [row([[4, 3]]) { try $0[0].indexSelect(axis: 0, indices: [2, 0, 2, 3]) },
                               row("middle", [[2, 3, 2]]) { try $0[0].indexSelect(axis: 1, indices: [1, 1, 0, 2]) }]
    case .matmul: return [
      row([[3, 4], [4, 2]]) { try $0[0].matmul($0[1]) },
      row("transposed", [[2, 4, 3], [2, 5, 4]]) { try $0[0].matmul($0[1], transposeLeft: true, transposeRight: true) },
      row("left transposed", [[2, 4, 3], [2, 4, 5]]) { try $0[0].matmul($0[1], transposeLeft: true) },
      row("stretched", [[2, 1, 3, 4], [3, 4, 5]]) { try $0[0].matmul($0[1]) },
      row("vectors", [[4], [3, 4, 2]]) { try $0[0].matmul($0[1]) },
      row("einsum", [[2, 3, 3], [4, 2], [4]]) { try Tensor.einsum("bii,cb,c->i", $0) },
      row("shared right", [[2, 3, 4], [4, 5]]) { try $0[0].matmul($0[1]) },
      row("shared right, both transposed", [[2, 4, 3], [5, 4]]) { try $0[0].matmul($0[1], transposeLeft: true, transposeRight: true) },
    ]
    case .linear: return Activation.allCases.map { f in
      row("\(f)", [[2, 3, 4], [5, 4], [5]]) { try $0[0].linear(weight: $0[1], bias: $0[2], activation: f) }
    } + [row("no bias", [[3, 4], [2, 4]]) { try $0[0].linear(weight: $0[1]) }]
    case .conv2d: return [
      row("3x3", [[2, 3, 5, 4], [4, 3, 3, 3], [4]]) { try $0[0].conv2d(weight: $0[1], bias: $0[2], padding: 1) },
      row("stride 2", [[2, 2, 6, 5], [3, 2, 3, 3], [3]]) { try $0[0].conv2d(weight: $0[1], bias: $0[2], stride: 2, padding: 1) },
      row("1x1", [[2, 3, 3, 2], [4, 3, 1, 1]]) { try $0[0].conv2d(weight: $0[1]) },
      row("groups, rectangular", [[2, 4, 5, 4], [6, 2, 3, 1], [6]]) {
        try $0[0].convolve(weight: $0[1], bias: $0[2], stride: [1, 2], padding: [2, 0], dilation: [2, 1], groups: 2)
      },
      row("one axis", [[2, 3, 6], [4, 3, 3], [4]]) { try $0[0].convolve(weight: $0[1], bias: $0[2], stride: [2], padding: [1]) },
      row("transposed", [[2, 4, 3, 3], [4, 2, 3, 2], [4]]) {
        try $0[0].convolveTransposed(weight: $0[1], bias: $0[2], stride: [2, 1], padding: [1, 0], extra: [1, 0], groups: 2)
      },
      row("patches", [[2, 3, 4, 4], [5, 3, 2, 2], [5]]) { try $0[0].conv2d(weight: $0[1], bias: $0[2], stride: 2) },
    ]
    case .softmax: return [row(vector) { try $0[0].softmax() }]
    case .logSoftmax: return [row(vector) { try $0[0].logSoftmax() }]
    case .layerNorm: return [row([[3, 5], [5], [5]]) { try $0[0].layerNorm(weight: $0[1], bias: $0[2], epsilon: 1e-5) },
                             row("plain", [[3, 5]]) { try $0[0].layerNorm(epsilon: 1e-5) }]
    case .groupNorm: return [Activation.none, .silu].map { f in
      row("\(f)", [[2, 4, 3, 2], [4], [4]]) { try $0[0].groupNorm(groups: 2, weight: $0[1], bias: $0[2], epsilon: 1e-5, activation: f) }
    }
    case .batchNorm: return [row([[6, 3], [3], [3]]) { try $0[0].batchNorm(weight: $0[1], bias: $0[2], epsilon: 1e-5) },
                             row("two views", [[8, 3], [3], [3]]) { try $0[0].batchNorm(weight: $0[1], bias: $0[2], epsilon: 1e-5, views: 2) },
                             row("plain", [[6, 3]]) { try $0[0].batchNorm(epsilon: 1e-5) }]
    case .l2Normalize: return [row(vector) { try $0[0].l2Normalize() }]
    case .attention: return [
      row([[2, 3, 4], [2, 5, 4], [2, 5, 4]]) { try Tensor.attention($0[0], $0[1], $0[2], heads: 2) },
      row("causal", [[1, 4, 4], [1, 4, 4], [1, 4, 4]]) { try Tensor.attention($0[0], $0[1], $0[2], heads: 2, causal: true) },
      row("key lengths", [[2, 3, 4], [2, 5, 4], [2, 5, 4]]) { try Tensor.attention($0[0], $0[1], $0[2], heads: 1, keyLengths: [2, 5]) },
    ]
    case .selfAttention: return [row([[2, 3, 12]]) { try $0[0].selfAttention(heads: 2) }, row("causal", [[2, 3, 12]]) { try $0[0].selfAttention(heads: 1, causal: true) }]
    case .upsampleNearest: return [row([[2, 2, 2, 3]]) { try $0[0].upsampleNearest(2) }]
    case .averagePool: return [
      row("windows", [[2, 2, 5, 4]]) { try $0[0].averagePool(WindowGeometry(size: [3, 2], stride: [2, 2], padding: [1, 0]), countPadding: false) },
      row("interpolation", [[1, 2, 4, 5]]) { try $0[0].interpolate(to: [7, 3], filter: .bicubic) },
      row([[2, 2, 4, 6]]) { try $0[0].averagePool(2) }]
    case .crossEntropy: return [row([[3, 4]]) { try $0[0].crossEntropy(labels: [1, 3, 0]) },
                                row("smoothed", [[3, 4]]) { try $0[0].crossEntropy(labels: [1, 3, 0], labelSmoothing: 0.2) }]
    case .softCrossEntropy: return [row([[2, 3]]) { try $0[0].crossEntropy(targets: try Tensor([0.2, 0.3, 0.5, 1, 0, 0] as [Double], shape: [2, 3])) }]
    case .multiPositive: return [row([[6, 4]]) { try $0[0].multiPositive(labels: [0, 1, 2, 0, 1, 2], temperature: 0.3) },
                                 row("uneven", [[5, 4]]) { try $0[0].multiPositive(labels: [0, 0, 7, 0, 1], temperature: 0.3) }]
    case .checkpoint: return [row([[3, 4], [2, 4]]) { inputs in
      let weight = inputs[1]
      return try Tensor.checkpoint([inputs[0]], parameters: [weight]) { try $0[0].linear(weight: weight, activation: .gelu) }
    }]
    }
  }
}
