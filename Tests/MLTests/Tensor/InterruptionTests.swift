import Testing

@testable import ML

/// A number that operations of this thread watch for the length of a test.
final class WatchedFlag {
  private let flag = UnsafeMutablePointer<Int32>.allocate(capacity: 1)

  init() {
    flag.pointee = 0
    Cancellation.watch(flag)
  }

  deinit {
    Cancellation.watch(nil)
    flag.deallocate()
  }

  var isRaised: Bool {
    get { flag.pointee != 0 }
    set { flag.pointee = newValue ? 1 : 0 }
  }
}

struct InterruptionTests {
  /// Everything that can take longer than a user waits, on each of its paths.
  private static let slow: [(name: String, shapes: [[Int]], compute: ([Tensor]) throws -> Tensor)] = [
    ("convolution", [[3, 4, 9, 7], [5, 4, 3, 3], [5]], { try $0[0].conv2d(weight: $0[1], bias: $0[2], stride: 2, padding: 1) }),
    ("convolution with many filters", [[1, 64, 5, 5], [512, 64, 3, 3]], { try $0[0].conv2d(weight: $0[1]) }),
    ("convolution of one pixel", [[2, 8, 6, 6], [4, 8, 1, 1]], { try $0[0].conv2d(weight: $0[1]) }),
    ("Winograd's convolution", [[2, 4, 12, 12], [6, 4, 3, 3]], { try $0[0].conv2d(weight: $0[1], padding: 1) }),
    ("Winograd's convolution of many channels", [[1, 200, 12, 12], [200, 200, 3, 3]], { try $0[0].conv2d(weight: $0[1], padding: 1) }),
    ("transposed convolution", [[2, 4, 3, 3], [4, 2, 3, 2]], { try $0[0].convolveTransposed(weight: $0[1], stride: [2, 1]) }),
    ("attention", [[2, 9, 8], [2, 7, 8], [2, 7, 8]], { try Tensor.attention($0[0], $0[1], $0[2], heads: 2) }),
    ("causal attention", [[2, 9, 8], [2, 9, 8], [2, 9, 8]], { try Tensor.attention($0[0], $0[1], $0[2], heads: 2, causal: true) }),
    ("attention to many keys", [[1, 9, 8], [1, 600, 8], [1, 600, 8]], { try Tensor.attention($0[0], $0[1], $0[2], heads: 2) }),
    ("products", [[3, 5, 4], [3, 4, 6]], { try $0[0].matmul($0[1]) }),
    ("sort", [[2, 50]], { try $0[0].sort(axis: 1, descending: true).values }),
    ("cumulative sum", [[3, 50]], { try $0[0].cumulativeSum(axis: 1) }),
    ("elementwise functions", [[70, 60]], { try ($0[0].exp() + $0[0].plain(.sine)).power(2).sum() }),
    ("normalisation", [[6, 8, 5, 5], [8], [8]], { try $0[0].groupNorm(groups: 2, weight: $0[1], bias: $0[2], epsilon: 1e-5, activation: .silu) }),
    ("softmax", [[30, 40]], { try $0[0].softmax() }),
    ("gathering", [[5, 6]], { try $0[0].indexSelect(axis: 0, indices: [4, 0, 0, 2]) }),
    ("average pooling", [[2, 3, 8, 8]], { try $0[0].averagePool(2) }),
    ("enlarging", [[2, 3, 4, 4]], { try $0[0].upsampleNearest(2) }),
  ]

  @Test(arguments: slow.indices, [DType.f32, .f64]) func `an operation that is interrupted throws, forwards and backwards, and later gives what it gives alone`(_ index: Int, _ dtype: DType) throws {
    let (name, shapes, compute) = InterruptionTests.slow[index]
    var stream = RandomStream(seed: 3)
    let inputs = try shapes.map { try Tensor.uniform($0, lower: 0.1, upper: 1, stream: &stream).cast(dtype).detached().tracked() }
    func values() throws -> [[Double]] {
      let y = try compute(inputs)
      let gradients = try y.sum().backward()
      return try [y.doubles()] + inputs.map { try gradients[$0]?.doubles() ?? [] }
    }
    let whole = try values()
    let flag = WatchedFlag()
    #expect(try values() == whole)
    let y = try compute(inputs), upstream = try Tensor.ones(y.shape, dtype: dtype)
    flag.isRaised = true
    #expect(throws: TensorError.interrupted, "\(name)") { try compute(inputs) }
    #expect(throws: TensorError.interrupted, "\(name), backwards") { try y.backward(from: upstream) }
    #expect(try Cancellation.deferred { try values() } == whole)
    flag.isRaised = false
    #expect(try values() == whole)
  }

  @Test func `an interrupted draw leaves the stream where it was`() throws {
    let flag = WatchedFlag()
    var stream = RandomStream(seed: 3)
    let expected = try Tensor.normal([5], stream: &stream).floats()
    stream = RandomStream(seed: 3)
    flag.isRaised = true
    #expect(throws: TensorError.interrupted) { try Tensor.normal([5], stream: &stream) }
    flag.isRaised = false
    #expect(try Tensor.normal([5], stream: &stream).floats() == expected)
  }

  @Test(arguments: OptimizerKind.allCases) func `a step of an optimiser that an interrupt meets is done whole`(_ kind: OptimizerKind) throws {
    func moved(_ interrupts: Bool) throws -> [[Float]] {
      var stream = RandomStream(seed: 1)
      let layer = try Linear(6, 5, bias: true, stream: &stream)
      let flag = WatchedFlag()
      let gradients = try layer(Tensor.ones([2, 6])).square().sum().backward()
      flag.isRaised = interrupts
      let parameters = layer.namedParameters()
      switch kind {
      case .adamW: try AdamW(parameters: parameters, learningRate: 0.1).step(gradients)
      case .muon: try Muon(parameters: parameters.filter { Muon.suits($0.name, $0.parameter) }, learningRate: 0.1).step(gradients)
      }
      flag.isRaised = false
      return try parameters.map { try $0.parameter.value.floats() }
    }
    #expect(try moved(true) == moved(false))
  }
}
