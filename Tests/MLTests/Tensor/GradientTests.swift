import Testing

@testable import ML

@Suite struct GradientTests {
  @Test(arguments: OperationName.allCases)
  func `every operation's gradient equals the measured slope`(name: OperationName) throws {
    let rows = OperationTable.rows(name)
    #expect(!rows.isEmpty)
    for (index, row) in rows.enumerated() {
      var stream = RandomStream(seed: 7, purpose: name.rawValue, index: UInt64(index))
      let inputs = try row.inputs(&stream)
      let error = try GradientCheck.largestError(inputs, row.compute)
      #expect(error < 1e-6, "\(name) \(row.variant): gradient off by \(error)")
    }
  }

  @Test func `single precision gives the double-precision results on every row of the table`() throws {
    for name in OperationName.allCases where name != .cast {
      for (index, row) in OperationTable.rows(name).enumerated() where name != .softCrossEntropy {
        var stream = RandomStream(seed: 8, purpose: name.rawValue, index: UInt64(index))
        let inputs = try row.inputs(&stream)
        let single = try inputs.map { try $0.cast(.f32).tracked() }
        let double = inputs.map { $0.tracked() }
        let left = try row.compute(single), right = try row.compute(double)
        #expect(try left.cast(.f64).isClose(to: right, tolerance: 2e-5), "\(name) \(row.variant)")
        let leftGradients = try left.sum().backward(), rightGradients = try right.sum().backward()
        for (a, b) in zip(single, double) {
          let (x, y) = (try #require(leftGradients[a]), try #require(rightGradients[b]))
          #expect(try x.cast(.f64).isClose(to: y, tolerance: 5e-5), "gradient of \(name) \(row.variant)")
        }
      }
    }
  }

  @Test func `a tensor used twice receives both gradients`() throws {
    let x = try Tensor([3.0, 4.0] as [Float]).tracked()
    let gradients = try ((x * x) + x).sum().backward()
    #expect(try gradients[x]?.floats() == [7, 9])
  }

  @Test func `a graph is released after one pass unless it is kept`() throws {
    let x = try Tensor([2.0] as [Float]).tracked()
    let loss = try x.square().sum()
    _ = try loss.backward(keepGraph: true)
    let gradients = try loss.backward()
    #expect(try gradients[x]?.floats() == [4])
    #expect(throws: TensorError.graphReleased) { try loss.backward() }
  }

  @Test func `a loss of several elements or without history is refused`() throws {
    let x = try Tensor([1.0, 2.0] as [Float]).tracked()
    #expect(throws: TensorError.notScalar(shape: [2])) { try x.exp().backward() }
    #expect(throws: TensorError.notTracked) { try x.detached().sum().backward() }
  }

  @Test func `an upstream gradient weighs the elements of a tensor`() throws {
    let x = try Tensor([1.0, 2.0, 3.0] as [Float]).tracked()
    let upstream = try Tensor([1.0, 0.0, 10.0] as [Float])
    #expect(try x.square().backward(from: upstream)[x]?.floats() == [2, 0, 60])
    #expect(try x.square().backward(from: upstream)[x]?.floats() == (x.square() * upstream).sum().backward()[x]?.floats())
    #expect(throws: TensorError.self) { try x.square().backward(from: upstream.narrow(axis: 0, start: 0, count: 2)) }
    #expect(throws: TensorError.self) { try x.square().backward(from: upstream.cast(.f64)) }
  }

  @Test func `nothing is recorded inside withoutTracking`() throws {
    let x = try Tensor([1.0] as [Float]).tracked()
    #expect(try withoutTracking { try x.exp().isTracked } == false)
    #expect(try x.exp().isTracked)
  }

  @Test func `a history of 200000 operations is freed without overflowing the stack`() throws {
    var x = try Tensor([1.0] as [Float]).tracked()
    for _ in 0..<200_000 { x = try x + 1 }
    #expect(try x.item() == 200_001)
  }

  @Test func `clipping scales all gradients to the limit`() throws {
    let x = try Tensor([3.0, 4.0] as [Float]).tracked()
    var gradients = try (x.square() * 0.5).sum().backward()
    #expect(try gradients.clip([x], to: 1) == 5)
    #expect(try #require(gradients[x]).isClose(to: try Tensor([0.6, 0.8] as [Float]), tolerance: 1e-6))
  }
}
