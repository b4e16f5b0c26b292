import Testing

@testable import ML

private func numbers(_ count: Int, _ seed: UInt64) -> [Float] {
  var stream = RandomStream(seed: seed)
  return (0..<count).map { _ in stream.uniform(-1, 1) }
}

private func product(_ a: Tensor, _ b: Tensor, left: Bool = false, right: Bool = false) throws -> [Float] {
  try a.matmul(b, transposeLeft: left, transposeRight: right).floats()
}

@Suite struct MatrixProductTests {
  @Test(arguments: [(1, 1, 1), (3, 5, 7), (12, 32, 256), (13, 33, 257), (65, 65, 64), (200, 96, 600), (5, 40, 5000), (130, 7, 4096)])
  func `products of all layouts agree with double precision`(rows: Int, columns: Int, inner: Int) throws {
    for (left, right) in [(false, false), (true, false), (false, true), (true, true)] {
      let a = try Tensor(numbers(rows * inner, 1), shape: left ? [inner, rows] : [rows, inner])
      let b = try Tensor(numbers(inner * columns, 2), shape: right ? [columns, inner] : [inner, columns])
      let single = try product(a, b, left: left, right: right)
      let double = try a.cast(.f64).matmul(b.cast(.f64), transposeLeft: left, transposeRight: right).floats()
      let worst = zip(single, double).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
      #expect(worst < 2e-6 * Float(inner).squareRoot() * 4, "\(rows)x\(columns)x\(inner) \(left) \(right): off by \(worst)")
    }
  }

  @Test func `rows give the same bits alone and in any batch`() throws {
    for inner in [27, 192, 576, 1024, 5000] {
      for columns in [10, 65, 192] {
        let a = try Tensor(numbers(300 * inner, 3), shape: [300, inner])
        for right in [false, true] {
          let b = try Tensor(numbers(inner * columns, 4), shape: right ? [columns, inner] : [inner, columns])
          let whole = try product(a, b, right: right)
          for count in [1, 2, 7, 12, 50, 211] {
            let part = try product(a.narrow(axis: 0, start: 0, count: count), b, right: right)
            #expect(part == Array(whole[0..<count * columns]), "\(count) of 300 rows, inner \(inner), columns \(columns)")
          }
        }
      }
    }
  }

  @Test func `products and convolutions give the same bits on one and two threads`() throws {
    let before = ThreadPool.threadCount
    defer { ThreadPool.setThreadCount(before) }
    let a = try Tensor(numbers(400 * 700, 5), shape: [400, 700]), b = try Tensor(numbers(700 * 300, 6), shape: [700, 300])
    let x = try Tensor(numbers(9 * 8 * 16 * 16, 7), shape: [9, 8, 16, 16]).tracked()
    let w = try Tensor(numbers(16 * 8 * 9, 8), shape: [16, 8, 3, 3]).tracked()
    func run(_ threads: Int) throws -> [[Float]] {
      ThreadPool.setThreadCount(threads)
      let y = try x.conv2d(weight: w, padding: 1)
      let gradients = try y.square().sum().backward()
      return [try product(a, b), try y.floats(), try #require(gradients[x]).floats(), try #require(gradients[w]).floats(),
              try a.sum(axes: [0]).floats(), [Float(try a.sum().item())]]
    }
    let one = try run(1)
    #expect(try run(2) == one)
    #expect(try run(3) == one)
  }

  @Test(arguments: [DType.f32, .f64]) func `a product that somebody wishes to stop throws, deferred work runs to its end, and without a wish all is as before`(_ dtype: DType) throws {
    let flag = UnsafeMutablePointer<Int32>.allocate(capacity: 1)
    defer {
      Cancellation.watch(nil)
      flag.deallocate()
    }
    // One chain, chunks of a long inner axis, a batch with a right side each, a layer with bias.
    let a = try Tensor.full([300, 200], 0.5, dtype: dtype), deep = try Tensor.full([20, 5000], 0.5, dtype: dtype), batch = try Tensor.full([3, 40, 50], 0.5, dtype: dtype)
    let bias = try Tensor.full([300], 1, dtype: dtype)
    func products() throws -> [[Double]] {
      let makers: [() throws -> Tensor] = [
        { try a.matmul(a, transposeRight: true) }, { try deep.matmul(deep, transposeRight: true) }, { try batch.matmul(batch, transposeRight: true) },
        { try a.linear(weight: a, bias: bias, activation: .relu) },
      ]
      return try makers.map { make in
        do { return try make().doubles() } catch TensorError.interrupted { return [] }
      }
    }
    let whole = try products()
    flag.pointee = 0
    Cancellation.watch(flag)
    #expect(try products() == whole)
    flag.pointee = 1
    #expect(try products().allSatisfy(\.isEmpty))
    #expect(try Cancellation.deferred { try products() } == whole)
    flag.pointee = 0
    #expect(try products() == whole)
  }
}

@Suite struct ThreadPoolTests {
  @Test func `every item runs exactly once, also in nested loops`() {
    for count in [0, 1, 2, 100, 5000] {
      var hits = [UInt8](repeating: 0, count: count)
      hits.withUnsafeMutableBufferPointer { buffer in
        nonisolated(unsafe) let base = buffer.baseAddress
        ThreadPool.parallelFor(count, grain: 3) { index in
          ThreadPool.parallelFor(2) { inner in if inner == 1 { base![index] += 1 } }
        }
      }
      #expect(hits.allSatisfy { $0 == 1 })
    }
  }
}
