import ML

// The cases: products, single operations, training steps.
extension Benchmark {
  private static func random(_ shape: [Int]) throws -> Tensor {
    var stream = RandomStream(seed: 1)
    return try Tensor.uniform(shape, lower: -1, upper: 1, stream: &stream)
  }

  static var products: [Case] {
    let sizes = [(4096, 512, 512), (4096, 2048, 512), (512, 512, 4096), (1024, 1024, 1024), (2048, 2048, 2048), (32768, 192, 192), (32768, 768, 192)]
    let shapes = sizes.flatMap { size in ["nn", "nt", "tn"].map { (size, $0) } }
    return shapes.map { size, layout in
      let (rows, columns, inner) = size
      return Case(name: "matmul-\(layout)-\(rows)x\(columns)x\(inner)", work: 2 * Double(rows * columns * inner), unit: "GFLOP/s") {
        let left = layout == "tn", right = layout == "nt"
        let a = try random(left ? [inner, rows] : [rows, inner]), b = try random(right ? [columns, inner] : [inner, columns])
        return { _ = try a.matmul(b, transposeLeft: left, transposeRight: right) }
      }
    }
  }

  /// Cases of inference with products in f16.
  static var halves: [Case] {
    let names = ["matmul-nn-1024x1024x1024", "matmul-nt-4096x2048x512", "matmul-nn-2048x2048x2048", "attention-forward", "convolution-forward", "vit-base-forward", "ddim-sample"]
    return (products + operations + training).filter { names.contains($0.name) }.map { plain in
      Case(name: plain.name + "-f16", work: plain.work, unit: plain.unit, repetitions: plain.repetitions) {
        let body = try plain.prepare()
        return { try ProductPrecision.half.scope(body) }
      }
    }
  }

  /// Forward and backward of a function of some inputs, from a fixed upstream gradient.
  private static func both(_ shapes: [[Int]], _ body: @escaping ([Tensor]) throws -> Tensor) throws -> () throws -> Void {
    let inputs = try shapes.map { try random($0).tracked() }
    let upstream = try random(try body(inputs).shape)
    return { _ = try body(inputs).backward(from: upstream) }
  }

  static var operations: [Case] {
    let attention = 4.0 * 16 * 12 * 197 * 197 * 64, convolution = 2.0 * 32 * 1024 * 128 * 128 * 9
    let heads = [[16, 197, 768], [16, 197, 768], [16, 197, 768]], pictures = [[32, 128, 32, 32], [128, 128, 3, 3]]
    return [
      Case(name: "layer-norm", work: 5 * 4096 * 768 * 4, unit: "GB/s") {
        try both([[4096, 768], [768], [768]]) { try $0[0].layerNorm(weight: $0[1], bias: $0[2], epsilon: 1e-5) }
      },
      Case(name: "gelu", work: 5 * 4096 * 3072 * 4, unit: "GB/s") { try both([[4096, 3072]]) { try $0[0].gelu() } },
      Case(name: "add", work: 3 * 4096 * 3072 * 4, unit: "GB/s") {
        let a = try random([4096, 3072]), b = try random([4096, 3072])
        return { _ = try a + b }
      },
      Case(name: "softmax", work: 5 * 192 * 197 * 197 * 4, unit: "GB/s") { try both([[192, 197, 197]]) { try $0[0].softmax() } },
      Case(name: "attention-forward", work: attention, unit: "GFLOP/s") {
        let x = try heads.map(random)
        return { _ = try Tensor.attention(x[0], x[1], x[2], heads: 12) }
      },
      Case(name: "attention", work: 3.5 * attention, unit: "GFLOP/s") { try both(heads) { try Tensor.attention($0[0], $0[1], $0[2], heads: 12) } },
      Case(name: "convolution-forward", work: convolution, unit: "GFLOP/s") {
        let x = try pictures.map(random)
        return { _ = try x[0].conv2d(weight: x[1], padding: 1) }
      },
      Case(name: "convolution", work: 3 * convolution, unit: "GFLOP/s") { try both(pictures) { try $0[0].conv2d(weight: $0[1], padding: 1) } },
      Case(name: "group-norm-silu", work: 5 * 32 * 128 * 1024 * 4, unit: "GB/s") {
        try both([[32, 128, 32, 32], [128], [128]]) { try $0[0].groupNorm(groups: 32, weight: $0[1], bias: $0[2], epsilon: 1e-5, activation: .silu) }
      },
    ]
  }

  /// A step of training: gradients of a loss, then AdamW.
  private static func step(_ parameters: [(name: String, parameter: Parameter)], _ loss: @escaping () throws -> Tensor) throws -> () throws -> Void {
    let optimizer = try AdamW(parameters: parameters, learningRate: 1e-4, weightDecay: 0.05)
    return { try optimizer.step(try loss().backward()) }
  }

