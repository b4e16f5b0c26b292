import KernelInterface

/// A 3x3 convolution by Winograd's F(2x2, 3x3) whose 16 products are taken in halves; the transforms before and after are in single precision.
///
/// A filter's scale depends on that filter and a tile's on its picture, so a picture has the same bits in any batch.
struct HalfWinograd {
  private let shape: ConvolutionShape
  private let weights: MatrixOperand<Float>
  private let kernel: HalfProductKernel
  private let cut: WinogradCut
  private let rowBlocks: Int
  /// Halves of one of the 16 packed matrices of filters.
  private let packedSize: Int
  /// Distance between the 16 matrices of tiles: some lines more than they hold, so that their equal places do not share a set of the cache.
  private var tileSize: Int { shape.channels * cut.paddedColumns + 160 }

  /// Entries of Bᵀ d B are sums of four numbers, those of G g Gᵀ at most 9/4 of the largest.
  private static let growth = (tiles: Float(4), filters: Float(2.25))
  /// Channels whose filters are transformed at a time.
  private static let chunk = 64

  /// Nil where halves gain nothing, or for another type than single precision.
  init?<T: ComputeScalar>(_ shape: ConvolutionShape, weights: MatrixOperand<T>) {
    guard let weights = weights as? MatrixOperand<Float>, let kernel = InstructionSet.half, kernel.rows == Float.packedLeftCount(rows: 1, inner: 1),
      shape.channels >= 16 else { return nil }
    self.shape = shape
    self.weights = weights
    self.kernel = kernel
    cut = WinogradCut(shape, panelShift: kernel.columns.trailingZeroBitCount)
    rowBlocks = (shape.filters + kernel.rows - 1) / kernel.rows
    packedSize = rowBlocks * kernel.rows * shape.channels
  }

  func convolve(_ x: UnsafePointer<Float>, bias: UnsafePointer<Float>?, into out: UnsafeMutablePointer<Float>) throws {
    let cancellation = Cancellation.current
    let s = shape, plane = s.height * s.width
    // Products of a few blocks of filters to a job, so that many threads find work in one block of tiles.
    let share = max(1, rowBlocks * 16 / max(16, 4 * ThreadPool.threadCount)), shares = (rowBlocks + share - 1) / share
    try withScratch(Float.self, rowBlocks * kernel.rows + s.batch * (s.channels + 2)) { numbers in
      let filterInverses = numbers, pictureScales = filterInverses + rowBlocks * kernel.rows, pictureInverses = pictureScales + s.batch
      measure(x, maxima: pictureInverses + s.batch, scales: pictureScales, inverses: pictureInverses)
      try withScratch(UInt16.self, 16 * packedSize) { packed in
        packFilters(into: packed, inverses: filterInverses)
        func compute(_ block: Int) {
          let part = cut.part(block)
          withScratch(Float.self, 16 * s.filters * cut.columns + 2 * cut.paddedColumns) { products in
            let scales = products + 16 * s.filters * cut.columns, inverses = scales + cut.paddedColumns
            let perPicture = part.rows.count * cut.tilesInRow
            for column in 0..<cut.paddedColumns {
              let picture = min(part.pictures.lowerBound + column / perPicture, part.pictures.upperBound - 1)
              (scales[column], inverses[column]) = (pictureScales[picture], pictureInverses[picture])
            }
            withScratch(UInt16.self, 16 * tileSize) { tiles in
              transformTiles(part, x, scales, into: tiles)
              ThreadPool.parallelFor(16 * shares) { job in
                if cancellation?.isRequested == true { return }
                let k = job / shares, first = job % shares * share * kernel.rows
                multiply(packed + k * packedSize + first * s.channels, tiles + k * tileSize,
                         rows: min(s.filters - first, share * kernel.rows), out: products + (k * s.filters + first) * cut.columns,
                         rowScales: filterInverses + first, columnScales: inverses)
              }
            }
            ThreadPool.parallelFor(s.filters, grain: max(1, 2048 / cut.columns)) { o in
              for (place, image) in part.pictures.enumerated() {
                Float.winograd.output(products + o * cut.columns + place * perPicture, s.filters * cut.columns, bias?[o] ?? 0,
                                      out + (image * s.filters + o) * plane + 2 * part.rows.lowerBound * s.width, 2 * part.rows.count, s.width)
              }
            }
          }
        }
        // Blocks that fit a thread's own cache are one thread's work; on larger ones all threads work together.
        if cut.isSmall { return try ThreadPool.interruptibleFor(cut.blocks, compute) }
        for block in 0..<cut.blocks {
          compute(block)
          try cancellation?.check()
        }
      }
    }
  }

  /// Scales of the pictures' tiles.
  private func measure(_ x: UnsafePointer<Float>, maxima: UnsafeMutablePointer<Float>, scales: UnsafeMutablePointer<Float>, inverses: UnsafeMutablePointer<Float>) {
    let plane = shape.height * shape.width
    ThreadPool.parallelFor(shape.batch * shape.channels, grain: max(1, 16_384 / plane)) { maxima[$0] = kernel.largest(x + $0 * plane, plane) }
    for picture in 0..<shape.batch {
      let largest = kernel.largest(maxima + picture * shape.channels, shape.channels)
      (scales[picture], inverses[picture]) = HalfSide.scale(min(largest, .greatestFiniteMagnitude / Self.growth.tiles) * Self.growth.tiles, exponent: HalfSide.exponents.right)
    }
  }

