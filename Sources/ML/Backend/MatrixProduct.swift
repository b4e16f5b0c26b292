import KernelInterface

/// C = A B, or C += A B: [rows, inner] times [inner, columns], into rows of `stride` elements.
struct MatrixProduct<T> {
  var rows: Int
  var columns: Int
  var inner: Int
  var left: MatrixOperand<T>
  var right: MatrixOperand<T>
  var out: UnsafeMutablePointer<T>
  var stride: Int
  var accumulate = false
  /// Looked at between pieces of the work; a product that was given up leaves `out` half written, and its caller throws.
  var cancellation: Cancellation? = nil
  /// How factors are kept; `half` counts for single-precision products whose sides are contiguous along an axis, and only where the processor has it.
  var precision = ProductPrecision.single

  @inline(__always) var isGivenUp: Bool { cancellation?.isRequested == true }
}

/// How a single-precision product is cut: fixed numbers, so that bits never depend on threads or on the number of rows.
private enum Cut {
  /// Inner length of one packed block; 32 columns of it fill the first-level cache.
  static let depth = 256
  /// Rows of the left side that a thread takes at once: 144 x 256 numbers are 144 KiB.
  static let rows = 144
  /// From this inner length on, partial products over chunks are summed; below, there is one chain.
  static let deep = 4096
  static let chunk = 2048
  /// Numbers that partial products over chunks may take at a time: 256 MB.
  static let partial = 1 << 26
}

extension Float {
  private static var kernel: ProductKernel { InstructionSet.chosen.product }

  static func serialProduct(_ p: MatrixProduct<Float>) {
    guard p.rows > 0, p.columns > 0 else { return }
    if let halves = HalfProduct(p) { return halves.serial() }
    if p.inner >= Cut.deep { return deepProduct(p, parallel: false) }
    let panels = (p.columns + kernel.columns - 1) / kernel.columns
    withScratch(Float.self, panels * kernel.columns * min(max(1, p.inner), Cut.depth)) { packed in
      chain(p, from: 0, to: p.inner, ahead: { start, depth in
        let next = start + depth, count = min(Cut.depth, p.inner - next)
        guard count > 0 else { return (nil, nil) }
        return (p.left.transposed.isDense(columns: p.rows) ? Prefetch(p.left.advanced(columns: next).pointer, count: count * p.rows) : nil,
                p.right.isDense(columns: p.columns) ? Prefetch(p.right.advanced(rows: next).pointer, count: count * p.columns) : nil)
      }) { start, depth in
        packRight(p.right, inner: start, depth: depth, columns: p.columns, panels: 0..<panels, into: packed)
        return UnsafePointer(packed)
      }
    }
  }

  static var panelShift: Int { kernel.columns.trailingZeroBitCount }

  /// Numbers of a packed left side.
  static func packedLeftCount(rows: Int, inner: Int) -> Int { (rows + kernel.rows - 1) / kernel.rows * kernel.rows * inner }

  /// Packs a left side [rows, inner] once for many products.
  static func packLeft(_ left: MatrixOperand<Float>, rows: Int, inner: Int, into target: UnsafeMutablePointer<Float>) {
    packLeft(left, rows: rows, inner: 0, depth: inner, into: target)
  }

  /// A product whose right side is packed already: panels of 2^panelShift columns, each [inner][columns]; the pointer and strides
  /// of `right` are replaced by them, and those of `left` by a packed left side if one is given.
  static func panelProduct(_ p: MatrixProduct<Float>, packedLeft: UnsafePointer<Float>?, panels: UnsafePointer<Float>) {
    guard p.rows > 0, p.columns > 0 else { return }
    chain(p, from: 0, to: p.inner, panelStride: p.inner * kernel.columns, packedLeft: packedLeft) { start, _ in panels + start * kernel.columns }
  }

  static func transpose(_ source: UnsafePointer<Float>, _ sourceStride: Int, _ target: UnsafeMutablePointer<Float>, _ targetStride: Int,
                        _ rows: Int, _ columns: Int) {
    kernel.transpose(source, sourceStride, target, targetStride, rows, columns)
  }

