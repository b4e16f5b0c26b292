import Testing

@testable import ML

private func drawn(_ shape: [Int], seed: UInt64) throws -> Tensor {
  var stream = RandomStream(seed: seed)
  return try Tensor.normal(shape, stream: &stream)
}

/// Root mean square of the error, in units of the root mean square of what is right.
private func error(_ found: Tensor, _ right: Tensor) throws -> Double {
  let pairs = zip(try found.doubles(), try right.doubles())
  let (wrong, all) = pairs.reduce((0.0, 0.0)) { ($0.0 + ($1.0 - $1.1) * ($1.0 - $1.1), $0.1 + $1.1 * $1.1) }
  return (wrong / all).squareRoot()
}

private func half<R>(_ body: () throws -> R) throws -> R { try ProductPrecision.half.scope(body) }

private let missing: Comment = "this processor has no AVX-512 FP16"

@Suite(.enabled(if: ProductPrecision.offersHalf, missing)) struct HalfProductTests {
  @Test(arguments: [(1, 64, 64), (3, 17, 16), (12, 64, 256), (13, 65, 257), (65, 65, 64), (200, 96, 600), (300, 192, 1280), (5, 40, 5000)])
  func `products in halves agree with double precision to a thousandth`(rows: Int, columns: Int, inner: Int) throws {
    for (left, right) in [(false, false), (true, false), (false, true), (true, true)] {
      let a = try drawn(left ? [inner, rows] : [rows, inner], seed: 1), b = try drawn(right ? [columns, inner] : [inner, columns], seed: 2)
      let found = try half { try a.matmul(b, transposeLeft: left, transposeRight: right) }
      let exact = try a.cast(.f64).matmul(b.cast(.f64), transposeLeft: left, transposeRight: right)
      let wrong = try error(found, exact)
      // Between what rounding alone costs and the stated bound: halves were multiplied.
      #expect(wrong > 1e-5 && wrong < 1.5e-3, "\(rows)x\(columns)x\(inner) \(left) \(right): \(wrong)")
    }
  }

  @Test func `an error is never above its stated bound`() throws {
    // All products of a sign: the sums grow as they do at worst.
    for inner in [16, 64, 500, 3000] {
      let a = try drawn([40, inner], seed: 3).abs(), b = try drawn([70, inner], seed: 4).abs()
      let found = try half { try a.matmul(b, transposeRight: true) }.doubles()
      let right = try a.cast(.f64).matmul(b.cast(.f64), transposeRight: true).doubles()
      // 2^-11 for each factor, 2^-11 for each of at most 64 sums.
      let bound = Double(min(inner, 64) + 2) / 2048
      #expect(zip(found, right).allSatisfy { abs($0 - $1) <= bound * $1 })
      #expect(zip(found, right).contains { abs($0 - $1) > 1e-5 * $1 })
    }
  }

  @Test func `numbers beyond the range of halves are brought into it`() throws {
    let a = try drawn([30, 100], seed: 5), b = try drawn([100, 70], seed: 6)
    let plain = try half { try a.matmul(b) }
    // Powers of two far outside of what halves can hold change the exponents alone.
    for (x, y) in [(1e6, 1e6), (0x1p40, 0x1p-60), (0x1p-100, 0x1p110), (0x1p-30, 0x1p-40), (0x1p60, 0x1p60)].map({ (x: Double, y: Double) in
      (Double(sign: .plus, exponent: Int(x.exponent), significand: 1), Double(sign: .plus, exponent: Int(y.exponent), significand: 1))
    }) {
      let found = try half { try (a * x).matmul(b * y) }
      #expect(try found.floats() == (plain * (x * y)).floats(), "\(x) \(y)")
    }
    // One row and one column far from the others leave them as they are.
    var rows = try a.floats()
    for k in 0..<100 { rows[3 * 100 + k] *= 0x1p50 }
    let found = try half { try Tensor(rows, shape: [30, 100]).matmul(b) }.floats(), expected = try plain.floats()
    for row in 0..<30 { for column in 0..<70 { #expect(found[row * 70 + column] == expected[row * 70 + column] * (row == 3 ? 0x1p50 : 1)) } }
  }

  @Test func `what is infinite or no number stays so, in its row alone`() throws {
    var numbers = try drawn([20, 64], seed: 7).floats()
    numbers[2 * 64 + 5] = .infinity
    numbers[9 * 64 + 1] = .nan
    let b = try drawn([64, 64], seed: 8)
    let found = try half { try Tensor(numbers, shape: [20, 64]).matmul(b) }.floats()
    for row in 0..<20 { #expect(found[row * 64..<row * 64 + 64].allSatisfy { $0.isFinite } == ![2, 9].contains(row), "row \(row)") }
    #expect(found[9 * 64..<10 * 64].allSatisfy { $0.isNaN })
  }

  @Test func `rows and pictures give the same bits alone and in any batch, on one and on more threads`() throws {
    let before = ThreadPool.threadCount
    defer { ThreadPool.setThreadCount(before) }
    var a = try drawn([300, 700], seed: 9)
    // Rows of very different sizes, so that scales of whole blocks would show.
    a = try a * Tensor((0..<300).map { Float(sign: .plus, exponent: ($0 * 37) % 90 - 45, significand: 1) }, shape: [300, 1])
    let w = try drawn([96, 700], seed: 10), bias = try drawn([96], seed: 11)
    let cases: [(channels: Int, filters: Int, side: Int, kernel: Int, stride: Int)] = [(32, 40, 16, 3, 1), (400, 24, 32, 3, 1), (24, 32, 15, 3, 2), (64, 20, 16, 1, 1), (512, 512, 8, 3, 1)]
    func run(_ threads: Int) throws -> [[Float]] {
      ThreadPool.setThreadCount(threads)
      return try half {
        let whole = try a.linear(weight: w, bias: bias, activation: .gelu).floats()
        for count in [1, 7, 50, 211] { #expect(try a.narrow(axis: 0, start: 0, count: count).linear(weight: w, bias: bias, activation: .gelu).floats() == Array(whole[0..<count * 96])) }
        return try [whole] + cases.map { c in
          let x = try drawn([5, c.channels, c.side, c.side], seed: 12) * Tensor([1, 0x1p30, 0x1p-30, 3, 7] as [Float], shape: [5, 1, 1, 1])
          let filters = try drawn([c.filters, c.channels, c.kernel, c.kernel], seed: 13)
          let all = try x.conv2d(weight: filters, stride: c.stride, padding: c.kernel / 2)
          for picture in 0..<5 {
            let alone = try x.narrow(axis: 0, start: picture, count: 1).conv2d(weight: filters, stride: c.stride, padding: c.kernel / 2)
            #expect(try alone.floats() == all.narrow(axis: 0, start: picture, count: 1).floats(), "\(c), picture \(picture)")
          }
          return try all.floats()
        }
      }
    }
    let one = try run(1)
    #expect(try run(2) == one)
    #expect(try run(3) == one)
  }

  @Test(arguments: [[2, 32, 40, 16, 3, 1], [1, 400, 24, 32, 3, 1], [2, 24, 32, 15, 3, 2], [3, 64, 20, 16, 1, 1], [1, 512, 512, 8, 3, 1], [2, 300, 20, 6, 3, 1], [1, 20, 33, 40, 3, 1]])
  func `convolutions in halves agree with double precision`(sizes: [Int]) throws {
    let x = try drawn([sizes[0], sizes[1], sizes[3], sizes[3]], seed: 14), w = try drawn([sizes[2], sizes[1], sizes[4], sizes[4]], seed: 15), b = try drawn([sizes[2]], seed: 16)
    let padding = sizes[4] / 2
    let right = try x.cast(.f64).conv2d(weight: w.cast(.f64), bias: b.cast(.f64), stride: sizes[5], padding: padding)
    let found = try half { try x.conv2d(weight: w, bias: b, stride: sizes[5], padding: padding) }
    let wrong = try error(found, right)
    #expect(wrong > 1e-5 && wrong < 2.5e-3, "\(sizes): \(wrong)")
    // Weights that are halves already give the same bits as their widened form.
    let stored = try w.cast(.f16), widened = try stored.cast(.f32)
    #expect(try half { try x.conv2d(weight: stored, bias: b, stride: sizes[5], padding: padding).floats() } == half { try x.conv2d(weight: widened, bias: b, stride: sizes[5], padding: padding).floats() })
  }

  @Test(arguments: [(2, 65, 65, 3, 64), (1, 197, 197, 2, 64), (1, 600, 613, 3, 40), (2, 33, 700, 2, 80), (1, 700, 700, 1, 160), (2, 600, 77, 2, 40)])
  func `attention in halves agrees with double precision`(batch: Int, queries: Int, keys: Int, heads: Int, width: Int) throws {
    let d = heads * width
    let q = try drawn([batch, queries, d], seed: 17), k = try drawn([batch, keys, d], seed: 18), v = try drawn([batch, keys, d], seed: 19)
    let found = try half { try Tensor.attention(q, k, v, heads: heads) }
    let wrong = try error(found, Tensor.attention(q.cast(.f64), k.cast(.f64), v.cast(.f64), heads: heads))
    #expect(wrong > 1e-5 && wrong < 4e-3, "\(wrong)")
    #expect(try half { try Tensor.attention(q.narrow(axis: 1, start: 5, count: 1), k, v, heads: heads) }.floats() == found.narrow(axis: 1, start: 5, count: 1).floats())
  }

  @Test func `nothing is in halves outside of the scope, and gradients never are`() throws {
    let x = try drawn([40, 64], seed: 20).tracked(), w = try drawn([64, 64], seed: 21).tracked(), image = try drawn([1, 32, 8, 8], seed: 22).tracked()
    let filters = try drawn([32, 32, 3, 3], seed: 23).tracked()
    let plain = try x.linear(weight: w).sum().backward()
    let plainImage = try image.conv2d(weight: filters, padding: 1).sum().backward()
    let halves = try half { try x.linear(weight: w).sum().backward() }
    let halvesImage = try half { try image.conv2d(weight: filters, padding: 1).sum().backward() }
    for leaf in [x, w] { #expect(try #require(halves[leaf]).floats() == #require(plain[leaf]).floats()) }
    for leaf in [image, filters] { #expect(try #require(halvesImage[leaf]).floats() == #require(plainImage[leaf]).floats()) }
    let before = try x.linear(weight: w).floats()
    #expect(try half { try x.linear(weight: w).floats() } != before)
    #expect(throws: TensorError.self) { try half { throw TensorError.interrupted } }
    #expect(try x.linear(weight: w).floats() == before)
    #expect(try half { try ProductPrecision.single.scope { try x.linear(weight: w).floats() } } == before)
  }

  @Test func `products, convolutions and attention in halves can be given up`() throws {
    let flag = UnsafeMutablePointer<Int32>.allocate(capacity: 1)
    defer {
      Cancellation.watch(nil)
      flag.deallocate()
    }
    let a = try drawn([300, 200], seed: 24), x = try drawn([2, 64, 16, 16], seed: 25), small = try drawn([2, 64, 8, 8], seed: 26), filters = try drawn([600, 64, 3, 3], seed: 27)
    let tokens = try drawn([1, 80, 64], seed: 28)
    let works: [() throws -> Tensor] = [
      { try a.matmul(a, transposeRight: true) }, { try x.conv2d(weight: filters, padding: 1) }, { try small.conv2d(weight: filters, stride: 2, padding: 1) },
      { try Tensor.attention(tokens, tokens, tokens, heads: 2) },
    ]
    flag.pointee = 1
    for work in works {
      Cancellation.watch(nil)
      _ = try half(work)
      Cancellation.watch(flag)
      #expect(throws: TensorError.interrupted) { try half(work) }
    }
  }
}

@Suite struct MissingHalfProductTests {
  @Test(.disabled(if: ProductPrecision.offersHalf, "this processor has AVX-512 FP16")) func `a processor without halves says so`() {
    #expect(throws: TensorError.self) { try ProductPrecision.half.scope {} }
  }
}