  /// The 16 transformed filters as packed left sides, and the inverses of their scales.
  private func packFilters(into packed: UnsafeMutablePointer<UInt16>, inverses: UnsafeMutablePointer<Float>) {
    let rows = kernel.rows, channels = shape.channels, taps = 9 * channels, period = 16 * rows
    ThreadPool.parallelFor(rowBlocks, grain: max(1, 1024 / (rows * channels))) { block in
      withScratch(Float.self, rows * taps + 16 + 2 * period + rows * Self.chunk * 17) { numbers in
        let side = numbers, maxima = side + rows * taps + 16, scales = maxima + 2 * period, transformed = scales + rows * Self.chunk
        Float.packLeft(weights.advanced(rows: block * rows), rows: min(rows, shape.filters - block * rows), inner: taps, into: side)
        maxima.update(repeating: 0, count: period)
        for start in stride(from: 0, to: taps * rows, by: period) { kernel.largestOfColumns(side + start, min(period, taps * rows - start), maxima) }
        for row in 0..<rows {
          var largest: Float = 0
          for place in stride(from: row, to: period, by: rows) { largest = max(largest, maxima[place]) }
          let (scale, inverse) = HalfSide.scale(min(largest, .greatestFiniteMagnitude / Self.growth.filters) * Self.growth.filters, exponent: HalfSide.exponents.left)
          inverses[block * rows + row] = inverse
          for channel in 0..<Self.chunk { scales[channel * rows + row] = scale }
        }
        for first in stride(from: 0, to: channels, by: Self.chunk) {
          let count = min(Self.chunk, channels - first) * rows
          Float.winograd.filters(side + 9 * first * rows, count / rows, transformed, count)
          for k in 0..<16 { kernel.narrow(transformed + k * count, scales, packed + k * packedSize + (block * channels + first) * rows, count, count) }
        }
      }
    }
  }

  /// The transformed tiles of a block as panels of halves; those of missing pictures are zero.
  private func transformTiles(_ part: (pictures: Range<Int>, rows: Range<Int>), _ x: UnsafePointer<Float>, _ scales: UnsafePointer<Float>,
                              into tiles: UnsafeMutablePointer<UInt16>) {
    let s = shape, columns = cut.columns, width = kernel.columns
    let narrow = kernel.narrow, transform = kernel.winogradTiles
    let isWhole = part.pictures.count * part.rows.count * cut.tilesInRow == columns
    if s.width % 16 == 0 {
      if !isWhole || columns < cut.paddedColumns { tiles.update(repeating: 0, count: 16 * tileSize) }
      ThreadPool.parallelFor(s.channels, grain: max(1, 2048 / columns)) { c in
        withScratch(Float.self, winogradScratch(height: 2 * part.rows.count, width: s.width)) { line in
          for (place, image) in part.pictures.enumerated() {
            let first = (place * part.rows.count - part.rows.lowerBound) * cut.tilesInRow
            let places = TilePlaces(component: tileSize, panel: s.channels * width, shift: width.trailingZeroBitCount, first: first)
            transform(x + (image * s.channels + c) * s.height * s.width, s.height, s.width, part.rows, scales[place * part.rows.count * cut.tilesInRow],
                      tiles + c * width, places, line)
          }
        }
      }
      return
    }
    ThreadPool.parallelFor(s.channels, grain: max(1, 2048 / columns)) { c in
      withScratch(Float.self, 16 * columns + winogradScratch(height: 2 * part.rows.count, width: s.width)) { numbers in
        let line = numbers + 16 * columns
        if !isWhole { numbers.update(repeating: 0, count: 16 * columns) }
        for (place, image) in part.pictures.enumerated() {
          // Side by side: one panel wider than all columns.
          let places = TilePlaces(component: columns, panel: 0, shift: 40, first: (place * part.rows.count - part.rows.lowerBound) * cut.tilesInRow)
          Float.winograd.input(x + (image * s.channels + c) * s.height * s.width, s.height, s.width, part.rows, numbers, places, line)
        }
        for k in 0..<16 {
          for column in stride(from: 0, to: columns, by: width) {
            narrow(numbers + k * columns + column, scales + column, tiles + k * tileSize + column * s.channels + c * width,
                          min(width, columns - column), width)
          }
        }
      }
    }
  }

  /// One of the 16 products, of some filters with all tiles of a block.
  private func multiply(_ left: UnsafePointer<UInt16>, _ right: UnsafePointer<UInt16>, rows: Int, out: UnsafeMutablePointer<Float>, rowScales: UnsafePointer<Float>,
                        columnScales: UnsafePointer<Float>) {
    let channels = shape.channels, columns = cut.columns, width = kernel.columns
    withScratch(Float.self, kernel.rows * width) { edge in
      withScratch(UInt16.self, kernel.scratch) { sums in
        for start in stride(from: 0, to: channels, by: HalfProduct.depth(channels)) {
          let depth = min(HalfProduct.depth(channels), channels - start)
          let tiles = HalfTiles(kernel: kernel, depth: depth, accumulate: start > 0, edge: edge, sums: sums)
          for column in stride(from: 0, to: columns, by: width) {
            tiles.column(
              left: left + start * kernel.rows, leftStride: channels, right: right + column * channels + start * width, rows: rows, columns: min(width, columns - column),
              out: out + column, stride: columns, rowScales: start + depth == channels ? rowScales : nil, columnScales: columnScales + column)
          }
        }
      }
    }
  }
}
