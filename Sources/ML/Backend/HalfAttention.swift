import KernelInterface

/// Attention in halves: as `attendedByPanels`, with queries, keys, values and weights rounded to halves where they are multiplied.
///
/// Scales belong to one query, one key or one value's axis, so a query has the same bits whatever others there are.
struct HalfAttention {
  let heads: Int
  let queries: Int
  let keys: Int
  let width: Int
  let q: (Int) -> UnsafeMutablePointer<Float>
  let k: (Int) -> UnsafeMutablePointer<Float>
  let v: (Int) -> UnsafeMutablePointer<Float>
  let out: (Int) -> UnsafeMutablePointer<Float>
  let strides: (q: Int, k: Int, v: Int, out: Int)
  let kernel: HalfProductKernel

  /// Fewer keys are left to single products.
  static let fewestKeys = 64
  /// Packed keys and values of so many bytes are kept at once.
  private static let bytes = 1 << 22

  /// A left side packed along the whole inner axis, and the inverses of its scales.
  private struct Packed {
    let halves: UnsafeMutablePointer<UInt16>
    let inverses: UnsafeMutablePointer<Float>
  }

  private func padded(_ rows: Int) -> Int { (rows + kernel.rows - 1) / kernel.rows * kernel.rows }

  func run() throws {
    let panels = (queries + kernel.columns - 1) / kernel.columns
    let keySize = padded(keys) * width, valueSize = padded(width) * keys, scaleSize = padded(keys) + padded(width)
    // As many heads at once as threads need, and small ones together, but not so many that packed keys and values fill the memory.
    let group = min(heads, max(2, ThreadPool.threadCount, Self.bytes / (2 * (keySize + valueSize))))
    try withScratch(UInt16.self, group * (keySize + valueSize)) { halves in
      try withScratch(Float.self, group * scaleSize) { scales in
        func packedKeys(_ place: Int) -> Packed { Packed(halves: halves + place * (keySize + valueSize), inverses: scales + place * scaleSize) }
        func packedValues(_ place: Int) -> Packed {
          Packed(halves: halves + place * (keySize + valueSize) + keySize, inverses: scales + place * scaleSize + padded(keys))
        }
        for start in stride(from: 0, to: heads, by: group) {
          let count = min(group, heads - start)
          try ThreadPool.interruptibleFor(2 * count) { job in
            let head = start + job / 2
            if job % 2 == 0 {
              packLeft(MatrixOperand(k(head), rowStride: strides.k), rows: keys, inner: width, into: packedKeys(job / 2))
            } else {
              packLeft(MatrixOperand(v(head), rowStride: strides.v).transposed, rows: width, inner: keys, into: packedValues(job / 2))
            }
          }
          try ThreadPool.interruptibleFor(count * panels) { job in
            let first = job % panels * kernel.columns
            attend(head: start + job / panels, first..<min(queries, first + kernel.columns), packedKeys(job / panels), packedValues(job / panels))
          }
        }
      }
    }
  }

  private func packLeft(_ operand: MatrixOperand<Float>, rows: Int, inner: Int, into packed: Packed) {
    let side = HalfSide.left(operand, rows: rows, kernel)
    withScratch(Float.self, padded(rows)) { scales in
      scales.update(repeating: 0, count: padded(rows))
      side.measure(kernel, lines: 0..<rows, inner: 0..<inner, maxima: scales)
      for row in 0..<padded(rows) { (scales[row], packed.inverses[row]) = side.scale(scales[row]) }
      for row in stride(from: 0, to: rows, by: kernel.rows) {
        side.pack(kernel, lines: row..<min(rows, row + kernel.rows), inner: 0..<inner, scales: scales + row, into: packed.halves + row * inner)
      }
    }
  }

  /// One panel of queries. Its weights are computed transposed, [keys][queries], and the mixture is divided by their sums at the end.
  private func attend(head: Int, _ range: Range<Int>, _ keySide: Packed, _ valueSide: Packed) {
    let columns = kernel.columns
    withScratch(Float.self, columns * (keys + width + 3) + kernel.rows * columns) { numbers in
      let weights = numbers, mixed = weights + columns * keys, scales = mixed + columns * width, inverses = scales + columns, shares = inverses + columns
      let edge = shares + columns
      withScratch(UInt16.self, columns * (width + keys) + kernel.scratch) { halves in
        let query = halves, rounded = query + columns * width, sums = rounded + columns * keys
        let side = HalfSide.right(MatrixOperand(q(head) + range.lowerBound * strides.q, rowStride: strides.q).transposed, columns: range.count, kernel)
        scales.update(repeating: 0, count: columns)
        side.measure(kernel, lines: 0..<range.count, inner: 0..<width, maxima: scales)
        for column in 0..<columns { (scales[column], inverses[column]) = side.scale(scales[column]) }
        side.pack(kernel, lines: 0..<range.count, inner: 0..<width, scales: scales, into: query)
        multiply(keySide, rows: keys, inner: width, query, edge: edge, sums: sums, out: weights, columnScales: inverses)
        kernel.columnWeights(weights, keys, 1 / Float(width).squareRoot(), rounded, shares)
        multiply(valueSide, rows: width, inner: keys, rounded, edge: edge, sums: sums, out: mixed, columnScales: shares)
        Float.transpose(mixed, columns, out(head) + range.lowerBound * strides.out, strides.out, width, range.count)
      }
    }
  }

  private func multiply(_ left: Packed, rows: Int, inner: Int, _ right: UnsafePointer<UInt16>, edge: UnsafeMutablePointer<Float>, sums: UnsafeMutablePointer<UInt16>,
                        out: UnsafeMutablePointer<Float>, columnScales: UnsafePointer<Float>) {
    for start in stride(from: 0, to: inner, by: HalfProduct.depth(inner)) {
      let depth = min(HalfProduct.depth(inner), inner - start)
      HalfTiles(kernel: kernel, depth: depth, accumulate: start > 0, edge: edge, sums: sums).column(
        left: left.halves + start * kernel.rows, leftStride: inner, right: right + start * kernel.columns, rows: rows, columns: kernel.columns,
        out: out, stride: kernel.columns, rowScales: start + depth == inner ? left.inverses : nil, columnScales: columnScales)
    }
  }
}