  private static func contrastive(_ name: String, _ loss: @escaping (Tensor) throws -> Tensor) -> Case {
    Case(name: name, work: 512, unit: "images/s", repetitions: 3) {
      var stream = RandomStream(seed: 2)
      let encoder = try VisionTransformer(VisionTransformerConfiguration(imageSize: 32, patchSize: 4, width: 192, depth: 6, heads: 3), stream: &stream)
      let hidden = try Linear(192, 512, stream: &stream), output = try Linear(512, 128, stream: &stream)
      let images = try Tensor.normal([512, 3, 32, 32], stream: &stream)
      let parameters = encoder.namedParameters() + hidden.namedParameters() + output.namedParameters()
      return try step(parameters) {
        let features = try encoder(images)
        let inner = try features.linear(weight: hidden.weight.value, bias: hidden.bias?.value, activation: .relu)
        return try loss(try output(inner))
      }
    }
  }

  static var training: [Case] {
    let pairs = (0..<512).map { $0 % 256 }, tenLabels = (0..<512).map { $0 % 256 % 10 }
    return [
      contrastive("vit-simclr-step") { try $0.multiPositive(labels: pairs, temperature: 0.2) },
      contrastive("vit-stablerep-step") { try $0.multiPositive(labels: tenLabels, temperature: 0.1) },
      Case(name: "vit-small-step", work: 16, unit: "images/s", repetitions: 3) {
        var stream = RandomStream(seed: 2)
        let encoder = try VisionTransformer(VisionTransformerConfiguration(imageSize: 224, patchSize: 16, width: 384, depth: 12, heads: 6), stream: &stream)
        let classifier = try Linear(384, 1000, stream: &stream)
        let images = try Tensor.normal([16, 3, 224, 224], stream: &stream)
        let labels = (0..<16).map { $0 * 61 }
        return try step(encoder.namedParameters() + classifier.namedParameters()) { try classifier(try encoder(images)).crossEntropy(labels: labels) }
      },
      Case(name: "vit-base-forward", work: 8, unit: "images/s", repetitions: 3) {
        var stream = RandomStream(seed: 2)
        let encoder = try VisionTransformer(VisionTransformerConfiguration(imageSize: 224, patchSize: 16, width: 768, depth: 12, heads: 12), stream: &stream)
        let classifier = try Linear(768, 1000, stream: &stream)
        let images = try Tensor.normal([8, 3, 224, 224], stream: &stream)
        return { _ = try withoutTracking { try classifier(try encoder(images)) } }
      },
      Case(name: "unet-train-step", work: 64, unit: "images/s", repetitions: 3) {
        var stream = RandomStream(seed: 2)
        let unet = try UNet(peerUNet, stream: &stream)
        let images = try Tensor.normal([64, 3, 32, 32], stream: &stream), context = try Tensor.normal([64, 16, 128], stream: &stream)
        let noise = try Tensor.normal([64, 3, 32, 32], stream: &stream)
        let times = (0..<64).map { Double($0 * 15) }
        return try step(unet.namedParameters()) { try unet(images, times: times, context: context).meanSquaredError(noise) }
      },
      Case(name: "ddim-sample", work: 64, unit: "images/s", repetitions: 1) {
        var stream = RandomStream(seed: 2)
        let unet = try UNet(peerUNet, stream: &stream)
        let context = try Tensor.normal([128, 16, 128], stream: &stream)
        let sampler = try SchedulerOptions.pixels().scheduler(steps: 20, schedule: NoiseSchedule(.linear), prediction: .noise)
        return {
          _ = try withoutTracking {
            try sampler.sample(shape: [3, 32, 32], streams: (0..<64).map { RandomStream(seed: 3, stream: $0) }) { sample, time in
              let out = try unet(try Tensor.concatenate([sample, sample], axis: 0), times: [Double](repeating: time, count: 128), context: context)
              return try guidedOutput(conditional: try out.narrow(axis: 0, start: 64, count: 64),
                                      unconditional: try out.narrow(axis: 0, start: 0, count: 64), scale: 5)
            }
          }
        }
      },
      Case(name: "probe", work: 1, unit: "fit/s", repetitions: 3) {
        var stream = RandomStream(seed: 4)
        let centres = (0..<3840).map { _ in stream.normal() * 0.12 }
        let labels = (0..<10_000).map { _ in stream.integer(below: 10) }
        let features = labels.flatMap { label in (0..<384).map { centres[label * 384 + $0] + stream.normal() } }
        let set = try LabelledFeatures(features: features, labels: labels, dimension: 384)
        return { _ = try LogisticRegression.fit(set) }
      },
    ]
  }

  /// The UNet of the peers' script: diffusers' structure, 64/128/128.
  private static var peerUNet: UNetConfiguration {
    UNetConfiguration(
      pixelUnshuffle: 1, widths: [64, 128, 128], layersPerBlock: 2, attention: [false, true, false], crossAttention: [false, true, false],
      middleAttention: true, middleBlocks: 2, headWidth: 32, feedForward: 4, contextWidth: 128, pooledWidth: nil, timeWidth: 256,
      timeConditioning: .add, skips: .everyStage, groups: 32, startsAtZero: false)
  }
}
