import Foundation
import Testing

@testable import ML

/// Numbers of PyTorch, made by Tests/Golden/operations/make.py.
private struct OperationGolden {
  let file: SafetensorsFile

  init() throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    file = try SafetensorsFile(path: folder.appendingPathComponent("Golden/operations/operations.safetensors").path)
  }

  func tensor(_ name: String) throws -> Tensor { try Tensor(file.floats(name), shape: file.entry(name).shape) }

  func integers(_ name: String) throws -> [Int] {
    try file.withBytes(of: file.entry(name)) { bytes in
      (0..<bytes.count / 8).map { Int(bytes.loadUnaligned(fromByteOffset: $0 * 8, as: Int64.self)) }
    }
  }

  func has(_ name: String) -> Bool { file.find(name) != nil }
}

/// Largest difference relative to the largest expected number, or to a hundredth: a saturated softmax has gradients near zero.
private func largestError(_ a: Tensor, _ b: Tensor) throws -> Double {
  let scale = max(1e-2, try b.doubles().map(abs).max() ?? 1)
  return zip(try a.doubles(), try b.doubles()).reduce(0) { max($0, abs($1.0 - $1.1)) } / scale
}

@Suite struct OperationGoldenTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let name: String
    let inputs: [String]
    var tolerance = 1e-5
    let compute: @Sendable ([Tensor]) throws -> Tensor
    var testDescription: String { name }
  }

  static let cases: [Case] = [
    Case(name: "linear_none", inputs: ["x", "weight", "bias"]) { try $0[0].linear(weight: $0[1], bias: $0[2]) },
    Case(name: "linear_relu", inputs: ["x", "weight", "bias"]) { try $0[0].linear(weight: $0[1], bias: $0[2], activation: .relu) },
    Case(name: "linear_gelu", inputs: ["x", "weight", "bias"]) { try $0[0].linear(weight: $0[1], bias: $0[2], activation: .gelu) },
    Case(name: "linear_quick_gelu", inputs: ["x", "weight", "bias"]) { try $0[0].linear(weight: $0[1], bias: $0[2], activation: .quickGelu) },
    Case(name: "linear_silu", inputs: ["x", "weight", "bias"]) { try $0[0].linear(weight: $0[1], bias: $0[2], activation: .silu) },
    Case(name: "gelu_wide", inputs: ["x"]) { try $0[0].gelu() },
    Case(name: "quick_gelu_wide", inputs: ["x"]) { try $0[0].quickGelu() },
    Case(name: "silu_wide", inputs: ["x"]) { try $0[0].silu() },
    Case(name: "sigmoid_wide", inputs: ["x"]) { try $0[0].sigmoid() },
    Case(name: "tanh_wide", inputs: ["x"]) { try $0[0].tanh() },
    Case(name: "matmul", inputs: ["a", "b"]) { try $0[0].matmul($0[1]) },
    Case(name: "matmul_left", inputs: ["a", "b"]) { try $0[0].matmul($0[1], transposeLeft: true) },
    Case(name: "matmul_right", inputs: ["a", "b"]) { try $0[0].matmul($0[1], transposeRight: true) },
    Case(name: "matmul_both", inputs: ["a", "b"]) { try $0[0].matmul($0[1], transposeLeft: true, transposeRight: true) },
    Case(name: "matmul_broadcast", inputs: ["a", "b"]) { try $0[0].matmul($0[1]) },
    Case(name: "layer_norm", inputs: ["x", "weight", "bias"]) { try $0[0].layerNorm(weight: $0[1], bias: $0[2], epsilon: 1e-6) },
    Case(name: "layer_norm_plain", inputs: ["x"]) { try $0[0].layerNorm(epsilon: 1e-5) },
    Case(name: "group_norm", inputs: ["x", "weight", "bias"]) { try $0[0].groupNorm(groups: 3, weight: $0[1], bias: $0[2], epsilon: 1e-5) },
    Case(name: "group_norm_silu", inputs: ["x", "weight", "bias"]) {
      try $0[0].groupNorm(groups: 3, weight: $0[1], bias: $0[2], epsilon: 1e-5, activation: .silu)
    },
    Case(name: "batch_norm", inputs: ["x", "weight", "bias"]) { try $0[0].batchNorm(weight: $0[1], bias: $0[2], epsilon: 1e-5, views: 2) },
    Case(name: "normalize", inputs: ["x"]) { try $0[0].l2Normalize() },
    Case(name: "softmax", inputs: ["x"]) { try $0[0].softmax() },
    Case(name: "softmax_far", inputs: ["x"], tolerance: 1e-4) { try $0[0].softmax() },
    Case(name: "log_softmax", inputs: ["x"]) { try $0[0].logSoftmax() },
    Case(name: "attention_self", inputs: ["query", "key", "value"]) { try Tensor.attention($0[0], $0[1], $0[2], heads: 3) },
    Case(name: "attention_causal", inputs: ["query", "key", "value"]) { try Tensor.attention($0[0], $0[1], $0[2], heads: 2, causal: true) },
    Case(name: "conv2d_k3", inputs: ["x", "weight", "bias"]) { try $0[0].conv2d(weight: $0[1], bias: $0[2], padding: 1) },
    Case(name: "conv2d_k3_s2", inputs: ["x", "weight", "bias"]) { try $0[0].conv2d(weight: $0[1], bias: $0[2], stride: 2, padding: 1) },
    Case(name: "conv2d_k1", inputs: ["x", "weight", "bias"]) { try $0[0].conv2d(weight: $0[1], bias: $0[2]) },
    Case(name: "conv2d_k4_s4", inputs: ["x", "weight", "bias"]) { try $0[0].conv2d(weight: $0[1], bias: $0[2], stride: 4) },
    Case(name: "upsample_nearest", inputs: ["x"]) { try $0[0].upsampleNearest(2) },
    Case(name: "average_pool", inputs: ["x"]) { try $0[0].averagePool(2) },
    Case(name: "pixel_unshuffle", inputs: ["x"]) { try $0[0].pixelUnshuffle(2) },
    Case(name: "pixel_shuffle", inputs: ["x"]) { try $0[0].pixelShuffle(2) },
    Case(name: "conv1d", inputs: ["x", "weight", "bias"]) {
      try $0[0].convolve(weight: $0[1], bias: $0[2], stride: [2], padding: [1], dilation: [2], groups: 2)
    },
    Case(name: "conv2d_groups", inputs: ["x", "weight", "bias"]) {
      try $0[0].convolve(weight: $0[1], bias: $0[2], stride: [1, 2], padding: [2, 0], dilation: [2, 1], groups: 2)
    },
    Case(name: "conv_transpose2d", inputs: ["x", "weight", "bias"]) {
      try $0[0].convolveTransposed(weight: $0[1], bias: $0[2], stride: [2, 3], padding: [1, 0], extra: [1, 2], dilation: [1, 2], groups: 2)
    },
    Case(name: "max_pool2d", inputs: ["x"]) { try $0[0].maximumPool(WindowGeometry(size: [3, 2], stride: [2, 1], padding: [1, 0])) },
    Case(name: "avg_pool2d", inputs: ["x"]) { try $0[0].averagePool(WindowGeometry(size: [3, 2], stride: [2, 1], padding: [1, 1]), countPadding: false) },
    Case(name: "interpolate_bilinear", inputs: ["x"]) { try $0[0].interpolate(to: [5, 11], filter: .bilinear) },
    Case(name: "interpolate_bilinear_align_corners", inputs: ["x"]) { try $0[0].interpolate(to: [5, 11], filter: .bilinear, alignCorners: true) },
    Case(name: "interpolate_bilinear_antialias", inputs: ["x"]) { try $0[0].interpolate(to: [5, 11], filter: .bilinear, antialias: true) },
    Case(name: "interpolate_bicubic", inputs: ["x"]) { try $0[0].interpolate(to: [5, 11], filter: .bicubic) },
    Case(name: "interpolate_bicubic_antialias", inputs: ["x"]) { try $0[0].interpolate(to: [5, 11], filter: .bicubic, antialias: true) },
    Case(name: "attention_mask", inputs: ["query", "key", "value", "mask"]) { try Tensor.attention($0[0], $0[1], $0[2], heads: 2, mask: $0[3]) },
    Case(name: "rms_norm", inputs: ["x", "weight"]) { try $0[0].rmsNorm(weight: $0[1], epsilon: 1e-5) },
    Case(name: "logsumexp", inputs: ["x"]) { try $0[0].logSumExp() },
    Case(name: "variance", inputs: ["x"]) { try $0[0].variance(axes: [0, 2]) },
    Case(name: "vector_norm", inputs: ["x"]) { try $0[0].norm(order: 3, axes: [1]) },
    Case(name: "prod", inputs: ["x"]) { try $0[0].product(axes: [1]) },
    Case(name: "cumsum", inputs: ["x"]) { try $0[0].cumulativeSum(axis: 1) },
    Case(name: "einsum", inputs: ["a", "b", "c"]) { try Tensor.einsum("bij,bkj,k->ib", $0) },
    Case(name: "mean_squared_error", inputs: ["x", "target"]) { try $0[0].meanSquaredError($0[1]) },
  ]

  @Test(arguments: cases) func `operations give PyTorch's values and gradients`(row: Case) throws {
    try check(row.name, row.inputs, row.tolerance, row.compute)
  }

  private func check(_ name: String, _ names: [String], _ tolerance: Double, _ compute: ([Tensor]) throws -> Tensor) throws {
    let golden = try OperationGolden()
    let inputs = try names.map { try golden.tensor("\(name).\($0)").tracked() }
    let output = try compute(inputs)
    let error = try largestError(output, golden.tensor("\(name).output"))
    #expect(error < tolerance, "\(name): value off by \(error)")
    let upstream = golden.has("\(name).upstream") ? try golden.tensor("\(name).upstream") : try Tensor.ones(output.shape)
    let gradients = try (output * upstream).sum().backward()
    for (input, label) in zip(inputs, names) where golden.has("\(name).gradient.\(label)") {
      let error = try largestError(#require(gradients[input]), golden.tensor("\(name).gradient.\(label)"))
      #expect(error < tolerance, "\(name): gradient by \(label) off by \(error)")
    }
  }

  @Test func `cross-attention with key lengths and the lookups give PyTorch's numbers`() throws {
    let golden = try OperationGolden()
    let lengths = try golden.integers("attention_cross.lengths")
    try check("attention_cross", ["query", "key", "value"], 1e-5) { try Tensor.attention($0[0], $0[1], $0[2], heads: 2, keyLengths: lengths) }
    let indices = try golden.integers("embedding.indices")
    try check("embedding", ["weight"], 1e-6) { try $0[0].indexSelect(axis: 0, indices: indices).reshape([3, 8, 6]) }
  }

  @Test func `cross-entropy with labels, smoothing and soft targets gives PyTorch's numbers`() throws {
    let golden = try OperationGolden()
    let labels = try golden.integers("cross_entropy.labels"), smoothed = try golden.integers("cross_entropy_smoothed.labels")
    let targets = try golden.tensor("cross_entropy_soft.targets")
    try check("cross_entropy", ["x"], 1e-5) { try $0[0].crossEntropy(labels: labels) }
    try check("cross_entropy_smoothed", ["x"], 1e-5) { try $0[0].crossEntropy(labels: smoothed, labelSmoothing: 0.1) }
    try check("cross_entropy_soft", ["x"], 1e-5) { try $0[0].crossEntropy(targets: targets) }
  }

  @Test(arguments: ["adamw", "sgd", "lars"]) func `steps of an optimiser follow torch.optim, and LARS its formula`(name: String) throws {
    let golden = try OperationGolden()
    let weight = Parameter(try golden.tensor("\(name).weight")), bias = Parameter(try golden.tensor("\(name).bias"), decays: false)
    let named = [("weight", weight), ("bias", bias)].map { (name: $0.0, parameter: $0.1) }
    let adam = name == "adamw" ? try AdamW(parameters: named, learningRate: 1e-2, beta1: 0.9, beta2: 0.98, weightDecay: 0.05) : nil
    let sgd = name == "sgd" ? try SGD(parameters: named, learningRate: 3e-2, momentum: 0.9, weightDecay: 1e-3)
      : name == "lars" ? try SGD(parameters: named, learningRate: 2, momentum: 0.9, weightDecay: 1e-2, trust: 0.05) : nil
    for step in 0..<(name == "lars" ? 20 : 100) {
      // The gradient of a weighted sum is the weights.
      let losses = try named.map { try ($0.parameter.value * golden.tensor("\(name).gradients.\($0.name)").select(axis: 0, index: step)).sum() }
      let gradients = try (losses[0] + losses[1]).backward()
      try adam?.step(gradients)
      try sgd?.step(gradients)
      for (label, parameter) in named {
        let expected = try golden.tensor("\(name).output.\(label)").select(axis: 0, index: step)
        let error = try largestError(parameter.value, expected)
        #expect(error < 1e-6, "\(name) step \(step), \(label): off by \(error)")
      }
    }
  }

  @Test(arguments: ["muon_wide", "muon_tall"]) func `10 steps of Muon follow torch.optim`(name: String) throws {
    let golden = try OperationGolden()
    let weight = Parameter(try golden.tensor("\(name).weight"))
    let muon = try Muon(parameters: [("weight", weight)], learningRate: 1e-2, weightDecay: 0.05)
    for step in 0..<10 {
      let loss = try (weight.value * golden.tensor("\(name).gradients.weight").select(axis: 0, index: step)).sum()
      try muon.step(try loss.backward())
      let error = try largestError(weight.value, golden.tensor("\(name).output.weight").select(axis: 0, index: step))
      #expect(error < 1e-5, "\(name) step \(step): off by \(error)")
    }
  }

  @Test func `Muon refuses parameters that are no matrices`() throws {
    let bias = Parameter(try Tensor([Float(1), 2], shape: [2]))
    #expect(throws: TensorError.self) { try Muon(parameters: [("bias", bias)]) }
  }
}
