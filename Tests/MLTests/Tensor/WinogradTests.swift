import KernelInterface
import KernelsBase
import Testing

@testable import ML

#if arch(x86_64)
  import CPlatform
  import KernelsV3
  import KernelsV4
#endif

/// The transforms that this processor can run.
private let tables: [(name: String, kernels: WinogradKernels<Float>)] = {
  #if arch(x86_64)
    let level = loam_x86_level()
    return [("baseline", KernelsBase.winograd)] + (level >= 3 ? [("v3", KernelsV3.winograd)] : []) + (level >= 4 ? [("v4", KernelsV4.winograd)] : [])
  #else
    return [("baseline", KernelsBase.winograd)]
  #endif
}()

private func numbers(_ count: Int, _ seed: UInt64) -> [Float] {
  var stream = RandomStream(seed: seed)
  return (0..<count).map { _ in stream.uniform(-1, 1) }
}

/// The sum as its definition has it, in double precision.
private func plainConvolution(_ x: [Float], _ w: [Float], _ b: [Float], batch: Int, channels: Int, filters: Int, height: Int, width: Int) -> [Double] {
  var out: [Double] = []
  for n in 0..<batch {
    for o in 0..<filters {
      for y in 0..<height {
        for z in 0..<width {
          var total = Double(b[o])
          for c in 0..<channels {
            for dy in 0..<3 where y + dy > 0 && y + dy <= height {
              for dx in 0..<3 where z + dx > 0 && z + dx <= width {
                total += Double(x[((n * channels + c) * height + y + dy - 1) * width + z + dx - 1]) * Double(w[((o * channels + c) * 3 + dy) * 3 + dx])
              }
            }
          }
          out.append(total)
        }
      }
    }
  }
  return out
}

@Suite struct WinogradTests {
  /// [batch, channels, filters, height, width]: whole vectors, halves of them, single tiles, odd sides (another algorithm), many channels.
  static let shapes = [[3, 5, 7, 16, 16], [17, 3, 4, 4, 4], [5, 6, 2, 8, 8], [2, 3, 3, 2, 2], [2, 2, 3, 6, 10], [1, 4, 6, 32, 32], [2, 300, 9, 8, 8],
                       [1, 2, 2, 24, 40], [2, 3, 2, 7, 5], [33, 20, 13, 4, 6]]

  @Test(arguments: shapes) func `3x3 convolutions are the sums of their definition`(shape: [Int]) throws {
    let (batch, channels, filters, height, width) = (shape[0], shape[1], shape[2], shape[3], shape[4])
    let x = numbers(batch * channels * height * width, 1), w = numbers(filters * channels * 9, 2), b = numbers(filters, 3)
    let y = try Tensor(x, shape: [batch, channels, height, width])
      .conv2d(weight: Tensor(w, shape: [filters, channels, 3, 3]), bias: Tensor(b, shape: [filters]), padding: 1).floats()
    let expected = plainConvolution(x, w, b, batch: batch, channels: channels, filters: filters, height: height, width: width)
    let worst = zip(y, expected).map { abs(Double($0) - $1) }.max() ?? 0
    #expect(worst < 4e-6 * Double(9 * channels).squareRoot(), "off by \(worst)")
  }

