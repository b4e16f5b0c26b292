import KernelInterface

/// How the forward pass of a 3x3 convolution is cut into blocks of tiles: rows of tiles of one picture, or several small pictures.
///
/// A tile's numbers do not depend on its block, so the cut is a matter of speed alone.
struct WinogradCut {
  let shape: ConvolutionShape
  let tilesInRow: Int
  /// Rows of tiles in a block, blocks to a picture, and pictures in a block.
  let rows: Int
  let strips: Int
  let together: Int
  /// Tiles of a block, and the same rounded up to whole panels.
  let columns: Int
  let paddedColumns: Int
  /// Whether a block fits a thread's own cache.
  let isSmall: Bool

  /// - Parameter panelShift: panels have 2^panelShift columns.
  init(_ shape: ConvolutionShape, panelShift: Int) {
    self.shape = shape
    tilesInRow = shape.width / 2
    let tileRows = shape.height / 2
    isSmall = shape.channels + shape.filters <= 384
    // Each block reads all filters, so blocks of many channels have more tiles.
    let wanted = isSmall ? 64 : 256
    let most = max(1, wanted / tilesInRow)
    strips = (tileRows + most - 1) / most
    rows = (tileRows + strips - 1) / strips
    together = strips > 1 ? 1 : max(1, min(shape.batch, wanted / (tileRows * tilesInRow)))
    columns = together * rows * tilesInRow
    paddedColumns = ((columns + (1 << panelShift) - 1) >> panelShift) << panelShift
  }

  var blocks: Int { (shape.batch + together - 1) / together * strips }
  /// Numbers of 16 matrices of panels.
  var panels: Int { 16 * shape.channels * paddedColumns }

  /// What a block holds.
  func part(_ block: Int) -> (pictures: Range<Int>, rows: Range<Int>) {
    let first = block / strips * together, row = block % strips * rows
    return (first..<min(shape.batch, first + together), row..<min(shape.height / 2, row + rows))
  }
}

/// How the gradients of a 3x3 convolution are cut into 16 products; fixed by the sizes of a picture and the number of pictures, never by threads.
private struct WinogradPlan<T: ComputeScalar> {
  let shape: ConvolutionShape
  /// Tiles of one picture.
  let tiles: Int
  /// Pictures whose tiles stand side by side in one product, so that small maps fill the register tiles too.
  let together: Int
  /// Tiles of a block, and the same rounded up to whole panels.
  let columns: Int
  let paddedColumns: Int

  init(_ shape: ConvolutionShape) {
    self.shape = shape
    tiles = shape.height / 2 * (shape.width / 2)
    together = max(1, 64 / tiles)
    columns = together * tiles
    paddedColumns = (columns + (1 << T.panelShift) - 1) / (1 << T.panelShift) * (1 << T.panelShift)
  }

  var blocks: Int { (shape.batch + together - 1) / together }
  var plane: Int { shape.height * shape.width }
  var line: Int { winogradScratch(height: shape.height, width: shape.width) }
  /// Numbers of 16 matrices of panels with the given inner length.
  func panels(_ inner: Int) -> Int { 16 * inner * paddedColumns }

  func pictures(_ block: Int) -> Range<Int> { block * together..<min(shape.batch, (block + 1) * together) }

  /// Where a plane's tiles go in panels of the given inner length.
  func places(_ picture: Int, inner: Int) -> TilePlaces {
    TilePlaces(component: inner * paddedColumns, panel: inner << T.panelShift, shift: T.panelShift, first: picture * tiles)
  }
}

extension ConvolutionShape {
  /// Whether Winograd's F(2x2, 3x3) computes this convolution: a matter of the picture's sizes alone, so that a picture has the
  /// same bits in any batch. Many filters on a small map cost more to transform than their products save.
  var suitsWinograd: Bool {
    kernel == 3 && stride == 1 && padding == 1 && height % 2 == 0 && width % 2 == 0 && height > 0 && width > 0
      && (height * width > 64 || channels * filters < 1 << 17)
  }
}

