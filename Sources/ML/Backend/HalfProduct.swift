import KernelInterface

/// One side of a product on its way to packed halves: lines (rows of the left side, columns of the right one) along the inner axis.
struct HalfSide {
  let operand: MatrixOperand<Float>
  let lines: Int
  let lineStride: Int
  let innerStride: Int
  /// Lines that stand side by side in a packed block.
  let width: Int
  /// Scaled numbers of a line are smaller than 2^(exponent + 1).
  let exponent: Int

  static func left(_ operand: MatrixOperand<Float>, rows: Int, _ kernel: HalfProductKernel) -> HalfSide {
    HalfSide(operand: operand, lines: rows, lineStride: operand.rowStride, innerStride: operand.columnStride, width: kernel.rows, exponent: exponents.left)
  }

  static func right(_ operand: MatrixOperand<Float>, columns: Int, _ kernel: HalfProductKernel) -> HalfSide {
    HalfSide(operand: operand, lines: columns, lineStride: operand.columnStride, innerStride: operand.rowStride, width: kernel.columns, exponent: exponents.right)
  }

  /// Exponents of the two sides: a run of 64 products is at most 2^6 2^4 2^5, half of what a half can hold.
  static let exponents = (left: 3, right: 4)

  /// What numbers of at most `largest` are multiplied by, and its inverse: powers of two.
  static func scale(_ largest: Float, exponent: Int) -> (scale: Float, inverse: Float) {
    if largest == 0 { return (1, 1) }
    // Both stay normal numbers.
    let power = Swift.max(-125, Swift.min(125, exponent - Int(largest.exponent)))
    return (Float(sign: .plus, exponent: power, significand: 1), Float(sign: .plus, exponent: -power, significand: 1))
  }

  func scale(_ largest: Float) -> (scale: Float, inverse: Float) { Self.scale(largest, exponent: exponent) }

  /// Raises the maxima of some lines by their finite numbers in a piece of the inner axis.
  func measure(_ kernel: HalfProductKernel, lines range: Range<Int>, inner: Range<Int>, maxima: UnsafeMutablePointer<Float>) {
    if operand.half == .f16, innerStride == 1 {
      for line in 0..<range.count {
        let from = operand.advanced(by: (range.lowerBound + line) * lineStride + inner.lowerBound).halves
        maxima[line] = Swift.max(maxima[line], kernel.largestOfHalves(from, inner.count))
      }
      return
    }
    withPiece(range, inner) { source, lineStride, innerStride in
      if innerStride == 1 {
        for line in 0..<range.count { maxima[line] = Swift.max(maxima[line], kernel.largest(source + line &* lineStride, inner.count)) }
      } else {
        for k in 0..<inner.count { kernel.largestOfColumns(source + k &* innerStride, range.count, maxima) }
      }
    }
  }

  /// Packs some lines, at most `width`, as [inner][width]; scales begin with those of the first.
  func pack(_ kernel: HalfProductKernel, lines range: Range<Int>, inner: Range<Int>, scales: UnsafePointer<Float>, into target: UnsafeMutablePointer<UInt16>) {
    if operand.half == .f16, innerStride == 1, (0..<range.count).allSatisfy({ scales[$0] >= 0x1p-14 && scales[$0] <= 0x1p15 }) {
      // Halves whose scales are halves too need not be widened.
      let from = operand.advanced(by: range.lowerBound * lineStride + inner.lowerBound).halves
      withScratch(UInt16.self, 256) { kernel.scaleTransposed(from, lineStride, range.count, inner.count, scales, target, width, $0) }
      return
    }
    withPiece(range, inner) { source, lineStride, innerStride in
      if innerStride == 1 {
        withScratch(UInt16.self, 256) { kernel.narrowTransposed(source, lineStride, range.count, inner.count, scales, target, width, $0) }
      } else {
        for k in 0..<inner.count { kernel.narrow(source + k &* innerStride, scales, target + k &* width, range.count, width) }
      }
    }
  }

  /// Lends a piece in single precision with the strides of lines and of the inner axis, one of which is 1.
  @inline(__always)
  private func withPiece(_ range: Range<Int>, _ inner: Range<Int>, _ body: (UnsafePointer<Float>, _ lineStride: Int, _ innerStride: Int) -> Void) {
    let part = operand.advanced(by: range.lowerBound * lineStride + inner.lowerBound * innerStride)
    guard let half = operand.half else { return body(part.pointer, lineStride, innerStride) }
    withScratch(Float.self, range.count * inner.count) { scratch in
      if innerStride == 1 {
        for line in 0..<range.count { Float.widen(half, part.halves + line * lineStride, scratch + line * inner.count, inner.count) }
        body(scratch, inner.count, 1)
      } else {
        for k in 0..<inner.count { Float.widen(half, part.halves + k * innerStride, scratch + k * range.count, range.count) }
        body(scratch, 1, range.count)
      }
    }
  }
}

