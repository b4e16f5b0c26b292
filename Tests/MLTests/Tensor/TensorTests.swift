import Testing

@testable import ML

@Suite struct TensorTests {
  private func counting(_ shape: [Int]) throws -> Tensor { try Tensor((0..<shape.reduce(1, *)).map(Float.init), shape: shape) }

  @Test func `views show the elements of their source`() throws {
    let x = try counting([2, 3, 4])
    #expect(try x.transpose(0, 2).floats()[0..<4] == [0, 12, 4, 16])
    #expect(try x.narrow(axis: 1, start: 1, count: 1).floats() == [4, 5, 6, 7, 16, 17, 18, 19])
    #expect(try x.select(axis: -1, index: -1).floats() == [3, 7, 11, 15, 19, 23])
    #expect(try x.permute([2, 0, 1]).reshape([4, -1]).shape == [4, 6])
    #expect(try x.reshape([6, 4]).isSame(as: x.reshape([6, 4])))
    #expect(try counting([1, 3]).expand([2, 3]).floats() == [0, 1, 2, 0, 1, 2])
  }

  @Test func `broadcasting matches axes from the last`() throws {
    let x = try counting([2, 3]), y = try counting([3]), z = try counting([2, 1])
    #expect(try (x + y).floats() == [0, 2, 4, 3, 5, 7])
    #expect(try (x * z).floats() == [0, 0, 0, 3, 4, 5])
    #expect(try (z - y).shape == [2, 3])
    #expect(try (counting([2, 3, 2, 2]) + counting([3, 1, 1])).select(axis: 0, index: 0).floats() == [0, 1, 2, 3, 5, 6, 7, 8, 10, 11, 12, 13])
  }

  @Test func `shapes that do not fit are told with both sides and a remedy`() throws {
    let error = #expect(throws: TensorError.self) { try counting([2, 3]) + counting([4]) }
    #expect("\(try #require(error))" == "add: shapes [2, 3] and [4] do not fit; axes are matched from the last and must be equal or one")
    let product = #expect(throws: TensorError.self) { try counting([2, 3]).matmul(counting([2, 3])) }
    #expect("\(try #require(product))" == "matmul: shapes [2, 3] and [2, 3] do not fit; inner sizes 3 and 2 must be equal")
    #expect(throws: TensorError.invalidAxis(operation: "sum", axis: 5, rank: 2)) { try counting([2, 3]).sum(axes: [5]) }
    #expect(throws: TensorError.self) { try counting([2, 3]).reshape([4, 2]) }
    #expect(throws: TensorError.self) { try Tensor.zeros([-1]) }
    #expect(throws: TensorError.self) { try Tensor.zeros([1 << 40, 1 << 40]) }
    #expect(throws: TensorError.self) { try Tensor([1, 2]).mean() }
  }

  @Test func `reductions go over any axes`() throws {
    let x = try counting([2, 3, 2])
    #expect(try x.sum(axes: [1]).floats() == [6, 9, 24, 27])
    #expect(try x.sum(axes: [0, 2]).floats() == [14, 22, 30])
    #expect(try x.mean().item() == 5.5)
    #expect(try x.maximum(axis: 2).floats() == [1, 3, 5, 7, 9, 11])
    #expect(try x.argmax(axis: 1).integers() == [2, 2, 2, 2])
    #expect(try counting([0, 3]).sum(axes: [0]).floats() == [0, 0, 0])
  }

  @Test func `conversions between types round and clamp as stated`() throws {
    let x = try Tensor([1.5, -2.25, 70000, 1e-8, .nan] as [Float])
    #expect(try x.cast(.f16).cast(.f32).floats()[0..<4] == [1.5, -2.25, .infinity, 0])
    #expect(try x.cast(.bf16).cast(.f32).floats()[1] == -2.25)
    #expect(try x.cast(.i32).integers() == [1, -2, 70000, 0, 0])
    #expect(try x.cast(.u8).integers() == [1, 0, 255, 0, 0])
    #expect(try Tensor([Int.max]).cast(.i64).integers() == [Int.max])
  }

  @Test func `pixel shuffling is undone by its inverse`() throws {
    let x = try counting([1, 2, 4, 6])
    #expect(try x.pixelUnshuffle(2).shape == [1, 8, 2, 3])
    #expect(try x.pixelUnshuffle(2).pixelShuffle(2).floats() == x.floats())
  }
}

@Suite(.serialized) struct MemoryPoolTests {
  @Test func `a breach of the limit is an error that names the numbers, and nothing is lost`() throws {
    let x = try Tensor.ones([1000])
    MemoryPool.limit = MemoryPool.usage.live + (64 << 20)
    defer { MemoryPool.limit = .max }
    #expect(throws: TensorError.self) { try Tensor.zeros([1 << 28]) }
    #expect(try x.sum().item() == 1000)
  }

  @Test func `blocks waste at most a quarter`() {
    for size in [1, 257, 1000, 4097, 1_000_003, 33_554_433] {
      let block = MemoryPool.blockSize(size)
      #expect(block >= size && block <= max(256, size + size / 4 + 64))
    }
  }
}