// 3x3 convolutions by Winograd's F(2x2, 3x3), whole pictures at a time.
extension CPUBackend {
  func winogradConvolution<T: ComputeScalar>(_ s: ConvolutionShape, _ x: UnsafeMutablePointer<T>, _ w: MatrixOperand<T>,
                                             _ bias: UnsafeMutablePointer<T>?, _ out: UnsafeMutablePointer<T>) throws {
    let cut = WinogradCut(s, panelShift: T.panelShift)
    let tileRows = T.packedLeftCount(rows: 1, inner: 1), rowBlocks = (s.filters + tileRows - 1) / tileRows
    // Products of a few blocks of filters to a job, so that many threads find work in one block of tiles.
    let share = max(1, rowBlocks * 16 / max(16, 4 * ThreadPool.threadCount)), shares = (rowBlocks + share - 1) / share
    let packedSize = tileRows * rowBlocks * s.channels
    let cancellation = Cancellation.current
    try withScratch(T.self, 16 * packedSize) { packed in
      packFilters(w, s, into: packed)
      let panels = cut.panels, products = 16 * s.filters * cut.columns
      func compute(_ block: Int) {
        withScratch(T.self, panels + products) { tiles in
          let products = tiles + panels
          inputTiles(cut, block, x, tiles)
          ThreadPool.parallelFor(16 * shares) { job in
            let k = job / shares, first = job % shares * share * tileRows
            let panels = tiles + k * s.channels * cut.paddedColumns
            T.panelProduct(MatrixProduct(
              rows: min(s.filters - first, share * tileRows), columns: cut.columns, inner: s.channels, left: MatrixOperand(packed, rowStride: 0),
              right: MatrixOperand(panels, rowStride: 0), out: products + (k * s.filters + first) * cut.columns, stride: cut.columns,
              cancellation: cancellation),
              packedLeft: packed + k * packedSize + first * s.channels, panels: panels)
          }
          let part = cut.part(block)
          ThreadPool.parallelFor(s.filters, grain: max(1, 2048 / cut.columns)) { o in
            for (place, image) in part.pictures.enumerated() {
              T.winograd.output(products + o * cut.columns + place * part.rows.count * cut.tilesInRow, s.filters * cut.columns, bias?[o] ?? 0,
                                out + (image * s.filters + o) * s.height * s.width + 2 * part.rows.lowerBound * s.width,
                                2 * part.rows.count, s.width)
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

  /// The 16 transformed filters, packed as left sides.
  private func packFilters<T: ComputeScalar>(_ w: MatrixOperand<T>, _ s: ConvolutionShape, into packed: UnsafeMutablePointer<T>) {
    let tileRows = T.packedLeftCount(rows: 1, inner: 1), blocks = (s.filters + tileRows - 1) / tileRows, taps = 9 * s.channels
    ThreadPool.parallelFor(blocks, grain: max(1, 1024 / (tileRows * max(1, s.channels)))) { block in
      withScratch(T.self, tileRows * taps + 16) { side in
        T.packLeft(w.advanced(rows: block * tileRows), rows: min(tileRows, s.filters - block * tileRows), inner: taps, into: side)
        T.winograd.filters(side, s.channels, packed + block * tileRows * s.channels, tileRows * blocks * s.channels)
      }
    }
  }

  /// The transformed tiles of a block as panels; those of missing pictures are zero.
  private func inputTiles<T: ComputeScalar>(_ cut: WinogradCut, _ block: Int, _ x: UnsafeMutablePointer<T>, _ tiles: UnsafeMutablePointer<T>) {
    let s = cut.shape, part = cut.part(block)
    if part.pictures.count * part.rows.count * cut.tilesInRow < cut.columns { tiles.update(repeating: 0, count: cut.panels) }
    ThreadPool.parallelFor(s.channels, grain: max(1, 2048 / cut.columns)) { c in
      withScratch(T.self, winogradScratch(height: 2 * part.rows.count, width: s.width)) { line in
        for (place, image) in part.pictures.enumerated() {
          let first = (place * part.rows.count - part.rows.lowerBound) * cut.tilesInRow
          let places = TilePlaces(component: s.channels * cut.paddedColumns, panel: s.channels << T.panelShift, shift: T.panelShift, first: first)
          T.winograd.input(x + (image * s.channels + c) * s.height * s.width, s.height, s.width, part.rows, tiles + (c << T.panelShift), places, line)
        }
      }
    }
  }

  /// The 16 transformed filters, transposed and packed as left sides, for the gradient by the input.
  private func packTransposedFilters<T: ComputeScalar>(_ w: UnsafeMutablePointer<T>, _ s: ConvolutionShape, _ filters: UnsafeMutablePointer<T>,
                                                       into packed: UnsafeMutablePointer<T>) {
    ThreadPool.parallelFor(s.filters, grain: max(1, 256 / max(1, s.channels))) { o in
      winogradFilters(UnsafePointer(w) + o * s.channels * 9, s.filters, s.channels, true, filters, o..<o + 1)
    }
    let size = T.packedLeftCount(rows: s.channels, inner: s.filters)
    ThreadPool.parallelFor(16) { k in
      T.packLeft(MatrixOperand(filters + k * s.channels * s.filters, rowStride: s.filters), rows: s.channels, inner: s.filters, into: packed + k * size)
    }
  }

  /// The transformed tiles of a block's pictures as panels; those of missing pictures are zero.
  private func inputTiles<T: ComputeScalar>(_ plan: WinogradPlan<T>, _ block: Int, _ x: UnsafeMutablePointer<T>,
                                            _ tiles: UnsafeMutablePointer<T>, _ line: UnsafeMutablePointer<T>) {
    let s = plan.shape, pictures = plan.pictures(block)
    if pictures.count < plan.together { tiles.update(repeating: 0, count: plan.panels(s.channels)) }
    for (place, image) in pictures.enumerated() {
      let places = plan.places(place, inner: s.channels)
      for c in 0..<s.channels {
        T.winograd.input(x + (image * s.channels + c) * plan.plane, s.height, s.width, 0..<s.height / 2, tiles + (c << T.panelShift), places, line)
      }
    }
  }

  func winogradGradient<T: ComputeScalar>(_ s: ConvolutionShape, _ x: UnsafeMutablePointer<T>, _ w: UnsafeMutablePointer<T>,
                                          _ g: UnsafeMutablePointer<T>, inputGradient: UnsafeMutablePointer<T>?,
                                          weightGradient: UnsafeMutablePointer<T>) throws {
    let plan = WinogradPlan<T>(s)
    let filterSize = s.filters * s.channels, columns = plan.columns, padded = plan.paddedColumns
    let channelPanels = (s.channels + (1 << T.panelShift) - 1) >> T.panelShift, panelWidth = 1 << T.panelShift
    // Blocks are summed in a fixed number of groups, whatever the number of threads.
    let groups = min(plan.blocks, 8)
    let packedSize = T.packedLeftCount(rows: s.channels, inner: s.filters)
    let cancellation = Cancellation.current
    try withScratch(T.self, 16 * (filterSize * groups + max(filterSize, packedSize))) { scratch in
      // The place of the sums first holds the filters on their way to being packed.
      let packed = scratch, sums = packed + 16 * max(filterSize, packedSize)
      if inputGradient != nil { packTransposedFilters(w, s, sums, into: packed) }
      try ThreadPool.interruptibleFor(groups) { group in
        let sizes = [plan.panels(s.channels), plan.panels(s.filters), 16 * s.filters * columns, channelPanels * panelWidth * columns, plan.line]
        withScratch(T.self, sizes.reduce(0, +)) { scratch in
          let tiles = scratch, upstream = tiles + sizes[0], rows = upstream + sizes[1], turned = rows + sizes[2], line = turned + sizes[3]
          let range = (group * plan.blocks / groups)..<((group + 1) * plan.blocks / groups)
          for block in range where cancellation?.isRequested != true {
            inputTiles(plan, block, x, tiles, line)
            let pictures = plan.pictures(block)
            if pictures.count < plan.together { upstream.update(repeating: 0, count: sizes[1] + sizes[2]) }
            for (place, image) in pictures.enumerated() {
              let places = plan.places(place, inner: s.filters)
              for o in 0..<s.filters {
                T.winograd.upstream(g + (image * s.filters + o) * plan.plane, s.height, s.width, upstream + (o << T.panelShift), places,
                                    rows + o * columns + place * plan.tiles, s.filters * columns)
              }
            }
            for k in 0..<16 where cancellation?.isRequested != true {
              let tile = tiles + k * s.channels * padded
              // Panels of tiles become panels of channels.
              for first in stride(from: 0, to: columns, by: panelWidth) {
                for panel in 0..<channelPanels {
                  let count = min(panelWidth, s.channels - panel * panelWidth)
                  T.transpose(tile + first * s.channels + panel * panelWidth * panelWidth, panelWidth,
                              turned + (panel * columns + first) * panelWidth, panelWidth, count, min(panelWidth, columns - first))
                }
              }
              T.panelProduct(MatrixProduct(
                rows: s.filters, columns: s.channels, inner: columns, left: MatrixOperand(rows + k * s.filters * columns, rowStride: columns),
                right: MatrixOperand(turned, rowStride: 0), out: sums + (group * 16 + k) * filterSize, stride: s.channels,
                accumulate: block > range.lowerBound, cancellation: cancellation), packedLeft: nil, panels: turned)
              if inputGradient != nil {
                // The tiles have been used: their place takes the gradient, row by row.
                let panels = upstream + k * s.filters * padded
                T.panelProduct(MatrixProduct(
                  rows: s.channels, columns: columns, inner: s.filters, left: MatrixOperand(packed, rowStride: 0),
                  right: MatrixOperand(panels, rowStride: 0), out: tile, stride: columns,
                  cancellation: cancellation), packedLeft: packed + k * packedSize, panels: panels)
              }
            }
            guard let inputGradient else { continue }
            for (place, image) in pictures.enumerated() {
              for c in 0..<s.channels {
                T.winograd.inputGradient(tiles + c * columns + place * plan.tiles, s.channels * padded,
                                         inputGradient + (image * s.channels + c) * plan.plane, s.height, s.width, line)
              }
            }
          }
        }
      }
      // Filter by filter, so that threads share the work; the groups are added in order.
      ThreadPool.parallelFor(s.filters, grain: max(1, 256 / max(1, s.channels))) { o in
        for k in 0..<16 {
          let total = sums + k * filterSize + o * s.channels
          for group in 1..<max(1, groups) { T.kernels.accumulate(total + group * 16 * filterSize, 1, total, s.channels) }
        }
        winogradFilterGradient(UnsafePointer(sums), s.filters, s.channels, weightGradient, o..<o + 1)
      }
    }
  }
}