/// A single-precision product whose factors are rounded to halves. Scales of rows and columns depend on these alone, so a row has the same bits alone and in any
/// batch, and pieces of the inner axis have fixed lengths, so that bits do not depend on threads.
struct HalfProduct {
  /// Inner length of packed blocks: equal parts, in whole runs, 64 columns of which nearly fill the first-level cache.
  static func depth(_ inner: Int) -> Int {
    let parts = max(1, (inner + mostDepth - 1) / mostDepth)
    return (inner + 64 * parts - 1) / (64 * parts) * 64
  }

  private static let mostDepth = 320
  /// Rows of the left side that a thread takes at once, and the bytes that they may have.
  private static let rows = 144, bytes = 1 << 20

  private let p: MatrixProduct<Float>
  private let kernel: HalfProductKernel
  private let left: HalfSide
  private let right: HalfSide
  private let depth: Int

  /// Nil if the product is not asked for in halves, or gains nothing by them: a decision that does not depend on the number of rows.
  init?(_ p: MatrixProduct<Float>) {
    guard p.precision == .half, let kernel = InstructionSet.half, !p.accumulate, p.inner >= 16, p.columns >= 16 else { return nil }
    let left = HalfSide.left(p.left, rows: p.rows, kernel), right = HalfSide.right(p.right, columns: p.columns, kernel)
    guard left.lineStride == 1 || left.innerStride == 1, right.lineStride == 1 || right.innerStride == 1 else { return nil }
    self.p = p
    self.kernel = kernel
    self.left = left
    self.right = right
    depth = Self.depth(p.inner)
  }

  private var panels: Int { (p.columns + kernel.columns - 1) / kernel.columns }
  private var width: Int { panels * kernel.columns }
  private var blocks: Int { (p.inner + depth - 1) / depth }

  private func inner(_ block: Int) -> Range<Int> { block * depth..<min(p.inner, (block + 1) * depth) }
  private func columns(_ panel: Int) -> Range<Int> { panel * kernel.columns..<min(p.columns, (panel + 1) * kernel.columns) }

  func serial() { run(parallel: false, epilogue: nil) }

  func parallel(epilogue: ((Int, Int) -> Void)?) { run(parallel: p.rows * p.columns * p.inner >= 1 << 17, epilogue: epilogue) }

  private func run(parallel: Bool, epilogue: ((Int, Int) -> Void)?) {
    func loop(_ count: Int, _ body: (Int) -> Void) { if parallel { ThreadPool.parallelFor(count, body) } else { for index in 0..<count { body(index) } } }
    withScratch(Float.self, width * (blocks + 2)) { scratch in
      let maxima = scratch, scales = maxima + width * blocks, inverses = scales + width
      withScratch(UInt16.self, width * p.inner) { packed in
        packRight(packed, maxima, scales, inverses, loop)
        let most = max(2, min(Self.rows, Self.bytes / (p.inner * 4)) / kernel.rows) * kernel.rows
        let threads = parallel ? ThreadPool.threadCount : 1
        let rounds = (p.rows + most * threads - 1) / (most * threads), share = (p.rows + rounds * threads - 1) / (rounds * threads)
        let rowBlock = max(kernel.rows, (share + kernel.rows - 1) / kernel.rows * kernel.rows)
        loop((p.rows + rowBlock - 1) / rowBlock) { job in
          let range = job * rowBlock..<min(p.rows, (job + 1) * rowBlock)
          multiply(range, packed: packed, columnScales: inverses)
          if !p.isGivenUp { epilogue?(range.lowerBound, range.count) }
        }
      }
    }
  }

