import Testing

@testable import ML

/// Operations on tensors that are large enough to be cut into pieces.
@Suite(.serialized) struct ThreadDeterminismTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let shapes: [[Int]]
    let compute: @Sendable ([Tensor]) throws -> Tensor
    var testDescription: String { name }

    init(_ name: String, _ shapes: [[Int]], _ compute: @escaping @Sendable ([Tensor]) throws -> Tensor) {
      self.name = name
      self.shapes = shapes
      self.compute = compute
    }
  }

  static let cases: [Case] = [
    Case("broadcast sum", [[70, 40, 33], [40, 1]]) { try $0[0] + $0[1] },
    Case("product of broadcast numbers", [[70, 40, 33], [33]]) { try $0[0] * $0[1] },
    Case("quotient", [[300, 333], [300, 333]]) { try $0[0] / ($0[1].square() + 1) },
    Case("power", [[300, 333], [333]]) { try ($0[0].square() + 0.5).plain(.power, $0[1]) },
    Case("GELU", [[300, 333]]) { try $0[0].gelu() },
    Case("sine", [[300, 333]]) { try $0[0].plain(.sine) },
    Case("sum over the first axis", [[3000, 37]]) { try $0[0].sum(axes: [0]) },
    Case("sum of all", [[3000, 37]]) { try $0[0].sum() },
    Case("variance", [[3000, 37]]) { try $0[0].variance(axes: [0]) },
    Case("product", [[3000, 5]]) { try ($0[0] * 0.01 + 1).product(axes: [0]) },
    Case("running sums", [[90, 700]]) { try $0[0].cumulativeSum(axis: 1) },
    Case("largest", [[90, 700]]) { try $0[0].maximum(axis: 0) },
    Case("order", [[90, 700]]) { try $0[0].sort(axis: 1).values },
    Case("permutation", [[40, 50, 60]]) { try $0[0].permute([2, 0, 1]).contiguous() },
    Case("lookup with repetitions", [[200, 300]]) { try $0[0].indexSelect(axis: 0, indices: (0..<500).map { $0 * 7 % 200 }) },
    Case("matrix product", [[200, 150], [150, 170]]) { try $0[0].matmul($0[1]) },
    Case("batched product", [[20, 50, 60], [60, 70]]) { try $0[0].matmul($0[1]) },
    Case("einsum", [[20, 50, 60], [20, 40, 60]]) { try Tensor.einsum("bij,bkj->ki", $0) },
    Case("linear with GELU", [[500, 96], [200, 96], [200]]) { try $0[0].linear(weight: $0[1], bias: $0[2], activation: .gelu) },
    Case("convolution 3x3", [[12, 16, 16, 16], [24, 16, 3, 3], [24]]) { try $0[0].conv2d(weight: $0[1], bias: $0[2], padding: 1) },
    Case("convolution with groups", [[12, 16, 15, 16], [24, 8, 3, 2], [24]]) { try $0[0].convolve(weight: $0[1], bias: $0[2], stride: [2, 1], groups: 2) },
    Case("transposed convolution", [[12, 16, 8, 8], [16, 12, 4, 4]]) { try $0[0].convolveTransposed(weight: $0[1], stride: [2, 2], padding: [1, 1]) },
    Case("largest of windows", [[12, 16, 16, 16]]) { try $0[0].maximumPool(WindowGeometry(size: [3, 3], stride: [2, 2], padding: [1, 1])) },
    Case("interpolation", [[12, 3, 32, 32]]) { try $0[0].interpolate(to: [50, 20], filter: .bicubic, antialias: true) },
    Case("softmax", [[500, 197]]) { try $0[0].softmax() },
    Case("layer norm", [[500, 197], [197], [197]]) { try $0[0].layerNorm(weight: $0[1], bias: $0[2], epsilon: 1e-5) },
    Case("group norm", [[12, 16, 16, 16], [16], [16]]) { try $0[0].groupNorm(groups: 4, weight: $0[1], bias: $0[2], epsilon: 1e-5, activation: .silu) },
    Case("batch norm", [[600, 130], [130], [130]]) { try $0[0].batchNorm(weight: $0[1], bias: $0[2], epsilon: 1e-5, views: 2) },
    Case("attention", [[8, 65, 96], [8, 65, 96], [8, 65, 96]]) { try Tensor.attention($0[0], $0[1], $0[2], heads: 3) },
    Case("masked attention", [[8, 40, 96], [8, 50, 96], [8, 50, 96], [40, 50]]) { try Tensor.attention($0[0], $0[1], $0[2], heads: 3, mask: $0[3]) },
    Case("multi-positive loss", [[300, 64]]) { try $0[0].multiPositive(labels: (0..<300).map { $0 % 50 }, temperature: 0.1) },
    Case("cross-entropy", [[500, 130]]) { try $0[0].crossEntropy(labels: (0..<500).map { $0 % 130 }) },
  ]

  @Test(arguments: cases) func `values and gradients have the same bytes on 1, 2 and 5 threads`(row: Case) throws {
    let before = ThreadPool.threadCount
    defer { ThreadPool.setThreadCount(before) }
    var expected: [[Float]] = []
    for threads in [1, 2, 5] {
      ThreadPool.setThreadCount(threads)
      var stream = RandomStream(seed: 11)
      let inputs = try row.shapes.map { try Tensor.normal($0, stream: &stream).tracked() }
      let value = try row.compute(inputs)
      let gradients = try value.backward(from: try Tensor.normal(value.shape, stream: &stream))
      let found = try [value.floats()] + inputs.map { try #require(gradients[$0]).floats() }
      if threads == 1 {
        expected = found
        #expect(found.allSatisfy { $0.allSatisfy(\.isFinite) })
      } else {
        #expect(found == expected, "\(threads) threads")
      }
    }
  }
}
