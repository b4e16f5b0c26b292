import KernelInterface
import KernelsBase
import Testing

@testable import ML

#if arch(x86_64)
  import CPlatform
  import KernelsV3
  import KernelsV4
#endif

/// The tables that this processor can run.
private let tables: [KernelTable<Float>] = {
  #if arch(x86_64)
    let level = loam_x86_level()
    return [KernelsBase.table] + (level >= 3 ? [KernelsV3.table] : []) + (level >= 4 ? [KernelsV4.table] : [])
  #else
    return [KernelsBase.table]
  #endif
}()

/// The kernels of products, in the order of `tables`.
private let products: [ProductKernel] = {
  #if arch(x86_64)
    return Array([KernelsBase.product, KernelsV3.product, KernelsV4.product].prefix(tables.count))
  #else
    return [KernelsBase.product]
  #endif
}()

private func numbers(_ count: Int, _ seed: UInt64, lower: Float = -4, upper: Float = 4) -> [Float] {
  var stream = RandomStream(seed: seed)
  return (0..<count).map { _ in stream.uniform(lower, upper) }
}

private func expectClose(_ a: [Float], _ b: [Float], _ tolerance: Float, _ what: String) {
  for (x, y) in zip(a, b) where !(x == y || abs(x - y) <= tolerance * max(1, abs(y)) || (x.isNaN && y.isNaN)) {
    Issue.record("\(what): \(x) instead of \(y)")
    return
  }
}

@Suite struct KernelTests {
  @Test func `exponentials of a panel's columns agree with the plain loops`() {
    for (table, product) in zip(tables, products) {
      for rows in [1, 5, 64, 200] {
        let columns = product.columns
        var x = numbers(rows * columns, 5, lower: -30, upper: 30)
        x[columns / 2] = .nan
        var expected = x, sums = [Float](repeating: 0, count: columns), expectedSums = sums
        table.columnExponentials(&x, rows, columns, 0.3, &sums)
        floatReferenceTable.columnExponentials(&expected, rows, columns, 0.3, &expectedSums)
        #expect(sums[columns / 2].isNaN)
        for column in 0..<columns where column != columns / 2 {
          expectClose((0..<rows).map { x[$0 * columns + column] }, (0..<rows).map { expected[$0 * columns + column] }, 2e-6, "\(table.name), \(rows) rows")
          expectClose([sums[column]], [expectedSums[column]], 2e-6, "\(table.name), sums of \(rows) rows")
        }
      }
    }
  }

  @Test func `every instruction set widens half precision to the same numbers`() {
    let bits = (0..<1000).map { UInt16(truncatingIfNeeded: $0 &* 65_537 &>> 3 &+ $0 &* 71) }
    for product in products {
      for count in [1, 7, 16, 1000] {
        var halves = [Float](repeating: 0, count: count), brain = halves
        product.widen(.f16, bits, &halves, count)
        product.widen(.bf16, bits, &brain, count)
        for i in 0..<count {
          let (half, other) = (HalfPrecision.float(bits[i]), HalfPrecision.brainFloat(bits[i]))
          #expect(halves[i] == half || (halves[i].isNaN && half.isNaN))
          #expect(brain[i] == other || (brain[i].isNaN && other.isNaN))
        }
      }
    }
  }

  @Test func `every elementwise function agrees with the plain loops on every length`() {
    for table in tables {
      for f in UnaryOperation.allCases {
        for count in [1, 3, 4, 15, 16, 17, 67] {
          let positive = f == .logarithm || f == .squareRoot || f == .reciprocal
          let x = numbers(count, 3, lower: positive ? 0.01 : -9, upper: 9), g = numbers(count, 4)
          var y = [Float](repeating: 0, count: count), expected = y, slope = y, expectedSlope = y
          table.unary(f, x, &y, count)
          floatReferenceTable.unary(f, x, &expected, count)
          expectClose(y, expected, 1e-6, "\(table.name) \(f)")
          table.unaryGradient(f, x, y, g, &slope, count)
          floatReferenceTable.unaryGradient(f, x, expected, g, &expectedSlope, count)
          expectClose(slope, expectedSlope, 4e-6, "\(table.name) gradient of \(f)")
        }
      }
    }
  }

  @Test func `not-a-number and infinities come through`() {
    for table in tables {
      let x: [Float] = [.nan, .infinity, -.infinity, 0, -0.0, 100, -100, 1e-40]
      for f in [UnaryOperation.exponential, .logarithm, .tanh, .sigmoid, .relu, .gelu, .silu, .square, .absolute] {
        var y = [Float](repeating: 0, count: x.count), expected = y
        table.unary(f, x, &y, x.count)
        floatReferenceTable.unary(f, x, &expected, x.count)
        #expect(y[0].isNaN, "\(table.name) \(f) hides a NaN")
        if f == .exponential || f == .logarithm || f == .tanh || f == .sigmoid { expectClose(y, expected, 1e-5, "\(table.name) \(f) at the ends") }
      }
      #expect(table.maximum([1, .nan, 3], 3).isNaN)
    }
  }

  @Test func `sums, rows and norms agree with the plain loops`() {
    for table in tables {
      for columns in [1, 7, 16, 33, 130] {
        let rows = 5, count = rows * columns
        let x = numbers(count, 5), g = numbers(count, 6), w = numbers(columns, 7), b = numbers(columns, 8)
        expectClose([table.sum(x, count), table.dot(x, g, count), table.maximum(x, count), table.squaredDeviation(x, 0.3, count)],
                    [floatReferenceTable.sum(x, count), floatReferenceTable.dot(x, g, count), floatReferenceTable.maximum(x, count),
                     floatReferenceTable.squaredDeviation(x, 0.3, count)], 1e-4, "\(table.name) sums of \(count)")
        for logarithmic in [false, true] {
          var y = [Float](repeating: 0, count: count), expected = y, slope = y, expectedSlope = y
          table.softmax(x, &y, rows, columns, 0.7, logarithmic)
          floatReferenceTable.softmax(x, &expected, rows, columns, 0.7, logarithmic)
          expectClose(y, expected, 2e-6, "\(table.name) softmax of \(columns)")
          table.softmaxGradient(y, g, &slope, rows, columns, 0.7, logarithmic)
          floatReferenceTable.softmaxGradient(expected, g, &expectedSlope, rows, columns, 0.7, logarithmic)
          expectClose(slope, expectedSlope, 2e-5, "\(table.name) gradient of softmax of \(columns)")
        }
        var y = [Float](repeating: 0, count: count), expected = y
        var mean = [Float](repeating: 0, count: rows), inverse = mean, expectedMean = mean, expectedInverse = mean
        table.layerNorm(x, w, b, 1e-5, &y, &mean, &inverse, rows, columns)
        floatReferenceTable.layerNorm(x, w, b, 1e-5, &expected, &expectedMean, &expectedInverse, rows, columns)
        expectClose(y, expected, 2e-4, "\(table.name) layer norm of \(columns)")
        var total = w, expectedTotal = w
        table.addRows(x, rows, columns, columns, &total)
        floatReferenceTable.addRows(x, rows, columns, columns, &expectedTotal)
        expectClose(total, expectedTotal, 1e-5, "\(table.name) sum of rows of \(columns)")
      }
    }
  }
}