  private func packRight(_ packed: UnsafeMutablePointer<UInt16>, _ maxima: UnsafeMutablePointer<Float>, _ scales: UnsafeMutablePointer<Float>,
                         _ inverses: UnsafeMutablePointer<Float>, _ loop: (Int, (Int) -> Void) -> Void) {
    func measure(_ block: Int, _ panel: Int) {
      if p.isGivenUp { return }
      right.measure(kernel, lines: columns(panel), inner: inner(block), maxima: maxima + block * width + panel * kernel.columns)
    }
    func choose(_ panel: Int) {
      for column in panel * kernel.columns..<(panel + 1) * kernel.columns {
        var largest: Float = 0
        for block in 0..<blocks { largest = max(largest, maxima[block * width + column]) }
        (scales[column], inverses[column]) = right.scale(largest)
      }
    }
    func pack(_ block: Int, _ panel: Int) {
      if p.isGivenUp { return }
      let inner = inner(block)
      right.pack(kernel, lines: columns(panel), inner: inner, scales: scales + panel * kernel.columns,
                 into: packed + inner.lowerBound * width + panel * kernel.columns * inner.count)
    }
    maxima.update(repeating: 0, count: width * blocks)
    if panels >= 2 * ThreadPool.threadCount {
      // What was measured is still in the cache when it is packed.
      loop(panels) { panel in
        for block in 0..<blocks { measure(block, panel) }
        choose(panel)
        for block in 0..<blocks { pack(block, panel) }
      }
    } else {
      loop(blocks * panels) { measure($0 / panels, $0 % panels) }
      for panel in 0..<panels { choose(panel) }
      loop(blocks * panels) { pack($0 / panels, $0 % panels) }
    }
  }

  /// The product of some rows with the packed right side.
  private func multiply(_ range: Range<Int>, packed: UnsafePointer<UInt16>, columnScales: UnsafePointer<Float>) {
    let tileRows = kernel.rows, padded = (range.count + tileRows - 1) / tileRows * tileRows
    withScratch(Float.self, 2 * padded + tileRows * kernel.columns) { numbers in
      let scales = numbers, inverses = numbers + padded, edge = inverses + padded
      scales.update(repeating: 0, count: padded)
      // Whole rows at a time or pieces, whichever way memory lies.
      for block in 0..<blocks where !p.isGivenUp { left.measure(kernel, lines: range, inner: inner(block), maxima: scales) }
      for row in 0..<padded { (scales[row], inverses[row]) = left.scale(scales[row]) }
      withScratch(UInt16.self, padded * min(depth, p.inner) + kernel.scratch) { halves in
        let sums = halves, ownLeft = halves + kernel.scratch
        for block in 0..<blocks where !p.isGivenUp {
          let inner = inner(block)
          for row in stride(from: 0, to: range.count, by: tileRows) {
            let first = range.lowerBound + row
            left.pack(kernel, lines: first..<min(range.upperBound, first + tileRows), inner: inner, scales: scales + row, into: ownLeft + row * inner.count)
          }
          let tiles = HalfTiles(kernel: kernel, depth: inner.count, accumulate: block > 0, edge: edge, sums: sums)
          for panel in 0..<panels where !p.isGivenUp {
            let column = panel * kernel.columns
            tiles.column(
              left: ownLeft, right: packed + inner.lowerBound * width + column * inner.count, rows: range.count, columns: columns(panel).count,
              out: p.out + range.lowerBound * p.stride + column, stride: p.stride, rowScales: block == blocks - 1 ? inverses : nil,
              columnScales: columnScales + column)
          }
        }
      }
    }
  }
}

/// Register tiles one below the other, those at the edges through scratch.
struct HalfTiles {
  let kernel: HalfProductKernel
  let depth: Int
  let accumulate: Bool
  /// A tile of numbers, and one of halves.
  let edge: UnsafeMutablePointer<Float>
  let sums: UnsafeMutablePointer<UInt16>

  /// All rows of one panel of columns. Scales are left out where more of the inner axis is to come: `rowScales` says so.
  func column(left: UnsafePointer<UInt16>, leftStride: Int? = nil, right: UnsafePointer<UInt16>, rows: Int, columns: Int, out: UnsafeMutablePointer<Float>, stride: Int,
              rowScales: UnsafePointer<Float>?, columnScales: UnsafePointer<Float>) {
    let tileRows = kernel.rows, tileColumns = kernel.columns, step = leftStride ?? depth, tile = kernel.tile
    for row in Swift.stride(from: 0, to: rows, by: tileRows) {
      let count = min(tileRows, rows - row), to = out + row * stride
      let scales = rowScales.map { $0 + row }, block = left + row * step
      if count == tileRows, columns == tileColumns {
        tile(block, right, depth, to, stride, accumulate, scales, scales == nil ? nil : columnScales, sums)
      } else {
        if accumulate { for r in 0..<count { (edge + r * tileColumns).update(from: to + r * stride, count: columns) } }
        tile(block, right, depth, edge, tileColumns, accumulate, scales, scales == nil ? nil : columnScales, sums)
        for r in 0..<count { (to + r * stride).update(from: edge + r * tileColumns, count: columns) }
      }
    }
  }
}
