import Testing

@testable import ML

@Suite struct PromotionTests {
  @Test func `the higher kind wins, then the wider type, and the two halves meet in f32`() {
    #expect(DType.i64.promoted(with: .f16) == .f16)
    #expect(DType.bool.promoted(with: .u8) == .u8)
    #expect(DType.u8.promoted(with: .i32) == .i32)
    #expect(DType.f16.promoted(with: .bf16) == .f32)
    for a in DType.allCases {
      for b in DType.allCases {
        #expect(a.promoted(with: b) == b.promoted(with: a))
        for c in DType.allCases where ![a, b, c].contains(.f16) {
          #expect(a.promoted(with: b).promoted(with: c) == a.promoted(with: b.promoted(with: c)))
        }
      }
    }
  }

  @Test func `half precision is computed as f32 and rounded once`() throws {
    let x = try Tensor([1.001, 3, 60000] as [Float]).cast(.f16)
    let exact = try (x.cast(.f32) * x.cast(.f32)).cast(.f16)
    #expect(try (x * x).floats() == exact.floats())
    #expect(try (x * x).dtype == .f16)
    #expect(try x.sum().dtype == .f16)
  }

  @Test func `gradients by half precision are kept in f32`() throws {
    let x = try Tensor([0.5, 2] as [Float]).tracked()
    let half = try x.cast(.f16)
    // Used twice: the two gradients are added, which half precision could not do alone.
    let gradient = try #require(try (half * half + half).sum().cast(.f32).backward()[x])
    #expect(gradient.dtype == .f32)
    #expect(try gradient.floats() == [2, 5])
  }

  @Test func `whole numbers wrap, divide downwards and refuse zero`() throws {
    let x = try Tensor([Int32.max, -7, 7]), y = try Tensor([Int32(1), 2, -2])
    #expect(try (x + y).integers() == [Int(Int32.min), -5, 5])
    #expect(try x.plain(.floorDivide, y).integers() == [Int(Int32.max), -4, -4])
    #expect(try x.plain(.remainder, y).integers() == [0, 1, -1])
    #expect(throws: TensorError.self) { try x.plain(.remainder, try Tensor([Int32(0), 1, 1])) }
    #expect(throws: TensorError.self) { try x.plain(.power, try Tensor([Int32(-1), 1, 1])) }
    #expect(try Tensor([Int.min]).plain(.floorDivide, try Tensor([-1])).integers() == [Int.min])
  }

  @Test func `NaN is unequal to everything and the largest in order`() throws {
    let x = try Tensor([2, .nan, 1] as [Float])
    #expect(try x.compare(.equal, x).integers() == [1, 0, 1])
    #expect(try x.argsort().integers() == [2, 0, 1])
    #expect(try x.argsort(descending: true).integers() == [1, 0, 2])
    #expect(try x.argmax(axis: 0).integers() == [1])
    #expect(try x.argmin(axis: 0).integers() == [1])
  }

  @Test func `products over an inner axis without elements are zero, with gradients of the right shapes`() throws {
    let a = try Tensor.zeros([2, 3, 0]).tracked(), b = try Tensor.zeros([0, 4]).tracked()
    let y = try a.matmul(b)
    #expect(try y.floats() == [Float](repeating: 0, count: 24))
    let gradients = try y.sum().backward()
    #expect(gradients[a]?.shape == [2, 3, 0] && gradients[b]?.shape == [0, 4])
    #expect(try Tensor.zeros([2, 0]).linear(weight: try Tensor.zeros([3, 0]), bias: try Tensor([1, 2, 3] as [Float])).floats() == [1, 2, 3, 1, 2, 3])
  }
}

@Suite struct RecomputationTests {
  @Test func `a checkpoint gives the same value and gradients, and refuses parameters it was not told of`() throws {
    var stream = RandomStream(seed: 3)
    let x = try Tensor.normal([4, 5], stream: &stream).tracked(), w = try Tensor.normal([6, 5], stream: &stream).tracked()
    func f(_ x: Tensor) throws -> Tensor { try x.linear(weight: w, activation: .gelu).square() }
    let plain = try f(x).sum().backward()
    let saved = try Tensor.checkpoint([x], parameters: [w]) { try f($0[0]) }.sum().backward()
    for leaf in [x, w] { #expect(try saved[leaf]?.floats() == plain[leaf]?.floats()) }
    #expect(throws: TensorError.self) { try Tensor.checkpoint([x]) { try f($0[0]) }.sum().backward() }
  }

  @Test func `micro-batches give the gradient of the whole batch`() throws {
    var stream = RandomStream(seed: 4)
    let data = try Tensor.normal([12, 7], stream: &stream)
    let w = try Tensor.normal([5, 7], stream: &stream).tracked(), scale = try Tensor([1.5] as [Float]).tracked()
    let labels = (0..<12).map { $0 % 4 }
    func embed(_ x: Tensor) throws -> Tensor { try x.linear(weight: w, activation: .gelu) }
    func loss(_ e: Tensor) throws -> Tensor { try (e * scale).multiPositive(labels: labels, temperature: 0.2) + scale.sum() }
    let whole = try loss(embed(data))
    let expected = try whole.backward()
    let (value, found) = try microBatchGradients(parts: 3) { try [embed(data.narrow(axis: 0, start: $0 * 4, count: 4))] } loss: { try loss($0[0]) }
    #expect(try value.item() == whole.item())
    for leaf in [w, scale] {
      let (a, b) = (try #require(found[leaf]), try #require(expected[leaf]))
      #expect(try a.isClose(to: b, tolerance: 1e-6))
    }
    #expect(found.count == 2)
  }

  @Test func `added gradients count as one batch`() throws {
    let x = try Tensor([1, 2] as [Float]).tracked(), y = try Tensor([3] as [Float]).tracked()
    var total = try (x * 2).sum().backward()
    try total.add(try (x * y).sum().backward(), scale: 0.5)
    #expect(try total[x]?.floats() == [3.5, 3.5])
    #expect(try total[y]?.floats() == [1.5])
  }
}

@Suite struct LBFGSTensorTests {
  @Test func `tensors end at the minimum of their loss`() throws {
    let w = try Tensor([-1.2, 1] as [Double]).tracked()
    let found = try LBFGS().minimize([w]) {
      let x = try w.select(axis: 0, index: 0), y = try w.select(axis: 0, index: 1)
      return try (1 - x).square() + 100 * (y - x.square()).square()
    }
    #expect(found.converged)
    #expect(try w.isClose(to: try Tensor([1, 1] as [Double]), tolerance: 1e-5))
  }
}