  static func parallelProduct(_ p: MatrixProduct<Float>, epilogue: ((Int, Int) -> Void)? = nil) {
    guard p.rows > 0, p.columns > 0 else { return }
    if let halves = HalfProduct(p) { return halves.parallel(epilogue: epilogue) }
    if p.rows * p.columns * max(1, p.inner) < 1 << 17 {
      serialProduct(p)
      epilogue?(0, p.rows)
      return
    }
    if p.inner >= Cut.deep {
      deepProduct(p, parallel: true)
      epilogue?(0, p.rows)
      return
    }
    // The right side is packed once for all; then blocks of rows (and of columns, when rows are few) go to the threads.
    let panels = (p.columns + kernel.columns - 1) / kernel.columns
    let width = panels * kernel.columns
    withScratch(Float.self, width * max(1, p.inner)) { packed in
      let blocks = max(1, (p.inner + Cut.depth - 1) / Cut.depth)
      ThreadPool.parallelFor(blocks * panels) { job in
        if p.isGivenUp { return }
        let start = job / panels * Cut.depth, panel = job % panels
        let depth = min(Cut.depth, p.inner - start)
        packRight(p.right, inner: start, depth: depth, columns: p.columns, panels: panel..<panel + 1,
                  into: packed + start * width + panel * kernel.columns * depth)
      }
      // As many rows as the second-level cache holds beside a panel, in a number of blocks that threads share evenly.
      let most = kernel.rows * max(1, Cut.rows / kernel.rows)
      let rounds = (p.rows + most * ThreadPool.threadCount - 1) / (most * ThreadPool.threadCount)
      let share = (p.rows + rounds * ThreadPool.threadCount - 1) / (rounds * ThreadPool.threadCount)
      let rowBlock = max(kernel.rows, (share + kernel.rows - 1) / kernel.rows * kernel.rows)
      let rowBlocks = (p.rows + rowBlock - 1) / rowBlock
      ThreadPool.parallelFor(rowBlocks) { job in
        let first = job * rowBlock
        let count = min(rowBlock, p.rows - first)
        var part = p
        part.rows = count
        part.left = p.left.advanced(rows: first)
        part.out += first * p.stride
        // The thread's next rows, most likely.
        let next = min(p.rows, first + rowBlock * ThreadPool.threadCount), nextCount = min(rowBlock, p.rows - next)
        let isDense = p.left.isDense(columns: p.inner), nextRows = p.left.advanced(rows: next).pointer
        chain(part, from: 0, to: p.inner, ahead: { start, depth in
          (isDense ? Prefetch(nextRows + start * nextCount, count: depth * nextCount) : nil, nil)
        }) { start, _ in UnsafePointer(packed + start * width) }
        if !p.isGivenUp { epilogue?(first, count) }
      }
    }
  }

  /// Sums partial products over fixed chunks of a long inner axis, in order; of as many rows at a time as memory should be taken for.
  private static func deepProduct(_ p: MatrixProduct<Float>, parallel: Bool) {
    let chunks = (p.inner + Cut.chunk - 1) / Cut.chunk
    let most = max(Cut.rows, Cut.partial / (chunks * p.columns))
    for first in stride(from: 0, to: p.rows, by: most) where !p.isGivenUp {
      var part = p
      part.rows = min(most, p.rows - first)
      part.left = p.left.advanced(rows: first)
      part.out += first * p.stride
      chunkedProduct(part, chunks: chunks, parallel: parallel)
    }
  }

  private static func chunkedProduct(_ p: MatrixProduct<Float>, chunks: Int, parallel: Bool) {
    let size = p.rows * p.columns
    withScratch(Float.self, chunks * size) { partial in
      let one: (Int) -> Void = { chunk in
        var part = p
        part.inner = min(Cut.chunk, p.inner - chunk * Cut.chunk)
        part.left = p.left.advanced(columns: chunk * Cut.chunk)
        part.right = p.right.advanced(rows: chunk * Cut.chunk)
        part.out = partial + chunk * size
        part.stride = p.columns
        part.accumulate = false
        serialProduct(part)
      }
      if parallel { ThreadPool.parallelFor(chunks, one) } else { for chunk in 0..<chunks { one(chunk) } }
      for row in 0..<p.rows where !p.isGivenUp {
        let out = p.out + row * p.stride
        if !p.accumulate { out.update(repeating: 0, count: p.columns) }
        for chunk in 0..<chunks {
          kernels.accumulate(partial + chunk * size + row * p.columns, 1, out, p.columns)
        }
      }
    }
  }

  /// Runs the product block by block along the inner axis; `pack` gives the packed right side of a block.
  ///
  /// - Parameters:
  ///   - panelStride: distance between packed panels; by default they hold the block alone.
  ///   - packedLeft: the whole left side as `packLeft` makes it; by default the block's part is packed here.
  ///   - ahead: what will be read after a block.
  private static func chain(_ p: MatrixProduct<Float>, from: Int, to: Int, panelStride: Int? = nil, packedLeft: UnsafePointer<Float>? = nil,
                            ahead: ((_ start: Int, _ depth: Int) -> (Prefetch?, Prefetch?))? = nil,
                            pack: (_ start: Int, _ depth: Int) -> UnsafePointer<Float>) {
    let tileRows = kernel.rows, tileColumns = kernel.columns
    let tile = kernel.tile
    let panels = (p.columns + tileColumns - 1) / tileColumns
    if to == from {
      if !p.accumulate { for row in 0..<p.rows { (p.out + row * p.stride).update(repeating: 0, count: p.columns) } }
      return
    }
    let paddedRows = (p.rows + tileRows - 1) / tileRows * tileRows
    withScratch(Float.self, (packedLeft == nil ? paddedRows * min(Cut.depth, to - from) : 0) + tileRows * tileColumns) { scratch in
      let edge = scratch, ownLeft = scratch + tileRows * tileColumns
      var start = from
      while start < to, !p.isGivenUp {
        let depth = min(Cut.depth, to - start)
        let accumulate = p.accumulate || start > from
        if packedLeft == nil { packLeft(p.left, rows: p.rows, inner: start, depth: depth, into: ownLeft) }
        let packed = pack(start, depth)
        var (first, second) = ahead?(start, depth) ?? (nil, nil)
        first?.divide(among: panels * (paddedRows / tileRows))
        second?.divide(among: panels * (paddedRows / tileRows))
        for panel in 0..<panels where !p.isGivenUp {
          let right = packed + panel * (panelStride ?? tileColumns * depth)
          let column = panel * tileColumns
          let columns = min(tileColumns, p.columns - column)
          var row = 0
          while row < p.rows {
            let rows = min(tileRows, p.rows - row)
            let out = p.out + row * p.stride + column
            let left = packedLeft.map { $0 + row * p.inner + start * tileRows } ?? UnsafePointer(ownLeft + row * depth)
            first?.advance()
            second?.advance()
            if rows == tileRows && columns == tileColumns {
              tile(left, right, depth, out, p.stride, accumulate)
            } else {
              if accumulate {
                for r in 0..<rows { (edge + r * tileColumns).update(from: out + r * p.stride, count: columns) }
              }
              tile(left, right, depth, edge, tileColumns, accumulate)
              for r in 0..<rows { (out + r * p.stride).update(from: edge + r * tileColumns, count: columns) }
            }
            row += tileRows
          }
        }
        start += depth
      }
    }
  }

