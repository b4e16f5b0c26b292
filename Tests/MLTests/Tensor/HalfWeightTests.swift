import Testing

@testable import ML

@Suite struct HalfWeightTests {
  private func drawn(_ shape: [Int], seed: UInt64) throws -> Tensor {
    var stream = RandomStream(seed: seed)
    return try Tensor.normal(shape, stream: &stream)
  }

  @Test(arguments: [DType.f16, .bf16]) func `products with weights in half precision have the bits of those with the widened weights`(dtype: DType) throws {
    // Inner sizes with one block, several blocks and several chunks; rows and columns that do not fill tiles.
    for (rows, inner, columns) in [(3, 5, 7), (130, 300, 65), (17, 4500, 33)] {
      let x = try drawn([rows, inner], seed: 1), w = try drawn([columns, inner], seed: 2).cast(dtype)
      #expect(try x.linear(weight: w).floats() == x.linear(weight: w.cast(.f32)).floats())
    }
    // Direct, Winograd's, and many filters on a small map.
    for (channels, filters, kernel, side, stride) in [(5, 7, 3, 9, 2), (20, 30, 3, 8, 1), (400, 400, 3, 8, 1), (33, 17, 1, 6, 1)] {
      let x = try drawn([2, channels, side, side], seed: 3), w = try drawn([filters, channels, kernel, kernel], seed: 4).cast(dtype)
      let (half, whole) = (try x.conv2d(weight: w, stride: stride, padding: kernel / 2), try x.conv2d(weight: w.cast(.f32), stride: stride, padding: kernel / 2))
      #expect(try half.floats() == whole.floats())
    }
  }

  @Test func `all sixteen-bit numbers widen exactly`() throws {
    let bits = (0...UInt16.max).map { $0 }
    let halves = try bits.withUnsafeBytes { try Tensor(bytes: $0, shape: [bits.count], dtype: .f16) }.cast(.f32).floats()
    let brain = try bits.withUnsafeBytes { try Tensor(bytes: $0, shape: [bits.count], dtype: .bf16) }.cast(.f32).floats()
    #expect(zip(halves, bits).allSatisfy { $0.bitPattern == HalfPrecision.float($1).bitPattern || ($0.isNaN && HalfPrecision.float($1).isNaN) })
    #expect(zip(brain, bits).allSatisfy { $0.bitPattern == HalfPrecision.brainFloat($1).bitPattern })
  }

  @Test func `gradients pass a weight in half precision`() throws {
    let x = try drawn([4, 6], seed: 5).tracked(), w = try drawn([3, 6], seed: 6).cast(.f16)
    let gradients = try x.linear(weight: w).sum().backward()
    let found = try #require(gradients[x]).floats(), expected = try w.cast(.f32).sum(axes: [0]).floats()
    #expect(zip(found, (0..<4).flatMap { _ in expected }).allSatisfy { abs($0 - $1) < 1e-5 })
  }

  @Test(arguments: [(1, 600, 3, 40), (2, 33, 2, 12), (1, 700, 1, 160)]) func `attention to many keys is softmax of the products times the values`(
    batch: Int, queries: Int, heads: Int, width: Int
  ) throws {
    let keys = 613, d = heads * width
    let q = try drawn([batch, queries, d], seed: 7), k = try drawn([batch, keys, d], seed: 8), v = try drawn([batch, keys, d], seed: 9)
    let found = try Tensor.attention(q, k, v, heads: heads)
    let expected = try Tensor.attention(q.cast(.f64), k.cast(.f64), v.cast(.f64), heads: heads)
    #expect(zip(try found.doubles(), try expected.doubles()).allSatisfy { abs($0 - $1) < 2e-6 })
    func split(_ x: Tensor) throws -> Tensor { try x.cast(.f64).reshape([batch, x.shape[1], heads, width]).permute([0, 2, 1, 3]) }
    let weights = try (split(q).matmul(split(k), transposeRight: true) * (1 / Double(width).squareRoot())).softmax()
    let plain = try weights.matmul(split(v)).permute([0, 2, 1, 3]).reshape([batch, queries, d])
    #expect(zip(try expected.doubles(), try plain.doubles()).allSatisfy { abs($0 - $1) < 1e-12 })
    let alone = try Tensor.attention(q.narrow(axis: 1, start: 5, count: 1), k, v, heads: heads)
    #expect(try alone.floats() == found.narrow(axis: 1, start: 5, count: 1).floats())
  }

  @Test func `exchanged axes are copied right whatever their sizes and offsets`() throws {
    let x = try Tensor.arange(0, 3 * 70 * 133).reshape([3, 70, 133])
    for part in [x, try x.narrow(axis: 1, start: 3, count: 65), try x.narrow(axis: 2, start: 5, count: 100), try x.narrow(axis: 0, start: 1, count: 2)] {
      let turned = try part.transpose(1, 2).contiguous().integers()
      let (rows, columns) = (part.shape[1], part.shape[2]), all = try part.integers()
      let expected = (0..<part.shape[0]).flatMap { b in (0..<columns).flatMap { c in (0..<rows).map { all[(b * rows + $0) * columns + c] } } }
      #expect(turned == expected)
    }
  }
}