  @Test(arguments: shapes) func `gradients of 3x3 convolutions are the same in single and double precision`(shape: [Int]) throws {
    let (batch, channels, filters, height, width) = (shape[0], shape[1], shape[2], shape[3], shape[4])
    let x = try Tensor(numbers(batch * channels * height * width, 4), shape: [batch, channels, height, width])
    let w = try Tensor(numbers(filters * channels * 9, 5), shape: [filters, channels, 3, 3])
    let g = try Tensor(numbers(batch * filters * height * width, 6), shape: [batch, filters, height, width])
    func slopes(_ dtype: DType) throws -> [[Float]] {
      let x = try x.cast(dtype).tracked(), w = try w.cast(dtype).tracked()
      let gradients = try (x.conv2d(weight: w, padding: 1) * g.cast(dtype)).sum().backward()
      return [try #require(gradients[x]).floats(), try #require(gradients[w]).floats()]
    }
    let single = try slopes(.f32), double = try slopes(.f64)
    for (part, terms) in [(0, 9 * filters), (1, batch * height * width)] {
      let worst = zip(single[part], double[part]).map { abs($0 - $1) }.max() ?? 0
      #expect(worst < 6e-6 * Float(terms).squareRoot(), "gradient \(part) off by \(worst)")
    }
  }

  @Test func `double precision gradients agree with slopes, for tiles at every border`() throws {
    var stream = RandomStream(seed: 9)
    for (height, width) in [(2, 2), (4, 6), (8, 8)] {
      let x = try Tensor.uniform([2, 2, height, width], stream: &stream).cast(.f64), w = try Tensor.uniform([3, 2, 3, 3], stream: &stream).cast(.f64)
      let g = try Tensor.uniform([2, 3, height, width], stream: &stream).cast(.f64)
      func value(_ x: Tensor, _ w: Tensor) throws -> Tensor { try (x.conv2d(weight: w, padding: 1) * g).sum() }
      let tx = x.tracked(), tw = w.tracked()
      let gradients = try value(tx, tw).backward()
      let slopeX = try #require(gradients[tx]).doubles(), slopeW = try #require(gradients[tw]).doubles()
      func slope(_ tensor: Tensor, _ place: Int, _ at: (Tensor) throws -> Tensor) throws -> Double {
        let values = try tensor.doubles()
        func moved(_ by: Double) throws -> Double {
          var copy = values
          copy[place] += by
          return try at(Tensor(copy, shape: tensor.shape)).item()
        }
        return try (moved(0.5) - moved(-0.5))
      }
      // The function is linear in each argument, so that finite differences are exact.
      for place in 0..<x.count { #expect(try abs(slope(x, place) { try value($0, w) } - slopeX[place]) < 1e-10) }
      for place in 0..<w.count { #expect(try abs(slope(w, place) { try value(x, $0) } - slopeW[place]) < 1e-10) }
    }
  }

  @Test func `a picture has the same bits alone and in any batch`() throws {
    for side in [4, 8, 16] {
      let x = try Tensor(numbers(21 * 6 * side * side, 7), shape: [21, 6, side, side]), w = try Tensor(numbers(10 * 6 * 9, 8), shape: [10, 6, 3, 3])
      let whole = try x.conv2d(weight: w, padding: 1).floats()
      for count in [1, 2, 5, 16] {
        let part = try x.narrow(axis: 0, start: 0, count: count).conv2d(weight: w, padding: 1).floats()
        #expect(part == Array(whole[0..<count * 10 * side * side]), "\(count) of 21 pictures of side \(side)")
      }
    }
  }

  @Test(arguments: [(16, 16), (8, 8), (4, 4), (6, 24), (32, 48)])
  func `vector transforms give the bits of the plain ones`(height: Int, width: Int) {
    let tiles = height / 2 * (width / 2), plane = height * width
    let places = TilePlaces(component: 40 * tiles, panel: 32, shift: 4, first: 16)
    let x = numbers(plane, 11), products = numbers(16 * tiles, 12)
    let line = UnsafeMutablePointer<Float>.allocate(capacity: winogradScratch(height: height, width: width) + 64)
    defer { line.deallocate() }
    let size = 16 * 41 * tiles + 1024
    for (name, kernels) in tables {
      var found = [Float](repeating: 0, count: size), expected = found, rows = found, expectedRows = found
      kernels.input(x, height, width, 0..<height / 2, &found, places, line)
      winogradInput(x, height, width, 0..<height / 2, &expected, places, line)
      #expect(found == expected, "\(name): input")
      kernels.upstream(x, height, width, &found, places, &rows, tiles)
      winogradUpstream(x, height, width, &expected, places, &expectedRows, tiles)
      #expect(found == expected && rows == expectedRows, "\(name): upstream")
      kernels.output(products, tiles, 0.25, &found, height, width)
      winogradOutput(products, tiles, 0.25, &expected, height, width)
      #expect(found == expected, "\(name): output")
      kernels.inputGradient(products, tiles, &found, height, width, line)
      winogradInputGradient(products, tiles, &expected, height, width, line)
      for (a, b) in zip(found, expected) where abs(a - b) > 2e-6 { Issue.record("\(name): input gradient \(a) instead of \(b)"); break }
    }
  }

  @Test func `transposing copies every element once`() {
    var kernels = [KernelsBase.product]
    #if arch(x86_64)
      if loam_x86_level() >= 3 { kernels.append(KernelsV3.product) }
      if loam_x86_level() >= 4 { kernels.append(KernelsV4.product) }
    #endif
    for kernel in kernels {
      for (rows, columns) in [(1, 1), (4, 4), (6, 9), (16, 16), (5, 31), (12, 3)] {
        let x = numbers(rows * (columns + 2), 13)
        var y = [Float](repeating: -9, count: columns * (rows + 3))
        kernel.transpose(x, columns + 2, &y, rows + 3, rows, columns)
        for r in 0..<rows { for c in 0..<columns { #expect(y[c * (rows + 3) + r] == x[r * (columns + 2) + c]) } }
        #expect(y.filter { $0 == -9 }.count == columns * 3)
      }
    }
  }
}