  /// Lends a block of an operand in single precision: as it is, or its halves widened into scratch.
  @inline(__always)
  private static func withSingle(_ operand: MatrixOperand<Float>, rows: Int, columns: Int, _ body: (MatrixOperand<Float>) -> Void) {
    guard let half = operand.half else { return body(operand) }
    withScratch(Float.self, rows * columns) { scratch in
      if operand.columnStride == 1 {
        for row in 0..<rows { kernel.widen(half, operand.halves + row * operand.rowStride, scratch + row * columns, columns) }
        body(MatrixOperand(scratch, rowStride: columns))
      } else {
        for column in 0..<columns { kernel.widen(half, operand.halves + column * operand.columnStride, scratch + column * rows, rows) }
        body(MatrixOperand(scratch, rowStride: 1, columnStride: rows))
      }
    }
  }

  /// Half-precision numbers as single precision, exactly.
  static func widen(_ half: HalfFormat, _ source: UnsafePointer<UInt16>, _ target: UnsafeMutablePointer<Float>, _ count: Int) {
    kernel.widen(half, source, target, count)
  }

  /// Copies rows into blocks [depth][tile rows], zero beyond the last row.
  private static func packLeft(_ left: MatrixOperand<Float>, rows: Int, inner: Int, depth: Int, into scratch: UnsafeMutablePointer<Float>) {
    let tileRows = kernel.rows
    var row = 0
    while row < rows {
      let block = scratch + row * depth
      let count = min(tileRows, rows - row)
      withSingle(left.advanced(rows: row, columns: inner), rows: count, columns: depth) { left in
        let source = left.pointer
        if left.rowStride == 1, count == tileRows {
          kernel.packRows(source, left.columnStride, block, depth)
        } else if left.rowStride == 1 {
          for k in 0..<depth {
            let from = source + k &* left.columnStride, to = block + k &* tileRows
            for r in 0..<count { to[r] = from[r] }
          }
        } else if left.columnStride == 1 {
          kernel.transpose(source, left.rowStride, block, tileRows, count, depth)
        } else {
          for k in 0..<depth { for r in 0..<count { block[k &* tileRows &+ r] = source[r &* left.rowStride &+ k &* left.columnStride] } }
        }
      }
      if count < tileRows { for k in 0..<depth { for r in count..<tileRows { block[k &* tileRows &+ r] = 0 } } }
      row += tileRows
    }
  }

  /// Copies columns into panels [depth][tile columns], zero beyond the last column.
  private static func packRight(_ right: MatrixOperand<Float>, inner: Int, depth: Int, columns: Int, panels: Range<Int>,
                                into scratch: UnsafeMutablePointer<Float>) {
    let tileColumns = kernel.columns
    for panel in panels {
      let block = scratch + (panel - panels.lowerBound) * tileColumns * depth
      let first = panel * tileColumns
      let count = min(tileColumns, columns - first)
      withSingle(right.advanced(rows: inner, columns: first), rows: depth, columns: count) { right in
        let source = right.pointer
        if right.columnStride == 1 {
          if count == tileColumns {
            kernel.packColumns(source, right.rowStride, block, depth)
          } else {
            for k in 0..<depth { (block + k &* tileColumns).update(from: source + k &* right.rowStride, count: count) }
          }
        } else if right.rowStride == 1 {
          kernel.transpose(source, right.columnStride, block, tileColumns, count, depth)
        } else {
          for k in 0..<depth { for c in 0..<count { block[k &* tileColumns &+ c] = source[k &* right.rowStride &+ c &* right.columnStride] } }
        }
      }
      if count < tileColumns { for k in 0..<depth { for c in count..<tileColumns { block[k &* tileColumns &+ c] = 0 } } }
    }
  }
}
